#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Performance Co-Pilot has what kview-monitord has of nginx, with labels: live from pmcd, and from an archive of pmlogger's.
# PCP itself is unpacked into this system, whose changes are lost; its packages want systemd.
# shellcheck disable=SC1091,SC2154,SC2119,SC2120 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc
. tests/monitor/daemon.inc

# pmrep wants Debian's python3. On a machine that is slow nothing is given up early.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin PCP_DIR='' PMCD_CONNECT_TIMEOUT=120 PMCD_REQUEST_TIMEOUT=120
requests=kview.http.request_seconds.count
index=web::GET::/index.html::200

install_pcp()
{
	local folder=/var/lib/pcp/pmdas/kview

	[ -e build/pcp/unpacked/usr/bin/pmlogger ] || fail "there is no PCP: run make build/pcp/unpacked/usr/bin/pmlogger"
	tar -C build/pcp/unpacked -c . | tar -C / -x --keep-directory-symlink --no-overwrite-dir
	getent passwd pcp >/dev/null || useradd --system --home-dir /var/lib/pcp pcp
	mkdir -p /run/pcp
	chown -R pcp:pcp /var/lib/pcp/config/pmda /var/lib/pcp/tmp /var/log/pcp /run/pcp
	[ -e /usr/bin/gawk ] || export PCP_AWK_PROG=awk
	(cd /var/lib/pcp/pmns && sh ./Rebuild) >"$tmp/pmns" 2>&1 || fail "PCP's own names: $(<"$tmp/pmns")"
	printf 'pmcd\t2\tdso\tpmcd_init\t/var/lib/pcp/pmdas/pmcd/pmda_pmcd.so\n' >/etc/pcp/pmcd/pmcd.conf
	mkdir -p $folder
	install -t $folder monitor/pmda/Install monitor/pmda/Remove build/monitor/pmda/pmdakview
	install -m 644 -t $folder monitor/pmda/root_kview monitor/pmda/domain.h
}

start_pmcd()
{
	(cd /var/log/pcp/pmcd && exec /usr/lib/pcp/bin/pmcd -f -t 120 -l pmcd.log) >"$tmp/pmcd" 2>&1 &
	pmcd=$!
	wait_for pmprobe pmcd.numagents >"$tmp/out" 2>&1
}

stop_pmcd()
{
	kill "$pmcd"
	wait "$pmcd" || true
}

write_conf()
{
	cat >"$conf" <<-CONF
		targets: [{name: web, process: ^nginx\$}]
		probes: {cpu: , memory: , tcp: , http: }
		outputs: {prometheus: {listen: '127.0.0.1:9464'}}
	CONF
}

# pcp METRIC INSTANCE: its value; pcp_number: its instance's number.
pcp()
{
	pminfo -f "$1" 2>&1 | awk -v name="or \"$2\"] value " '(at = index($0, name)) { print substr($0, at + length(name)) }'
}

pcp_number()
{
	pminfo -f "$1" | awk -v name="or \"$2\"] value " 'index($0, name) { sub(".*inst \\[", ""); print $1 }'
}

pcp_is()
{
	[ "$(pcp "$2" "$3")" = "$1" ]
}

pcp_single_is()
{
	pminfo -f "$2" | grep -qx "    value $1"
}

is_away()
{
	pminfo -f $requests 2>&1 | grep -q 'Try again'
}

# archive_has TEXT METRIC
archive_has()
{
	pmdumplog "$tmp/archive" "$2" 2>/dev/null | grep -qF "$1"
}

# Every name the daemon tells of is one of PCP's, and has as many values.
has_all()
{
	look
	sed -E '/^#/d; /_bucket\{/d; s/[{ ].*//; s/_total$//; s/^kview_/kview./; s/^(kview\.[a-z]+)_/\1./; s/_(sum|count)$/.\1/' \
		"$tmp/metrics" | sort | uniq -c | awk '{ print $2, $1 }' | sort >"$tmp/told"
	pmprobe kview | sort >"$tmp/probed"
	comm -23 "$tmp/told" "$tmp/probed" >"$tmp/missing"
	[ ! -s "$tmp/missing" ] && [ "$(wc -l <"$tmp/told")" -gt 30 ]
}

