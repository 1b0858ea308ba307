#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The dashboards for Grafana: whoever answers them, Prometheus or PCP, can read every expression, and the manual has every
# metric they ask for.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

# expressions DASHBOARD: in a line each; the panels lie side by side.
expressions()
{
	python3 - "$1" <<'PYTHON'
import json
import sys

panels = json.load(open(sys.argv[1]))["panels"]
assert len({panel["id"] for panel in panels}) == len(panels)
# No two lie on each other.
cells = set()
for panel in panels:
    at = panel["gridPos"]
    assert at["x"] + at["w"] <= 24, panel["title"]
    mine = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
    assert not mine & cells, panel["title"]
    cells |= mine
expressions = [target["expr"] for panel in panels for target in panel.get("targets", [])]
assert len(expressions) > 30, expressions
print(*expressions, sep="\n")
PYTHON
}

# in_manual DASHBOARD: the metrics of standard input, by the names the daemon gives them.
in_manual()
{
	sort -u >"$tmp/metrics"
	[ "$(wc -l <"$tmp/metrics")" -gt 20 ] || fail "few metrics: $(<"$tmp/metrics")"
	while read -r metric; do
		grep -Eqw "$metric(_total)?" man/kview-monitord.8 || fail "$1 asks for $metric, which kview-monitord.8 does not have"
	done <"$tmp/metrics"
}

# Derived metrics, as PCP reads them: a name, or an expression.
check_pcp()
{
	local dashboard=monitor/grafana/kview-pcp.json

	expressions $dashboard >"$tmp/expressions"
	python3 - "$tmp/expressions" <<'PYTHON'
import ctypes
import sys

pcp = ctypes.CDLL("libpcp.so.3")
pcp.pmRegisterDerived.restype = ctypes.c_char_p
pcp.pmDerivedErrStr.restype = ctypes.c_char_p
for i, expression in enumerate(open(sys.argv[1])):
    left = pcp.pmRegisterDerived(b"test.rule%d" % i, expression.strip().encode())
    assert left is None, (expression, left, pcp.pmDerivedErrStr())
left = pcp.pmRegisterDerived(b"test.bad", b"rate(kview.a / ")
assert left is not None
PYTHON
	grep -ohE 'kview\.[a-z_.]+' "$tmp/expressions" | sort -u >"$tmp/names"
	grep '^kview\.pmda\.' "$tmp/names" | while read -r metric; do
		grep -qw "$metric" man/pmdakview.1 || fail "$dashboard asks for $metric, which pmdakview.1 does not have"
	done
	grep -v '^kview\.pmda\.' "$tmp/names" | sed -E 's/\.(bucket|sum|count)$//; s/\./_/g' | in_manual $dashboard
}

# As alert rules, which promtool checks.
check_prometheus()
{
	local dashboard=monitor/grafana/kview-monitord.json

	expressions $dashboard >"$tmp/expressions"
	grep -ohE 'kview_[a-z_]+' $dashboard | sed -E 's/_(bucket|sum|count)$//; s/_total$//' | in_manual $dashboard
	python3 - "$tmp/expressions" >"$tmp/rules.json" <<'PYTHON'
import json
import sys

rules = [{"record": f"rule:{i}", "expr": text.strip().replace("$__rate_interval", "1m").replace("$target", ".*")}
         for i, text in enumerate(open(sys.argv[1]))]
assert not any("$" in rule["expr"] for rule in rules)
json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, sys.stdout)
PYTHON
	command -v promtool >/dev/null || skip "prometheus is not installed: expressions were not read"
	promtool check rules "$tmp/rules.json" >"$tmp/out" 2>&1 || fail "$(<"$tmp/out")"
	grep -q ' rules found' "$tmp/out" || fail "$(<"$tmp/out")"
}

check_pcp
check_prometheus
