#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
# Every way a run ends: results are printed, except after a second signal and kill -9, and nothing stays attached.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

object=$objects/entry.bpf.o

# start ARGUMENT...: kview run in the background, as $tracer, until there is something to count.
start()
{
	"$kview" run -f json --mode "$mode" "$object" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null &
	tracer=$!
	wait_for is_attached
	sleep 1
}

# It takes the signals that end it (HUP, INT, QUIT) as messages from when its programs are attached. A short run may
# have ended already.
is_attached()
{
	[ ! -e "/proc/$tracer" ] || grep -qs '^SigBlk:.*7$' "/proc/$tracer/status"
}

# ended STATUS PATTERN...: how it ended, and what its results have.
ended()
{
	local status=0

	wait "$tracer" 2>/dev/null || status=$?
	[ "$status" -eq "$1" ] || fail "$mode: ended with status $status, not $1: $(cat "$tmp/err")"
	shift
	[ $# -eq 0 ] || has "$@"
	wait_for all_is_gone
}

# start_shell COMMANDS: kview run of a shell that handles signals, until it does.
start_shell()
{
	rm -f "$tmp/ready"
	start -- bash -c "$1; : >'$tmp/ready'; while :; do sleep 0.1; done"
	wait_for [ -e "$tmp/ready" ]
}

processes()
{
	local first second signal

	start_traced
	first=$traced
	start_traced
	second=$traced
	start --pid "$first,$second"
	kill -9 "$first"
	sleep 0.5
	kill -0 "$tracer" || fail "$mode: ended with a process still there"
	kill -9 "$second"
	ended 0 '"ended":"exit"' "\"processes\":\[$first,$second\]" '"calls":[1-9]'

	start_traced
	start --pid "$traced" --pid "$traced" --duration 0.7
	ended 0 '"ended":"duration"' "\"processes\":\[$traced\]" '"seconds":(0\.[7-9]|[1-9])'
	for signal in INT TERM HUP QUIT; do
		start --pid "$traced"
		kill -s "$signal" "$tracer"
		ended 0 '"ended":"signal"' '"calls":[1-9]'
	done
	start --pid "$traced"
	kill -9 "$tracer"
	ended 137
	[ ! -s "$tmp/out" ] || fail "$mode: printed after kill -9"
	kill -0 "$traced" || fail "$mode: the traced process did not survive"
	kill -9 "$traced"
}

commands()
{
	start --duration 0.5 -- "$calls" 10 100 0
	ended 0 '"ended":"duration"' '"signal":"TERM"'
	start -- "$calls" 10 100 0
	kill -INT "$tracer"
	ended 0 '"ended":"signal"' '"signal":"INT"'
	start_shell 'trap "echo got it; exit 3" USR1'
	kill -USR1 "$tracer"
	ended 0 '"ended":"exit"' '"exit":3}'
	grep -qx 'got it' "$tmp/out" || fail "$mode: SIGUSR1 did not reach the command"
}

# No signal waits for the tracer: the last one has been taken.
has_noticed()
{
	grep -q '^ShdPnd:.*0000$' "/proc/$tracer/status"
}

# It is not asked twice, and not killed.
deaf_commands()
{
	local command

	start_shell 'trap "" INT TERM HUP QUIT'
	command=$(pgrep -P "$tracer")
	kill -TERM "$tracer"
	ended 0 '"ended":"signal"' '"running":true' '"seconds":([2-9]|[1-9][0-9])'
	kill -9 "$command" || fail "$mode: the command did not survive"

	start_shell 'trap "" INT TERM HUP QUIT'
	command=$(pgrep -P "$tracer")
	kill -INT "$tracer"
	wait_for has_noticed
	kill -INT "$tracer"
	ended 130
	[ ! -s "$tmp/out" ] || fail "$mode: printed after a second signal"
	kill -9 "$command" || fail "$mode: the command did not survive"
}

# Not while a shell that is not interactive ignores SIGINT for its background jobs.
set -m
for mode in $(modes); do
	processes
	commands
	deaf_commands
done
