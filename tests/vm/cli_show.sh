#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
# kview show: a view while it is there, and nothing afterwards.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

has_module || {
	one_line 3 'kview.ko is not loaded' "$kview" show
	one_line 3 'kview.ko is not loaded' "$kview" show 1
	skip "the rest needs the module"
}

has_runs()
{
	"$kview" show | grep -q 'two_hooks' && "$kview" show -f json | grep -Eq '"runs": [1-9][0-9]{2}'
}

# What differs between moments. Tables are squeezed: the width of a number is the width of its column.
normalise()
{
	sed -E -e "s/\\b$traced\\b/PID/; s/\\b$tracer\\b/OWNER/" -e 's/[0-9.]+ KiB/SIZE/' \
		-e 's/^pages: [0-9]+ of text, [0-9]+ of/pages: N of text, N of/' -e 's/\b[0-9]+\b/N/g' -e 's/ +/ /g'
}

[ "$("$kview" show)" = "no views" ] || fail "views from before"
"$kview" show -f json | is_json 'j == []'
one_line 1 'view 4294967295: there is no such view' "$kview" show 4294967295

start_traced
"$kview" run "$objects/two_hooks.bpf.o" --pid "$traced" >"$tmp/run" &
tracer=$!
wait_for has_runs

id=$("$kview" show -f json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["id"])')
{
	"$kview" show
	echo
	"$kview" show "$id"
} | normalise | is_golden cli-show.txt

view='(j if isinstance(j, dict) else j[0])'
for args in '' "$id"; do
	# shellcheck disable=SC2086
	"$kview" show -f json $args >"$tmp/json"
	is_json "${view}['id'] == $id and ${view}['owner'] == $tracer and ${view}['name'] == 'two_hooks' and
		[m['pid'] for m in ${view}['members']] == [$traced] and
		[l['kind'] for l in ${view}['links']] == ['entry', 'tp_exit'] and
		all(len(l['hooks']) == 1 and l['hooks'][0]['runs'] >= l['runs'] for l in ${view}['links']) and
		${view}['text_pages'] >= 1 and ${view}['bytes'] > 4096" <"$tmp/json"
done
"$kview" info | grep -q '^in use *1 view, 1 member, 2 links, 1 image$' || fail "info: $("$kview" info)"

kill -INT "$tracer"
wait "$tracer" || fail "the tracer failed"
wait_for all_is_gone
