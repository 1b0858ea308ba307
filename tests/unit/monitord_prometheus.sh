#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A Prometheus server scrapes kview-monitord's endpoint, and answers questions in PromQL; promtool finds nothing amiss.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

free_port()
{
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

is_there()
{
	curl -sf -o /dev/null "http://127.0.0.1:$1/$2"
}

# Both take the port they are given, unless somebody else has taken it first.
start()
{
	local metrics_port

	metrics_port=$(free_port)
	port=$(free_port)
	build/sanitize/tests/unit/monitord_metrics "$metrics_port" &
	cat >"$tmp/prometheus.yml" <<-CONF
		global: {scrape_interval: 1s, scrape_timeout: 1s}
		scrape_configs:
		- {job_name: kview, static_configs: [{targets: ['127.0.0.1:$metrics_port']}]}
	CONF
	prometheus --config.file="$tmp/prometheus.yml" --storage.tsdb.path="$tmp/data" \
		--web.listen-address="127.0.0.1:$port" >"$tmp/log" 2>&1 &
	wait_for is_there "$metrics_port" metrics
	wait_for is_there "$port" -/ready
	curl -sf "http://127.0.0.1:$metrics_port/metrics" >"$tmp/metrics"
}

# ask EXPRESSION: its value, when there is one.
ask()
{
	curl -sf -G "http://127.0.0.1:$port/api/v1/query" --data-urlencode "query=$1" | python3 -c '
import json, sys
for found in json.load(sys.stdin)["data"]["result"]:
    print(found["value"][1])'
}

# answers VALUE EXPRESSION
answers()
{
	[ "$(ask "$2")" = "$1" ]
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
