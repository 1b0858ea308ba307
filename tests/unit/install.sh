#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make install, into a staging folder: complete, the same when done twice, usable from there, and taken away completely.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

stage=$tmp/stage

make_target()
{
	env -u MAKEFLAGS -u MAKELEVEL make -s "$1" DESTDIR="$stage" PREFIX=/usr LIBDIR=/usr/lib/kview-test >"$tmp/log" 2>&1 || fail "make $1: $(<"$tmp/log")"
}

# Every file with its mode, and what it holds or leads to.
describe()
{
	(cd "$stage" && find . -printf '%m %p %l\n' | sort && find . -type f -exec cksum {} + | sort)
}

make_target install
describe >"$tmp/once"
make_target install
describe | diff "$tmp/once" - || fail "installing again changed something"

for file in bin/kview lib/kview-test/libkview.{a,so,so.0} include/kview/kview.h include/kview/uapi/kview.h \
	    lib/kview-test/pkgconfig/libkview.pc share/man/man1/kview.1 share/man/man3/kview_open.3 share/man/man4/kview.4 \
	    sbin/kview-monitord lib/kview/kview-push share/man/man8/kview-monitord.8 lib/systemd/system/kview-monitord.service; do
	[ -e "$stage/usr/$file" ] || fail "make install left out $file"
done
for file in Install Remove pmdakview; do
	[ -x "$stage/var/lib/pcp/pmdas/kview/$file" ] || fail "make install left out $file of the agent for PCP"
done

# Only what the header declares is there for programs.
nm -D --defined-only "$stage/usr/lib/kview-test/libkview.so" | awk '$2 != "A" { sub("@.*", "", $3); print $3 }' | sort >"$tmp/exported"
grep -oE '\bkview_[a-z_]+\(' include/kview/kview.h | tr -d '(' | sort -u >"$tmp/declared"
grep -vxFf "$tmp/declared" "$tmp/exported" && fail "exported, but not declared"
grep -qx kview_open "$tmp/exported" || fail "kview_open is not exported"

export PKG_CONFIG_PATH=$stage/usr/lib/kview-test/pkgconfig PKG_CONFIG_SYSROOT_DIR=$stage
read -ra flags < <(pkg-config --define-variable=prefix=/usr --cflags --libs libkview)
gcc -o "$tmp/trace_one" examples/trace_one.c "${flags[@]}"
objdump -p "$tmp/trace_one" | grep -q 'NEEDED *libkview.so.0$' || fail "a program does not ask for libkview.so.0"
run 2 env LD_LIBRARY_PATH="$stage/usr/lib/kview-test" "$tmp/trace_one"

# What systemd says of the units, where the programs lie here.
mkdir -p "$tmp/units/kview-guardd.service.d"
for unit in "$stage"/usr/lib/systemd/system/*.service; do
	sed "s|=/usr/\(s\?bin\)/kview|=$stage/usr/\1/kview|" "$unit" >"$tmp/units/${unit##*/}"
done
for unit in kview-guardd.service kview-shield@.service; do
	[ -e "$tmp/units/$unit" ] || fail "make install left out $unit"
done
systemd-analyze verify --man=no "$tmp"/units/*.service >"$tmp/log" 2>&1 || fail "units: $(<"$tmp/log")"
[ ! -s "$tmp/log" ] || fail "units: $(<"$tmp/log")"
sed "s|=/usr/bin/kview|=$stage/usr/bin/kview|" "$stage/usr/share/doc/kview/examples/kview-guardd-web.conf" \
	>"$tmp/units/kview-guardd.service.d/web.conf"
# Of ten, less is better: as much as lets them do their work.
for unit in "$tmp"/units/*.service; do
	systemd-analyze security --offline=yes --threshold=45 "$unit" >"$tmp/log" 2>&1 || fail "$unit: $(<"$tmp/log")"
done
systemd-analyze verify --man=no "$tmp"/units/*.service >"$tmp/log" 2>&1 || fail "units: $(<"$tmp/log")"
[ ! -s "$tmp/log" ] || fail "units: $(<"$tmp/log")"

make_target uninstall
left=$(find "$stage" ! -type d)
[ -z "$left" ] || fail "make uninstall left $left"
for folder in usr/include/kview var/lib/pcp/pmdas/kview; do
	[ ! -e "$stage/$folder" ] || fail "make uninstall left the folder $folder"
done
