#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview-monitord on DNS: its counts are those of the server's own log.
# shellcheck disable=SC1091,SC2154,SC2015 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc
. tests/monitor/daemon.inc

start_dnsmasq()
{
	: >"$tmp/dnsmasq.log"
	/usr/sbin/dnsmasq --conf-file=/dev/null --keep-in-foreground --user=root --pid-file="$tmp/dnsmasq.pid" --no-resolv --no-hosts \
		--log-queries --log-facility="$tmp/dnsmasq.log" --bind-interfaces --listen-address=127.0.0.1 --listen-address=::1 \
		--local=/test/ --host-record=known.test,10.1.2.3,fd00::3 --txt-record=text.test,hello &
	wait_for grep -q started "$tmp/dnsmasq.log"
}

# start_asker NAME: a process called so, that does what is written to descriptor $asker.
start_asker()
{
	ln -s "$(readlink -f /usr/bin/python3)" "$tmp/$1"
	mkfifo "$tmp/$1.in"
	"$tmp/$1" tests/monitor/asker.inc <"$tmp/$1.in" >"$tmp/$1.out" &
	exec {asker}>"$tmp/$1.in"
	wait_for grep -q ready "$tmp/$1.out"
}

# tell NAME DESCRIPTOR WORD...: and wait until it is done.
tell()
{
	local before

	before=$(wc -l <"$tmp/$1.out")
	echo "${@:3}" >&"$2"
	wait_for has_lines "$tmp/$1.out" $((before + 1))
}

has_lines()
{
	[ "$(wc -l <"$1")" -ge "$2" ]
}

# What the server has logged, by a pattern.
logged()
{
	grep -c "$1" "$tmp/dnsmasq.log" || true
}

ip link set lo up
start_dnsmasq
start_asker asker
client=$asker
start_asker stranger
stranger=$asker
cat >"$conf" <<-CONF
	targets: [{name: names, process: ^dnsmasq$}, {name: client, process: ^asker$}]
	probes: {dns: }
	outputs: {prometheus: {listen: '127.0.0.1:9464'}}
CONF
start_monitord

tell asker "$client" ask 127.0.0.1 1 known.test 20
tell asker "$client" ask 127.0.0.1 28 known.test 10
tell asker "$client" ask 127.0.0.1 16 text.test 5
tell asker "$client" ask 127.0.0.1 1 nonesuch.test 7
tell asker "$client" ask 127.0.0.1 99 known.test 3
tell asker "$client" ask ::1 1 known.test 4
look
is "$(logged 'query\[A\]')" kview_dns_queries_total target=names type=A
is "$(logged 'query\[AAAA\]')" kview_dns_queries_total target=names type=AAAA
is "$(logged 'query\[TXT\]')" kview_dns_queries_total target=names type=TXT
is "$(logged 'is NXDOMAIN')" kview_dns_query_seconds_count target=names code=NXDOMAIN
is 31 kview_dns_queries_total target=names type=A
is 7 kview_dns_query_seconds_count target=names code=NXDOMAIN
is 3 kview_dns_query_seconds_count target=names type=other
for target in names client; do
	prefix=kview_dns${target#names}
	prefix=${prefix/client/_client}
	is 31 "${prefix}_queries_total" "target=$target" type=A
	is 24 "${prefix}_query_seconds_count" "target=$target" type=A code=NOERROR
	is 49 "${prefix}_query_seconds_count" "target=$target"
	more_than 0 "${prefix}_query_seconds_sum" "target=$target" type=A code=NOERROR
	# 12 bytes, the name with its lengths, and 4: all of the 49 queries.
	is $((34 * 28 + 3 * 28 + 5 * 27 + 7 * 31)) "${prefix}_query_bytes_total" "target=$target"
done
is none kview_dns_queries_total target=client
is none kview_dns_client_queries_total target=names

# Somebody else's queries are the server's only. Those that nobody answers, and those of other ports.
tell stranger "$stranger" ask 127.0.0.1 1 known.test 6
tell asker "$client" send 127.0.0.2 15 lost.test 4
tell asker "$client" else 127.0.0.1 5300
look
is 37 kview_dns_queries_total target=names type=A
is 31 kview_dns_client_queries_total target=client type=A
is 4 kview_dns_client_queries_total target=client type=MX
is none kview_dns_client_query_seconds_count target=client type=MX
is none kview_dns_malformed_total

# Too short; no question; two; a name that points somewhere; one without an end; no type behind it; labels of more than 255 bytes.
header=000101000001000000000000
long=$(printf '3f%0126d' {1..5})
for packet in 0001010000 000101000000000000000000 000101000002000000000000 ${header}c00c00010001 ${header}0161 ${header}01610000 \
	      "$header${long// /}0000010001"; do
	tell asker "$client" raw 127.0.0.1 "$packet"
done
# An answer to nothing, a notification: no malformed ones, and nothing that is counted.
tell asker "$client" raw 127.0.0.1 00018100000100000000000001610000010001
tell asker "$client" raw 127.0.0.1 00012000000100000000000001610000060001
# One more that is answered, behind all of them.
tell asker "$client" ask 127.0.0.1 1 known.test 1
look
is 7 kview_dns_malformed_total target=client
wait_for has_counted 7 kview_dns_malformed_total target=names
is 32 kview_dns_client_queries_total target=client type=A
is 54 kview_dns_client_queries_total target=client
is 50 kview_dns_client_query_seconds_count target=client
is 0 kview_monitor_lost_total probe=dns
! has_module || is 1 kview_monitor_program_in_view program=monitor_dns_socket

# A target that means somebody else from now on: the sockets of before are nobody's.
before=$(value kview_dns_queries_total target=names)
sed -i 's/\^dnsmasq\$/^another$/' "$conf"
kill -HUP "$daemon"
wait_for grep -q 'monitor.yaml: 2 targets$' "$tmp/monitord.err"
tell asker "$client" ask 127.0.0.1 1 known.test 3
becomes 57 kview_dns_client_queries_total target=client
is "$before" kview_dns_queries_total target=names
kill "$daemon"
wait "$daemon"
