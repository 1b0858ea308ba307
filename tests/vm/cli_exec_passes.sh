#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
# kview exec: what cannot be kept to one application is attached as the tool asks, with one note for each kind of it; what is
# attached to nothing needs none.
# shellcheck disable=SC1091,SC2034,SC2154 # what is sourced defines them, or uses them
set -euo pipefail
. tests/vm/cli.inc
. tests/vm/cli_exec.inc

has_module || skip "the module is not loaded"
# The kernel attaches traffic control programs by bpf(2) since 6.6.
tcx=tcx
[[ $(uname -r) != 6.1.* ]] || tcx=''

links()
{
	bpftool link show | grep -cE '^[0-9]+: ' || true
}

has_links()
{
	[ "$(links)" -eq "$1" ]
}

# says_once THEM IT: that is all that is said.
says_once()
{
	[ "$(<"$tmp/err")" = "kview: $1 cannot be kept to one application: $2 attached as the tool asks" ] ||
		fail "$name: $(<"$tmp/err")"
}

# passes PROGRAM TYPE: in a dry run not at all; else the kernel has the link, and says that it knows of it.
passes()
{
	name=$1
	start_tool --dry-run --pid $$ -- "$tool" "$1"
	has_links 0 || fail "a dry run has attached: $(bpftool link show)"
	end_tool 0
	grep -qE "^program of type $2 +$1 +machine " "$tmp/out" || fail "$(<"$tmp/out")"
	start_tool --pid $$ -- "$tool" "$1" twice
	wait_for has_links 1 # the first of the two may be let go a moment later
	end_tool 0
	says_once "programs of type $2" 'they are'
	wait_for all_is_gone
}

# Both are seen, as by the tool itself.
for_all()
{
	start_applications
	start_tool --pid "$a" -- "$tool" lsm
	run_applications
	end_tool 0
	for name in "$a" "$b"; do
		grep -qx "$name 1" "$tmp/out" || fail "lsm: $name was not seen: $(<"$tmp/out")"
	done
}

# The call that makes no link. What is attached to a cgroup goes with it.
without_link()
{
	local group=/sys/fs/cgroup/exec_passes

	name='BPF_PROG_ATTACH'
	mkdir "$group"
	start_tool --pid $$ -- "$tool" pass "$group"
	[ "$(bpftool cgroup show "$group" | grep -c egress)" -eq 1 ] || fail "not attached: $(bpftool cgroup show "$group")"
	end_tool 0
	says_once 'what is attached to cgroups, sockets and network devices' 'it is'
	rmdir "$group"
}

# Timers and iterators: the tool has them run.
silent()
{
	start_applications
	for name in timer tasks; do
		start_tool --pid "$a" -- "$tool" "$name"
		end_tool 0
		[ ! -s "$tmp/err" ] || fail "$name: $(<"$tmp/err")"
		if [ "$name" = timer ]; then
			counts_are '0 1'
		else
			for pid in "$a" "$b"; do
				grep -qx "$pid 1" "$tmp/out" || fail "$name: no $pid in: $(<"$tmp/out")"
			done
		fi
	done
	run_applications
}

passes pass cgroup_skb
passes xdp xdp
[ -z "$tcx" ] || passes tcx sched_cls
passes lsm lsm
for_all
without_link
silent
wait_for all_is_gone
