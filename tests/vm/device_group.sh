#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
# Who may open /dev/kview sees what goes on, but not where the kernel lies, and attaches nothing without capabilities.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

has_module || skip "needs the module"
group=4242
object=build/examples/syscount.bpf.o

# What the udev rule does.
chgrp $group /dev/kview
chmod 660 /dev/kview
install -m 755 "$kview" /tmp/kview.copy
cp "$object" "$tmp/object.bpf.o"
chmod -R a+rX "$tmp"

# as GROUP CAPABILITIES COMMAND...
as()
{
	setpriv --reuid=65534 --regid=65534 --groups="$1" --inh-caps="-all$2" --ambient-caps="-all$2" "${@:3}"
}

"$calls" 100 50 0 &
traced=$!
"$kview" run build/tests/vm/cli_objects/entry.bpf.o --mode view --pid $traced >/dev/null &
runner=$!
is_open()
{
	view=$("$kview" show | awk '$1 ~ /^[0-9]+$/ { print $1 }')
	[ -n "$view" ]
}
wait_for is_open

# Root is told addresses.
"$kview" show "$view" -f json | is_json 'any("addr" in h for l in j["links"] for h in l["hooks"])'
# A member of the group sees all the rest.
as $group '' /tmp/kview.copy show "$view" -f json >"$tmp/seen"
is_json 'j["members"][0]["pid"] == '$traced' and j["links"][0]["hooks"][0]["name"]' <"$tmp/seen"
is_json 'not any("addr" in h for l in j["links"] for h in l["hooks"])' <"$tmp/seen"
as $group '' /tmp/kview.copy info -f json | is_json 'j["module"]["loaded"]'
as $group '' /tmp/kview.copy list -f json vfs_read | is_json 'j[0]["name"] == "vfs_read" and j[0]["attachable"]'

# Neither told where the text lies, nor let find out.
cat >"$tmp/ask.py" <<'PYTHON'
import errno, fcntl, struct, sys, os
device = os.open("/dev/kview", os.O_RDWR)
def call(number, size):
    return 3 << 30 | size << 16 | 0xBD << 8 | number
info = bytearray(128)
struct.pack_into("I", info, 0, len(info))
fcntl.ioctl(device, call(0, len(info)), info)
start, = struct.unpack_from("Q", info, 64)
import ctypes
def check(name, value):
    text = ctypes.create_string_buffer(name)
    target = (ctypes.c_uint64 * 3)(ctypes.addressof(text) if name else 0, value, 0)
    reasons = (ctypes.c_uint32 * 1)(99)
    request = bytearray(struct.pack("IIQQII", 32, 1, ctypes.addressof(target), ctypes.addressof(reasons), 1, 0))
    try:
        fcntl.ioctl(device, call(2, 32), request)
        return reasons[0]
    except OSError as error:
        return errno.errorcode[error.errno]
print(start != 0, check(b"", 0xffffffff81000000), check(b"vfs_read", 0))
PYTHON
sed -n 's/.*KVIEW_WHY_NOT_ENTRY \([0-9]*\).*/\1/p; s/.*KVIEW_WHY_NOT_TEXT \([0-9]*\).*/\1/p; s/.*KVIEW_WHY_NOT_TRACEABLE \([0-9]*\).*/\1/p' \
	include/uapi/kview.h >"$tmp/reasons"
read -r tells answer name < <(python3 "$tmp/ask.py")
[ "$tells $name" = 'True 0' ] || fail "root was told $tells $answer $name"
grep -qx "$answer" "$tmp/reasons" || fail "root was told $answer about an address"
[ "$(as $group '' python3 "$tmp/ask.py")" = 'False EPERM 0' ] || fail "the group was told $(as $group '' python3 "$tmp/ask.py")"

kill $runner
wait $runner || true

# Attaching takes capabilities, with or without the group; and opening takes the group, with or without capabilities.
one_line 3 'needs CAP_BPF and CAP_PERFMON' as $group '' /tmp/kview.copy run "$tmp/object.bpf.o" --mode view --pid $traced
one_line 3 'only root and the group kview may open /dev/kview' as 65534 ',+bpf,+perfmon' /tmp/kview.copy show
run 0 as $group ',+bpf,+perfmon' /tmp/kview.copy run "$tmp/object.bpf.o" --mode view --duration 1 --pid $traced
grep -qE '^ *110 +[0-9]' "$tmp/out" || fail "nothing was traced with capabilities and the group: $(cat "$tmp/out" "$tmp/err")"
