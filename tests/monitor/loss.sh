#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview-monitord on a network that loses and delays: segments sent again, connections that are not made and resets are
# those the kernel has counted, and times are no shorter than the delay.
# shellcheck disable=SC1091,SC2154,SC2119,SC2086,SC2015 # cli.inc defines them; $client is two words
set -euo pipefail
. tests/vm/cli.inc
. tests/monitor/daemon.inc

cgroup=/sys/fs/cgroup/kview-peer

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
	# That there is no such neighbour is told over lo.
	in_client ip link set lo up
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

# network_counts COMMAND NAME: what the kernel has counted there.
network_counts()
{
	$1 nstat -asz "$2" | awk -v name="$2" '$1 == name { print $2 }'
}

# Who connects from there, in a cgroup of its own, so that the first call is a target's already.
in_peer()
{
	(echo "$BASHPID" >$cgroup/cgroup.procs && exec nsenter --target $clients --net "$@")
}

above_16_ms()
{
	echo $(($(value kview_tcp_rtt_seconds_count target=web) - $(value kview_tcp_rtt_seconds_bucket target=web le=0.016777216)))
}

losses()
{
	local counted before after

	hold kept 10.9.0.1 in_client
	# The handshake is over: answers to connections that are not there yet are no session's.
	becomes 1 kview_tcp_sessions target=web
	counted=$(value kview_tcp_retransmits_total target=web)
	before=$(network_counts in_server TcpRetransSegs)

	in_server tc qdisc add dev s0 root netem delay 50ms loss 5%
	exec 3>"$tmp/kept"
	for _ in 1 2 3; do
		echo /large >&3
	done
	wait_for has_logged 3
	look
	in_server tc qdisc del dev s0 root
	exec 3>&-
	wait "$held"
	becomes 1 kview_tcp_session_seconds_count target=web
	after=$(network_counts in_server TcpRetransSegs)
	[ "$after" -gt "$before" ] || fail "nothing was lost"
	is $((after - before + counted)) kview_tcp_retransmits_total target=web
	is 0 kview_tcp_sessions target=web
	[ "$(above_16_ms)" -gt 0 ] || fail "no round trip took more than 16 ms: $(grep rtt "$tmp/metrics")"
	# Each byte once: three of 300,000, and their heads.
	more_than 900000 kview_tcp_sent_bytes_total target=web
	(more_than 905000 kview_tcp_sent_bytes_total target=web) 2>/dev/null && fail "bytes that were sent again count twice"
	echo "$((after - before)) segments were sent again"
}

# What takes no less than 40 ms is above 33 ms; 17 s are reason enough for any machine.
delayed()
{
	is 0 "$1_bucket" "target=$2" le=0.033554432
	is "$(value "$1_count" "target=$2")" "$1_bucket" "target=$2" le=17.1798692
}

# The server's answers come late, to the handshake and to requests, and so do its own round trips.
delays()
{
	local quick

	quick=$(value kview_tcp_rtt_seconds_bucket target=web le=0.033554432)
	in_server tc qdisc add dev s0 root netem delay 40ms
	for _ in 1 2 3; do
		in_peer $client requests 10.9.0.1 8080 4 /index.html
	done
	becomes 3 kview_tcp_session_seconds_count target=peer
	becomes 4 kview_tcp_session_seconds_count target=web
	is 3 kview_tcp_connect_seconds_count target=peer
	more_than 2 kview_tcp_rtt_seconds_count target=peer
	delayed kview_tcp_connect_seconds peer
	delayed kview_tcp_rtt_seconds peer
	is "$quick" kview_tcp_rtt_seconds_bucket target=web le=0.033554432
}

# A port where nobody listens, seven times, and an address that nobody has.
failures()
{
	local failed refused

	failed=$(network_counts in_client TcpAttemptFails)
	refused=$(network_counts in_server TcpOutRsts)
	in_peer $client refused 10.9.0.1 8099 7
	in_peer $client refused 10.9.0.77 8080 1
	failed=$(($(network_counts in_client TcpAttemptFails) - failed))
	refused=$(($(network_counts in_server TcpOutRsts) - refused))
	[ $failed = 8 ] && [ $refused = 7 ] || fail "the kernel counts $failed failures, $refused resets"
	becomes $failed kview_tcp_connect_failures_total target=peer
	is $refused kview_tcp_resets_received_total target=peer
	is 3 kview_tcp_connect_seconds_count target=peer
	is 3 kview_tcp_session_seconds_count target=peer
	is none kview_tcp_connect_failures_total target=web
}

resets()
{
	local sent

	sent=$(network_counts in_client TcpOutRsts)
	in_peer $client reset 10.9.0.1 8080 6
	in_peer $client abandon 10.9.0.1 8080 3
	sent=$(($(network_counts in_client TcpOutRsts) - sent))
	[ $sent = 9 ] || fail "the kernel has sent $sent resets"
	becomes $sent kview_tcp_resets_received_total target=web
	becomes $sent kview_tcp_resets_sent_total target=peer
	is 7 kview_tcp_resets_received_total target=peer
	is none kview_tcp_resets_sent_total target=web
	becomes $((3 + sent)) kview_tcp_session_seconds_count target=peer
	becomes $((4 + sent)) kview_tcp_session_seconds_count target=web
	is $((3 + sent)) kview_tcp_connect_seconds_count target=peer
	delayed kview_tcp_connect_seconds peer
	delayed kview_tcp_rtt_seconds peer
}

finish()
{
	monitord_exit
	[ ! -e $cgroup ] || wait_for rmdir $cgroup
}
trap finish EXIT

network
start_nginx in_server
mkdir $cgroup
cat >"$conf" <<-CONF
	targets: [{name: web, process: ^nginx$}, {name: peer, cgroup: kview-peer}]
	probes: {tcp: }
	outputs: {prometheus: {listen: '127.0.0.1:9464'}}
CONF
start_monitord
for step in losses delays failures resets; do
	echo "$step"
	$step
done
is 0 kview_monitor_lost_total
kill "$daemon"
wait "$daemon"
