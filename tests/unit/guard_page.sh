#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The guard's page in a real browser: what it shows, does and refuses; and commands at its socket. Profiles come from replay,
# the service is the real one, and its machine is in memory.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

page=build/sanitize/tests/unit/guard_page
env -u MAKEFLAGS -u MAKELEVEL make -s "$kview" >"$tmp/log" 2>&1 || fail "make $kview: $(<"$tmp/log")"
[ -x "$page" ] || fail "$page is missing: make SANITIZE=1 unit-tests"
command -v chromedriver >/dev/null || skip "chromium-driver is not installed"
tests/unit/guard_page.py --traces "$tmp/traces"
run 0 "$kview" guard replay --save "$tmp/guard.db" "$tmp/traces"
one_line 1 'no page is served there' "$kview" guard web --socket "$tmp/socket"
tests/unit/guard_page.py "$page" "$tmp/guard.db" "$tmp/socket" "$kview" ${1+"$1"}
