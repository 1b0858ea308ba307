#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview-monitord on real servers: its counts are theirs.
# shellcheck disable=SC1091,SC2154,SC2015,SC2119,SC2120 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc
. tests/monitor/daemon.inc

cgroup=/sys/fs/cgroup/kview-cache

# The server in a cgroup of its own, and the cgroup.
finish()
{
	if [ -e $cgroup ]; then
		xargs -r kill -9 <$cgroup/cgroup.procs 2>/dev/null || true
		wait_for rmdir $cgroup 2>/dev/null || true
	fi
	monitord_exit
}
trap finish EXIT

write_conf()
{
	cat >"$conf" <<-CONF
		targets:
		- name: web
		  process: ^nginx$
		- name: cache
		  cgroup: kview-cache
		probes: {cpu: , memory: , file: , tcp: , http: {paths: 3}, syscalls: }
		outputs:
		  prometheus: {listen: '127.0.0.1:9464'}
		  json: {file: $tmp/lines.jsonl, every: 1s}
	CONF
}

# As many as the server has written into its own log.
logged()
{
	grep -c "$1" "$tmp/access.log" || true
}

http_requests()
{
	$client requests 127.0.0.1 8080 100 /index.html /index.html /nonesuch /123/45?a=b
	wait_for has_logged 103
	becomes "$(logged '"GET /index.html ')" kview_http_request_seconds_count target=web method=GET path=/index.html status=200
	is "$(logged '"GET /nonesuch ')" kview_http_request_seconds_count target=web path=/nonesuch status=404
	is "$(logged '"GET /123/45')" kview_http_request_seconds_count target=web 'path=/*/*' status=404
	# A fourth path is one of the others.
	$client requests 127.0.0.1 8080 4 /large
	wait_for has_logged 107
	becomes 4 kview_http_request_seconds_count target=web path=other status=200
	is "$(wc -l <"$tmp/access.log")" kview_http_request_seconds_count target=web
	# Heads and bodies: four of 300,000 bytes, and more.
	more_than 1200000 kview_http_response_bytes_total path=other
	more_than 0 kview_http_request_bytes_total path=other
}

# A connection that was there before the daemon.
old_connection()
{
	hold first
}

use_old_connection()
{
	becomes 1 kview_tcp_sessions target=web
	for _ in 1 2 3; do
		echo /index.html
	done >"$tmp/first"
	wait "$held"
	wait_for has_logged 3
	becomes 3 kview_http_request_seconds_count target=web
	is "$(wc -l <"$tmp/access.log")" kview_http_request_seconds_count target=web
}

# A cgroup that comes later, and a server that is started in it.
redis()
{
	local input received

	mkdir $cgroup
	sleep 1000 &
	echo $! >$cgroup/cgroup.procs
	becomes 1 kview_processes target=cache
	(echo "$BASHPID" >$cgroup/cgroup.procs; exec redis-server --port 6390 --save '' --dir "$tmp" --daemonize no >"$tmp/redis.log") &
	wait_for is_served 6390
	redis-benchmark -p 6390 -t set,get -n 200 -c 4 -q >/dev/null
	redis-cli -p 6390 info stats >"$tmp/info"
	input=$(tr -d '\r' <"$tmp/info" | sed -n 's/^total_net_input_bytes://p')
	becomes 0 kview_tcp_sessions target=cache
	is "$input" kview_tcp_received_bytes_total target=cache
	received=$(tr -d '\r' <"$tmp/info" | sed -n 's/^total_connections_received://p')
	is "$received" kview_tcp_session_seconds_count target=cache
	more_than 4 kview_tcp_accept_seconds_count target=cache
	more_than 0 kview_cpu_seconds_count target=cache
	more_than 0 kview_syscall_seconds_count target=cache syscall=epoll_wait
	is 2 kview_processes target=cache
	more_than 1000000 kview_memory_resident_bytes target=cache
}

system_calls()
{
	# Each line of the server's logs is a write of its own.
	becomes "$(cat "$tmp"/{access,error}.log | wc -l)" kview_syscall_seconds_count target=web syscall=write
	becomes "$(cat "$tmp"/{access,error}.log | wc -l)" kview_file_io_seconds_count target=web operation=write
	is "$(cat "$tmp"/{access,error}.log | wc -c)" kview_file_io_bytes_total target=web operation=write
	more_than 0 kview_syscall_seconds_count target=web syscall=epoll_wait
	more_than 1 kview_syscall_errors_total target=web
	more_than 20 kview_cpu_seconds_count target=web
	more_than 0 kview_cpu_off_seconds_count target=web
	is 2 kview_processes target=web # the master and its worker
}

own_cost()
{
	local view=0

	! has_module || view=1
	is $view kview_monitor_program_in_view program=monitor_cpu
	is $view kview_monitor_program_in_view program=monitor_enter
	is $view kview_monitor_program_in_view program=monitor_read_end
	is 0 kview_monitor_program_in_view program=monitor_state
	more_than 100 kview_monitor_program_runs_total program=monitor_http_in
	more_than 0 kview_monitor_program_seconds_total program=monitor_cpu
	more_than 100000 kview_monitor_map_bytes probe=tcp
	is 0 kview_monitor_lost_total
	more_than 0 kview_monitor_cpu_seconds_total
	more_than 1000000 kview_monitor_resident_bytes
	echo "resident: $(value kview_monitor_resident_bytes), series: $(value kview_monitor_series)"
}

# asked WHAT: status of the answer, which is left in $tmp/answer.
asked()
{
	curl -s -o "$tmp/answer" -w '%{http_code}' -H "Authorization: Bearer $key" "http://127.0.0.1:9464/$1"
}

# What the kernel's own tool tells of the server's connections: peer, bytes received.
connections()
{
	ss -Htni state established '( sport = :8080 )' |
		awk 'NR % 2 { peer = $4; next } match($0, /bytes_received:[0-9]+/) { print peer, substr($0, RSTART + 15, RLENGTH - 15) }' | sort
}

sessions()
{
	[ "$(asked sessions.json)" = 200 ] || fail "sessions: $(<"$tmp/answer")"
	python3 - "$tmp/answer" <<-'PYTHON' | sort
		import json, sys
		*sessions, total = [json.loads(line) for line in open(sys.argv[1])]
		assert total == {"sessions": len(sessions)}, total
		for s in sessions:
		    assert s["side"] == "server" and s["local"] == "127.0.0.1:8080" and s["target"] == "web", s
		    assert s["rtt_seconds"] > 0 and s["seconds"] > 0 and not s["retransmits"], s
		    print(s["peer"], s["received"])
	PYTHON
}

# has_flame: a picture of what the server does, by now.
has_flame()
{
	[ "$(asked 'flame.svg?target=web')" = 200 ]
}

# What the page shows to those who have the key.
for_the_page()
{
	local address key loads

	address=$("$kview" monitor --page)
	key=${address##*#key=}
	[ "$address" = "http://127.0.0.1:9464/#key=$key" ] || fail "the page is at $address"
	[ "$(stat -c %u "/run/kview/monitor-127.0.0.1:9464.page")" = 0 ] || fail "the key is not root's"
	hold second
	exec 7>"$tmp/second"
	echo /index.html >&7
	wait_for has_logged 108
	[ "$(connections | wc -l)" = 1 ] || fail "one connection: $(connections)"
	[ "$(sessions)" = "$(connections)" ] || fail "sessions: $(sessions), not $(connections)"
	exec 7>&-
	wait "$held"
	[ "$(asked 'flame.svg?target=nobody')" = 404 ] || fail "a flame graph of nobody"
	: >"$tmp/more"
	$client while 127.0.0.1 8080 "$tmp/more" /index.html &
	loads=$!
	wait_for has_flame
	rm "$tmp/more"
	wait "$loads"
	grep -q 'data-name="nginx"' "$tmp/answer" || fail "no stack of nginx: $(head -c 3000 "$tmp/answer")"
	grep -q '>web: CPU time, 5 s at 99 Hz<' "$tmp/answer" || fail "$(head -c 600 "$tmp/answer")"
	key=${key//[0-9]/x}
	[ "$(asked sessions.json)$(asked 'flame.svg?target=web')" = 401401 ] || fail "another key will do"
	# As many as the load has made by then.
	wait_for is_counted
}

is_counted()
{
	has_counted "$(wc -l <"$tmp/access.log")" kview_http_request_seconds_count target=web
}

# has_privileges PROCESS CAPABILITIES: and gets no others.
has_privileges()
{
	local kept set

	kept=$(printf '%016x' "$2")
	for set in CapPrm CapEff; do
		grep -q "^$set:[[:space:]]$kept$" "/proc/$1/status" || fail "$(grep -E '^(Name|Cap)' "/proc/$1/status")"
	done
	[ "$(grep -cE '^(CapInh|CapBnd|CapAmb):[[:space:]]0+$' "/proc/$1/status")" = 3 ] || fail "$(grep -E '^(Name|Cap)' "/proc/$1/status")"
	grep -q '^NoNewPrivs:[[:space:]]1$' "/proc/$1/status" || fail "execve could bring privileges back"
}

opener() { pgrep -P "$daemon" -x kview-perf; }

# Capabilities by their numbers: read and search, network administration, ptrace, syslog, perfmon, bpf.
least_privilege()
{
	local kept

	has_privileges "$daemon" $((1 << 2 | 1 << 12 | 1 << 19 | 1 << 34 | 1 << 38 | 1 << 39))
	# Where Debian's kernels ask for it: administration, for perf_event_open() alone, and ptrace, and read and search.
	[ "$(</proc/sys/kernel/perf_event_paranoid)" = 3 ] || fail "a kernel that does not begin with 3"
	has_privileges "$(opener)" $((1 << 2 | 1 << 19 | 1 << 21))
}

is_refused()
{
	[ "$(asked 'flame.svg?target=web')" = 500 ] && grep -q 'its kview-perf has ended' "$tmp/answer"
}

# Who opens perf events for the daemon is killed: it says what is amiss, and counts on.
without_opener()
{
	local key

	key=$("$kview" monitor --page)
	key=${key##*#key=}
	kill -9 "$(opener)"
	wait_for grep -q 'kview-perf has ended' "$tmp/monitord.err"
	wait_for is_refused
	look
	! opener >"$tmp/opener" || fail "there is another one: $(<"$tmp/opener")"
}

has_json_lines()
{
	# The last line may be half of one.
	[ "$(sed '$d' "$tmp/lines.jsonl" | grep -c kview_http_request_seconds)" -gt 0 ]
}

json_lines()
{
	wait_for has_json_lines
	sed '$d' "$tmp/lines.jsonl" | grep kview_http_request_seconds | tail -n 1 |
		is_json 'j["type"] == "histogram" and j["labels"]["target"] == "web" and j["count"] > 0 and j["time"] > 1e9'
}

# Counts go on; a target goes and another comes; a mistake changes nothing.
reload()
{
	local before

	look
	before=$(value kview_http_request_seconds_count target=web path=/index.html)
	sed -i 's/name: cache/name: store/; s/syscalls: /block: /; s/file: ,/file: off,/' "$conf"
	kill -HUP "$daemon"
	wait_for grep -q 'monitor.yaml: 2 targets$' "$tmp/monitord.err"
	$client requests 127.0.0.1 8080 5 /index.html
	becomes 2 kview_processes target=store
	becomes $((before + 5)) kview_http_request_seconds_count target=web path=/index.html
	is none kview_processes target=cache
	is none kview_tcp_received_bytes_total target=cache
	is none kview_syscall_seconds_count target=web
	# What was off is attached anew, without the privileges of the start.
	sed -i 's/file: off/file: /; s/block:/syscalls:/' "$conf"
	kill -HUP "$daemon"
	wait_for eval "[ \"\$(grep -c 'monitor.yaml: 2 targets\$' '$tmp/monitord.err')\" = 2 ]"
	$client requests 127.0.0.1 8080 5 /index.html
	becomes 5 kview_syscall_seconds_count target=web syscall=write
	becomes 5 kview_file_io_seconds_count target=web operation=write
	is $((before + 10)) kview_http_request_seconds_count target=web path=/index.html
	sed -i 's/process:/prcess:/' "$conf"
	kill -HUP "$daemon"
	wait_for grep -q 'monitor.yaml:3: prcess: nothing a target has.*stays' "$tmp/monitord.err"
	look
	is $((before + 10)) kview_http_request_seconds_count target=web path=/index.html
}

nothing_is_left()
{
	[ -z "$(bpftool link show)" ] && ! pgrep -x kview-flame >/dev/null && ! bpftool prog show | grep -q 'name \(monitor\|scope\)_' &&
		{ ! has_module || [ "$("$kview" show)" = "no views" ]; }
}

ends()
{
	kill "$daemon"
	wait "$daemon" || fail "the end: $?: $(cat "$tmp/monitord.err")"
	[ ! -e /run/kview/monitor-127.0.0.1:9464.page ] || fail "the key is left"
	wait_for nothing_is_left
	write_conf
	start_monitord setpriv --inh-caps -all --bounding-set -all,+bpf,+perfmon,+net_admin,+sys_ptrace
	kill -9 "$daemon"
	wait "$daemon" || true
	wait_for nothing_is_left
	# The servers have noticed nothing.
	$client requests 127.0.0.1 8080 1 /index.html
}

refusals()
{
	run 2 "$monitord"
	echo 'targets: {' >"$conf"
	run 1 "$monitord" "$conf"
	grep -q 'monitor.yaml:2: not YAML' "$tmp/err" || fail "$(cat "$tmp/err")"
	one_line 1 'monitor.yaml:2: not YAML' "$kview" monitor --check "$conf"
	one_line 2 'no configuration' "$kview" monitor
	write_conf
	run 0 "$kview" monitor --check "$conf"
	grep -q '^targets: web cache$' "$tmp/out" || fail "$(cat "$tmp/out")"
	run 3 setpriv --bounding-set -all --inh-caps -all "$monitord" "$conf"
}

ip link set lo up
start_nginx
for step in refusals old_connection start_monitord use_old_connection http_requests redis for_the_page system_calls own_cost least_privilege json_lines reload without_opener ends; do
	echo "$step"
	$step
done
