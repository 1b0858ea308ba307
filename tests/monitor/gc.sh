#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview-monitord on garbage collectors: it counts what each runtime counts itself.
# shellcheck disable=SC1091,SC2154,SC2015 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc
. tests/monitor/daemon.inc

declare -A input
# A virtual machine that has to warm up in an emulated one.
KVIEW_SLOW=$((3 * KVIEW_SLOW))

# start NAME COMMAND...: a program that collects when a line comes; its process is $started.
start()
{
	mkfifo "$tmp/$1.in"
	"${@:2}" <"$tmp/$1.in" >"$tmp/$1.out" 2>"$tmp/$1.err" &
	started=$!
	exec {fd}>"$tmp/$1.in"
	input[$1]=$fd
	wait_for grep -q ready "$tmp/$1.out"
}

# The daemon may have been there before the program was ready: what it has counted until then is no part of what the
# program counts. Now it waits, and collects nothing.
collect()
{
	look
	mkdir "$tmp/before.$1"
	cp "$tmp/metrics" "$tmp/before.$1"
	echo >&"${input[$1]}"
	wait_for grep -q '^done' "$tmp/$1.out"
}

# said NAME KIND: what the program has counted.
said()
{
	awk -v kind="$2" '$1 == kind { print $2 }' "$tmp/$1.out"
}

# before TARGET KIND: pauses until then.
before()
{
	local count

	count=$(tmp=$tmp/before.$1 value kview_gc_pause_seconds_count "target=$1" "kind=$2")
	echo "${count/none/0}"
}

# pauses NUMBER TARGET KIND
pauses()
{
	[ -n "$1" ] || fail "$2 has not said how often it collected: $(cat "$tmp/$2.out" "$tmp/$2.err")"
	[ "$1" -gt 0 ] || fail "$2 has not collected: $3"
	is $(($(before "$2" "$3") + $1)) kview_gc_pause_seconds_count "target=$2" "kind=$3"
	more_than 0 kview_gc_pause_seconds_sum "target=$2" "kind=$3"
}

python()
{
	collect python
	look
	for kind in generation0 generation1 generation2; do
		pauses "$(said python $kind)" python $kind
	done
	is "$(said python objects)" kview_gc_collected_objects_total target=python
}

# A line for each: "[12:0x55] 34 ms: Scavenge 2.0 (3.0) -> 1.0 (4.0) MB ...".
traced()
{
	sed -n '/^ready/,$p' "$tmp/node.out" | grep -c " ms: $1" || true
}

node()
{
	collect node
	look
	pauses "$(traced Scavenge)" node scavenge
	pauses "$(traced Mark-)" node mark_compact
}

ruby()
{
	collect ruby
	look
	pauses "$(said ruby mark)" ruby mark
	more_than 0 kview_gc_pause_seconds_count target=ruby kind=sweep
}

java()
{
	collect java
	look
	pauses "$(said java young)" java young
	pauses "$(said java full)" java full
}

start python python3 tests/monitor/gc/collect.py
python_pid=$started
start node stdbuf -oL node tests/monitor/gc/collect.js
cat >"$conf" <<-CONF
	targets:
	- {name: python, pid: $python_pid}
	- {name: node, process: ^node}
	- {name: ruby, process: ^ruby}
	- {name: java, process: ^java}
	probes: {gc: }
	outputs: {prometheus: {listen: '127.0.0.1:9464'}}
CONF
start_monitord
wait_for has_counted 1 kview_gc_processes target=python runtime=python
wait_for has_counted 1 kview_gc_processes target=node runtime=v8
python
node
start ruby command ruby tests/monitor/gc/collect.rb
wait_for has_counted 1 kview_gc_processes target=ruby runtime=ruby
ruby
start java command java -Xint -XX:+UseSerialGC -XX:-ScavengeBeforeFullGC -Xmn4m -Xmx64m -cp build/tests/monitor/gc Collect
wait_for has_counted 1 kview_gc_processes target=java runtime=jvm
java

# One that is no target collects without being counted, and what ends is not watched any more.
python3 -c 'import gc; gc.collect()'
look
pauses "$(said python generation2)" python generation2
echo >&"${input[python]}"
wait_for has_counted 0 kview_gc_processes target=python
is 0 kview_monitor_lost_total probe=gc
echo "resident: $(value kview_monitor_resident_bytes)"
kill "$daemon"
wait "$daemon"
