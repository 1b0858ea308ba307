#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview guard serve over a machine that starts ten thousand short processes, and then more programs than there is room
# for: all that is known stays, what finds no room is counted, memory has a bound, and an attack is found as before.
# shellcheck disable=SC1091,SC2154 # the files that are read define them
set -euo pipefail
. tests/vm/cli.inc
. tests/guard/service.inc
. tests/guard/victim.inc

port=7705
profiles_max=1024

resident() { awk '/^VmRSS/ { print $2 }' /proc/$guard/status; }

# flood PROGRAMS PROCESSES
flood()
{
	tests/guard/flood.py "$1" "$2" "$tmp/flood" >"$tmp/rate" || fail "the flood: $(<"$tmp/rate")"
	echo "$2 processes of $1 programs, $(<"$tmp/rate") in a minute; the guard has $(resident) KiB"
}

mkdir "$tmp/flood"
start_guard --all
for seed in 1 2; do
	serve tests/guard/client.py $port $seed 100 || fail "the client: $(<"$tmp/client")"
	wait $server
done
ask normalize victim
ask set victim kill

# --- ten thousand processes of programs that are known soon ---

flood 4 10000
ask_json "[j['counters'][lost] for lost in ('lost_events', 'no_task', 'no_profile')] == [0, 0, 0]" status
ask_json "sorted(p['calls'] for p in j['profiles'] if 'flood-' in p['program'])[0] >= 2500 * 2" profiles
ask_json "len([t for t in j['tasks'] if 'flood-' in t['program']]) == 0" ps
before=$(resident)

# --- more programs than there is room for ---

flood $((profiles_max + 500)) $((2 * (profiles_max + 500)))
ask_json "j['profiles'] == $profiles_max == j['profiles_max'] and j['counters']['no_profile'] >= 500" status
ask_json "j['counters']['lost_events'] == 0 and j['suppressed'] > 0" status
ask metrics >"$tmp/metrics"
grep -Eq '^kview_guard_no_profile_total [1-9][0-9]{2,}$' "$tmp/metrics" || fail "no count in: $(<"$tmp/metrics")"
[ "$(resident)" -le $((before + 32768)) ] || fail "the guard grew from $before to $(resident) KiB"

# --- what was known is, and is told from what is not ---

ask_json "j['state'] == 'normal' and j['respond'] == 'kill' and j['alarms'] == 0" show victim
serve tests/guard/client.py $port 2 100 || fail "the client: $(<"$tmp/client")"
wait $server
ask_json "j['alarms'] == 0" show victim
serve timeout 100 tests/guard/exploit.py $port "$victim" 'echo taken over' || true # it is cut off
! wait $server || fail "the server was not killed"
! grep -q '^taken over$' "$tmp/client" || fail "the exploit was not stopped"
ask_json "j['alarms'] >= 1" show victim
stop_guard
