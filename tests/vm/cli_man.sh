#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
# The manual pages: well-formed, and complete where that can be told.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

for page in man/*.[1-9]; do
	if command -v groff >/dev/null; then
		groff -ww -mandoc -Tutf8 -z "$page" 2>"$tmp/err"
		[ ! -s "$tmp/err" ] || fail "$page: $(cat "$tmp/err")"
	fi
done

for function in $(grep -oE '\bkview_[a-z_]+\(' include/kview/kview.h | tr -d '(' | sort -u); do
	grep -Eq "^\.F[no] $function( |\$)" man/libkview.3 || fail "libkview.3 lacks $function()"
done
sed -nE 's/^#define (KVIEW_IOC_[A-Z_]+) _IO.*/\1/p' include/uapi/kview.h | while read -r call; do
	grep -qw "$call" man/kview.4 || fail "kview.4 lacks $call"
done
for command in run trace exec list show cost info flame monitor top; do
	"$kview" "$command" --help | grep -oE '^  -[a-z], --[a-z]+' | sed 's/.*--//' | while read -r option; do
		[ "$option" = help ] || grep -q "Fl Fl $option" "man/kview-$command.1" || fail "kview-$command.1 lacks --$option"
	done
done
for command in run reload; do
	"$kview" shield $command --help | grep -oE ' --[a-z-]+' | sed 's/.*--//' | while read -r option; do
		[ "$option" = help ] || grep -q "Fl Fl $option" man/kview-shield.1 || fail "kview-shield.1 lacks --$option"
	done
done
"$kview" guard replay --help | grep -oE ' --[a-z-]+' | sed 's/.*--//' | while read -r option; do
	[ "$option" = help ] || grep -q "Fl Fl $option" man/kview-guard.1 || fail "kview-guard.1 lacks --$option"
done
command -v groff >/dev/null || skip "groff is not installed: pages were not formatted"
