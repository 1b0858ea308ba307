#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview-monitord on a network that loses and delays: segments sent again are those the kernel has counted.
# shellcheck disable=SC1091,SC2154,SC2086 # cli.inc defines them; $client is two words
set -euo pipefail
. tests/vm/cli.inc
. tests/monitor/daemon.inc

# The server stands before s0; the client, behind c0, is in a namespace of its own.
network()
{
	ip link set lo up
	ip link add s0 type veth peer name c0
	unshare --net sleep 1000 &
	inside=$!
	wait_for is_apart
	# One segment in a packet, so that there are many to lose.
	ip link set s0 gso_max_segs 1
	ip link set c0 netns $inside
	ip addr add 10.9.0.1/24 dev s0
	ip link set s0 up
	nsenter --target $inside --net ip addr add 10.9.0.2/24 dev c0
	nsenter --target $inside --net ip link set c0 up
}

is_apart()
{
	[ "$(readlink "/proc/$inside/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

# What this network name space has sent again, by the kernel's account.
resent()
{
	nstat -asz TcpRetransSegs | awk '$1 == "TcpRetransSegs" { print $2 }'
}

above_16_ms()
{
	echo $(($(value kview_tcp_rtt_seconds_count target=web) - $(value kview_tcp_rtt_seconds_bucket target=web le=0.016777216)))
}

network
start_nginx
cat >"$conf" <<-CONF
	targets: [{name: web, process: ^nginx$}]
	probes: {tcp: }
	outputs: {prometheus: {listen: '127.0.0.1:9464'}}
CONF
start_monitord
mkfifo "$tmp/fifo"
nsenter --target $inside --net $client hold 10.9.0.1 8080 "$tmp/fifo" >"$tmp/hold" &
holder=$!
wait_for grep -q connected "$tmp/hold"
look
is 0 kview_tcp_retransmits_total target=web
before=$(resent)

# The handshake is over: answers to connections that are not there yet are no session's.
tc qdisc add dev s0 root netem delay 50ms loss 5%
exec 3>"$tmp/fifo"
for _ in 1 2 3; do
	echo /large >&3
done
wait_for has_logged 3
look
tc qdisc del dev s0 root
exec 3>&-
wait "$holder"
wait_for sessions_have_ended web
after=$(resent)
[ "$after" -gt "$before" ] || fail "nothing was lost"
is $((after - before)) kview_tcp_retransmits_total target=web
is 1 kview_tcp_session_seconds_count target=web
[ "$(above_16_ms)" -gt 0 ] || fail "no round trip took more than 16 ms: $(grep rtt "$tmp/metrics")"
# Each byte once: three of 300,000, and their heads.
more_than 900000 kview_tcp_sent_bytes_total target=web
(more_than 905000 kview_tcp_sent_bytes_total target=web) 2>/dev/null && fail "bytes that were sent again count twice"
echo "$((after - before)) segments were sent again"
kill "$daemon"
wait "$daemon"
