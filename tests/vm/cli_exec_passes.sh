#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 420
# kview exec: what cannot be kept to one application is attached as the tool asks, with one note for each kind of it; in a dry
# run it is not.
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

# The calls that make no link. What is attached to a cgroup goes with it; so does the socket with the tool.
without_link()
{
	local group=/sys/fs/cgroup/exec_passes

	mkdir "$group"
	name='dry run of BPF_PROG_ATTACH'
	start_tool --dry-run --pid $$ -- "$tool" pass "$group"
	[ -z "$(bpftool cgroup show "$group")" ] || fail "$name: attached: $(bpftool cgroup show "$group")"
	end_tool 0
	grep -qE '^program of type cgroup_skb +pass +machine ' "$tmp/out" || fail "$name: $(<"$tmp/out")"
	name='BPF_PROG_ATTACH'
	start_tool --pid $$ -- "$tool" pass "$group"
	[ "$(bpftool cgroup show "$group" | grep -c egress)" -eq 1 ] || fail "not attached: $(bpftool cgroup show "$group")"
	end_tool 0
	says_once 'programs of type cgroup_skb' 'they are'
	rmdir "$group"
	name='SO_ATTACH_BPF'
	start_tool --dry-run --pid $$ -- "$tool" packets
	end_tool 0
	grep -qE '^program of type socket_filter +packets +machine ' "$tmp/out" || fail "$name: $(<"$tmp/out")"
	start_tool --pid $$ -- "$tool" packets
	end_tool 0
	says_once 'programs of type socket_filter' 'they are'
}

# by_netlink PROGRAM TYPE: the note comes with the program; a dry run lets nothing be attached, and the tool says why not.
by_netlink()
{
	name="$1 by netlink"
	run 1 "$kview" exec --dry-run --pid $$ -- "$tool" "$1" netlink
	! bpftool net show dev lo | grep -qE 'id [0-9]+' || fail "$name: a dry run has attached: $(bpftool net)"
	grep -qE "^program of type $2 +$1 +machine " "$tmp/out" || fail "$name: $(<"$tmp/out")"
	grep -qxF "kview: programs of type $2: in a dry run the tool lacks CAP_NET_ADMIN, so that netlink attaches none" \
		"$tmp/err" || fail "$name: $(<"$tmp/err")"
	start_tool --pid $$ -- "$tool" "$1" netlink
	bpftool net show dev lo | grep -qE 'id [0-9]+' || fail "$name: not attached: $(bpftool net)"
	end_tool 0
	says_once "programs of type $2" 'they are'
}

# The update of a map registers them: in a dry run they are not even loaded. The kernel refuses this one for another reason.
struct_ops()
{
	local reason='not loaded in a dry run, where its map could not be kept from being registered'

	reason+='; run the tool without --dry-run'
	name=struct_ops
	run 1 "$kview" exec --dry-run --pid $$ -- "$tool" struct_ops
	grep -qE "^program of type struct_ops +struct_ops +- +0 +refused: $reason" "$tmp/out" || fail "$(<"$tmp/out")"
	grep -qxF "kview: program of type struct_ops: $reason" "$tmp/err" || fail "$(<"$tmp/err")"
	grep -qx 'load: Operation not permitted' "$tmp/err" || fail "$(<"$tmp/err")"
	run 1 "$kview" exec --pid $$ -- "$tool" struct_ops
	grep '^load: ' "$tmp/err" | grep -qv 'Operation not permitted' || fail "$(<"$tmp/err")"
	sed -i '/^load/d' "$tmp/err"
	says_once 'programs of type struct_ops' 'they are'
}

# A BPF program's, and perf's, which bpftrace's intervals are.
timers()
{
	for name in timer ticks; do
		start_tool --pid $$ -- "$tool" "$name"
		end_tool 0
		[ "$(<"$tmp/err")" = 'kview: timers cannot be kept to one application: they run as the tool asks' ] ||
			fail "$name: $(<"$tmp/err")"
		grep -qE '^0 [1-9][0-9]*$' "$tmp/out" || fail "$name: $(<"$tmp/out")"
	done
}

# Iterators: the tool has them run itself.
silent()
{
	start_applications
	name=tasks
	start_tool --pid "$a" -- "$tool" "$name"
	end_tool 0
	[ ! -s "$tmp/err" ] || fail "$name: $(<"$tmp/err")"
	for pid in "$a" "$b"; do
		grep -qx "$pid 1" "$tmp/out" || fail "$name: no $pid in: $(<"$tmp/out")"
	done
	run_applications
}

passes pass cgroup_skb
passes xdp xdp
[ -z "$tcx" ] || passes tcx sched_cls
passes lsm lsm
for_all
without_link
ip link set lo up
by_netlink xdp xdp
by_netlink tcx sched_cls
struct_ops
timers
silent
wait_for all_is_gone
