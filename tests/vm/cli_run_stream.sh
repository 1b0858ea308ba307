#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
# Lines of bpf_printk and records of both kinds of buffer, of members alone, as text and as JSON.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

object=$objects/stream.bpf.o
tracefs=/sys/kernel/tracing

# Records of different buffers come in no certain order.
normalise()
{
	sed -E -e 's/^ +[0-9]+\.[0-9]{6}/ TIME/' -e 's/cli_calls-[0-9]+/cli_calls-TID/' -e 's/tid=[0-9]+/tid=TID/' |
		sort
}

normalise_json()
{
	grep -v '"event":"result"' | sed -E -e 's/"(tid|pid|seconds)":[0-9.]+/"\1":N/g' | sort
}

# Nobody else's lines are taken away, nor shown.
others_keep_their_lines()
{
	: >"$tracefs/trace"
	"$calls" 1 1 0 &
	traced=$!
	"$kview" run --mode ordinary "$object" --pid "$traced" >"$tmp/other" 2>/dev/null &
	other=$!
	wait_for test -s "$tmp/other"
	# Meanwhile the other prints some hundred.
	run 0 "$kview" run --mode "$1" "$object" -- "$calls" 1 100 3
	[ "$(grep -c 'cli_calls-.*  call' "$tmp/out")" -eq 3 ] || fail "not three lines: $(cat "$tmp/out")"
	kill -INT "$other"
	wait "$other" || fail "the other tracer failed"
	! grep "cli_calls-" "$tmp/other" | grep -v "cli_calls-$traced " || fail "the other tracer got our lines"
	kill -9 "$traced"
	[ "$(grep -c 'bpf_trace_printk: call 0$' "$tracefs/trace")" -eq 2 ] || fail "readers of trace_pipe lose lines"
}

set -m
mountpoint -q "$tracefs" || mount -t tracefs tracefs "$tracefs"
# Until somebody asks for more, the kernel keeps the last few pages only.
echo 4096 >"$tracefs/buffer_size_kb"
for mode in $(modes); do
	run 0 "$kview" run --mode "$mode" "$object" -- "$calls" 3
	normalise <"$tmp/out" | is_golden cli-run-stream.txt
	run 0 "$kview" run -f json --mode "$mode" "$object" -- "$calls" 3
	normalise_json <"$tmp/out" | is_golden cli-run-stream.json
	has '^\{"event":"result"' '"lost":\{"records":0,"printk":0}'
	others_keep_their_lines "$mode"
done
wait_for all_is_gone
