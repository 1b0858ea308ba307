#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# kview trace: each call of the traced once, nobody else's, with what it was given and what came of it.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

# trace MODE ARGUMENT...
trace()
{
	local mode=$1

	shift
	run 0 "$kview" trace --mode "$mode" "$@"
}

# hits EXPRESSION: Python's opinion of the events just printed (e, without the last line) and of the last line (r).
hits()
{
	python3 -c '
import json, sys
lines = [json.loads(line) for line in open(sys.argv[2])]
e, r = lines[:-1], lines[-1]
if not (all(h["event"] == "hit" for h in e) and r["event"] == "result"):
    sys.exit("not events and a result")
if not ('"$1"'):
    sys.exit("not true: " + sys.argv[1] + "\n" + open(sys.argv[2]).read()[:4000])
' "$1" "$tmp/out" || fail "unexpected events"
}

# As many as were made, while an identical process makes the same calls all the time.
exact_counts()
{
	start_traced
	trace "$1" -c -f json syscalls:getppid 'syscalls:exit_gro*' kprobe:__x64_sys_getppid -- "$calls" 1000
	is_json '{h["hook"]: h["hits"] for h in j["hooks"]} == {"syscalls:getppid": 1000, "syscalls:exit_group": 1,
			"kprobe:__x64_sys_getppid": 1000} and j["mode"] == "'"$1"'" and j["ended"] == "exit" and
		not any(j["lost"].values()) and
		[(h["returns"], h["errors"], sum(h["log2_ns"])) for h in j["hooks"] if h["hook"] == "syscalls:getppid"] ==
			[(1000, 0, 1000)] and
		all(0 < h["min_ns"] <= h["avg_ns"] <= h["max_ns"] <= h["total_ns"] < j["seconds"] * 1e9
			for h in j["hooks"] if h.get("returns")) and
		all(2 ** (len(h["log2_ns"]) - 1) <= h["max_ns"] < 2 ** len(h["log2_ns"])
			for h in j["hooks"] if h.get("returns"))' <"$tmp/out"
	trace "$1" -f json 'syscalls:getp[p]id' -- "$calls" 100
	hits 'len(e) == 100 and {(h["pid"], h["tid"], h["comm"], h["hook"]) for h in e} ==
		{(r["command"]["pid"], r["command"]["pid"], "cli_calls", "syscalls:getppid")} and
		all(h["result"] > 1 and h["args"] == {} and h["duration_ns"] > 0 for h in e) and
		[h["seconds"] for h in e] == sorted(h["seconds"] for h in e) and not any(r["lost"].values())'
	kill -9 "$traced"
}

# Times of a call that waits are the time it waited for.
sane_times()
{
	trace "$1" -c -f json 'syscalls:*nanosleep' -- sleep 0.3
	is_json 'len(j["hooks"]) == 1 and j["hooks"][0]["hits"] == 1 and
		0.3e9 <= j["hooks"][0]["total_ns"] <= j["seconds"] * 1e9' <"$tmp/out"
}

arguments()
{
	run 0 "$kview" trace --mode "$1" -f json 'syscalls:openat' 'syscalls:write' 'syscalls:exit_group' -- \
		sh -c "echo text >/dev/null; : <'$tmp/ne \"Ω'"
	hits 'any(h["args"].get("filename") == "'"$tmp"'/ne \"Ω" and h["args"]["dfd"] == -100 and
			h["error"] == "ENOENT" and h["result"] == -2 for h in e) and
		[(h["args"]["fd"], h["args"]["buf"], h["result"]) for h in e if h["hook"] == "syscalls:write"][0] ==
			(1, "text\n", 5) and
		[h["args"] for h in e if h.get("unfinished")] == [{"error_code": 2}] and
		r["command"]["exit"] == 2'
	trace "$1" -f json kprobe:vfs_read -- dd if=/dev/zero of=/dev/null bs=123 count=7 status=none
	hits '[h["args"]["count"] for h in e][-7:] == 7 * [123] and e[-1]["args"]["file"].startswith("0xf") and
		"result" not in e[-1]'
}

