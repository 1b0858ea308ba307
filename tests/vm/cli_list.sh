#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 240
# kview list: everything once, what cannot be hooked with its reason, and filters.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

absent()
{
	"$kview" list tcp_sendmsg | is_golden cli-list-absent.txt
	"$kview" list -f json tcp_sendmsg | is_json '[h["kind"] for h in j] == ["entry", "return", "fentry", "fexit"] and
		not any(h["attachable"] for h in j) and all(h["reason"] for h in j)'
	one_line 1 'list: \*: no hook matches' "$kview" list --attachable '*'
}

# Some of a listing that are there on every kernel; columns are as wide as the longest name, which differs.
chosen()
{
	awk '$2 ~ /^(NAME|tcp_sendmsg|exc_int3|task_rename|task\/task_rename|\*)$/ || ($1 ~ /^tp_/ && $2 == "getppid")' "$1" | tr -s ' '
}

present()
{
	"$kview" list >"$tmp/all"
	chosen "$tmp/all" | is_golden cli-list.txt
	[ -z "$(awk '{ print $1, $2 }' "$tmp/all" | sort | uniq -d)" ] || fail "hooks listed twice"

	"$kview" list --attachable >"$tmp/attachable"
	[ "$(wc -l <"$tmp/attachable")" -gt 20000 ] || fail "few hooks: $(wc -l <"$tmp/attachable")"
	grep ' yes$' "$tmp/all" | tr -s ' ' >"$tmp/yes"
	tail -n +2 "$tmp/attachable" | tr -s ' ' | cmp - "$tmp/yes" || fail "--attachable is not what is attachable"

	"$kview" list --kind tp_exit '*getp*' >"$tmp/kind"
	[ "$(tail -n +2 "$tmp/kind" | awk '{ print $1 }' | sort -u)" = tp_exit ] || fail "--kind tp_exit: $(cat "$tmp/kind")"
	"$kview" list -f json '[et][xc][cp]_[is][ne][tn][3d]' | is_golden cli-list.json
	"$kview" list -f json 'tcp_sendms[g]' | is_json 'j[0]["attachable"] and j[0]["reason"] is None'
}

! has_module || present
without_module absent
one_line 1 'list: nonesuch: no hook matches' "$kview" list nonesuch
run 1 "$kview" list -f json nonesuch
is_json 'j == []' <"$tmp/out"
