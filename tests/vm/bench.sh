#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vm: --icount --no-module --cpus 1
# timeout: 1000
# A benchmark runs from its first measurement to its last, with a table and a line for each. (Waiting makes virtual time
# jump there, so that it takes many virtual seconds.)
set -euo pipefail

out=$(mktemp -d)
build/bench/bench --quick --output "$out/lines" members >"$out/table"
cat "$out/table"
grep -q '^50 processes join a view' "$out/table"
[ "$(grep -c '^{"kernel": ".*}$' "$out/lines")" -eq 8 ]
[ "$(grep -c '"members": 50, .*"pages": \([0-9]*\), "pages_one_member": \1}$' "$out/lines")" -eq 2 ]

status=0
build/bench/bench nonsense 2>"$out/error" || status=$?
[ "$status" -eq 2 ]
grep -q 'nonsense: no such benchmark' "$out/error"