# Both ends of a function: as many, and each with its own arguments and result.
functions()
{
	trace "$1" -f json func:vfs_read kretprobe:vfs_read -- dd if=/dev/zero of=/dev/null bs=123 count=7 status=none
	hits '[(h["args"]["count"], h["result"]) for h in e if h["hook"] == "func:vfs_read"][-7:] == 7 * [(123, 123)] and
		[h["result"] for h in e if h["hook"] == "kretprobe:vfs_read"][-7:] == 7 * [123] and
		len(e) == 2 * len([h for h in e if h["hook"] == "func:vfs_read"]) and
		all(h["duration_ns"] > 0 for h in e if h["hook"] == "func:vfs_read")'
	trace "$1" -c -f json func:__x64_sys_getppid kretprobe:__x64_sys_getppid -- "$calls" 1000
	is_json '[(h["hook"], h["hits"], h.get("returns")) for h in j["hooks"]] ==
		[("func:__x64_sys_getppid", 1000, 1000), ("kretprobe:__x64_sys_getppid", 1000, None)]' <"$tmp/out"
}

tracepoints()
{
	local event='(h["args"]["filename"], h["args"]["pid"])'

	trace "$1" -f json sched:sched_process_exec -- sh -c "exec $calls 1"
	hits 'len(e) == 1 and e[0]["hook"] == "tracepoint:sched:sched_process_exec" and
		[('"$event"') for h in e] == [("'"$calls"'", r["command"]["pid"])]'
	trace "$1" -c -f json 'tracepoint:sched:sched_process_ex[e]c' -- sh -c "exec $calls 1"
	is_json '[h["hits"] for h in j["hooks"]] == [1]' <"$tmp/out"
	if "$kview" trace --mode "$1" -f json rawtp:sched_process_exec -- sh -c "exec $calls 1" >"$tmp/out" 2>"$tmp/err"; then
		hits 'len(e) == 1 and e[0]["args"]["old_pid"] == r["command"]["pid"] and e[0]["args"]["p"].startswith("0xf")'
	else
		one_line 3 'rawtp: this kernel has no cookies for raw tracepoints' \
			"$kview" trace --mode "$1" rawtp:sched_process_exec -- true
	fi
}

# Functions of several names are one. With thousands some are in use by BPF itself, or put aside while others patch them.
patterns()
{
	local same='[h["hits"] for h in j["hooks"] if h["hook"].endswith("_sys_getppid")] == [100]'

	trace "$1" -c -f json 'kprobe:*_sys_getppid' kprobe:__x64_sys_getppid -- "$calls" 100
	is_json 'len(j["hooks"]) == 1 and '"$same" <"$tmp/out"
	trace "$1" -c -f json 'syscalls:*' -- "$calls" 100
	is_json '{h["hook"]: h["hits"] for h in j["hooks"]}["syscalls:getppid"] == 100' <"$tmp/out"
	if [ "$1" = view ]; then
		trace "$1" -c -f json 'kprobe:__*' -- "$calls" 100
		is_json 'len(j["hooks"]) > 30 and
			[0 < h["hits"] <= 100 for h in j["hooks"] if h["hook"].endswith("_sys_getppid")] == [True]' <"$tmp/out"
	else
		one_line 3 'hooks: too many for the ordinary mode' "$kview" trace --mode "$1" -c 'kprobe:__*' -- "$calls" 100
	fi
}

# What is under way at the end.
unfinished()
{
	sleep 100 &
	trace "$1" -f json 'syscalls:*nanosleep' --duration $((3 * ${KVIEW_SLOW:-1})) -- sleep 50
	hits 'len(e) == 1 and (e[0].get("unfinished") or e[0].get("error")) and r["ended"] == "duration"'
	trace "$1" -f json --duration 0.2 'syscalls:*' --pid $!
	hits 'e == [] and r["ended"] == "duration"'
	kill -9 $!
}

