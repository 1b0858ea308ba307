#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each parser meets some thousands of inputs, the same ones every time; `make fuzz` looks for others.
set -euo pipefail

runs=3000
failed=0

for fuzzer in build/fuzz/tests/fuzz/fuzz_*; do
	if [ ! -x "$fuzzer" ] || [ ! -f "$fuzzer" ]; then
		continue
	fi
	echo "$fuzzer"
	"$fuzzer" -seed=1 -runs=$runs -max_len=2000 -timeout=60 -verbosity=0 -artifact_prefix="$fuzzer-" || failed=1
	found=1
done
if [ -z "${found-}" ]; then
	echo "the fuzzers are not built: make check builds them"
	exit 77
fi
exit $failed
