#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview-monitord and whose connections are, by who listens: when one of several sockets of a port is closed, and when a
# new configuration means somebody else.
# shellcheck disable=SC1091,SC2154,SC2119,SC2086 # cli.inc defines them; $client is two words
set -euo pipefail
. tests/vm/cli.inc
. tests/monitor/daemon.inc

served=kview_http_request_seconds_count

# listens NUMBER: sockets on nginx's port.
listens()
{
	[ "$(ss -Htln 'sport = :8080' | wc -l)" = "$1" ]
}

# nginx goes on without its address of version 6, or with it again: nobody begins, nothing is executed.
siblings()
{
	$client requests 127.0.0.1 8080 2 /index.html
	becomes 2 $served target=web
	sed -i 's/listen \[::\]:8080;//' "$tmp/nginx.conf"
	kill -HUP "$nginx"
	wait_for listens 1
	$client requests 127.0.0.1 8080 2 /index.html
	wait_for has_logged 4
	becomes 4 $served target=web
	becomes 2 kview_tcp_session_seconds_count target=web
	is 0 kview_tcp_sessions target=web
}

# The target is another server now.
moved()
{
	local logged

	hold kept
	exec 7>"$tmp/kept"
	echo /index.html >&7
	becomes 1 $served target=web
	becomes 1 kview_tcp_sessions target=web
	logged=$(wc -l <"$tmp/access.log")
	sed -i 's/\^nginx\$/^redis-server$/' "$conf"
	kill -HUP "$daemon"
	wait_for grep -q 'monitor.yaml: 1 targets$' "$tmp/monitord.err"
	becomes 0 kview_tcp_sessions target=web
	echo /index.html >&7
	exec 7>&-
	wait "$held"
	$client requests 127.0.0.1 8080 2 /index.html
	wait_for has_logged $((logged + 3))
	redis-cli -p 6390 ping >"$tmp/pong"
	becomes 1 kview_tcp_session_seconds_count target=web
	is 0 kview_tcp_sessions target=web
	# What has been counted stays.
	is 1 $served target=web
}

ip link set lo up
start_nginx
sed -i 's/listen 8080;/& listen [::]:8080;/' "$tmp/nginx.conf"
kill -HUP "$nginx"
wait_for listens 2
redis-server --port 6390 --save '' --dir "$tmp" --daemonize no >"$tmp/redis.log" &
wait_for is_served 6390
cat >"$conf" <<-CONF
	targets: [{name: web, process: ^nginx$}]
	probes: {tcp: , http: }
	outputs: {prometheus: {listen: '127.0.0.1:9464'}}
CONF
for step in siblings moved; do
	echo "$step"
	start_monitord
	$step
	is 0 kview_monitor_lost_total
	kill "$daemon"
	wait "$daemon"
done