check_meaning()
{
	pminfo -dT kview.tcp.sent_bytes >"$tmp/out"
	grep -q 'Semantics: counter  Units: byte' "$tmp/out" || fail "$(<"$tmp/out")"
	grep -q 'Bytes sent, each once.' "$tmp/out" || fail "$(<"$tmp/out")"
	pminfo -d kview.cpu.seconds.sum | grep -q 'Units: sec' || fail "$(pminfo -d kview.cpu.seconds.sum)"
	pminfo -d kview.memory.resident_bytes | grep -q 'Semantics: instant  Units: byte' || fail "$(pminfo -d kview.memory)"
	pminfo -l $requests >"$tmp/out"
	for label in '"target":"web"' '"method":"GET"' '"path":"/index.html"' '"status":"200"' '"agent":"kview"'; do
		grep -qF "$label" "$tmp/out" || fail "no label $label in $(<"$tmp/out")"
	done
}

ip link set lo up
install_pcp
start_nginx
write_conf
start_monitord
start_pmcd
(cd /var/lib/pcp/pmdas/kview && ./Install </dev/null) >"$tmp/install" 2>&1 || fail "Install: $(<"$tmp/install")"
wait_for pcp_single_is 1 kview.pmda.up
agent=$(pgrep -x pmdakview)
grep -q '^CapEff:.0*$' "/proc/$agent/status" || fail "the agent has privileges: $(grep Cap "/proc/$agent/status")"
[ "$(stat -c %U "/proc/$agent")" = pcp ] || fail "the agent is $(stat -c %U "/proc/$agent")'s"

# Live. What pmlogger finds when it begins has labels in the archive; that of PCP 6.0 asks once for those of a domain.
$client requests 127.0.0.1 8080 2 /nonesuch /index.html
wait_for pcp_is 1 $requests web::GET::/nonesuch::404
wait_for pcp_is 1 $requests $index
echo 'log mandatory on 1 second { kview }' >"$tmp/pmlogger.conf"
pmlogger -c "$tmp/pmlogger.conf" -l "$tmp/pmlogger.log" "$tmp/archive" &
logger=$!
wait_for archive_has "$index\"] value 1" $requests
$client requests 127.0.0.1 8080 59 /index.html
wait_for has_logged 61
wait_for pcp_is 60 $requests $index
wait_for archive_has "$index\"] value 60" $requests
wait_for has_all
check_meaning
number=$(pcp_number $requests $index)

# Without the daemon there are no values, and the archive has none of these seconds.
kill "$daemon"
wait "$daemon"
wait_for is_away
pcp_single_is 0 kview.pmda.up || fail "who is away is up: $(pminfo -f kview.pmda.up)"
wait_for archive_has 'value 0' kview.pmda.up

# It comes again, and counts from 0: for the same instances.
start_monitord
$client requests 127.0.0.1 8080 7 /index.html
wait_for pcp_is 7 $requests $index
[ "$(pcp_number $requests $index)" = "$number" ] || fail "an instance has another number: $(pminfo -f $requests), not $number"
wait_for archive_has "$index\"] value 7" $requests
kill "$logger"
wait "$logger" || true

# Replayed: what was recorded, by the same names, with the same labels; and as rates.
pmrep -a "$tmp/archive" -u -r -o csv -i $index $requests kview.pmda.up >"$tmp/replayed"
cut -d, -f2 "$tmp/replayed" | sed 's/\..*//' | grep -qx 60 || fail "replayed: $(<"$tmp/replayed")"
cut -d, -f2 "$tmp/replayed" | sed 's/\..*//' | tail -n 1 | grep -qx 7 || fail "replayed last: $(<"$tmp/replayed")"
pmrep -a "$tmp/archive" -u -o csv kview.tcp.sent_bytes >"$tmp/replayed"
awk -F, 'NR > 1 && $2 > 0 { found = 1 } END { exit !found }' "$tmp/replayed" || fail "no rates: $(<"$tmp/replayed")"
pminfo -a "$tmp/archive" -l $requests | grep -qF '"path":"/index.html"' || fail "no labels in the archive"
pminfo -a "$tmp/archive" -T kview.tcp.sent_bytes | grep -q 'Bytes sent, each once.' || fail "no help in the archive"

# pmcd, and so the agent, is started again; and then told to forget it.
stop_pmcd
start_pmcd
wait_for pcp_is 7 $requests $index
[ "$(pcp_number $requests $index)" = "$number" ] || fail "an instance has another number: $(pminfo -f $requests), not $number"
(cd /var/lib/pcp/pmdas/kview && ./Remove </dev/null) >"$tmp/install" 2>&1 || fail "Remove: $(<"$tmp/install")"
! pminfo kview >"$tmp/out" 2>&1 || fail "after Remove there is $(<"$tmp/out")"
stop_pmcd
