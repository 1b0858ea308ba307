#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview guard serve over the whole machine: a real Redis learned under real traffic, a server taken over and stopped as
# it was told to, what the commands say and change, and what is left after kill -9.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc
. tests/guard/service.inc
. tests/guard/victim.inc

port=7701

start()
{
	start_guard --all --stop-time 100000 --web=7703 --spare "$(command -v redis-server)"
}

one_line 1 'no guard serves there' "$kview" guard status --socket "$socket"
one_line 2 'expected PROFILE' "$kview" guard show --socket "$socket"
start
one_line 1 'another guard serves there' "$kview" guard serve --all --socket "$socket"
one_line 1 'no such profile' "$kview" guard show --socket "$socket" nonsense
ask_json "j['scope'] == 'machine' and j['ok'] and j['version'] == 1" status
printf 'nonsense\n{"version":2,"do":"status"}\n{"version":1,"do":"dance"}\n' |
	python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(sys.stdin.buffer.read())
f = s.makefile()
for word in "expected an object", "expected 1", "no such request":
    line = f.readline()
    assert word in line and "\"ok\":false" in line, line
' "$socket" || fail "what is no request was not refused"

# The page answers beside all that.
ask web >"$tmp/web"
python3 - "$(<"$tmp/web")" <<'PYTHON' || fail "the page at $(<"$tmp/web")"
import json, sys, urllib.request
address, key = sys.argv[1].split("#key=")
assert address == "http://127.0.0.1:7703/", address
assert b"kview guard" in urllib.request.urlopen(address).read()
request = urllib.request.Request(address + "api", json.dumps({"version": 1, "do": "status"}).encode(),
                                 {"Authorization": "Bearer " + key, "Content-Type": "application/json"})
answer = json.load(urllib.request.urlopen(request))
assert answer["ok"] and answer["scope"] == "machine" and answer["may_change"], answer
PYTHON

# --- a server, learned and then let alone ---

redis-server --port 7702 --save '' --daemonize no >"$tmp/redis" 2>&1 &
redis=$!
redis_answers() { redis-cli -p 7702 ping >/dev/null 2>&1; }
patiently redis_answers
traffic()
{
	redis-benchmark -p 7702 -t set,get -n 600 -c "$1" -q >"$tmp/benchmark" 2>&1 ||
		fail "redis-benchmark: $(<"$tmp/benchmark")"
}
for clients in 1 5 10 5 1; do
	traffic $clients
done
redis_profile=$(ask profiles -f json | python3 -c '
import json, sys
print([p["number"] for p in json.load(sys.stdin)["profiles"] if "redis-" in p["program"] and p["calls"] > 2000][0])')
ask normalize "$redis_profile"
ask_json "j['state'] == 'normal' and len(j['accepted']) > 50 and 'epoll_wait' in j['call_names']" show "$redis_profile"
ask ps >"$tmp/ps"
grep -q redis "$tmp/ps" || fail "no redis in: $(<"$tmp/ps")"
traffic 5
ask_json "j['alarms'] == 0 and j['state'] == 'normal'" show "$redis_profile"

# --- a server that is taken over ---

for i in 1 2; do
	serve timeout 100 tests/guard/client.py $port $i 100 || fail "the client: $(<"$tmp/client")"
	[ ! -s "$tmp/client" ] || fail "the client: $(<"$tmp/client")"
	wait $server
done
ask events --follow -f json >"$tmp/events" &
events=$!
ask normalize victim
ask set victim kill
ask_json "j['respond'] == 'kill' and j['program'] == '$victim'" show victim
serve timeout 100 tests/guard/exploit.py $port "$victim" 'echo taken over' || true # it is cut off
! grep -q '^taken over$' "$tmp/client" || fail "the exploit was not stopped"
wait $server && fail "the server was not killed"
patiently grep -q '"killed"' "$tmp/events"
kill $events
ask_json "j['counters']['killed'] == 1 and j['alarms'] >= 1" status
ask metrics >"$tmp/metrics"
grep -q '^kview_guard_killed_total 1$' "$tmp/metrics" || fail "metrics: $(<"$tmp/metrics")"
ask events --since 1h --profile victim >"$tmp/told"
grep -q 'told what to do: normalize, by user 0$' "$tmp/told" || fail "no operator in: $(<"$tmp/told")"
grep -q 'ALARM: a call it never made before, killed' "$tmp/told" || fail "no alarm in: $(<"$tmp/told")"

# Or it becomes no shell; the guard was started without a word of that.
ask set victim refuse-exec
serve timeout 100 tests/guard/exploit.py $port "$victim" 'echo taken over' || true # it is cut off
! grep -q '^taken over$' "$tmp/client" || fail "it became a shell"
wait $server && fail "the server went on without the shell it was made to become"
ask_json "j['counters']['refused'] >= 1" status

# One that is spared is only told of, whatever is asked for.
one_line 1 'was started with --spare for it' ask set "$(realpath "$(command -v redis-server)")" kill

# --- one profile goes elsewhere and comes back ---

ask export victim >"$tmp/exported"
ask reset victim
ask_json "j['state'] == 'training' and j['distinct_calls'] == 0" show victim
ask import "$tmp/exported"
ask_json "j['state'] == 'normal' and j['accepted'] == json.load(open('$tmp/exported'))['accepted']" show victim
ask sensitize victim
ask set victim stop
ask save

# --- kill -9: nobody is held, nothing that was saved is lost ---

serve tests/guard/exploit.py $port "$victim" 'echo taken over' &
client=$!
patiently victim_is_stopped
kill -9 $guard
wait $guard 2>/dev/null || true
wait $client || fail "the exploit does not go on without a guard: $(<"$tmp/client")"
grep -q '^taken over$' "$tmp/client" || fail "not released: $(<"$tmp/client")"
start
ask_json "j['state'] == 'normal' and j['respond'] == 'stop' and len(j['accepted']) > 100" show victim
ask_json "j['counters']['lost_events'] == 0" status
ask events --profile victim >"$tmp/told"
grep -q 'ALARM: a call it never made before, killed' "$tmp/told" || fail "the alarm was forgotten: $(<"$tmp/told")"
stop_guard
kill $redis
for file in "$socket" "$socket.look" "$socket.act"; do
	[ ! -e "$file" ] || fail "$file is left"
done
