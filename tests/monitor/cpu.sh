#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview-monitord on processes that end before they ever sleep: their CPU time is, within 3 %, what the kernel has
# charged their cgroup with, and their time in the run queue, within 10 %, what each has read of itself. And on one that
# a new configuration lets go, and the next one takes in again: what it did in between is nobody's.
# shellcheck disable=SC1091,SC2154,SC2119 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc
. tests/monitor/daemon.inc

cgroup=/sys/fs/cgroup/kview-burners

finish()
{
	monitord_exit
	[ ! -d $cgroup ] || rmdir $cgroup || true
}
trap finish EXIT

# burn NUMBER TOGETHER MILLISECONDS: see burner.inc. What it prints is in $tmp/waited; $ran, $queued and $used are what
# there was when it began.
burn()
{
	(
		echo "$BASHPID" >$cgroup/cgroup.procs
		exec python3 tests/monitor/burner.inc "$@" <"$tmp/go"
	) >"$tmp/waited" &
	burner=$!
	exec 7>"$tmp/go"
	wait_for grep -q ready "$tmp/waited"
	look
	ran=$(value kview_cpu_seconds_sum target=burners)
	queued=$(value kview_cpu_queue_seconds_sum target=burners)
	used=$(charged)
	echo >&7
	wait_for grep -q '^[0-9]' "$tmp/waited"
}

# What is compared before that has no end of its own in it.
end_burning()
{
	exec 7>&-
	wait "$burner"
	wait_for grep -q 'populated 0' $cgroup/cgroup.events
}

# within PERCENT WANTED GOT
within()
{
	awk -v percent="$1" -v wanted="$2" -v got="$3" 'BEGIN {
		exit !(got >= wanted * (1 - percent / 100) && got <= wanted * (1 + percent / 100))
	}'
}

# gained METRIC BEFORE: how far its sum has come since, in nanoseconds.
gained()
{
	value "$1" target=burners | awk -v before="$2" '{ printf "%.0f", ($1 - before) * 1e9 }'
}

gained_cpu() { gained kview_cpu_seconds_sum "$ran"; }
gained_queue() { gained kview_cpu_queue_seconds_sum "$queued"; }
newly_charged() { echo $(($(charged) - used)); }
waited() { tail -n 1 "$tmp/waited"; }

# within_time COMMAND: whether it comes true.
within_time()
{
	local i

	for ((i = 0; i < 10 * KVIEW_SLOW; i++)); do
		! "$@" || return 0
		sleep 0.1
	done
	return 1
}

charged()
{
	awk '$1 == "usage_usec" { printf "%.0f", $2 * 1000 }' $cgroup/cpu.stat
}

# A process's last slice is counted a moment after its parent knows that it has ended.
cpu_is_counted()
{
	look && within 3 "$(newly_charged)" "$(gained_cpu)"
}

queue_is_counted()
{
	look && within 10 "$(waited)" "$(gained_queue)"
}

short_processes()
{
	burn 200 1 2
	within_time cpu_is_counted || fail "$(gained_cpu) ns on a CPU, not $(newly_charged)"
	echo "200 processes: $(gained_cpu) ns, the kernel's account $(newly_charged)"
	more_than 199 kview_cpu_seconds_count target=burners
	end_burning
}

# Two that want one CPU wait for each other.
crowded()
{
	burn 4 2 300
	within_time queue_is_counted || fail "$(gained_queue) ns in the queue, not $(waited)"
	echo "two on a CPU: $(gained_queue) ns in the queue, they say $(waited)"
	more_than 4 kview_cpu_queue_seconds_count target=burners
	end_burning
	[ "$(waited)" -gt 500000000 ] || fail "nobody has waited: $(waited) ns"
}

# works WHAT MILLISECONDS: see worker.inc
works()
{
	lines=$((lines + 1))
	echo "$*" >&7
	wait_for has_lines $lines "$tmp/worker"
}

# has_lines NUMBER FILE
has_lines()
{
	[ "$(wc -l <"$2")" -ge "$1" ]
}

# means CGROUP: the target is that one from now on.
means()
{
	sed -i "s/cgroup: [a-z-]*/cgroup: $1/" "$conf"
	reloads=$((reloads + 1))
	kill -HUP "$daemon"
	wait_for has_reloaded
}

has_reloaded()
{
	[ "$(grep -c 'monitor.yaml: 1 targets$' "$tmp/monitord.err")" = "$reloads" ]
}

# away COMMAND...: while the target is another one. What it took is added to $away, its CPU time to $used.
away()
{
	local began before

	means kview-nobody
	began=$(clock)
	before=$(charged)
	"$@"
	used=$((used + $(charged) - before))
	away=$((away + $(clock) - began))
	means kview-burners
}

clock()
{
	echo "${EPOCHREALTIME/[.,]/}000"
}

idly() { works sleep 1500; }
busily() { works burn 1500; }

# It has left a CPU since $began.
start_worker()
{
	(
		echo "$BASHPID" >$cgroup/cgroup.procs
		exec python3 tests/monitor/worker.inc <"$tmp/go"
	) >"$tmp/worker" &
	worker=$!
	exec 7>"$tmp/go"
	wait_for has_lines 1 "$tmp/worker"
	lines=1 reloads=0 away=0
	began=$(clock)
	works sleep 1
	look
	ran=$(value kview_cpu_seconds_sum target=burners)
	queued=$(value kview_cpu_queue_seconds_sum target=burners)
	slept=$(value kview_cpu_off_seconds_sum target=burners)
	used=$(charged)
}

# A thread has one time, and none of it is of where it was away: when it slept there, when it worked, and when it has ended
# before it could leave a CPU again.
returning()
{
	local passed

	start_worker
	works burn 300
	away idly
	works burn 300
	away busily
	works burn 300
	within_time cpu_is_counted || fail "$(gained_cpu) ns on a CPU, not $(newly_charged)"
	away busily
	kill -9 "$worker"
	wait "$worker" 2>/dev/null || true
	passed=$(($(clock) - began - away))
	within_time cpu_is_counted || fail "$(gained_cpu) ns on a CPU, not $(newly_charged), with the end"
	[ "$(gained_time)" -le $passed ] || fail "$(gained_time) ns of one thread in $passed"
	echo "away for $away ns: $(gained_cpu) ns, the kernel's account $(newly_charged); all in all $(gained_time) of $passed ns"
	exec 7>&-
	wait_for grep -q 'populated 0' $cgroup/cgroup.events
}

gained_time()
{
	echo $(($(gained_cpu) + $(gained_queue) + $(gained kview_cpu_off_seconds_sum "$slept")))
}

measure()
{
	mkdir $cgroup
	start_monitord
	for step in short_processes crowded returning; do
		echo "$step"
		$step
	done
	is 0 kview_monitor_lost_total
	kill "$daemon"
	wait "$daemon"
	rmdir $cgroup
}

cat >"$conf" <<-CONF
	targets: [{name: burners, cgroup: kview-burners}]
	probes: {cpu: }
	outputs: {prometheus: {listen: '127.0.0.1:9464'}}
CONF
ip link set lo up
mkfifo "$tmp/go"
measure
! has_module || without_module measure
