#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 480
# kview shield: what it lets in, drops and counts, between two network namespaces.
# shellcheck disable=SC1091,SC2154,SC2086,SC2015 # cli.inc defines them; $peer is two words
set -euo pipefail
. tests/vm/cli.inc

peer="python3 tests/vm/shield_peer.inc"
conf=$tmp/shield.conf

# The shield stands before s0; c0 is in a namespace of its own, as whoever sends.
network()
{
	ip link add s0 type veth peer name c0
	unshare --net sleep 1000 &
	inside=$!
	wait_for is_apart
	ip link set c0 netns $inside
	ip addr add 10.9.0.1/16 dev s0
	ip -6 addr add fd09::1/64 dev s0 nodad
	ip link set s0 up
	there ip addr add 10.9.0.2/16 dev c0
	there ip addr add 10.9.1.2/16 dev c0
	there ip -6 addr add fd09::2/64 dev c0 nodad
	there ip -6 addr add fd09::3/64 dev c0 nodad
	there ip link set c0 up
	$peer serve 10.9.0.1 5000 &
	$peer serve fd09::1 5000 &
	$peer serve 10.9.0.1 5001 &
	$peer serve fd09::1 5001 &
	for port in '10.9.0.1 5000' '10.9.0.1 5001' 'fd09::1 5000' 'fd09::1 5001'; do
		wait_for is_served $port
	done
}

