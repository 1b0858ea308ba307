#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview guard replay on traces recorded here: a server with real traffic, and the same server taken over by an exploit.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

victim=build/sanitize/tests/guard/victim
env -u MAKEFLAGS -u MAKELEVEL make -s "$kview" >"$tmp/log" 2>&1 || fail "make $kview: $(<"$tmp/log")"

# expect NAME PYTHON: what is true of j, the result in $tmp/out.
expect()
{
	python3 -c '
import json, sys
j = json.loads(sys.stdin.readline())
assert eval(sys.argv[1]), {name: j[name] for name in j if name != "judged"}' "$2" <"$tmp/out" || fail "$1: not so: $2"
}

# --- refusals ---

one_line 2 'guard: no command given' "$kview" guard
one_line 2 'did you mean replay' "$kview" guard reply
one_line 2 'expected a trace, a folder of traces, or --train' "$kview" guard replay
one_line 2 '--rule fast: expected rate or ph' "$kview" guard replay --rule fast x
one_line 2 '--lfc 128: expected a number of anomalies, 0 to 127' "$kview" guard replay --lfc 128 x
one_line 2 'expected --train before' "$kview" guard replay --normal x
one_line 2 'expected no path besides' "$kview" guard replay --train x y
one_line 1 'nowhere: No such file' "$kview" guard replay "$tmp/nowhere"
mkdir "$tmp/empty"
one_line 1 'empty: No such file' "$kview" guard replay "$tmp/empty"
printf '1 2\n1 3\n1 x\n%600s' '' >"$tmp/bad"
one_line 1 'bad:3: expected the number of a system call' "$kview" guard replay "$tmp/bad"

# --- numbers ---

# A program of five calls in 300 processes, of which one in 100 does things in another order; then attacks with a sixth call.
python3 - "$tmp/numbers" <<'PYTHON'
import os, sys
usual, odd, attack = "3 4 3 4 5 6 3 4 6 91", "3 4 4 3 5 6 3 4 6 91", "3 4 3 11 11 11 4"
for folder, count, line in ("train", 200, usual), ("normal", 100, usual), ("attack", 5, attack):
    os.makedirs(os.path.join(sys.argv[1], folder))
    for i in range(count):
        with open(os.path.join(sys.argv[1], folder, "trace%d" % i), "w") as file:
            file.write(odd if folder == "normal" and i % 25 == 24 else line)
PYTHON
run 0 "$kview" guard replay -f json "$tmp/numbers"
expect numbers 'j["calls"] == 3035 and j["processes"] == {"train": 200, "normal": 100, "attack": 5}'
expect numbers 'j["dr"] == 1 and j["far"] == 0 and j["auc"] == 0.96'
expect numbers 'j["criteria"]["any_anomaly"]["far"] == 0.04 and j["criteria"]["any_anomaly"]["dr"] == 1'
expect numbers 'j["thresholds"][0]["lfc"] == 0 and j["thresholds"][0]["false_alarms"] == 4'
expect numbers 'j["calls_to_alarm"] == {"least": 4, "median": 4, "most": 4}'
expect numbers 'j["profiles"][0]["distinct_calls"] == 6 and j["profiles"][0]["normal_after"]["processes"] == 128'
expect numbers '0.03 < j["profiles"][0]["normal_after"]["expected_rate"] < 0.04' # one of 128, so less than 4.74 of them
run 0 "$kview" guard replay -f json --model stide "$tmp/numbers"
expect stide 'j["criteria"]["any_anomaly"]["dr"] == 1 and j["criteria"]["any_anomaly"]["far"] == 0.04'
run 0 "$kview" guard replay -f json --train "$tmp/numbers/train" --normal "$tmp/numbers/normal" --rule ph
expect ph 'j["rule"] == "ph" and j["dr"] is None and j["auc"] is None and j["processes"]["attack"] == 0'

