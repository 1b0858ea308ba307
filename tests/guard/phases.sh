#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kview guard serve is killed in every phase of its life, finds its disk full, and its database damaged: nothing is lost
# that was saved, and what is wrong is said.
# shellcheck disable=SC1091,SC2154 # the files that are read define them
set -euo pipefail
. tests/vm/cli.inc
. tests/guard/service.inc
. tests/guard/victim.inc

port=7706
disk=$tmp/disk
profiles=$disk/profiles.db
mkdir "$disk"
mount -t tmpfs -o size=8m none "$disk"
trap 'umount -l "$disk"; cli_exit' EXIT

learn()
{
	serve tests/guard/client.py $port "$1" 60 || fail "the client: $(<"$tmp/client")"
	wait $server
}

is_known()
{
	ask_json "j['state'] == 'normal' and len(j['accepted']) >= $pairs and j['respond'] == 'stop'" show victim
}

has_ended() { [ -z "$(pgrep -x kview-holder)" ]; }

die()
{
	kill -9 $guard
	wait $guard 2>/dev/null || true
	patiently has_ended
}

start_guard --all
learn 1
ask normalize victim
ask set victim stop
ask save
pairs=$(ask show victim -f json | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["accepted"]))')
[ "$pairs" -gt 100 ] || fail "only $pairs pairs were learned"
die

# --- while it loads: when it has opened nothing, while the kernel verifies its programs, when it is about to be ready ---

for delay in 0.05 0.5 1.5 3; do
	"$kview" guard serve --all --socket "$socket" --profiles "$profiles" >"$tmp/log" 2>&1 &
	guard=$!
	sleep $delay
	die
done

# --- ready; while it saves; while it is asked ---

start_guard --all
is_known
die
start_guard --all --save-every 0.05
for _ in {1..30}; do
	ask train victim
done 2>/dev/null &
asking=$!
learn 2
die
wait $asking || true
start_guard --all
ask_json "len(j['accepted']) >= $pairs and j['respond'] == 'stop'" show victim

# --- the disk is full ---

ask normalize victim
ask save
dd if=/dev/zero of="$disk/other" bs=4k 2>/dev/null || true
fails()
{
	ask train victim
	ask normalize victim
	! ask save 2>/dev/null
}
patiently fails
one_line 1 "not saved: $profiles: .*full" ask save
ask_json "j['saving_fails'] and j['failed_saves'] > 0" status
grep -q 'what is new waits in memory' "$tmp/log" || fail "nothing was said of the full disk: $(<"$tmp/log")"
is_known
rm "$disk/other"
saves() { ask save 2>/dev/null; }
patiently saves
ask_json "not j['saving_fails'] and j['counters']['lost_events'] == 0" status
die
start_guard --all
is_known
stop_guard

# --- the database is damaged: it says so, and leaves it as it is ---

cp "$profiles" "$tmp/good"
size=$(stat -c %s "$profiles")
dd if=/dev/urandom of="$profiles" bs=512 seek=8 count=$((size / 512 - 16)) conv=notrunc 2>/dev/null
sum=$(sha256sum <"$profiles")
one_line 1 "profiles.db: " "$kview" guard serve --all --socket "$socket" --profiles "$profiles"
[ "$sum" = "$(sha256sum <"$profiles")" ] || fail "the damaged database was written to"
cp "$tmp/good" "$profiles"
start_guard --all
is_known
stop_guard
