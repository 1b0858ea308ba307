#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
# kview run on a command: exact from its first instruction to its end, and its status told.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

# counts NUMBER: the last run counted so many calls of getppid.
counts()
{
	has "\"calls\":$1}"
}

# run_json MODE OBJECT ARGUMENT...
run_json()
{
	local mode=$1 object=$2

	shift 2
	run 0 "$kview" run -f json --mode "$mode" "$objects/$object.bpf.o" "$@"
	has '^\{"event":"result"' "\"mode\":\"$mode\"" '"ended":"exit"'
}

exact()
{
	# Somebody else makes the same calls all the time.
	start_traced
	run_json "$1" entry -- "$calls" 1000
	counts 1000
	has '"runs":1000,.*"runs":1000,'
	run_json "$1" two_hooks -- "$calls" 1000
	counts 2000
	has '"runs":1000,.*"runs":1000,.*"runs":1000,.*"runs":1000,'
	run_json "$1" multi -- "$calls" 1000
	counts 2000
	run_json "$1" entry -- "$calls" 0
	counts 0
	kill -9 "$traced"
}

# What the command does before its program begins, and the end of execve, are not seen.
from_first_instruction()
{
	run_json "$1" balance -- "$calls" 10
	has '"enters":([0-9]+),"exits":([0-9]+)}'
	[ "${BASH_REMATCH[1]}" -eq $((BASH_REMATCH[2] + 1)) ] || fail "not balanced: ${BASH_REMATCH[0]}"
}

# A program that becomes another stays traced; its children are not, unless they are followed (cli_follow.sh).
over_exec()
{
	run_json "$1" entry -- sh -c "exec $calls 1000"
	has '"calls":100[01]}'
	run_json "$1" entry --no-follow -- sh -c "$calls 1000; true"
	has '"calls":[01]}'
}

statuses()
{
	local object=$objects/entry.bpf.o

	run_json "$1" entry -- sh -c 'exit 5'
	has '"exit":5}'
	grep -qx 'kview: sh exited with status 5' "$tmp/err" || fail "$(cat "$tmp/err")"
	# shellcheck disable=SC2016
	run_json "$1" entry -- sh -c 'kill -SEGV $$'
	has '"signal":"SEGV"}'
	grep -qx 'kview: sh was killed by SIGSEGV' "$tmp/err" || fail "$(cat "$tmp/err")"
	one_line 127 'nonesuch: cannot be executed: No such file' "$kview" run --mode "$1" "$object" -- nonesuch
	one_line 127 '/etc/passwd: cannot be executed: Permission denied' "$kview" run --mode "$1" "$object" -- /etc/passwd
}

# The command has kview's standard input, output and error, none of its descriptors, and no signal blocked.
environment()
{
	echo text | "$kview" run --mode "$1" -o "$tmp/result" "$objects/entry.bpf.o" -- cat >"$tmp/out"
	[ "$(cat "$tmp/out")" = text ] || fail "the command's input or output went astray"
	grep -q calls "$tmp/result" || fail "--output"
	run 0 "$kview" run --mode "$1" -o "$tmp/result" "$objects/entry.bpf.o" -- ls /proc/self/fd
	[ "$(xargs <"$tmp/out")" = '0 1 2 3' ] || fail "descriptors leak: $(xargs <"$tmp/out")"
	run 0 "$kview" run --mode "$1" -o "$tmp/result" "$objects/entry.bpf.o" -- grep SigBlk /proc/self/status
	grep -q 0000000000000000 "$tmp/out" || fail "signals are blocked: $(cat "$tmp/out")"
}

# Timer interrupts that come upon a busy command: skipped unless asked for.
interrupts()
{
	# shellcheck disable=SC2016 # the command expands them
	local busy='i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done'

	run_json "$1" tick -- sh -c "$busy"
	counts 0
	run_json "$1" tick --interrupts -- sh -c "$busy"
	has '"calls":[1-9]'
}

for mode in $(modes); do
	exact "$mode"
	from_first_instruction "$mode"
	over_exec "$mode"
	statuses "$mode"
	environment "$mode"
	interrupts "$mode"
done
wait_for all_is_gone
