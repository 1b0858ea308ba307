#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 420
# kview exec: whatever way a tool attaches, it sees every event of the traced process and none of another like it, and
# its descriptors keep the attachment as the kernel's own do.
# shellcheck disable=SC1091,SC2034,SC2154 # what is sourced defines them, or uses them
set -euo pipefail
. tests/vm/cli.inc
. tests/vm/cli_exec.inc

has_module || skip "the module is not loaded"
# Where the kernel does not tell what surrounds the context of such programs (6.1), they are refused.
multi=''
[[ $(uname -r) == 6.1.* ]] || multi='multi multi_return'

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
	for program in exit_tp exit_raw_tp exit_tp_btf exit_plain; do
		sees "$program" 1 # its end, at which it has no view any more
		grep -q 'sched_process_exit: comes when a process has given up its view' "$tmp/err" || fail "$(<"$tmp/err")"
	done
}

# As tools did before perf_event_open(2) had kprobes of its own: the tool is given the number of an event.
defined_event()
{
	local events=/sys/kernel/tracing/kprobe_events

	echo 'p:exec_tool/getppid __x64_sys_getppid' >>"$events"
	sees defined "$calls_made"
	echo '-:exec_tool/getppid' >>"$events"
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
	for program in plain fentry exit_tp exit_plain; do
		descriptor "$program" close
	done
	descriptor fentry info 1
	grep -q 'link type 2 program known' "$tmp/out" || fail "$(cat "$tmp/out")"
	descriptor kprobe pin "$calls_made"
	grep -q '^not pinned' "$tmp/out" || fail "$(cat "$tmp/out")"
	grep -q 'cannot be pinned: it ends with the tool; let that go on running' "$tmp/err" || fail "$(cat "$tmp/err")"
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
		"attached": True, "scope": "view", "hooks": 1, "reason": None}]'
	start_applications
	start_tool --dry-run -f json --pid "$a" -- "$tool" exit_tp
	run_applications
	end_tool 0
	counts_are ''
	sed -n '/^\[/,$p' "$tmp/out" | is_json '[(i["hook"], i["scope"]) for i in j] == [("tracepoint sched:sched_process_exit", "filter")]'
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
defined_event
descriptors
dry_run
refusals
wait_for all_is_gone
