#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 200
# kview run --tid: one thread of a process, to the last call, until it ends.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

object=$objects/entry.bpf.o

# A process with two threads next to its first. For a line with a digit that thread calls getppid 100 times; the two end
# when the line has a minus sign before it.
start_process()
{
	rm -f "$tmp/go" "$tmp/done"
	mkfifo "$tmp/go" "$tmp/done"
	python3 -c '
import os, queue, sys, threading
orders = [queue.Queue() for _ in range(3)]
tids = queue.Queue()

def call():
    for _ in range(100):
        os.getppid()

def serve(number):
    tids.put((number, threading.get_native_id()))
    while orders[number].get() >= 0:
        call()
        print("done", flush=True)

for number in 1, 2:
    threading.Thread(target=serve, args=(number,), daemon=True).start()
found = dict(tids.get() for _ in range(2))
print(os.getpid(), found[1], found[2], flush=True)
for line in sys.stdin:
    if line.strip() == "0":
        call()
        print("done", flush=True)
    else:
        orders[abs(int(line))].put(int(line))
' <"$tmp/go" >"$tmp/done" &
	exec 5>"$tmp/go" 6<"$tmp/done"
	read -r -t 20 pid one two <&6 || fail "no answer from the process"
}

calls_of()
{
	local thread

	for thread; do
		echo "$thread" >&5
		read -r -t 20 _ <&6 || fail "no answer from thread $thread"
	done
}

end_process()
{
	exec 5>&- 6<&-
	kill -9 "$pid"
	wait "$pid" 2>/dev/null || true
}

# in_background ARGUMENT...: a run that has begun.
in_background()
{
	"$kview" run -f json "$@" >"$tmp/out" 2>"$tmp/err" &
	tracer=$!
	wait_for attached
}

attached()
{
	bpftool prog show | grep -q 'name count' && sleep "${KVIEW_SLOW:-1}"
}

ends_by_itself()
{
	start_process
	in_background --mode "$1" "$object" --tid "$one"
	calls_of 0 1 2 1
	echo -1 >&5
	wait "$tracer" || fail "$1: $(cat "$tmp/err")"
	has '"calls":200}'
	calls_of 0 2
	end_process
}

several()
{
	start_process
	in_background --mode "$1" "$object" --tid "$one" --tid "$pid"
	calls_of 0 1 2
	kill -INT "$tracer"
	wait "$tracer" || fail "$1: $(cat "$tmp/err")"
	has '"calls":200}'
	end_process
}

refused()
{
	one_line 1 'thread 4194303: there is no such thread' "$kview" run --mode "$1" "$object" --tid 4194303
	one_line 1 'kernel thread' "$kview" run --mode "$1" "$object" --tid 2
}

usage()
{
	one_line 2 '--tid 1x: not a thread id' "$kview" run "$object" --tid 1x
	one_line 2 '--follow and --tid' "$kview" run "$object" --follow --tid 1
	one_line 2 'both processes and a command' "$kview" run "$object" --tid 1 -- true
	start_process
	one_line 1 'name the process, or give --tid' "$kview" run "$object" --pid "$one"
	end_process
}

shown()
{
	start_process
	in_background --mode view "$object" --tid "$one,$two"
	"$kview" show -f json | is_json "[(m['pid'], m['tid'], m['threads']) for m in j[0]['members']] ==
		[($pid, $one, 1), ($pid, $two, 1)]"
	"$kview" show "$("$kview" show -f json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["id"])')" |
		grep -Eq "^ *$pid +$one +python3 +1 +[0-9]+ +tid$" || fail "the table has no line for the thread"
	kill -INT "$tracer"
	wait "$tracer" || fail "$(cat "$tmp/err")"
	end_process
}

usage
for mode in $(modes); do
	refused "$mode"
	ends_by_itself "$mode"
	several "$mode"
done
! has_module || shown
wait_for all_is_gone
