#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The page of kview-monitord, of real servers, in a real browser; what it looks like is left in build/page-KERNEL.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc
. tests/monitor/daemon.inc

command -v chromedriver >/dev/null || skip "chromium-driver is not installed"
pictures=build/page-$(uname -r)

write_conf()
{
	cat >"$conf" <<-CONF
		targets:
		- {name: web, process: ^nginx$}
		- {name: python, pid: $collector}
		probes: {cpu: , memory: , tcp: , http: {paths: 3}, gc: }
		outputs: {prometheus: {listen: '127.0.0.1:9464'}}
	CONF
}

# keep NAME: a connection that stays, and is used a little.
keep()
{
	hold "$1"
	exec {kept}>"$tmp/$1"
	echo /index.html >&$kept
}

peers()
{
	ss -Htn state established '( sport = :8080 )' | awk '{ print $4 }'
}

ip link set lo up
python3 -c '
import gc, time
while True:
    gc.collect()
    time.sleep(0.1)' &
collector=$!
start_nginx
write_conf
start_monitord
keep one
keep other
used=$kept
# Enough for samples of it to be taken.
(while sleep 0.05; do printf "/index.html\n%.0s" {1..20} >&"$used"; done) &
mapfile -t connected < <(peers)
[ ${#connected[@]} = 2 ] || fail "connections: ${connected[*]}"
mkdir -p "$pictures"
KVIEW_SLOW=$KVIEW_SLOW tests/monitor/page.py "$("$kview" monitor --page)" "$pictures" "${connected[@]}"
kill "$daemon"
wait "$daemon" || fail "the daemon ended with $?: $(<"$tmp/monitord.err")"
