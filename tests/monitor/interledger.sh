#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview-monitord on three Interledger connectors in a row: it counts the packets that they count, and the garbage
# collections that V8 tells of; flame graphs show where they spend their time.
# shellcheck disable=SC1091,SC2154,SC2015 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc
. tests/monitor/daemon.inc
. tests/monitor/node.inc

connector=$node_modules/ilp-connector/dist/index.js
declare -A admin=([a]=7701 [b]=7702 [c]=7703) pid
# The one in the middle says what its functions in JavaScript are called; the others run as anybody's do.
declare -A flags=([b]="--perf-basic-prof --interpreted-frames-native-stack --logfile=$tmp/v8.log")

# account RELATION PLUGIN OPTIONS [MORE]
account()
{
	echo "{\"relation\": \"$1\", \"plugin\": \"$2\", \"assetCode\": \"XRP\", \"assetScale\": 9, \"sendRoutes\": false, \"receiveRoutes\": false,
	       \"options\": $3 ${4-}}"
}

# A secret makes two of them peers: one listens.
peer()
{
	account peer ilp-plugin-btp "$1"
}

clients()
{
	account child ilp-plugin-mini-accounts "{\"wsOpts\": {\"port\": $1}}" "${2-}"
}

# start_connector NAME ROUTES ACCOUNTS: it tells of its garbage collections, too.
start_connector()
{
	# shellcheck disable=SC2086 # several words
	CONNECTOR_ENV=production CONNECTOR_STORE=memory CONNECTOR_BACKEND=one-to-one CONNECTOR_SPREAD=0 CONNECTOR_ADMIN_API=true \
		CONNECTOR_ADMIN_API_PORT=${admin[$1]} CONNECTOR_ILP_ADDRESS=g.$1 \
		CONNECTOR_ROUTES=$2 CONNECTOR_ACCOUNTS=$3 CONNECTOR_INITIAL_CONNECT_TIMEOUT=600000 \
		run_node "connector-$1" --trace-gc ${flags[$1]-} "$connector"
	pid[$1]=$!
}

route()
{
	echo "{\"targetPrefix\": \"$1\", \"peerId\": \"$2\"}"
}

start_connectors()
{
	start_connector a "[$(route g.c b), $(route g.b b)]" \
		"{\"b\": $(peer '{"listener": {"port": 7101, "secret": "ab"}}'), \"clients\": $(clients 7001 ', "rateLimit": {"refillCount": 350, "refillPeriod": 36000000}')}"
	wait_for is_served 7101
	start_connector b "[$(route g.c c), $(route g.a a)]" \
		"{\"a\": $(peer '{"server": "btp+ws://:ab@127.0.0.1:7101"}'), \"c\": $(peer '{"listener": {"port": 7102, "secret": "bc"}}')}"
	wait_for is_served 7102
	start_connector c "[$(route g.a b), $(route g.b b)]" \
		"{\"b\": $(peer '{"server": "btp+ws://:bc@127.0.0.1:7102"}'), \"clients\": $(clients 7003)}"
	for name in a b c; do
		wait_for grep -q 'connector ready' "$tmp/connector-$name.out"
	done
}

# What each connector tells of itself.
ask_connectors()
{
	for name in a b c; do
		mkdir -p "$tmp/$1.$name"
		curl -sf -o "$tmp/$1.$name/metrics" "http://127.0.0.1:${admin[$name]}/metrics" || fail "connector $name does not answer"
	done
}

# told WHEN CONNECTOR NAME [LABEL=VALUE...]
told()
{
	local got

	got=$(tmp=$tmp/$1.$2 value "${@:3}")
	echo "${got/none/0}"
}

# more CONNECTOR NAME [LABEL=VALUE...]: what has come since the daemon began.
more()
{
	echo $(($(told after "$@") - $(told before "$@")))
}

# same NUMBER NAME LABEL=VALUE...: there may be no series of what has not happened.
same()
{
	local got

	got=$(value "${@:2}")
	[ "${got/none/0}" = "$1" ] || fail "${*:2}: $got, not $1: $(grep -E 'kview_(ilp|btp|websocket)' "$tmp/metrics" | grep -v _bucket)"
}

# Each connector's own counts.
equal()
{
	local name code

	for name in a b c; do
		same "$(more $name ilp_connector_incoming_ilp_packets result=fulfilled)" kview_ilp_prepare_seconds_count target=$name direction=in result=fulfill
		same $(($(more $name ilp_connector_incoming_ilp_packets result=rejected) + $(more $name ilp_connector_incoming_ilp_packets result=failed) + \
			$(more $name ilp_connector_rate_limited_ilp_packets))) kview_ilp_prepare_seconds_count target=$name direction=in result=reject
		same "$(more $name ilp_connector_outgoing_ilp_packets result=fulfilled)" kview_ilp_prepare_seconds_count target=$name direction=out result=fulfill
		same "$(more $name ilp_connector_outgoing_ilp_packets)" kview_ilp_packets_total target=$name direction=out kind=prepare
		for code in F02 F99 T05; do
			same "$(more $name ilp_connector_outgoing_ilp_packets result=rejected code=$code)" kview_ilp_rejects_total target=$name direction=in code=$code
		done
	done
	same "$(more a ilp_connector_rate_limited_ilp_packets)" kview_ilp_rejects_total target=a direction=out code=T05
}

