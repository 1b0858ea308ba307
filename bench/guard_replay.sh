#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How many recorded system calls kview guard replay judges in a second of one processor, the reading of the trace
# included.  A server is recorded here under its tests' traffic; that is repeated as often as is needed to measure.
# Its line goes to standard output, and to the end of the file that is given.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
kview=$top/build/cli/kview
victim=$top/build/tests/guard/victim
calls=10000000 runs=5 port=7709

[ $# -le 1 ] || {
	echo "usage: bench/guard_replay.sh [FILE]" >&2
	exit 2
}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/notes"

strace -f -o "$tmp/record" "$victim" $port "$tmp/notes" 2>"$tmp/log" &
server=$!
"$top/tests/guard/client.py" $port 1 400
wait $server || {
	cat "$tmp/log" >&2
	exit 1
}

# As lines of a process and a number, which say nothing but the calls: parsing strace's is another matter.
python3 - "$tmp" $calls <<'PYTHON'
import re, sys
numbers = {}
lines = []
for line in open(sys.argv[1] + "/record"):
    match = re.match(r"(\d+) +(\w+)\(", line)
    if match:
        lines.append("%s %d\n" % (match[1], numbers.setdefault(match[2], len(numbers))))
recorded = "".join(lines)
with open(sys.argv[1] + "/trace", "w") as out:
    for _ in range(int(sys.argv[2]) // len(lines) + 1):
        out.write(recorded)
PYTHON

for ((i = 0; i < runs; i++)); do
	"$kview" guard replay -f json "$tmp/trace"
done | python3 -c '
import json, sys
results = [json.loads(line) for line in sys.stdin]
seconds = sorted(result["cpu_seconds"] for result in results)
print(json.dumps({"method": "guard-replay", "calls": results[0]["calls"],
                  "distinct_calls": results[0]["profiles"][0]["distinct_calls"],
                  "calls_per_second": round(results[0]["calls"] / seconds[len(seconds) // 2])}))' | tee -a "${1:-/dev/null}"
