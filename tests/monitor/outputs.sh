#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What kview-monitord sends by itself: a Prometheus server has it; a new configuration; the end; a sender that is killed.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc
. tests/monitor/daemon.inc
. tests/unit/prometheus.inc

write_conf()
{
	cat >"$conf" <<-CONF
		targets: [{name: shell, pid: $$}]
		probes: {memory: }
		outputs:
		  prometheus: {listen: '127.0.0.1:9464'}
		  remote_write: {url: 'http://127.0.0.1:9090/api/v1/write', every: 1s, headers: {X-Version: $1}}
		limits: {forget: $2}
	CONF
}

has_sender()
{
	[ "$(pgrep -P "$daemon" -x kview-push)" = "$1" ]
}

has_another_sender()
{
	local now

	now=$(pgrep -P "$daemon" -x kview-push) && [[ $now != "$1" && $now != *$'\n'* ]]
}

# reload: and wait until the daemon says so.
reload()
{
	local before

	before=$(grep -c "$conf: 1 targets" "$tmp/monitord.err" || true)
	kill -HUP "$daemon"
	wait_for has_reloaded $((before + 1))
}

has_reloaded()
{
	[ "$(grep -c "$conf: 1 targets" "$tmp/monitord.err")" = "$1" ]
}

ip link set lo up
port=9090
start_prometheus --web.enable-remote-write-receiver </dev/null
write_conf 1 10m
start_monitord
sender=$(pgrep -P "$daemon" -x kview-push)
grep -q '^CapEff:.0*$' "/proc/$sender/status" || fail "the sender has privileges: $(grep Cap "/proc/$sender/status")"
wait_for answers 1 'kview_memory_resident_bytes{target="shell",job="kview-monitord"} > bool 1000000'
becomes 0 kview_monitor_push_dropped_points_total output=remote_write
more_than 0 kview_monitor_push_points_total output=remote_write
more_than 1000000 kview_monitor_push_resident_bytes output=remote_write

# Who has the same to do goes on; else there is another one, and what was counted goes on.
write_conf 1 20m
reload
has_sender "$sender" || fail "there is a new sender, without need"
before=$(value kview_monitor_push_points_total)
write_conf 2 20m
reload
has_another_sender "$sender" || fail "the sender stayed"
look
awk "BEGIN { exit !($(value kview_monitor_push_points_total) >= $before) }" || fail "what was sent is counted anew"

# One that is killed is started again.
sender=$(pgrep -P "$daemon" -x kview-push)
kill -9 "$sender"
wait_for has_another_sender "$sender"
grep -q 'remote_write: kview-push has ended; it is started again' "$tmp/monitord.err" || fail "$(<"$tmp/monitord.err")"

sender=$(pgrep -P "$daemon" -x kview-push)
kill "$daemon"
wait "$daemon" || fail "the daemon ended with $?: $(<"$tmp/monitord.err")"
[ ! -e "/proc/$sender" ] || fail "the sender is still there"
