#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A Prometheus server scrapes kview-monitord's endpoint, and answers questions in PromQL; promtool finds nothing amiss.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc
. tests/unit/prometheus.inc

# Both take the port they are given, unless somebody else has taken it first.
start()
{
	local metrics_port

	metrics_port=$(free_port)
	port=$(free_port)
	build/sanitize/tests/unit/monitord_metrics "$metrics_port" &
	start_prometheus --log.level=info <<-CONF
		global: {scrape_interval: 1s, scrape_timeout: 1s}
		scrape_configs:
		- {job_name: kview, static_configs: [{targets: ['127.0.0.1:$metrics_port']}]}
	CONF
	wait_for is_there "$metrics_port" metrics
	curl -sf "http://127.0.0.1:$metrics_port/metrics" >"$tmp/metrics"
}

# A scrape that took too long leaves nothing to ask for until the next one.
export KVIEW_SLOW=6
start
promtool check metrics <"$tmp/metrics" >"$tmp/promtool" 2>&1 || fail "promtool: $(cat "$tmp/promtool")"
[ ! -s "$tmp/promtool" ] || fail "promtool: $(cat "$tmp/promtool")"
wait_for answers 1 'up'
wait_for answers 1 'kview_http_request_seconds_count > bool 12'
wait_for answers 7 'kview_tcp_sessions{target="web"}'
# One scrape is one moment: sums and counts of the same series fit, however many there were.
wait_for answers 1 'kview_http_request_seconds_count / 6 == bool on() kview_tcp_sent_bytes_total / 1000'
wait_for answers 1 'kview_http_request_seconds_count / 6 == bool on() kview_monitor_cpu_seconds_total / 0.25'
wait_for answers 0.009167 'round(kview_http_request_seconds_sum / kview_http_request_seconds_count, 0.000001)'
# Five of six take 3 ms, which lies in the bucket from 2.1 to 4.2 ms; the sixth, 40 ms, in that to 67 ms.
wait_for answers 1 'histogram_quantile(0.5, kview_http_request_seconds_bucket) < bool 0.0042'
wait_for answers 1 'histogram_quantile(0.5, kview_http_request_seconds_bucket) > bool 0.002'
wait_for answers 1 'histogram_quantile(0.99, kview_http_request_seconds_bucket) > bool 0.0335'
wait_for answers 1 'histogram_quantile(0.99, kview_http_request_seconds_bucket) < bool 0.0672'
wait_for answers 1 'count(kview_http_request_seconds_count{path="/a\"b\\c\nd"})'
wait_for answers 1 'round(rate(kview_http_request_seconds_sum[60s]) / rate(kview_http_request_seconds_count[60s]), 0.000001) == bool 0.009167'
