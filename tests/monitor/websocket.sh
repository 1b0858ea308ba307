#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview-monitord on WebSocket: its counts are what both ends have sent.
# shellcheck disable=SC1091,SC2154,SC2015 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc
. tests/monitor/daemon.inc
. tests/monitor/node.inc

# connect NAME [deflate]: a client, in a process of the target's name.
connect()
{
	start_node "ws-client$1" tests/monitor/frames.js connect 7500 "${@:2}"
}

# frames DIRECTION_AT_THE_SERVER OPCODE NUMBER: what the server gets is what the clients send.
frames()
{
	local other=out

	[ "$1" = in ] || other=in
	becomes "$3" kview_websocket_frames_total target=server "direction=$1" "opcode=$2"
	is "$3" kview_websocket_frames_total target=client direction=$other "opcode=$2"
}

# bytes DIRECTION_AT_THE_SERVER OPCODE NUMBER
bytes()
{
	local other=out

	[ "$1" = in ] || other=in
	is "$3" kview_websocket_frame_bytes_total target=server "direction=$1" "opcode=$2"
	is "$3" kview_websocket_frame_bytes_total target=client direction=$other "opcode=$2"
}

# Sessions that were there before: five frames in a row tell, and are counted.
found()
{
	for _ in 1 2 3 4; do
		ask ws-client0 text 1 20
	done
	look
	is none kview_websocket_found_total
	is none kview_websocket_frames_total
	is 0 kview_websocket_sessions target=server
	ask ws-client0 text 1 20
	becomes 1 kview_websocket_found_total target=server
	is 1 kview_websocket_found_total target=client
	frames in text 5
	frames out text 5
	bytes in text 100
	is 1 kview_websocket_sessions target=server
}

# Another old connection, of another protocol.
redis()
{
	local i reply

	for ((i = 0; i < 300; i++)); do
		printf 'SET key-%d \x82\x05value\r\n' "$i" >&"$old"
		read -r reply <&"$old"
		[ "$reply" = $'+OK\r' ] || fail "redis: $reply"
	done
	look
	more_than 5000 kview_tcp_received_bytes_total target=redis
	is none kview_websocket_found_total target=redis
	is none kview_websocket_frames_total target=redis
	is 0 kview_websocket_sessions target=redis
}

# All kinds of frames. Five of text were there before.
kinds()
{
	connect 1
	becomes 2 kview_websocket_sessions target=client
	ask ws-client1 text 300 5
	ask ws-client1 text 2 126
	ask ws-client1 binary 5 70000
	ask ws-client1 binary 1 3000000
	ask ws-client1 parts 4 10
	ask ws-client1 ping 30
	frames in text $((5 + 300 + 2 + 4))
	frames out text $((5 + 300 + 2 + 4))
	bytes in text $((100 + 1500 + 252 + 40))
	bytes out text $((100 + 1500 + 252 + 120))
	frames in binary 6
	frames out binary 6
	bytes in binary 3350000
	bytes out binary 3350000
	frames in continuation 8
	is none kview_websocket_frames_total target=server direction=out opcode=continuation
	frames in ping 30
	frames out pong 30
	bytes out pong 210
	is 1 kview_websocket_opened_total target=server side=server
	is 1 kview_websocket_opened_total target=client side=client
	is none kview_websocket_closed_total
	# The request that opened it is answered, and what follows is no part of the answer.
	is 1 kview_http_request_seconds_count target=server method=GET path=/ status=101
	is 1 kview_http_client_request_seconds_count target=client status=101
	[ "$(value kview_http_response_bytes_total target=server status=101)" -lt 1000 ] || fail "$(value kview_http_response_bytes_total)"
	is none kview_websocket_resyncs_total
}

# Every tenth packet with data for the server is lost, and comes later than those behind it.
losses()
{
	local i sent

	nft add table ip kview
	nft add chain ip kview lossy '{ type filter hook input priority 0; }'
	nft add rule ip kview lossy tcp dport 7500 meta length gt 60 numgen inc mod 10 == 1 drop
	for ((i = 0; i < 20; i++)); do
		ask ws-client1 text 3 44
	done
	nft delete table ip kview
	look
	sent=$((311 + 60))
	frames in text $sent
	frames out text $sent
	more_than 2 kview_tcp_retransmits_total target=client
	is none kview_websocket_resyncs_total
}

# Compressed messages are counted, and what they end with, too.
ends()
{
	connect 2 deflate
	ask ws-client2 text 10 1000
	ask ws-client2 binary 10 1000
	frames in text $((371 + 10))
	frames out binary 16
	ask ws-client2 close 1000
	ask ws-client1 closed 4001
	connect 3
	ask ws-client3 close
	connect 4
	ask ws-client4 cut
	for target in server client; do
		for code in 1000 4xxx none cut; do
			becomes 1 kview_websocket_closed_total target=$target code=$code
		done
		becomes 4 kview_websocket_session_seconds_count target=$target
		is 1 kview_websocket_sessions target=$target
	done
	frames in close 3
	frames out close 3
	ask ws-client0 close 1001
	becomes 1 kview_websocket_closed_total target=server code=1001
	is 0 kview_websocket_sessions target=server
	is 4 kview_websocket_session_seconds_count target=server
	is 4 kview_websocket_opened_total target=server
}

# A target that means somebody else from now on: its open sessions are nobody's.
moved()
{
	local before

	connect 5
	ask ws-client5 text 2 20
	becomes 5 kview_websocket_opened_total target=server
	is 1 kview_websocket_sessions target=server
	before=$(value kview_websocket_frames_total target=server)
	sed -i 's/\^ws-server\$/^another$/' "$conf"
	kill -HUP "$daemon"
	wait_for grep -q 'monitor.yaml: 3 targets$' "$tmp/monitord.err"
	becomes 0 kview_websocket_sessions target=server
	ask ws-client5 text 2 20
	look
	is "$before" kview_websocket_frames_total target=server
	is 1 kview_websocket_sessions target=client
}

ip link set lo up
start_node ws-server tests/monitor/frames.js serve 7500
connect 0
redis-server --port 6390 --save '' --dir "$tmp" --daemonize no >"$tmp/redis.log" &
wait_for is_served 6390
exec {old}<>/dev/tcp/127.0.0.1/6390
cat >"$conf" <<-CONF
	targets: [{name: server, process: ^ws-server$}, {name: client, process: ^ws-client}, {name: redis, process: ^redis-server$}]
	probes: {tcp: , http: , websocket: {ilp: no}}
	outputs: {prometheus: {listen: '127.0.0.1:9464'}}
CONF
start_monitord
for step in found redis kinds losses ends moved; do
	echo "$step"
	$step
done
is none kview_websocket_resyncs_total
is none kview_btp_packets_total
is 0 kview_monitor_lost_total
kill "$daemon"
wait "$daemon"
