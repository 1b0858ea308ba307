#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whoever of the guard dies, and however: who was stopped goes on. The process that lets others go is killed alone, the
# guard alone, both at once; and all of it while a process stops that nobody else but root may let go.
# shellcheck disable=SC1091,SC2154 # the files that are read define them
set -euo pipefail
. tests/vm/cli.inc
. tests/guard/service.inc
. tests/guard/victim.inc

port=7704
cgroup=/sys/fs/cgroup/kview-guard-deaths
mkdir -p $cgroup

holder() { pgrep -P $guard -x kview-holder; }

count_fds()
{
	set -- "/proc/$1/fd"/*
	echo $#
}

# The map, the guard's end, the stops, what waits for them; and two for each process that is stopped.
idle_fds=4
holds_one() { [ "$(count_fds "$holder")" -eq $((idle_fds + 2)) ]; }

holds_none() { [ "$(count_fds "$holder")" -eq $idle_fds ]; }

# attack: the victim is taken over, and stopped for that.
attack()
{
	serve tests/guard/exploit.py $port "$victim" 'echo taken over' &
	client=$!
	patiently victim_is_stopped
	patiently holds_one
}

# It goes on where it was stopped: with the attack.
goes_on()
{
	wait $client || fail "the victim does not go on when $1: $(<"$tmp/client")"
	grep -q '^taken over$' "$tmp/client" || fail "not let go when $1: $(<"$tmp/client")"
}

# start_in_cgroup: the guard, so that all its processes can be killed at once.
start_in_cgroup()
{
	echo $BASHPID >$cgroup/cgroup.procs
	start_guard --all --stop-time 100000
	echo $BASHPID >/sys/fs/cgroup/cgroup.procs
	holder=$(holder) || fail "nobody lets go whom the guard stops"
	patiently holds_none
}

is_gone() { [ ! -e "/proc/$1" ]; }

# --- learn ---

start_in_cgroup
for seed in 1 2; do
	serve tests/guard/client.py $port $seed 100 || fail "the client: $(<"$tmp/client")"
	wait $server
done
ask normalize victim
ask set victim stop
ask save

# --- the holder alone: another takes its place ---

attack
kill -9 "$holder"
goes_on 'the holder is killed'
replaced() { next=$(holder) && [ "$next" != "$holder" ]; }
patiently replaced
ask_json "j['counters']['holders_died'] == 1" status
holder=$next
patiently holds_none
ask sensitize victim # what the attack did is no part of it
attack

# --- the guard alone: the holder lets all go, and ends ---

kill -9 $guard
wait $guard 2>/dev/null || true
goes_on 'the guard is killed'
patiently is_gone "$holder"

# --- all at once: the kernel lets it go ---

start_in_cgroup
ask_json "j['state'] == 'normal' and j['respond'] == 'stop'" show victim
attack
[ "$(wc -l <$cgroup/cgroup.procs)" -ge 2 ] || fail "the guard is not in its cgroup"
echo 1 >$cgroup/cgroup.kill
wait $guard 2>/dev/null || true
goes_on 'all of the guard is killed at once'
patiently is_gone "$holder"

# --- asked to end, it lets go, too ---

start_in_cgroup
attack
stop_guard
goes_on 'the guard ends'
patiently rmdir $cgroup
