#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vm: --systemd
# timeout: 240
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
	install_unit "$unit" ExecStartPre= ExecStart= \
		"ExecStartPre=$PWD/build/cli/kview monitor --check /etc/kview/monitor.yaml" \
		"ExecStart=$PWD/build/monitor/daemon/kview-monitord /etc/kview/monitor.yaml"
	start "$unit"
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
systemctl stop app.scope
wait_for all_is_gone
