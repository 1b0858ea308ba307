#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
# kview cost: what programs of views and others have run, who holds them, and nothing left behind.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

statistics=/proc/sys/kernel/bpf_stats_enabled

# A program of a view runs for its member, the filter of an ordinary one for whoever comes by.
someone_traces()
{
	start_traced
	"$kview" run --mode "$1" "$objects/two_hooks.bpf.o" --pid "$traced" >/dev/null 2>&1 </dev/null &
	tracer=$!
	wait_for grep -qs '^SigBlk:.*7$' "/proc/$tracer/status"
	sleep 1
}

ends()
{
	kill -INT "$tracer"
	wait "$tracer" || fail "the tracer failed"
	kill -9 "$traced"
	wait_for all_is_gone
}

ordinary()
{
	someone_traces ordinary
	run 0 "$kview" cost -q -d 1 -f json
	is_json '{tuple(p["places"]) for p in j["programs"] if p.get("holder", {}).get("pid") == '"$tracer"' and p["places"]} ==
			{("kprobe __x64_sys_getppid",), ("tracepoint sys_exit_getppid",)} and
		all(p["hits"] > 100 and p["program_ns"] > 0 and 0 < p["load"] < 2 and
			abs(p["hits_per_second"] * j["seconds"] - p["hits"]) < 1
			for p in j["programs"] if p["places"] and p.get("holder", {}).get("pid") == '"$tracer"') and
		"measured" not in j and j["views"] == []' <"$tmp/out"
	run 0 "$kview" cost -q -d 0.5
	grep -q "kview/$tracer  *kprobe __x64_sys_getppid" "$tmp/out" || fail "not in the table: $(cat "$tmp/out")"
	ends
}

views()
{
	someone_traces view
	run 0 "$kview" cost -q -d 1 -f json
	is_json '[(h["owner"], h["members"], h["name"], h["kind"]) for h in j["views"]] ==
			[('"$tracer"', 1, "two_hooks", "entry"), ('"$tracer"', 1, "two_hooks", "tp_exit")] and
		all(h["hits"] > 100 and h["program_ns"] > 0 and h["missed"] == 0 for h in j["views"]) and
		abs(j["members_load"] - sum(h["load"] for h in j["views"])) < 1e-6 and
		abs(j["everybody_load"] - sum(p["load"] for p in j["programs"])) < 1e-6 and
		not any(p["id"] in [h["prog_id"] for h in j["views"]] for p in j["programs"])' <"$tmp/out"
	ends
}

# Nothing but numbers can be said of the times. Instructions are counted where there is a counter.
measured()
{
	local sessions=''

	[ "$(uname -r | cut -d. -f1,2)" = 6.1 ] || sessions='("kprobe.session",) + '
	run 0 "$kview" cost -d 0.1 -f json
	is_json '{(h["attached"], h["place"]) for h in j["measured"]["hooks"]} >=
			{(way, p) for p in '"$sessions"'("kprobe", "kretprobe", "fentry", "tracepoint", "tracepoint/syscalls", "raw_tp",
				"raw_tp/sys_enter", "tp_btf") for way in ["ordinary"] + ["member"] * '"$1"'} and
		("other" in [h["attached"] for h in j["measured"]["hooks"]]) == '"$1"' and j["measured"]["ns"] > 0 and
		max(h["ns"] for h in j["measured"]["hooks"]) > 0 and
		all(("instructions" in h) != ("no_instructions" in j["measured"])
			for h in j["measured"]["hooks"] + [j["measured"]])' <"$tmp/out"
	"$kview" cost -d 0.1 >"$tmp/out"
	grep -q '^  raw_tp/sys_enter ' "$tmp/out" || fail "no table: $(cat "$tmp/out")"
	grep -Eq '^  instructions: not available: |, [0-9.]+ instructions, takes more' "$tmp/out" ||
		fail "not a word of instructions: $(cat "$tmp/out")"
	wait_for all_is_gone
}

# Again and again, until the time is over or somebody ends it.
repeated()
{
	run 0 "$kview" cost -q -i 0.2 -d 0.5 -f json
	python3 -c '
import json, sys
times = [json.loads(line)["seconds"] for line in open(sys.argv[1])]
sys.exit(not (1 <= len(times) <= 3 and all(t > 0 for t in times)))' "$tmp/out" || fail "$(cat "$tmp/out")"
	"$kview" cost -q -i 0.2 >"$tmp/out" &
	wait_for grep -q '^no views' "$tmp/out"
	kill -INT $!
	wait $! || fail "ended by Ctrl-C"
}

set -m
mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing
ordinary
if has_module; then
	views
	measured True
else
	measured False
fi
repeated
[ "$(<"$statistics")" = 0 ] || fail "statistics are still on"
