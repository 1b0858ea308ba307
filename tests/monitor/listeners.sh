#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview-monitord and several who listen on one port, at addresses of their own and at all of them. Who is asked says who it is, so
# the kernel tells whose each connection is: of sockets that begin to listen while the daemon runs, of those that it finds, with
# connections nobody has accepted yet, after a new configuration, and after some have been closed.
# shellcheck disable=SC1091,SC2154,SC2119 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc
. tests/monitor/daemon.inc

sessions=kview_tcp_session_seconds_count
declare -A pid fd expected

# serve NAME PORT ADDRESS...: see listener.inc
serve()
{
	local go

	mkfifo "$tmp/$1.go"
	python3 tests/monitor/listener.inc "$@" <"$tmp/$1.go" >"$tmp/$1" &
	pid[$1]=$!
	exec {go}>"$tmp/$1.go"
	fd[$1]=$go
	wait_for grep -q ready "$tmp/$1"
}

# tell NAME WORD: it does what is next, and says so.
tell()
{
	echo >&"${fd[$1]}"
	wait_for grep -q "$2" "$tmp/$1"
}

# answers ADDRESS PORT SERVER [TARGET]: whose connection it is, if not the server's own target's.
answers()
{
	local answer

	read -r answer <"/dev/tcp/$1/$2"
	[ "$answer" = "$3" ] || fail "$1 port $2: $answer answers, not $3"
	expect "${4:-$3}"
}

expect()
{
	expected[$1]=$((${expected[$1]:-0} + 1))
}

# Each has what is expected, but nobody.
all_are_counted()
{
	local target sum=0

	for target in "${!expected[@]}"; do
		[ "$target" != nobody ] || continue
		becomes "${expected[$target]}" $sessions target="$target"
		sum=$((sum + expected[$target]))
	done
	is $sum $sessions
}

all_answer()
{
	answers 127.0.0.1 7000 one
	answers 127.0.0.1 7000 one
	answers 127.0.0.2 7000 two
	answers 127.0.0.3 7000 four
	answers ::1 7000 own
	answers fd00:9::1 7000 six
	answers 127.0.0.1 7001 nobody
	answers 127.0.0.3 7001 dual
	answers ::1 7001 dual
	all_are_counted
}

begun()
{
	local name

	for name in "${!pid[@]}"; do
		tell "$name" listening
	done
	all_answer
}

# hold ADDRESS PORT SERVER: a connection that is not accepted before the server goes on.
hold()
{
	local held

	exec {held}<>"/dev/tcp/$1/$2"
	holds[$3]=$held
}

# without_holds COMMAND...: connections that it had, too, would not end.
without_holds()
{
	local held

	for held in "${holds[@]}"; do
		exec {held}>&-
	done
	exec "$@"
}

found()
{
	local answer name held
	local -A holds

	kill -STOP "${pid[@]}"
	hold 127.0.0.1 7000 one
	hold 127.0.0.2 7000 two
	hold 127.0.0.3 7000 four
	hold ::1 7000 own
	hold fd00:9::1 7000 six
	hold 127.0.0.1 7001 nobody
	hold 127.0.0.3 7001 dual
	start_monitord without_holds
	for name in one two four own six dual; do
		becomes 1 kview_tcp_sessions target=$name
	done
	is 6 kview_tcp_sessions
	kill -CONT "${pid[@]}"
	for name in "${!holds[@]}"; do
		read -r answer <&"${holds[$name]}"
		[ "$answer" = "$name" ] || fail "$answer answers, not $name"
		held=${holds[$name]}
		exec {held}>&-
	done
	for name in one two four own six dual; do
		becomes 0 kview_tcp_sessions target=$name
	done
	expected=()
	all_answer
}

# Who was a target is nobody now, and the other way round.
reloaded()
{
	sed -i "s/name: two, pid: ${pid[two]}/name: late, pid: ${pid[nobody]}/" "$conf"
	kill -HUP "$daemon"
	wait_for grep -q 'monitor.yaml: 6 targets$' "$tmp/monitord.err"
	unset 'expected[two]' 'expected[nobody]'
	answers 127.0.0.2 7000 two nobody
	answers 127.0.0.1 7001 nobody late
	answers 127.0.0.3 7000 four
	all_are_counted
}

# What is left of those that listen has the connections.
closed()
{
	tell one closed
	answers 127.0.0.1 7000 one
	tell two closed
	answers 127.0.0.2 7000 four
	tell nobody closed
	answers 127.0.0.1 7001 dual
	tell own closed
	answers ::1 7000 six
	all_are_counted
}

ip link set lo up
ip addr add fd00:9::1/64 dev lo nodad
serve one 7000 127.0.0.1 127.0.0.1
serve two 7000 127.0.0.2
serve four 7000 0.0.0.0
serve six 7000 ::/6
serve own 7000 ::1
serve dual 7001 ::
serve nobody 7001 127.0.0.1
{
	echo targets:
	for name in one two four six own dual; do
		echo "- {name: $name, pid: ${pid[$name]}}"
	done
	echo 'probes: {tcp: }'
	echo "outputs: {prometheus: {listen: '127.0.0.1:9464'}}"
} >"$conf"
start_monitord
echo begun
begun
is 0 kview_monitor_lost_total
kill "$daemon"
wait "$daemon"
for step in found reloaded closed; do
	echo "$step"
	$step
	is 0 kview_monitor_lost_total
done
kill "$daemon"
wait "$daemon"
