#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview list: everything once, what cannot be hooked with its reason, and filters.
set -euo pipefail
. tests/vm/cli.inc

absent()
{
	"$kview" list tcp_sendmsg | is_golden cli-list-absent.txt
	"$kview" list -f json tcp_sendmsg | is_json 'len(j) == 1 and not j[0]["attachable"] and j[0]["reason"]'
	one_line 1 'list: \*: no hook matches' "$kview" list --attachable '*'
}

present()
{
	"$kview" list '{tcp_sendmsg,exc_int3}' >/dev/null 2>&1 && fail "braces are no shell pattern"
	{
		"$kview" list tcp_sendmsg
		"$kview" list exc_int3
		"$kview" list getppid
		"$kview" list '\*'
		"$kview" list -f json tcp_sendmsg
		"$kview" list -f json exc_int3
	} | is_golden cli-list.txt

	"$kview" list --attachable >"$tmp/attachable"
	[ "$(wc -l <"$tmp/attachable")" -gt 30000 ] || fail "few hooks: $(wc -l <"$tmp/attachable")"
	! grep -q ' no: ' "$tmp/attachable" || fail "--attachable lists what is not"
	"$kview" list >"$tmp/all"
	[ "$(grep -c ' yes$' "$tmp/all")" -eq "$(($(wc -l <"$tmp/attachable") - 1))" ] || fail "--attachable forgets some"
	[ -z "$(awk '{ print $1, $2 }' "$tmp/all" | sort | uniq -d)" ] || fail "hooks listed twice"
	"$kview" list --kind tp_exit >"$tmp/kind"
	[ "$(tail -n +2 "$tmp/kind" | awk '{ print $1 }' | sort -u)" = tp_exit ] || fail "--kind tp_exit lists other kinds"
	"$kview" list -f json -k tp_enter '*getp*' | is_json 'all(h["kind"] == "tp_enter" and "getp" in h["name"] for h in j)'
}

! has_module || present
without_module absent
one_line 1 'list: nonesuch: no hook matches' "$kview" list nonesuch
run 1 "$kview" list -f json nonesuch
is_json 'j == []' <"$tmp/out"
