#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview guard watch: a server learned under real traffic, then more of it, then a real exploit: told, and stopped. And
# what the kernel learns is what replay learns of a record of the same run.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

victim=$PWD/build/tests/guard/victim
port=7700
profiles=$tmp/profiles.db
has_module || skip "the module is not loaded"

# --- refusals ---

one_line 2 'nothing to trace' "$kview" guard watch
one_line 2 'both processes and --all' "$kview" guard watch --all --pid 1
one_line 2 'a view is of chosen processes' "$kview" guard watch --all --mode view
one_line 2 '--normal: expected --profiles' "$kview" guard watch --normal --all
one_line 2 '--respond stop,tell: expected slow, refuse-exec, stop or kill' "$kview" guard watch --respond stop,tell --all
one_line 2 '--spare /nowhere: expected a program that is there: No such file' "$kview" guard watch --spare /nowhere --all
one_line 2 '--spare 4194304: expected a process that is there' "$kview" guard watch --spare 4194304 --all
one_line 2 '--stop-time 0: expected seconds' "$kview" guard watch --stop-time 0 --all
echo 'this is no database, but long enough to be looked at as one' >"$tmp/bad"
for _ in {1..200}; do echo 'this is no database'; done >>"$tmp/bad"
one_line 1 'bad: .*not a database' "$kview" guard watch --profiles "$tmp/bad" -- true

# guard OPTIONS -- COMMAND...: in the background, $watch; events go to $tmp/out
guard()
{
	rm -rf "$tmp/notes"
	mkdir "$tmp/notes"
	"$kview" guard watch -f json --profiles "$profiles" "$@" >"$tmp/out" 2>"$tmp/err" &
	watch=$!
}

guard_ended()
{
	wait $watch || fail "guard watch: $(<"$tmp/err")"
	tail -n 1 "$tmp/out" | is_json "[p['lost'] for p in j['profiles']] == [0] * len(j['profiles'])"
	! grep -q '"lost_events":[1-9]' "$tmp/out" || fail "lost events: $(<"$tmp/out")"
}

# serve OPTIONS -- CLIENT...: the server under guard while the client talks to it
serve()
{
	local options=()

	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	guard "${options[@]}" -- "$victim" $port "$tmp/notes"
	timeout 100 "$@" >"$tmp/client" 2>&1 || true
	guard_ended
}

state()
{
	tail -n 1 "$tmp/out" | is_json "[p['$1'] for p in j['profiles'] if p['program'] == '$victim'] == [$2]"
}

# --- the same run, seen by the kernel and recorded by strace ---

guard -- strace -f -o "$tmp/record" "$victim" $port "$tmp/notes"
tests/guard/client.py $port 1 60 >"$tmp/client" 2>&1 || fail "the client: $(<"$tmp/client")"
guard_ended
state state "'training'"
run 0 "$kview" guard replay --save "$tmp/replayed.db" "$tmp/record"
python3 - "$victim" "$profiles" "$tmp/replayed.db" <<'PYTHON' || fail "the kernel and replay do not know the same"
import sqlite3, struct, sys
def pairs(path):
    row = sqlite3.connect(path).execute("SELECT accepted, recent FROM profiles WHERE path = ?", sys.argv[1:2]).fetchone()
    return [set(struct.iter_unpack("<HHH", blob)) for blob in row]
kernel, replayed = pairs(sys.argv[2]), pairs(sys.argv[3])
if kernel != replayed or len(kernel[1]) < 100:
    sys.exit("%d pairs, of both %d; the kernel's %s, replay's %s" % (len(kernel[1]), len(kernel[1] & replayed[1]),
             sorted(kernel[1] - replayed[1])[:20], sorted(replayed[1] - kernel[1])[:20]))
PYTHON

# --- more of the same, then an attack ---

serve -- tests/guard/client.py $port 2 200
[ ! -s "$tmp/client" ] || fail "the client: $(<"$tmp/client")"
grep -q '"new".*victim' "$tmp/out" && fail "the profile of the last run was forgotten: $(<"$tmp/out")"

# What is known is normal from here on. Nothing alarming.
serve --normal -- tests/guard/client.py $port 5 60
state state "'normal'"
! grep -Eq '"(call|task|profile)"[],]' "$tmp/out" || fail "false alarm: $(<"$tmp/out")"
state alarms 0

# Taken over: it is told, by the first call of the injected code.
serve -- tests/guard/exploit.py $port "$victim" 'echo taken over'
grep -q '^taken over$' "$tmp/client" || fail "the exploit did not work: $(<"$tmp/client")"
grep '"program": *"'"$victim"'"' "$tmp/out" | grep '"call": *"dup2"' | grep -q '"events": *\["call"' ||
	fail "nothing was told of the exploit: $(<"$tmp/out")"

# ... and, where one wants that, the end of it.
serve --respond kill -- tests/guard/exploit.py $port "$victim" 'echo taken over'
! grep -q '^taken over$' "$tmp/client" || fail "the exploit was not stopped"
grep -q '"killed"' "$tmp/out" || fail "nothing was killed: $(<"$tmp/out")"
tail -n 1 "$tmp/out" | is_json "j['counters']['killed'] == 1"

# Or it becomes no shell.
serve --respond refuse-exec -- tests/guard/exploit.py $port "$victim" 'echo taken over'
! grep -q '^taken over$' "$tmp/client" || fail "it became a shell"
grep -q '"refused"' "$tmp/out" || fail "nothing was refused: $(<"$tmp/out")"

# Stopped, until the guard dies: then nothing is held any more.
is_stopped()
{
	[ "$(ps -o stat= -C victim | cut -c1)" = T ]
}

# Loading the engine takes the verifier seconds here, or more on a busy machine.
stopped_in_time()
{
	local i

	for ((i = 0; i < 500 * ${KVIEW_SLOW:-1}; i++)); do
		if is_stopped; then
			return
		fi
		sleep 0.2
	done
	fail "nobody was stopped: $(<"$tmp/out")"
}

guard --respond stop --stop-time 100000 -- "$victim" $port "$tmp/notes"
timeout 200 tests/guard/exploit.py $port "$victim" 'echo taken over' >"$tmp/client" 2>&1 &
client=$!
stopped_in_time
kill -9 $watch
wait $watch 2>/dev/null || true
wait $client || fail "the exploit goes on when the guard has died: $(<"$tmp/client")"
grep -q '^taken over$' "$tmp/client" || fail "not released: $(<"$tmp/client")"
