#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
# kview exec: what the traced fork after the tool has attached is traced when that is asked for, and not otherwise; and USDT
# probes are kept to the traced process.
# shellcheck disable=SC1091,SC2034,SC2154 # what is sourced defines them, or uses them
set -euo pipefail
. tests/vm/cli.inc
. tests/vm/cli_exec.inc

has_module || skip "the module is not loaded"

# A shell that runs the calls in a grandchild, which it names.
start_forking()
{
	rm -f "$tmp/ready.$1"
	# shellcheck disable=SC2016
	sh -c ': >"$3"; read x <"$0"; (sh -c '\''echo $$ >"$2"; exec "$0" "$1"'\'' "$1" "$2" "$4"; exit 0); exit 0' \
		"$tmp/go.$1" "$calls" "$calls_made" "$tmp/ready.$1" "$tmp/pid.$1" &
	wait_for [ -e "$tmp/ready.$1" ]
}

# forks SEEN OPTION...: how often the grandchild, and nobody else, was seen to execute a program. It does so twice.
forks()
{
	local seen=$1

	shift
	name="what is forked with $*"
	start_forking a
	a=$!
	start_forking b
	b=$!
	start_tool "${@//PID/$a}" -- "$tool" fentry
	run_applications
	end_tool 0
	[ "$(<"$tmp/pid.a")" != "$a" ] || fail "nothing was forked"
	counts_are "${seen:+$(<"$tmp/pid.a") $seen}"
}

# A process that collects garbage as often as others make calls; never by itself, and not at its end.
start_python()
{
	rm -f "$tmp/ready.$1"
	/usr/bin/python3 -c 'import gc, os, sys
gc.disable()
open(sys.argv[2], "w").close()
open(sys.argv[1]).read()
for i in range(int(sys.argv[3])):
    gc.collect(0)
os._exit(0)' "$tmp/go.$1" "$tmp/ready.$1" "$calls_made" &
	wait_for [ -e "$tmp/ready.$1" ]
}

# bpftrace says so when it is asked to as its own tests do; BEGIN runs earlier.
notified()
{
	grep -qs '__BPFTRACE_NOTIFY_PROBES_ATTACHED' "$tmp/out" "$tmp/err" || ! kill -0 "$tool_pid" 2>/dev/null
}

# bpftrace misses an interrupt that does not find it waiting: again each ten seconds.
interrupt_bpftrace()
{
	local i

	for ((i = 0; i < 600 * ${KVIEW_SLOW:-1}; i++)); do
		[ $((i % 100)) -ne 0 ] || kill -INT "$tool_pid" 2>/dev/null || return 0
		kill -0 "$tool_pid" 2>/dev/null || return 0
		sleep 0.1
	done
	fail "bpftrace goes on"
}

usdt_probes()
{
	name=usdt
	start_python a
	a=$!
	start_python b
	b=$!
	__BPFTRACE_NOTIFY_PROBES_ATTACHED=1 "$kview" exec --pid "$a" -- \
		bpftrace -e 'usdt:/usr/bin/python3:python:gc__start { @[pid] = count(); }' \
		>"$tmp/out" 2>"$tmp/err" </dev/null &
	tool_pid=$!
	wait_for notified
	grep -q NOTIFY_PROBES_ATTACHED "$tmp/out" "$tmp/err" || fail "bpftrace did not attach: $(<"$tmp/err")"
	run_applications
	interrupt_bpftrace
	wait "$tool_pid" || fail "bpftrace ended with $?: $(<"$tmp/err")"
	[ "$(grep '^@' "$tmp/out")" = "@[$a]: $calls_made" ] || fail "not $a $calls_made: $(<"$tmp/out")"
	! grep -q 'for all processes' "$tmp/err" || fail "$(<"$tmp/err")"
}

forks '' --pid=PID
forks 2 --pid=PID --follow
forks 2 --tree=PID
usdt_probes
wait_for all_is_gone