is_apart()
{
	[ "$(readlink "/proc/$inside/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

# is_served ADDRESS PORT
is_served()
{
	[ "$(there $peer ask "$1" "$2" 1)" = 1 ]
}

# there COMMAND...: on the other side
there()
{
	nsenter --target "$inside" --net "$@"
}

# start [OPTION...]: with the configuration on standard input
start()
{
	cat >"$conf"
	: >"$tmp/owner"
	"$kview" shield run -i s0 "$conf" "$@" 2>"$tmp/owner" &
	owner=$!
	wait_for grep -q 'rules in force' "$tmp/owner"
}

stop()
{
	kill "$owner"
	wait "$owner" || true
	[ ! -e /run/kview/shield-s0.sock ] || fail "the socket is left"
	is_bare || fail "the program is left"
}

is_bare()
{
	! ip -o link show s0 | grep -q xdp
}

# answers COUNT ADDRESS PORT ASKED [FROM]
answers()
{
	local got

	got=$(there $peer ask "${@:2}")
	[ "$got" = "$1" ] || fail "ask ${*:2}: $got answers, not $1: $("$kview" shield status)"
}

# status EXPRESSION: Python's opinion of the status, called j; r is its rules by name, w its reasons.
status()
{
	"$kview" shield status -f json s0 >"$tmp/status"
	python3 - "$1" "$tmp/status" <<'PYTHON' || fail "status"
import json, sys
j = json.load(open(sys.argv[2]))
r = {rule.get("name"): rule["packets"] for rule in j["rules"]}
w = {name: count["packets"] for name, count in j["reasons"].items()}
if not eval(sys.argv[1]):
    sys.exit(f"not true: {sys.argv[1]}\n{json.dumps(j, indent=1)}")
PYTHON
}

rules()
{
	answers 3 10.9.0.1 5000 3
	start <<-RULES
		default drop
		deny from 10.9.1.0/24 name bad
		allow from 10.9.0.0/16 proto udp port 5000 name service
		allow from fd09::/64 proto udp port 5000 name service6
	RULES
	answers 5 10.9.0.1 5000 5
	answers 0 10.9.0.1 5000 2 10.9.1.2
	answers 0 10.9.0.1 5001 2
	answers 5 fd09::1 5000 5
	status 'r == {"bad": 2, "service": 5, "service6": 5}'
	status 'w["rule_allow"] == 10 and w["rule_deny"] == 2 and w["default_drop"] >= 2 and w["would_drop"] == 0'
	status 'j["mode"] == "native" and j["default"] == "drop" and not j["dry_run"]'
	run 0 "$kview" shield status
	grep -q 'dropped: a rule denies it' "$tmp/out" || fail "$(cat "$tmp/out")"
	# Nobody can talk to a machine that does not answer these.
	there ip neigh flush dev c0
	answers 1 10.9.0.1 5000 1
	answers 1 fd09::1 5000 1
	status 'w["arp"] > 0 and w["nd"] > 0'
	one_line 1 'it has a shield already' "$kview" shield run -i s0 "$conf"
	stop
	answers 3 10.9.0.1 5001 3
}

# is_measured NUMBER METRIC LABELS: by kview-monitord, now.
is_measured()
{
	grep -sF "\"metric\":\"$2\"" "$tmp/lines.jsonl" | grep -F "$3" | tail -n 1 | grep -q "\"value\":$1}\$"
}

# kview-monitord tells what the shield has counted, before it began, too, and goes on when another one comes.
monitored()
{
	local monitord rules=$'default drop\ndeny from 10.9.1.0/24 name bad\nallow proto udp port 5000'

	start <<<"$rules"
	answers 4 10.9.0.1 5000 4
	answers 0 10.9.0.1 5000 1 10.9.1.2
	printf '%s\n' 'targets: [{name: nobody, process: ^nonesuch$}]' 'probes: {shield: }' \
		"outputs: {json: {file: $tmp/lines.jsonl, every: 1s}}" >"$tmp/monitor.yaml"
	build/monitor/daemon/kview-monitord "$tmp/monitor.yaml" 2>"$tmp/monitord.err" &
	monitord=$!
	wait_for is_measured 4 kview_shield_packets_total '"interface":"s0","reason":"rule_allow"'
	wait_for is_measured 1 kview_shield_rule_packets_total '"rule":"bad"'
	stop
	start <<<"$rules"
	answers 2 10.9.0.1 5000 2
	answers 0 10.9.0.1 5000 2 10.9.1.2
	wait_for is_measured 6 kview_shield_rule_packets_total '"rule":"allow proto udp port 5000"'
	wait_for is_measured 3 kview_shield_packets_total '"reason":"rule_deny"'
	kill "$monitord"
	wait "$monitord" || fail "$(cat "$tmp/monitord.err")"
	stop
}

# An owner that is killed takes the shield with it.
killed()
{
	start <<<'default drop'
	answers 0 10.9.0.1 5000 1
	kill -9 "$owner"
	wait "$owner" || true
	wait_for is_bare
	answers 1 10.9.0.1 5000 1
	one_line 1 'no interface has one' "$kview" shield status
}

# Its interface vanishes: whoever asks, or waits for the owner, must not be told that rules are in force.
gone()
{
	ip link add s1 type veth peer name c1
	echo 'default drop' >"$conf"
	: >"$tmp/owner"
	"$kview" shield run -i s1 "$conf" 2>"$tmp/owner" &
	owner=$!
	wait_for grep -q 'rules in force' "$tmp/owner"
	ip link set s1 up # news of another kind
	ip link set s1 down
	run 0 "$kview" shield status s1
	ip link del s1
	wait_for grep -q 's1: the interface is gone' "$tmp/owner"
	wait "$owner" && fail "a shield without an interface is a failure"
	[ ! -e /run/kview/shield-s1.sock ] || fail "the socket is left"
}

dry_run()
{
	start --dry-run <<<'default drop'
	answers 2 10.9.0.1 5000 2
	status 'w["would_drop"] == w["default_drop"] >= 2 and j["dry_run"]'
	stop
}

# A flood on another port, and the rules exchanged all the time: the client that is allowed loses nothing.
reload_under_flood()
{
	local i=0 flood client

	start <<-RULES
		default drop
		allow from 10.9.0.2 proto udp port 5000 name service
	RULES
	nsenter --target "$inside" --net python3 -c '
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    for i in range(50):
        s.sendto(b"x" * 100, ("10.9.0.1", 6000 + i))
    time.sleep(0.01)' &
	flood=$!
	nsenter --target "$inside" --net $peer ask 10.9.0.1 5000 300 >"$tmp/client" &
	client=$!
	while kill -0 $client 2>/dev/null; do
		i=$((i + 1))
		printf 'default drop\ndeny from 192.0.2.%d\nallow from 10.9.0.2 proto udp port 5000 name service\n' $((i % 250)) >"$conf"
		"$kview" shield reload s0
	done
	wait $client
	kill $flood
	[ "$i" -ge 3 ] || fail "only $i reloads"
	[ "$(cat "$tmp/client")" = 300 ] || fail "the client lost packets: $(cat "$tmp/client") of 300, $i reloads"
	status 'r["service"] >= 300 and w["default_drop"] > 100' # counting went on
	echo "$i reloads, 300 of 300 answers"
	stop
}

confirmation()
{
	start <<<'default pass'
	echo 'default drop' >"$conf"
	"$kview" shield reload s0 --confirm 9
	answers 0 10.9.0.1 5000 1
	one_line 1 'have not been confirmed yet' "$kview" shield reload s0
	wait_for grep -q 'the rules of before are in force' "$tmp/owner"
	answers 1 10.9.0.1 5000 1
	"$kview" shield reload s0 --confirm 30
	"$kview" shield confirm
	answers 0 10.9.0.1 5000 1
	one_line 1 'nothing to confirm' "$kview" shield confirm s0
	stop
	start --confirm 1 <<<'default drop'
	wait "$owner" && fail "an end without confirmation is a failure"
	grep -q 'the interface is open again' "$tmp/owner" || fail "$(cat "$tmp/owner")"
	answers 1 10.9.0.1 5000 1
}

# A configuration that is wrong changes nothing.
bad_reload()
{
	start <<<'default pass'
	printf 'default drop\nallow form 1.2.3.4\n' >"$conf"
	one_line 1 "shield.conf:2: form: no part of a rule" "$kview" shield reload
	kill -HUP "$owner"
	wait_for grep -q 'reload: .*shield.conf:2: form' "$tmp/owner"
	answers 1 10.9.0.1 5000 1
	stop
}

rates()
{
	start <<-RULES
		default drop
		allow proto udp port 5000 rate 1/s burst 5 name all
		allow proto udp port 5001 rate 1/s burst 3 each name each
		allow proto udp port 5002 rate 1/s burst 50 each name each6
	RULES
	there $peer raw c0 >/dev/null
	there python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(50):
    s.sendto(b"x", ("10.9.0.1", 5000))
for source in "10.9.0.2", "10.9.1.2":
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((source, 0))
    for i in range(50):
        s.sendto(b"x", ("10.9.0.1", 5001))
# Both are of the same /64.
for source in "fd09::2", "fd09::3":
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.bind((source, 0))
    for i in range(50):
        s.sendto(b"x", ("fd09::1", 5002))'
	# The bursts, and what a slow machine takes seconds for.
	status 'r == {"all": 50, "each": 100, "each6": 100}'
	status '61 <= w["rule_allow"] <= 100 and w["rate"] == 250 - w["rule_allow"]'
	stop
}

# Frames no stack sends: each is counted for what it is.
malformed()
{
	local eth=ffffffffffff0a0000000001 ip=4500002800000000401100000a0900020a090001

	start <<-RULES
		default drop
		allow proto udp port 5000 name service
	RULES
	there $peer raw c0 "${eth}0800${ip:0:20}" "${eth}0800${ip}1388" "${eth}08004400${ip:4}0000138800080000" \
		"${eth}08006500${ip:4}0000138800080000" "${eth}81000005" "${eth}88cc0000" \
		"${eth}810000050800${ip}0000138800080000" "${eth}08004500002800000001401100000a0900020a09000100001388"
	status 'w["truncated"] == 3 and w["malformed"] == 2 and w["not_ip"] == 1 and r["service"] == 2'
	stop
}

# reaches COUNT SECONDS WAY: whether who listens at port 5001 hears of what is sent in that way, and answers.
reaches()
{
	local got

	got=$(there $peer evade c0 "$3" "$2")
	[ "$got" = "$1" ] || fail "$3: $got answers, not $1: $("$kview" shield status)"
}

# What the kernel would deliver, however it is wrapped, is dropped unless it is looked into.
evasions()
{
	local way ways='three_tags three_outer_tags nine_tags padded_fragments'

	for way in $ways; do
		reaches 1 10 "$way"
	done
	start <<-RULES
		default drop
		allow proto udp port 5000
	RULES
	for way in $ways; do
		reaches 0 0.5 "$way"
	done
	status 'w["malformed"] == 3 and w["truncated"] == 1 and w["not_ip"] == 0'
	stop
}

generic_and_taken()
{
	start <<<$'default pass\nmode generic'
	status 'j["mode"] == "generic" and "fallback" not in j'
	stop
	# The bridge's driver has no XDP of its own.
	ip link add name b0 type bridge
	echo 'default pass' >"$conf"
	: >"$tmp/owner"
	"$kview" shield run -i b0 "$conf" 2>"$tmp/owner" &
	owner=$!
	wait_for grep -q 'no native mode' "$tmp/owner"
	wait_for grep -q 'generic mode$' "$tmp/owner"
	run 0 "$kview" shield status -f json
	is_json 'j["mode"] == "generic" and "fallback" in j and j["interface"] == "b0"' <"$tmp/out"
	kill "$owner"
	wait "$owner" || true
	echo $'default pass\nmode native' >"$conf"
	one_line 3 'b0: cannot be attached' "$kview" shield run -i b0 "$conf"
	ip link add name g0 type gre local 10.9.0.1 remote 10.9.0.2
	one_line 1 'g0: it carries no Ethernet frames' "$kview" shield run -i g0 "$conf"
}

refusals()
{
	echo 'default drop' >"$conf"
	run 0 "$kview" shield run --check "$conf"
	grep -q '0 rules, default drop' "$tmp/out" || fail "$(cat "$tmp/out")"
	one_line 1 'no interface named' "$kview" shield run "$conf"
	one_line 1 'nonesuch: there is no such interface' "$kview" shield run -i nonesuch "$conf"
	printf 'default drop\nallow port 80\n' >"$conf"
	one_line 1 'shield.conf:2: ports need a protocol' "$kview" shield run --check "$conf"
	one_line 1 '/nonesuch: No such file' "$kview" shield run --check /nonesuch
	one_line 2 'no configuration' "$kview" shield run
	one_line 2 'confirm 0' "$kview" shield run --confirm 0 "$conf"
	one_line 2 'did you mean status' "$kview" shield statsu
}

# The debug kernel has none.
ip link add name b0 type bridge 2>/dev/null || skip "this kernel has no bridges"
ip link del b0
network
rules
monitored
killed
gone
dry_run
reload_under_flood
confirmation
bad_reload
rates
malformed
evasions
generic_and_taken
refusals