# Pauses that V8 tells of ("12 ms: Scavenge 2.0 (3.0) -> ...") and that are not counted: a line for each connector and kind.
uncounted()
{
	local name kind told counted

	look
	for name in a b c; do
		for kind in scavenge:Scavenge mark_compact:Mark-; do
			told=$(grep -c " ms: ${kind#*:}" "$tmp/connector-$name.out" || true)
			counted=$(value kview_gc_pause_seconds_count target=$name "kind=${kind%:*}")
			echo "$name ${kind%:*} $((told - ${counted/none/0}))"
		done
	done
}

# Those from before the daemon; none ends while they are looked at.
settle_pauses()
{
	wait_for has_counted 3 kview_gc_processes runtime=v8
	until before=$(uncounted) && [ "$(uncounted)" = "$before" ]; do
		:
	done
}

pauses_are_counted()
{
	[ "$(uncounted)" = "$before" ]
}

pauses()
{
	local name

	wait_for pauses_are_counted
	for name in a b c; do
		is 1 kview_gc_processes target=$name runtime=v8
		more_than 0 kview_gc_pause_seconds_count target=$name kind=scavenge
		more_than 0 kview_gc_pause_seconds_sum target=$name kind=scavenge
		echo "$name: $(value kview_gc_pause_seconds_count target=$name kind=scavenge) scavenges, $(value kview_gc_pause_seconds_count \
			target=$name kind=mark_compact) others"
	done
	is 0 kview_monitor_lost_total probe=gc
}

samples_threads()
{
	[ -n "$(find "/proc/$1/fd" -lname '*perf_event*' 2>/dev/null)" ]
}

# flames CONNECTOR...: where they spend their time while packets go, in $tmp/CONNECTOR.folded.
flames()
{
	local name recorder recorders=()

	for name; do
		"$kview" flame -p "${pid[$name]}" -o "$tmp/$name.folded" >"$tmp/$name.flame" 2>&1 &
		recorders+=($!)
		wait_for samples_threads $!
	done
	ask sender 100 16 "$address"
	for recorder in "${recorders[@]}"; do
		kill "$recorder"
		wait "$recorder" || fail "kview flame: $(cat "$tmp"/*.flame)"
	done
}

# in_flames CONNECTOR FRAME: a part of its stacks.
in_flames()
{
	grep -qE "^connector-$1;.*$2" "$tmp/$1.folded" ||
		fail "no $2: $(cat "$tmp/$1.flame"; grep -v ';start_thread;' "$tmp/$1.folded" | cut -c 1-600 | head -n 20)"
}

graphs()
{
	local name

	flames a b
	for name in a b; do
		in_flames $name ';uv_run;'
		in_flames $name ';node::'
		in_flames $name ';v8::internal::'
	done
	in_flames a '[[]anonymous]'
	in_flames b ';[^;]*erializeIlp[^;]*ilp-packet[^;]*_[[]j]'
	in_flames b ';[^;]*ilp-plugin-btp[^;]*_[[]j]'
	grep -o ';[^;]*erializeIlp[^;]*_[[]j]' "$tmp/b.folded" | sort | uniq -c
	rm -f "/tmp/perf-${pid[b]}.map"
}

ip link set lo up
start_connectors
start_node receiver tests/monitor/interledger/client.js receive 7003
address=$(sed -n 's/^ready //p' "$tmp/receiver.out")
cat >"$conf" <<-CONF
	targets:
	- {name: a, process: ^connector-a$}
	- {name: b, process: ^connector-b$}
	- {name: c, process: ^connector-c$}
	probes: {tcp: , websocket: , gc: }
	outputs: {prometheus: {listen: '127.0.0.1:9464'}}
CONF
echo "up after $SECONDS s"; ask_connectors before
start_monitord
settle_pauses
start_node sender tests/monitor/interledger/client.js send 7001

# The two sessions between connectors, and the receiver's, are older than the daemon; the sender's is not.
ask sender 40 1 "$address"
ask sender 100 16 "$address"
ask sender 20 4 "$address" reject
ask sender 10 2 g.nowhere
graphs
ask sender 150 16 "$address"
ask_connectors after
becomes "$(more a ilp_connector_incoming_ilp_packets result=fulfilled)" kview_ilp_prepare_seconds_count target=a direction=in result=fulfill
equal
grep -E '^kview_(ilp|btp_packets|websocket_(sessions|found|opened|frames)).*target="a"' "$tmp/metrics" | grep -v _bucket
is 1 kview_websocket_opened_total target=a side=server
is 1 kview_websocket_found_total target=a
is 2 kview_websocket_found_total target=b
is 2 kview_websocket_found_total target=c
is none kview_websocket_resyncs_total
is 0 kview_monitor_lost_total probe=websocket
pauses
kill "$daemon"
wait "$daemon"