# What was learned is kept, and judges another time just so.
run 0 "$kview" guard replay -f json --train "$tmp/numbers/train" --save "$tmp/profiles"
run 0 "$kview" guard replay -f json --load "$tmp/profiles" --normal "$tmp/numbers/normal" --attack "$tmp/numbers/attack"
expect loaded 'j["calls"] == 1035 and j["dr"] == 1 and j["criteria"]["any_anomaly"]["false_alarms"] == 4'
one_line 1 'absent: No such file' "$kview" guard replay --load "$tmp/absent" x
[ ! -e "$tmp/absent" ] || fail "--load made a file"
one_line 1 'bad: .*not a database' "$kview" guard replay --load "$tmp/bad" x
one_line 1 'nowhere/x: .*unable to open' "$kview" guard replay --train "$tmp/numbers/train" --save "$tmp/nowhere/x"
one_line 2 'expected one data set, not 2' "$kview" guard replay --save x y z

# Without labels the rule decides: the published one finds this normal after four times the 10 calls that brought news.
(for _ in {1..200}; do printf '7 3\n7 4\n'; done; printf '7 5\n') >"$tmp/alone"
run 0 "$kview" guard replay -f json --rule ph "$tmp/alone"
expect alone 'j["processes"] == 1 and j["profiles"][0]["normal_after"]["calls"] == 42'
expect alone 'j["judged"][0]["anomalies"] == 1 and j["judged"][0]["first_anomaly"] == 401'

# --- a real server ---

if ! strace -f -o "$tmp/try" true 2>"$tmp/log"; then
	skip "strace does not work here: $(<"$tmp/log")"
fi
[ -x "$victim" ] || fail "$victim is missing: make SANITIZE=1 unit-tests"
port=$((20000 + $$ % 10000))

# record FILE CLIENT...: the calls of the server while the client talks to it
record()
{
	local file=$1 pid

	shift
	mkdir -p "$tmp/notes"
	strace -f -o "$file" "$victim" $port "$tmp/notes" 2>"$tmp/log" &
	pid=$!
	timeout 60 "$@" >"$tmp/client" 2>&1 || fail "$*: $(<"$tmp/client") $(<"$tmp/log")"
	wait $pid || fail "the server: $(<"$tmp/log")"
	rm -r "$tmp/notes"
}

mkdir -p "$tmp"/server/{train,normal,attack}
for i in {1..12}; do
	record "$tmp/server/train/$i" tests/guard/client.py $port "$i"
done
for i in {13..17}; do
	record "$tmp/server/normal/$i" tests/guard/client.py $port "$i"
done
for i in 1 2; do
	record "$tmp/server/attack/$i" tests/guard/exploit.py $port "$victim" 'echo taken over by $$'
	grep -q '^taken over by [0-9]' "$tmp/client" || fail "the exploit did not work: $(<"$tmp/client")"
done
for model in pairs stide; do
	run 0 "$kview" guard replay -f json --processes --model $model --lfc 2 "$tmp/server"
	expect "server, $model" 'j["criteria"]["any_anomaly"]["dr"] == 1 and j["criteria"]["task"]["dr"] == 1'
	expect "server, $model" 'j["far"] == 0 and j["auc"] == 1 and j["calls"] > 1500'
done
run 0 "$kview" guard replay -f json --processes "$tmp/server"
expect server 'j["dr"] == 1 and j["far"] == 0'
expect server '[p["name"].split("/")[-1] for p in j["profiles"]] == ["victim", "sh"]'
# The first thing the injected code does, and nothing before.
expect server 'all(p["alarms"] == ["call"] for p in j["judged"] if p["profile"].endswith("victim") and p["anomalies"])'
expect server 'sum(1 for p in j["judged"] if p["profile"].endswith("victim") and p["anomalies"]) == 2'
run 0 "$kview" guard replay --train "$tmp/server/train" --save "$tmp/server.db"
run 0 "$kview" guard replay -f json --load "$tmp/server.db" --normal "$tmp/server/normal" --attack "$tmp/server/attack"
expect 'server, loaded' 'j["dr"] == 1 and j["far"] == 0'
run 0 "$kview" guard replay "$tmp/server"
grep -q '^  alarm  *100.00 %  2  *100.00 %  *0.00 %  0$' "$tmp/out" || fail "the table: $(<"$tmp/out")"
