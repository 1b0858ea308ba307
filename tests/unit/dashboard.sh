#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The dashboard for Grafana: Prometheus can read every expression, and the manual has every metric it asks for.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

dashboard=monitor/grafana/kview-monitord.json

# As alert rules, which promtool checks.
python3 - $dashboard >"$tmp/rules.json" <<'PYTHON'
import json
import sys

dashboard = json.load(open(sys.argv[1]))
panels = dashboard["panels"]
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
rules = [{"record": f"rule:{i}", "expr": text.replace("$__rate_interval", "1m").replace("$target", ".*")}
         for i, text in enumerate(expressions)]
assert not any("$" in rule["expr"] for rule in rules)
json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, sys.stdout)
PYTHON

grep -ohE 'kview_[a-z_]+' $dashboard | sed -E 's/_(bucket|sum|count)$//' | sort -u >"$tmp/metrics"
[ "$(wc -l <"$tmp/metrics")" -gt 20 ] || fail "few metrics: $(<"$tmp/metrics")"
while read -r metric; do
	grep -qw "$metric" man/kview-monitord.8 || fail "$dashboard asks for $metric, which kview-monitord.8 does not have"
done <"$tmp/metrics"
command -v promtool >/dev/null || skip "prometheus is not installed: expressions were not read"
promtool check rules "$tmp/rules.json" >"$tmp/out" 2>&1 || fail "$(<"$tmp/out")"
grep -q ' rules found' "$tmp/out" || fail "$(<"$tmp/out")"
