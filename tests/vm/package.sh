#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vm: --no-module
# timeout: 900
# The Debian packages: installed by dpkg, the module by DKMS; used from where they are installed; and taken away again.
#
# Compiling the module takes an emulated machine ten minutes or, when the host is busy, thirty; so DKMS has done that
# outside (scripts/dkms-build), and the package's postinst takes it over. To compile in the guest:
#	vm/run --no-module --timeout 6000 -- tests/vm/package.sh --build
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

release=$(uname -r)
modules=/lib/modules/$release
version=$(sed -n '1s/^kview (\([0-9.]*\)).*/\1/p' debian/changelog)
packages=(kview kview-dkms libkview0 libkview-dev)
kview=/usr/bin/kview

install_packages()
{
	local file files=()

	[ -e "build/deb/kview_${version}_amd64.deb" ] || fail "there are no packages: run make package-tests"
	export DEBIAN_FRONTEND=noninteractive
	# Neither the index of manual pages nor anything that starts daemons is wanted in here.
	rm -f /var/lib/man-db/auto-update
	dpkg -i build/packages/*.deb >"$tmp/log" 2>&1 || fail "dkms: $(<"$tmp/log")"
	if [ "${1-}" != --build ]; then
		mkdir -p /usr/share/kview-dkms
		cp "build/deb/kview-$version-$release.dkms.tar.gz" "/usr/share/kview-dkms/kview-$version.dkms.tar.gz"
	fi
	for file in "${packages[@]}"; do
		files+=("build/deb/${file}_${version}"_*.deb)
	done
	dpkg -i "${files[@]}" >"$tmp/log" 2>&1 || fail "dpkg -i: $(<"$tmp/log")"
	# The agent for PCP wants a pcp, which this system has not.
	dpkg --contents "build/deb/pcp-pmda-kview_${version}_amd64.deb" >"$tmp/agent"
	for file in Install Remove pmdakview root_kview; do
		grep -q "/var/lib/pcp/pmdas/kview/$file\$" "$tmp/agent" || fail "pcp-pmda-kview has no $file: $(<"$tmp/agent")"
	done
	dpkg -L "${packages[@]}" | sort -u >"$tmp/installed"
}

check_module()
{
	local code=0

	dkms status -m kview -v "$version" >"$tmp/status"
	grep -qF "kview/$version, $release, x86_64: installed" "$tmp/status" || fail "dkms status: $(<"$tmp/status"), $(<"$tmp/log")"
	[[ $(modinfo -F filename kview) == "$modules/updates/dkms/kview.ko"* ]] || fail "modinfo finds $(modinfo -F filename kview)"
	modprobe kview
	[ "$(</sys/module/kview/version)" = "$version" ] || fail "version $(</sys/module/kview/version) was loaded"
	# A kernel nobody has tried is left alone, which is no error.
	dkms build -m kview -v "$version" -k 6.18.0-amd64/x86_64 --kernelsourcedir "$modules/build" >"$tmp/log" 2>&1 || code=$?
	[ $code -eq 77 ] || fail "DKMS would build for 6.18 ($code): $(<"$tmp/log")"
}

check_command()
{
	local page

	"$kview" info -f json | is_json 'j["mode"] == "view" and j["module"]["version"] == "'"$version"'" == j["version"]'
	getent group kview >/dev/null || fail "there is no group kview"
	run 0 "$kview" run --mode view /usr/lib/kview/examples/syscount.bpf.o -- /bin/ls /
	grep -q '^calls ' "$tmp/out" || fail "kview run printed no maps: $(<"$tmp/out")"
	for page in man1/kview.1 man1/kview-run.1 man3/libkview.3 man3/kview_open.3 man4/kview.4; do
		zcat "/usr/share/man/$page.gz" | grep -q '^\.Sh NAME' || fail "no manual page $page"
	done
}

check_library()
{
	local flags pid

	read -ra flags < <(pkg-config --cflags --libs libkview)
	gcc -Wall -Werror -o "$tmp/trace_one" /usr/share/doc/kview/examples/trace_one.c "${flags[@]}"
	ldd "$tmp/trace_one" | grep -q "libkview.so.0 => .*/usr/lib/\|libkview.so.0 => /lib/" || fail "$(ldd "$tmp/trace_one")"
	"$calls" 100 50 0 &
	pid=$!
	run 0 "$tmp/trace_one" /usr/lib/kview/examples/syscount.bpf.o $pid 1
	grep -q "^pid $pid, view mode" "$tmp/out" || fail "$(<"$tmp/out")"
	grep -Eq 'ran [1-9][0-9]* times' "$tmp/out" || fail "the library's program saw nothing: $(<"$tmp/out")"
	kill $pid
}

check_completion()
{
	cat >"$tmp/bash" <<'BASH'
. /usr/share/bash-completion/bash_completion
_completion_loader kview
complete -p kview
COMP_LINE='kview list vfs_rea' COMP_POINT=18 COMP_WORDS=(kview list vfs_rea) COMP_CWORD=2
_kview 2>/dev/null
echo "${COMPREPLY[*]}"
BASH
	bash --norc "$tmp/bash" >"$tmp/out"
	grep -qx 'complete -F _kview kview' "$tmp/out" || fail "bash does not find the completion: $(<"$tmp/out")"
	grep -qw vfs_read "$tmp/out" || fail "bash does not complete names of hooks: $(<"$tmp/out")"
	zsh -fc 'autoload -Uz _kview && autoload +X _kview && functions _kview' | grep -q _kview_specs || fail "zsh does not find the completion"
}

remove_packages()
{
	local file

	rmmod kview
	rm -rf /usr/share/kview-dkms
	dpkg --purge "${packages[@]}" >"$tmp/log" 2>&1 || fail "dpkg --purge: $(<"$tmp/log")"
	while IFS= read -r file; do
		[ -d "$file" ] && [[ $file != *kview* ]] || [ ! -e "$file" ] || fail "$file was left"
	done <"$tmp/installed"
	[ ! -e /var/lib/dkms/kview ] || fail "DKMS still knows the module"
	[ -z "$(find "$modules/" -name 'kview*')" ] || fail "the module is still installed"
	! getent group kview >/dev/null || fail "the group kview was left"
}

if [[ $release = *-kview-debug ]]; then
	echo "the packages are for Debian's kernels"
	exit 77
fi
install_packages "$@"
check_module
check_command
check_library
check_completion
remove_packages
