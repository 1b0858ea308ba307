#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview top: tables, objects and a terminal, of numbers that are known.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

env -u MAKEFLAGS -u MAKELEVEL make -s "$kview" >"$tmp/log" 2>&1 || fail "make $kview: $(<"$tmp/log")"
tests/unit/top.py "$kview"
