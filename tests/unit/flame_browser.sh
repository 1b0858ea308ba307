#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A flame graph in a real browser: zoom, search, keyboard, names that would like to be scripts, and no request to anybody.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

env -u MAKEFLAGS -u MAKELEVEL make -s "$kview" >"$tmp/log" 2>&1 || fail "make $kview: $(<"$tmp/log")"
command -v chromedriver >/dev/null || skip "chromium-driver is not installed"
cat >"$tmp/known.folded" <<'STACKS'
server;_start;main;work;burn_most 700
server;_start;main;work;burn_most;asm_sysvec_apic_timer_interrupt_[k];irq_[k] 50
server;_start;main;work;burn_rest 240
server;_start;main;</title><script>document.title='evil'</script>"'& 5
server;_start;main;made:at_[j] 5
STACKS
run 0 "$kview" flame diff "$tmp/known.folded" "$tmp/known.folded" -o "$tmp/known.svg"
timeout 100 tests/unit/flame_browser.py "$tmp/known.svg"
