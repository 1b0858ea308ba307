#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vm: --systemd
# timeout: 400
# The units that are installed, started by a real systemd from where they were built; and its scopes as cgroups of a view.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

# install_unit UNIT SETTING...: as packaged, but for these lines of its [Service], and for the whole rest of a system, which
# it would wait for.
install_unit()
{
	local unit=$1

	shift
	cp "packaging/systemd/$unit" /run/systemd/system/
	mkdir -p "/run/systemd/system/$unit.d"
	printf '%s\n' '[Unit]' DefaultDependencies=no '[Service]' "$@" >"/run/systemd/system/$unit.d/test.conf"
	systemctl daemon-reload
}

is_up()
{
	systemctl --quiet is-active kview-vm.target 2>/dev/null
}

property()
{
	systemctl show --property "$2" --value "$1"
}

is_property()
{
	[ "$(property "$1" "$2")" = "$3" ]
}

start()
{
	systemctl start "$1" || fail "$1 does not start: $(systemctl status --no-pager "$1")"
}

# It says itself when it is ready, pats the watchdog, is started again when it was killed, and ends when it is told to.
guard_service()
{
	local unit=kview-guardd.service pid pat

	install_unit "$unit" ExecStart= \
		"ExecStart=$PWD/build/cli/kview guard serve --all --profiles /var/lib/kview/guard.db" WatchdogSec=40
	start "$unit"
	is_property "$unit" ActiveState active || fail "$unit is $(property "$unit" ActiveState)"
	run 0 "$kview" guard status -f json
	pat=$(property "$unit" WatchdogTimestampMonotonic)
	wait_for is_newer "$unit" "$pat"

	pid=$(property "$unit" MainPID)
	kill -9 "$pid"
	wait_for is_another "$unit" "$pid"
	wait_for is_property "$unit" ActiveState active
	run 0 "$kview" guard status -f json
	systemctl stop "$unit"
	is_property "$unit" Result success || fail "$unit ended with $(property "$unit" Result)"
}

is_newer()
{
	[ "$(property "$1" WatchdogTimestampMonotonic)" -gt "$2" ]
}

is_another()
{
	local pid

	pid=$(property "$1" MainPID)
	[ "$pid" -ne 0 ] && [ "$pid" -ne "$2" ]
}

# With the capabilities and calls that its unit leaves it, it loads its programs and measures.
monitor_service()
{
	local unit=kview-monitord.service

	mkdir -p /etc/kview
	cat >/etc/kview/monitor.yaml <<-EOF
		targets:
		  - name: scope
		    unit: app.scope
		outputs:
		  prometheus: { listen: "127.0.0.1:9464" }
	EOF
	# On an emulated machine it takes longer than any service should.
	install_unit "$unit" TimeoutStartSec=20min ExecStartPre= ExecStart= \
		"ExecStartPre=$PWD/build/cli/kview monitor --check /etc/kview/monitor.yaml" \
		"ExecStart=$PWD/build/monitor/daemon/kview-monitord /etc/kview/monitor.yaml"
	start "$unit"
	curl -sf -o "$tmp/metrics" http://127.0.0.1:9464/metrics || fail "$unit is said to have started, and does not answer"
	wait_for is_measured 'kview_processes{target="scope"} 1'
	pgrep -P "$(property "$unit" MainPID)" -x kview-perf >"$tmp/opener" || fail "nobody opens perf events for $unit"
	systemctl reload "$unit"
	wait_for is_measured 'kview_processes{target="scope"} 1'
	is_property "$unit" NRestarts 0 || fail "$unit was started again: $(systemctl status --no-pager "$unit")"
	systemctl stop "$unit"
	is_property "$unit" Result success || fail "$unit ended with $(property "$unit" Result)"
}

is_measured()
{
	curl -s http://127.0.0.1:9464/metrics >"$tmp/metrics" && grep -Fqx "$1" "$tmp/metrics"
}

# When it has started its rules are in force; they are read again, put back when the owner was killed, and when the
# interface was away.
shield_service()
{
	local unit=kview-shield@v0.service rules=/etc/kview/shield-v0.conf pid restarts

	ip link add v0 type veth peer name v1
	mkdir -p /etc/kview
	printf 'default drop\nallow proto udp port 53\n' >"$rules"
	install_unit kview-shield@.service ExecStart= ExecReload= \
		"ExecStart=$PWD/build/cli/kview shield run --interface=%i /etc/kview/shield-%i.conf" \
		"ExecReload=$PWD/build/cli/kview shield reload %i"
	start "$unit"
	has_rules 1 || fail "$unit is said to have started, and has no rules in force"
	ip -o link show v0 | grep -q xdp || fail "nothing stands in front of v0"

	echo 'allow proto tcp port 80' >>"$rules"
	systemctl reload "$unit"
	has_rules 2 || fail "reload did not read the rules"
	cp "$rules" "$tmp/rules"
	echo 'allow proto tpc' >>"$rules"
	systemctl reload "$unit" && fail "reload has not said that there is a mistake"
	has_rules 2 || fail "a mistake took the rules away"
	cp "$tmp/rules" "$rules"

	pid=$(property "$unit" MainPID)
	kill -9 "$pid"
	wait_for is_another "$unit" "$pid"
	wait_for has_rules 2
	restarts=$(property "$unit" NRestarts)
	ip link del v0
	wait_for is_tried_again "$unit" "$restarts"
	ip link add v0 type veth peer name v1
	wait_for has_rules 2

	systemctl stop "$unit"
	is_property "$unit" Result success || fail "$unit ended with $(property "$unit" Result)"
	! ip -o link show v0 | grep -q xdp || fail "the program is left in front of v0"
	ip link del v0
	systemctl start "$unit" 2>"$tmp/err" && fail "$unit is said to have started, and there is no interface"
	systemctl stop "$unit"
}

# has_rules COUNT: in force in front of v0
has_rules()
{
	"$kview" shield status -f json v0 >"$tmp/status" 2>/dev/null && [ "$(grep -o '"line":' "$tmp/status" | wc -l)" -eq "$1" ]
}

# is_tried_again UNIT COUNT: twice since then, so that the first of these did not get far.
is_tried_again()
{
	[ "$(property "$1" NRestarts)" -ge $(($2 + 2)) ]
}

# A scope is a cgroup that its name finds; who is beside it is not in the view.
scope()
{
	local pid

	systemd-run --quiet --scope --unit=app "$calls" 100 50 0 &
	wait_for systemctl --quiet is-active app.scope
	start_traced
	pid=$(tail -n 1 /sys/fs/cgroup/system.slice/app.scope/cgroup.procs)
	run 0 "$kview" trace --mode view -f json --duration 3 --cgroup app.scope syscalls:getppid
	is_json 'j["ended"] == "duration"' <"$tmp/out"
	grep -q '"event": *"hit"' "$tmp/out" || fail "nothing of app.scope was seen"
	! grep '"event": *"hit"' "$tmp/out" | grep -v "\"pid\": *$pid,"  || fail "somebody else was seen"
	kill -9 "$traced"
}

wait_for is_up
has_module || fail "the module is not there"
scope
guard_service
monitor_service
shield_service
systemctl stop app.scope
wait_for all_is_gone
