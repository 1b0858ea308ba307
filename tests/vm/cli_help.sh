#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
# Every command explains itself, the same way however it is asked.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

commands='run trace exec list show cost info guard flame shield monitor top'

{
	"$kview" --help
	for command in $commands; do
		echo
		"$kview" "$command" --help
	done
} | is_golden cli-help.txt

"$kview" flame diff --help | head -1 | grep -q '^Usage: kview flame diff' || fail "flame diff --help"

"$kview" --help >"$tmp/help"
"$kview" -h | cmp - "$tmp/help"
"$kview" help | cmp - "$tmp/help"
for command in $commands; do
	"$kview" "$command" --help >"$tmp/help"
	"$kview" "$command" -h | cmp - "$tmp/help"
	"$kview" help "$command" | cmp - "$tmp/help"
	! grep -nE '.{101}' "$tmp/help" || fail "$command --help has lines longer than 100 characters"
done

"$kview" --version | grep -Eqx 'kview [0-9]+\.[0-9]+\.[0-9]+ \(libbpf [0-9.]+\)' || fail "--version"
"$kview" -V | grep -q '^kview ' || fail "-V"