normalise()
{
	sed -E -e 's/^ +[0-9]+\.[0-9]{6} +([0-9.]+ [mun]?s)? +/TIME /' -e 's/cli_calls\/[0-9]+/cli_calls\/PID/' \
		-e 's/ = [0-9]+$/ = N/'
}

# Nobody reads: what does not fit into the buffers is counted, and with the rest makes all.
losses()
{
	mkfifo "$tmp/pipe-$1"
	(sleep 3; cat) <"$tmp/pipe-$1" >"$tmp/late" &
	run 0 "$kview" trace --mode "$1" -f json --buffer 64K -o "$tmp/pipe-$1" syscalls:getppid -- "$calls" 5000
	wait $!
	python3 -c '
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
lost = lines[-1]["lost"]["events"]
if not lost or lost + len(lines) - 1 != 5000:
    sys.exit("%d printed, %d lost" % (len(lines) - 1, lost))
' "$tmp/late" || fail "events got lost without being counted"
	grep -Eq '^kview: [0-9]+ events lost: the buffer was full' "$tmp/err" || fail "losses not told: $(cat "$tmp/err")"
}

signals()
{
	start_traced
	"$kview" trace --mode "$1" -c -f json syscalls:getppid --pid "$traced" >"$tmp/out" 2>"$tmp/err" </dev/null &
	tracer=$!
	wait_for grep -qs '^SigBlk:.*7$' "/proc/$tracer/status"
	sleep 1
	kill -INT "$tracer"
	wait "$tracer" || fail "the tracer failed: $(cat "$tmp/err")"
	is_json 'j["ended"] == "signal" and j["hooks"][0]["hits"] > 0' <"$tmp/out"
	kill -9 "$traced"
}

refusals()
{
	one_line 1 'kprobe:nonesuch: the kernel has no function of this name' \
		"$kview" trace --mode "$1" kprobe:nonesuch -- true
	one_line 1 'kprobe:nonesuch\*: no hook matches' "$kview" trace --mode "$1" 'kprobe:nonesuch*' -- true
	one_line 1 'syscalls:getpppid: no such system call; near: getppid' \
		"$kview" trace --mode "$1" syscalls:getpppid -- true
	one_line 1 'sched:nonesuch: the kernel has no tracepoint of this name' \
		"$kview" trace --mode "$1" sched:nonesuch -- true
	one_line 3 'kprobe:exc_int3: the function has no ftrace entry' "$kview" trace --mode "$1" kprobe:exc_int3 -- true
	run 0 "$kview" trace --mode "$1" -c 'kprobe:[ev][xf][cs]_[ri][en][at][d3]*' -- true
	grep -Eqx 'kview: [0-9]+ hooks? skipped that cannot be hooked; -v lists (it|them)' "$tmp/err" ||
		fail "skipped in silence: $(cat "$tmp/err")"
	run 0 "$kview" trace --mode "$1" -v -c 'kprobe:[ev][xf][cs]_[ri][en][at][d3]*' -- true
	grep -q '^kview: kprobe:exc_int3: skipped: the function has no ftrace entry' "$tmp/err" ||
		fail "-v does not tell what was skipped: $(cat "$tmp/err")"
}

set -m
mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing
for mode in $(modes); do
	exact_counts "$mode"
	sane_times "$mode"
	arguments "$mode"
	functions "$mode"
	tracepoints "$mode"
	patterns "$mode"
	unfinished "$mode"
	losses "$mode"
	signals "$mode"
	refusals "$mode"
	trace "$mode" syscalls:getppid syscalls:exit_group kprobe:__x64_sys_getppid -- "$calls" 2
	normalise <"$tmp/out" | is_golden cli-trace.txt
	trace "$mode" -H syscalls:exit_group kprobe:__x64_sys_getppid -- "$calls" 1000
	is_golden cli-trace-counts.txt <"$tmp/out"
done
wait_for all_is_gone
