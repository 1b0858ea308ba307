#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
# kview info: with the module and without, for root and for others.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

# What differs between machines and moments.
normalise()
{
	sed -E -e 's/[0-9]+\.[0-9]+\.[0-9]+[^ ,"]*/VERSION/g' -e 's/libbpf(": "| )[0-9.]+/libbpf\1VERSION/' \
		-e 's/^(machine +).*/\1FACTS/' -e 's/^(memory +)[0-9.]+ [KMi]*B: [0-9]+ pages of text, [0-9]+ of/\1SIZE: N pages of text, N of/' \
		-e 's/"(la57|pti|pcid|ibt|multi|session)": (true|false)/"\1": BOOL/' -e 's/ kprobe\.(multi|session),//g' \
		-e 's/"(text_pages|table_pages|shared_leaves|retired|bytes)": [0-9]+/"\1": N/'
}

# Others than root can run a copy, wherever the repository is.
as_nobody()
{
	install -m 755 "$kview" /tmp/kview.copy
	setpriv --reuid=65534 --regid=65534 --clear-groups /tmp/kview.copy "$@"
}

absent()
{
	"$kview" info | normalise | is_golden cli-info-absent.txt
	"$kview" info -f json | normalise | is_golden cli-info-absent.json
	"$kview" info -f json | is_json 'j["mode"] == "ordinary" and not j["module"]["loaded"]'
	as_nobody info | grep -q '^mode .*ordinary' || fail "info without root and without the module"
}

present()
{
	"$kview" info | normalise | is_golden cli-info.txt
	"$kview" info -f json | normalise | is_golden cli-info.json
	"$kview" info -f json | is_json 'j["mode"] == "view" and j["module"]["abi"] == j["abi"]'
	fprobe=False
	! grep -q ' register_fprobe$' /proc/kallsyms || fprobe=True
	"$kview" info -f json | is_json "j['features']['multi'] == $fprobe"
	run 0 as_nobody info
	grep -q '^kernel ' "$tmp/out" || fail "info without root"
	as_nobody info -f json | is_json 'j["module"]["loaded"]'
}

! has_module || present
without_module absent
[ "$("$kview" info | sed -n 's/^kernel *//p')" = "$(uname -r)" ] || fail "not this kernel"
