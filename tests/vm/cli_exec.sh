#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 420
# kview exec: whatever way a tool attaches, it sees every event of the traced process and none of another like it, and
# its descriptors keep the attachment as the kernel's own do.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

tool=build/tests/vm/exec_tool
readonly calls_made=500

has_module || skip "the module is not loaded"
# Where the kernel does not tell what surrounds the context of such programs (6.1), they are refused.
multi=''
[[ $(uname -r) == 6.1.* ]] || multi='multi multi_return'
mkfifo "$tmp/go.a" "$tmp/go.b" "$tmp/end"

# Two processes that wait for the word and then make the same calls.
start_applications()
{
	# shellcheck disable=SC2016
	sh -c 'read x <"$0"; exec "$1" "$2"' "$tmp/go.a" "$calls" "$calls_made" &
	a=$!
	# shellcheck disable=SC2016
	sh -c 'read x <"$0"; exec "$1" "$2"' "$tmp/go.b" "$calls" "$calls_made" &
	b=$!
}

run_applications()
{
	echo >"$tmp/go.a"
	echo >"$tmp/go.b"
	wait "$a" "$b"
}

# start_tool OPTIONS... -- ARGUMENT...: in the background, until it has attached. What it waits for the end of is descriptor 3.
start_tool()
{
	"$kview" exec "$@" <"$tmp/end" >"$tmp/out" 2>"$tmp/err" &
	tool_pid=$!
	exec 3>"$tmp/end"
	wait_for attached_or_ended
	grep -q '^attached' "$tmp/out" || fail "${name-}: the tool did not attach: $(cat "$tmp/err")"
}

attached_or_ended()
{
	grep -q '^attached' "$tmp/out" || ! kill -0 "$tool_pid" 2>/dev/null
}

# end_tool CODE
end_tool()
{
	local code=0

	exec 3>&-
	wait "$tool_pid" || code=$?
	[ "$code" -eq "$1" ] || fail "the tool ended with $code, not $1: $(cat "$tmp/err")"
}

counts_are()
{
	[ "$(grep -E '^[0-9]+ [0-9]+$' "$tmp/out" || true)" = "$1" ] || fail "$name: not '$1': $(cat "$tmp/out" "$tmp/err")"
}

# sees PROGRAM COUNT
sees()
{
	name=$1
	start_applications
	start_tool --pid "$a" -- "$tool" "$1"
	run_applications
	end_tool 0
	counts_are "$a $2"
}

every_way()
{
	local program

	# shellcheck disable=SC2086 # two words, or none
	for program in kprobe kretprobe cookie plain $multi tp_enter tp_exit tp_all tp_all_exit raw; do
		sees "$program" "$calls_made"
	done
	for program in fentry fexit tp raw_tp tp_btf; do
		sees "$program" 1 # the application's own exec
	done
}

# descriptor PROGRAM HOW [COUNT]: what the tool does with its descriptor decides whether it still sees.
descriptor()
{
	name="$1 $2"
	start_applications
	start_tool --pid "$a" -- "$tool" "$1" "$2"
	run_applications
	end_tool 0
	counts_are "${3:+$a $3}"
}

descriptors()
{
	local program

	for program in plain kprobe; do
		descriptor "$program" dup "$calls_made"
		descriptor "$program" fork "$calls_made"
	done
	descriptor fentry dup 1
	descriptor fentry fork 1
	for program in plain fentry; do
		descriptor "$program" close
	done
	descriptor fentry info 1
	grep -q 'link type 2 program known' "$tmp/out" || fail "$(cat "$tmp/out")"
}

# However it ends, nothing is left.
ends()
{
	start_applications
	start_tool --pid "$a" -- "$tool" kprobe abort
	end_tool 134
	wait_for all_is_gone
	start_tool --pid "$a" -- "$tool" kprobe
	kill -9 "$tool_pid" # kview itself
	exec 3>&-
	wait "$tool_pid" || true
	wait_for all_is_gone
	start_tool --pid "$a" -- "$tool" kprobe
	pkill -9 -P "$tool_pid" # the tool
	end_tool 137
	wait_for all_is_gone
	run_applications
}

# What is not attached anywhere, and why; and that nothing runs meanwhile.
dry_run()
{
	start_applications
	start_tool --dry-run -f json --pid "$a" -- "$tool" kretprobe
	run_applications
	end_tool 0
	counts_are ''
	sed -n '/^\[/,$p' "$tmp/out" | is_json 'j == [{"hook": "kretprobe __x64_sys_getppid", "program": "kretprobe",
		"attached": True, "hooks": 1, "reason": None}]'
}

refusals()
{
	one_line 2 'the tool comes after --' "$kview" exec --pid $$ ls
	one_line 2 'no tool given' "$kview" exec --pid $$
	one_line 2 'nothing to trace' "$kview" exec -- ls
	one_line 127 'nonesuch: cannot be executed: No such file' "$kview" exec --pid $$ -- nonesuch
	run 5 "$kview" exec --pid $$ -- sh -c 'exit 5'
	# shellcheck disable=SC2016
	run 143 "$kview" exec --pid $$ -- sh -c 'kill -TERM $$'
	without_module one_line 3 'not loaded' "$kview" exec --pid $$ -- ls
}

every_way
descriptors
ends
dry_run
refusals
wait_for all_is_gone
