#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
# kview exec: what is not for a view is kept to the process by the kernel where that can do it, and a dry run attaches none
# of it; what a tool leaves in the background has nothing any more.
# shellcheck disable=SC1091,SC2034,SC2154 # what is sourced defines them, or uses them
set -euo pipefail
. tests/vm/cli.inc
. tests/vm/cli_exec.inc

has_module || skip "the module is not loaded"
# The kernel has had several uprobes at once since 6.6.
multi=''
[[ $(uname -r) == 6.1.* ]] || multi=uprobe_multi

uprobes()
{
	local program

	for program in uprobe $multi; do
		sees "$program" "$calls_made"
		! grep -q 'all processes' "$tmp/err" || fail "$program: $(<"$tmp/err")"
	done
}

# How often time will tell; but nobody else.
samples()
{
	start_applications
	start_tool --pid "$a" -- "$tool" samples
	run_applications
	end_tool 0
	! grep -E '^[0-9]+ [0-9]+$' "$tmp/out" | grep -v "^$a " || fail "others were sampled: $(<"$tmp/out")"
}

# A cgroup as systemd makes it for a container, by both names.
groups()
{
	local group=/sys/fs/cgroup/machine-exec_tool.scope

	mkdir "$group"
	for name in "--cgroup=$group" --container=exec_tool; do
		start_applications
		echo "$a" >"$group/cgroup.procs"
		start_tool "$name" -- "$tool" kprobe
		run_applications
		end_tool 0
		counts_are "$a $calls_made"
	done
	wait_for rmdir "$group"
}

# listed SCOPE HOOK PROGRAM TARGET...: a dry run says whom the program would see, and it sees nobody meanwhile.
listed()
{
	local scope=$1 hook=$2 program=$3

	shift 3
	name="dry run of $program"
	start_tool --dry-run -f json "$@" -- "$tool" "$program"
	run_applications
	end_tool 0
	counts_are ''
	sed -n '/^\[/,$p' "$tmp/out" | is_json '{(i["hook"], i["program"], i["scope"], i["attached"]) for i in j} == {
		("'"$hook"'", "'"$program"'", "'"$scope"'", True)}'
}

dry_runs()
{
	local program

	for program in uprobe $multi; do
		start_applications
		listed process "${program/_/.}" "$program" --pid "$a"
		start_applications
		listed machine "${program/_/.}" "$program" --pid "$a,$b"
	done
	start_applications
	listed process samples samples --pid "$a"
	start_applications
	listed machine 'program of type cgroup_skb' pass --pid "$a"
}

# A tool that ends and leaves a process behind, with what it has attached.
background()
{
	start_applications
	exec 3<>"$tmp/end"
	# shellcheck disable=SC2016
	run 0 "$kview" exec --pid "$a" -- sh -c '"$0" kprobe <"$1" >"$2" 2>&1 &
		until grep -q ^attached "$2"; do sleep 0.1; done' "$tool" "$tmp/end" "$tmp/left"
	wait_for all_is_gone
	run_applications
	exec 3>&-
}

# By kview's rights the tool must not reach a file that it does not reach by its own.
rights()
{
	start_applications
	start_tool --pid "$a" -- setpriv --bounding-set=-dac_override,-dac_read_search "$tool" uprobe
	run_applications
	end_tool 0
	grep -q 'the tool has fewer rights to files than kview' "$tmp/err" || fail "$(<"$tmp/err")"
	[ "$(grep -cE "^[0-9]+ $calls_made\$" "$tmp/out")" -eq 2 ] || fail "not placed for both: $(<"$tmp/out")"
}

uprobes
groups
rights
samples
dry_runs
background
wait_for all_is_gone
