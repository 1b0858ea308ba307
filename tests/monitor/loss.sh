#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview-monitord on a network that loses and delays: segments sent again are those the kernel has counted.
# shellcheck disable=SC1091,SC2154,SC2119,SC2086 # cli.inc defines them; $client is two words
set -euo pipefail
. tests/vm/cli.inc
. tests/monitor/daemon.inc

# A network for the server, before s0, and one for the client, behind c0, so that nobody else sends there.
network()
{
	unshare --net sleep 1000 &
	server=$!
	unshare --net sleep 1000 &
	clients=$!
	wait_for is_apart $server
	wait_for is_apart $clients
	# One segment in a packet, so that there are many to lose.
	in_server ip link add s0 gso_max_segs 1 type veth peer name c0 netns $clients
	in_server ip addr add 10.9.0.1/24 dev s0
	in_server ip link set s0 up
	in_client ip addr add 10.9.0.2/24 dev c0
	in_client ip link set c0 up
}

in_server()
{
	nsenter --target $server --net "$@"
}

in_client()
{
	nsenter --target $clients --net "$@"
}

is_apart()
{
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

# What the server's network has sent again, by the kernel's account.
resent()
{
	in_server nstat -asz TcpRetransSegs | awk '$1 == "TcpRetransSegs" { print $2 }'
}

above_16_ms()
{
	echo $(($(value kview_tcp_rtt_seconds_count target=web) - $(value kview_tcp_rtt_seconds_bucket target=web le=0.016777216)))
}

network
start_nginx in_server
cat >"$conf" <<-CONF
	targets: [{name: web, process: ^nginx$}]
	probes: {tcp: }
	outputs: {prometheus: {listen: '127.0.0.1:9464'}}
CONF
start_monitord
mkfifo "$tmp/fifo"
in_client $client hold 10.9.0.1 8080 "$tmp/fifo" >"$tmp/hold" &
holder=$!
wait_for grep -q connected "$tmp/hold"
# The handshake is over: answers to connections that are not there yet are no session's.
becomes 1 kview_tcp_sessions target=web
counted_before=$(value kview_tcp_retransmits_total target=web)
before=$(resent)

in_server tc qdisc add dev s0 root netem delay 50ms loss 5%
exec 3>"$tmp/fifo"
for _ in 1 2 3; do
	echo /large >&3
done
wait_for has_logged 3
look
in_server tc qdisc del dev s0 root
exec 3>&-
wait "$holder"
becomes 1 kview_tcp_session_seconds_count target=web
after=$(resent)
[ "$after" -gt "$before" ] || fail "nothing was lost"
is $((after - before + counted_before)) kview_tcp_retransmits_total target=web
is 0 kview_tcp_sessions target=web
[ "$(above_16_ms)" -gt 0 ] || fail "no round trip took more than 16 ms: $(grep rtt "$tmp/metrics")"
# Each byte once: three of 300,000, and their heads.
more_than 900000 kview_tcp_sent_bytes_total target=web
(more_than 905000 kview_tcp_sent_bytes_total target=web) 2>/dev/null && fail "bytes that were sent again count twice"
echo "$((after - before)) segments were sent again"
kill "$daemon"
wait "$daemon"
