#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview-monitord's metrics, written to a Prometheus server that scrapes nobody, and what it answers to questions in PromQL.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc
. tests/unit/prometheus.inc

# A first one is refused by nobody: the server is started when something waits already.
start()
{
	local metrics_port

	metrics_port=$(free_port)
	port=$(free_port)
	build/sanitize/tests/unit/monitord_metrics "$metrics_port" remote_write "http://127.0.0.1:$port/api/v1/write" \
		build/sanitize/monitor/push/kview-push 500 10000 gzip 2>"$tmp/notes" &
	sender=$!
	wait_for is_there "$metrics_port" metrics
	wait_for grep -q 'remote_write: .*; it is tried again' "$tmp/notes"
	start_prometheus --web.enable-remote-write-receiver </dev/null
	metrics=http://127.0.0.1:$metrics_port/metrics
}

# What the sender says of itself.
says()
{
	curl -sf "$metrics" >"$tmp/metrics" && grep -q "^kview_monitor_push_$1" "$tmp/metrics"
}

export KVIEW_SLOW=6
start
wait_for answers 1 'kview_http_request_seconds_count{job="kview-monitord"} > bool 12'
host=$(uname -n)
wait_for answers 1 "count(kview_http_request_seconds_count{instance=\"$host\",target=\"web\"})"
wait_for answers 7 'kview_tcp_sessions{target="web"}'
# What is written at once is of one moment, and none is lost, those from before the server began least of all.
wait_for answers 1 'kview_http_request_seconds_count / 6 == bool on() kview_tcp_sent_bytes_total / 1000'
wait_for answers 1 'kview_http_request_seconds_count / 6 == bool on() kview_monitor_cpu_seconds_total / 0.25'
wait_for answers 0.009167 'round(kview_http_request_seconds_sum / kview_http_request_seconds_count, 0.000001)'
wait_for answers 1 'min_over_time(kview_tcp_sent_bytes_total[10m]) == bool 1000'
wait_for answers 1 'histogram_quantile(0.5, kview_http_request_seconds_bucket) < bool 0.0042'
wait_for answers 1 'histogram_quantile(0.5, kview_http_request_seconds_bucket) > bool 0.002'
wait_for answers 1 'histogram_quantile(0.99, kview_http_request_seconds_bucket) > bool 0.0335'
wait_for answers 1 'count(kview_http_request_seconds_count{path="/a\"b\\c\nd"})'
wait_for answers 26 'count(kview_http_request_seconds_bucket)'
wait_for says 'points_total{output="remote_write"} [1-9]'
says 'dropped_points_total{output="remote_write"} 0$' || fail "something was dropped: $(grep push_ "$tmp/metrics")"
grep -q 'remote_write: it goes on' "$tmp/notes" || fail "it did not say that it goes on: $(<"$tmp/notes")"
kill $sender
wait $sender || fail "the sender ended with $?: $(<"$tmp/notes")"
# A server that begins may say that it is not ready yet.
! grep -v 'it is tried again$\|it goes on$' "$tmp/notes" || fail "it had more to say"
