#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
# kview exec: every refusal says which attach, why, and what to do; and a tool without rights has none by kview exec either.
# shellcheck disable=SC1091,SC2154 # what is sourced defines them
set -euo pipefail
. tests/vm/cli.inc
. tests/vm/cli_exec.inc

has_module || skip "the module is not loaded"

# refused LINE PROGRAM [HOW]
refused()
{
	local line=$1

	shift
	run 1 "$kview" exec --pid $$ -- "$tool" "$@"
	grep -qxF "kview: $line" "$tmp/err" || fail "$*: no '$line' in: $(<"$tmp/err")"
}

# said LINE PROGRAM HOW: it is attached, and yet something was refused.
said()
{
	local line=$1

	shift
	run 0 "$kview" exec --pid $$ -- "$tool" "$@"
	grep -qxF "kview: $line" "$tmp/err" || fail "$*: no '$line' in: $(<"$tmp/err")"
}

by_itself='run the tool by itself, for the whole machine'
no_entry='the function has no ftrace entry (it is notrace, noinstr, inlined or assembly)'
no_entry+="; hook a function that calls it, or $by_itself"
no_multi='a program that was loaded for many functions at once (kprobe.multi) cannot be had on this kernel'
no_multi+="; let the tool attach kprobes one by one, or $by_itself"

functions()
{
	local of_module

	of_module=$(awk '$4 == "[kview]" && $2 == "t" && $3 ~ /^kview_[a-z_]+$/ { print $3; exit }' /proc/kallsyms)
	refused 'kprobe __x64_sys_getppid+8: the address is inside a function, not at its entry; hook its entry' \
		kprobe __x64_sys_getppid+8
	refused "kprobe irqentry_enter: $no_entry" kprobe irqentry_enter+0
	refused "kprobe $of_module: it lives in a module, whose text all views share; \
hook a function of the kernel itself that calls it, or $by_itself" kprobe "$of_module+0"
	refused "kprobe __x64_sys_getppid: the program's type does not fit this kind of hook (it is tracepoint); \
load the program for this kind of hook" tp __x64_sys_getppid+0
	refused "fmod_ret security_bprm_check: the program changes what the function returns, which no view can have; $by_itself" \
		modifier
}

# What is not there is said as the kernel says it.
unknown()
{
	run 1 "$tool" kprobe nonesuch+0
	mv "$tmp/err" "$tmp/alone"
	run 1 "$kview" exec --pid $$ -- "$tool" kprobe nonesuch+0
	diff "$tmp/alone" "$tmp/err" || fail "by itself the tool says something else"
	grep -q 'No such file' "$tmp/err" || fail "$(<"$tmp/err")"
}

many()
{
	if [[ $(uname -r) == 6.1.* ]]; then
		refused "kprobe.multi __x64_sys_getppid and 1 more: $no_multi" multi
	else
		said "kprobe.multi: 1 of 2 functions are left out, the first irqentry_enter: $no_entry" multi irqentry_enter
	fi
}

links()
{
	local event='plain on entry __x64_sys_getppid: an event that has its program in a view'
	local link='raw on raw_enter *: a link of a view'

	said "$link cannot be pinned: it ends with the tool; let that go on running" raw pin
	said "$link is not detached while it is open; close it" raw detach
	grep -qx 'not detached' "$tmp/out" || fail "$(<"$tmp/out")"
	said "$link keeps its program; close it and attach the other program anew" raw update
	grep -qx 'not updated' "$tmp/out" || fail "$(<"$tmp/out")"
	said "$event has no filter (PERF_EVENT_IOC_SET_FILTER); let the program look itself" plain ioctls
	for line in 'has no records (PERF_EVENT_IOC_SET_OUTPUT); let the program write to a perf or ring buffer' \
		'stays where it is (PERF_EVENT_IOC_MODIFY_ATTRIBUTES); close it and open another one'; do
		grep -qxF "kview: $event $line" "$tmp/err" || fail "no '$line' in: $(<"$tmp/err")"
	done
	! grep -qx changed "$tmp/out" || fail "$(<"$tmp/out")"
}

unprivileged=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all)

# same ERROR COMMAND...: it fails under kview exec as it does by itself, and for this.
same()
{
	local error=$1

	shift
	run 1 "$@"
	grep -q "$error\$" "$tmp/err" || fail "$* by itself: $(<"$tmp/err")"
	tail -n 1 "$tmp/err" >"$tmp/alone"
	run 1 "$kview" exec --pid $$ -- "$@"
	tail -n 1 "$tmp/err" | diff "$tmp/alone" - || fail "$*: by itself the tool says something else"
}

# A tool has to load its programs by its own rights, and those that gave them up since cannot attach.
rights()
{
	same ': Operation not permitted' "${unprivileged[@]}" "$tool" kprobe
	same ': Operation not permitted' "${unprivileged[@]}" "$tool" samples
	same ': Permission denied' "$tool" kprobe drop
	same ': Permission denied' "$tool" samples drop
	refused 'the tool may not attach programs: it lacks CAP_BPF and CAP_PERFMON, which it needs by itself, too; give it both' \
		raw drop
	grep -q '^attach: Operation not permitted' "$tmp/err" || fail "$(<"$tmp/err")"
	one_line 3 'needs CAP_BPF and CAP_PERFMON' "${unprivileged[@]}" "$kview" exec --pid $$ -- true
}

functions
unknown
many
links
rights
wait_for all_is_gone
