#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
# What kview run prints: each kind of map as a table and as JSON, and statistics.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

object=$objects/maps.bpf.o

# What differs between moments, machines and modes.
normalise()
{
	sed -E -e 's/"(pid|seconds)":[0-9.]+/"\1":N/g' -e 's/"processes":\[[0-9]+\]/"processes":[PID]/' \
		-e 's/"mode":"[a-z]+"/"mode":"MODE"/' -e 's/"(skipped|rejected)":[0-9]+/"SKIPPED":N/g' -e 's/,"aside":\{[^}]*\}//' \
		-e 's/"cpus":\[(\{("[^"]*":("[^"]*"|[0-9]+|\{[^}]*\}),?)*\},?)*\]/"cpus":[...]/g'
}

for mode in $(modes); do
	run 0 "$kview" run --mode "$mode" "$object" -- "$calls" 1000
	is_golden cli-run-maps.txt <"$tmp/out"
	run 0 "$kview" run --mode "$mode" --all "$object" -- "$calls" 1000
	grep -q '^  divisor *3$' "$tmp/out" || fail "--all does not print constants"

	run 0 "$kview" run --mode "$mode" -f json "$object" -- "$calls" 1000
	normalise <"$tmp/out" | is_golden cli-run-maps.json
	per_cpu='[m for m in j["maps"] if m["name"] == "per_cpu"][0]["entries"]'
	is_json "all(sum(c['count'] for c in e['cpus']) == e['value']['count'] == 500 for e in $per_cpu)" <"$tmp/out"
	is_json "all(len(e['cpus']) == $(nproc --all) for e in $per_cpu)" <"$tmp/out"

	run 0 "$kview" run -v --mode "$mode" "$objects/two_hooks.bpf.o" -- "$calls" 1000
	is_golden "cli-run-hooks-$mode.txt" <"$tmp/out"
done
