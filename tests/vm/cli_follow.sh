#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 500
# kview run and kview trace on whole applications: commands with what they fork, process trees, cgroups, containers.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

object=$objects/entry.bpf.o
top=/sys/fs/cgroup/kview-cli

# What a shell itself calls once when it starts, dash and bash do: $PPID.
forks='for i in 1 2 3 4 5 6 7 8 9 10; do '$calls' 100; done; ('$calls' 100 & '$calls' 100; wait); exec '$calls' 100'

refuses_in_ordinary_mode()
{
	start_traced
	one_line 3 'following forks needs a view' "$kview" run --mode ordinary --follow "$object" --pid "$traced"
	one_line 3 'following forks needs a view' "$kview" run --mode ordinary "$object" --tree "$traced"
	one_line 3 'needs a view' "$kview" run --mode ordinary "$object" --cgroup /
	one_line 3 'needs a view' "$kview" run --mode ordinary "$object" --container abc
	for option in '--follow --pid' --tree; do
		# shellcheck disable=SC2086
		one_line 3 'following forks needs a view' "$kview" trace --mode ordinary syscalls:getppid $option "$traced"
	done
	one_line 3 'needs a view' "$kview" trace --mode ordinary syscalls:getppid --cgroup /
	run 0 "$kview" run -f json --mode ordinary "$object" -- sh -c "$calls 100; true"
	has '"calls":[01]}'
	kill -9 "$traced"
}

usage()
{
	one_line 2 '--tree 1x: not a process id' "$kview" run "$object" --tree 1x
	one_line 2 'both processes and a command' "$kview" run "$object" --cgroup a -- true
	one_line 2 '--no-follow' "$kview" run "$object" --no-follow --cgroup a
	one_line 2 'nothing to trace' "$kview" run "$object" --follow
}

commands()
{
	run 0 "$kview" run -f json "$object" -- sh -c "$forks"
	has '"calls":130[01]}'
	run 0 "$kview" run -f json --no-follow "$object" -- sh -c "$forks"
	has '"calls":10[01]}'
	run 0 "$kview" run -f json --follow "$object" -- sh -c "$calls 100; true"
	has '"calls":10[01]}'
	run 0 "$kview" trace -c -f json syscalls:getppid -- sh -c "$forks"
	is_json '[h["hits"] - 1300 in (0, 1) for h in j["hooks"]] == [True]' <"$tmp/out"
	run 0 "$kview" trace -f json --no-follow syscalls:getppid -- sh -c "$forks"
	[ "$(grep -c '"event":"hit"' "$tmp/out")" -le 101 ] || fail "traced what the command forked: $(cat "$tmp/out")"
}

# A shell that starts processes when told to: each byte is one with 100 calls.
start_shell()
{
	mkfifo "$tmp/go" "$tmp/done"
	sh -c "while read -r word; do $calls 100; echo \$word >&4; done" <"$tmp/go" 4>"$tmp/done" &
	shell=$!
	exec 5>"$tmp/go" 6<"$tmp/done"
}

one_more()
{
	echo x >&5
	read -r -t 20 _ <&6 || fail "no answer from the shell"
}

# in_background ARGUMENT...: a run whose members have joined.
in_background()
{
	"$kview" run -f json -o "$tmp/out" "$object" "$@" &
	tracer=$!
	wait_for has_members
}

# The same with kview trace.
trace_in_background()
{
	"$kview" trace -c -f json -o "$tmp/out" syscalls:getppid "$@" &
	tracer=$!
	wait_for has_members
}

has_members()
{
	"$kview" show -f json | grep -q '"pid":'
}

end_run()
{
	kill -INT "$tracer"
	wait "$tracer" || fail "the tracer failed"
}

# hits COUNT: what kview trace has counted.
hits()
{
	is_json '[h["hits"] for h in j["hooks"]] == ['"$1"']' <"$tmp/out"
}

pids()
{
	start_shell
	in_background --pid "$shell"
	one_more
	end_run
	has '"calls":0}'
	in_background --pid "$shell" --follow
	one_more
	one_more
	end_run
	has '"calls":200}'
	for option in '--follow --pid' --tree; do
		# shellcheck disable=SC2086
		trace_in_background $option "$shell"
		one_more
		end_run
		hits 100
	done
	# The child that is there already calls 100 times every 50 ms.
	sh -c "$calls 100 50 0 & wait" &
	traced=$!
	sleep 0.3
	in_background --tree "$traced"
	"$kview" show -f json | is_json 'len(j[0]["members"]) == 2 and all(m["followed"] and m["added"] for m in j[0]["members"])'
	sleep 1
	end_run
	has '"calls":[1-9][0-9]*'
	kill -9 "$(cat "/proc/$traced/task/$traced/children")" "$traced"
}

cgroups()
{
	id=$(printf 'c0ffee%.0s' 1 2 3 4 5 6 7 8 9 10)c0de

	mkdir -p "$top/web.service" "$top/libpod-$id.scope/container" "$top/libpod-conmon-$id.scope" "$top/twice/web.slice" \
		"$top/web.slice"
	echo "$shell" >"$top/web.service/cgroup.procs"
	for name in "$top/web.service" kview-cli/web.service web.service; do
		in_background --cgroup "$name"
		one_more
		"$kview" show -f json | is_json 'j[0]["cgroups"][0]["path"] == "/kview-cli/web.service" and j[0]["joined"] == 2 and
			[m["by_cgroup"] for m in j[0]["members"]] == [True]'
		"$kview" show "$("$kview" show -f json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["id"])')" >"$tmp/show"
		grep -qx 'cgroup: /kview-cli/web.service' "$tmp/show" || fail "show: $(cat "$tmp/show")"
		grep -q 'processes: 2 joined, 1 left' "$tmp/show" || fail "show: $(cat "$tmp/show")"
		end_run
		has '"calls":100}'
	done
	trace_in_background --cgroup web.service
	one_more
	end_run
	hits 100
	one_line 1 'cgroup wbe.service: there is no such cgroup; near: web.service' "$kview" run "$object" --cgroup wbe.service
	one_line 1 'cgroup web.slice: 2 cgroups have this name' "$kview" run "$object" --cgroup web.slice
	one_line 1 'no such cgroup' "$kview" run "$object" --cgroup /etc
}

# What a runtime makes, without one: a cgroup with an id in its name, and namespaces of its own.
containers()
{
	unshare --pid --fork --mount-proc --uts --ipc sh -c "echo ready; while read -r word; do $calls 100; echo \$word; done" \
		<"$tmp/go" >"$tmp/done" &
	container=$!
	exec 5>"$tmp/go" 6<"$tmp/done"
	read -r -t 20 _ <&6 || fail "no container"
	for pid in $container $(cat "/proc/$container/task/$container/children"); do
		echo "$pid" >"$top/libpod-$id.scope/container/cgroup.procs"
	done
	for name in "$id" "${id:0:12}"; do
		in_background --container "$name"
		one_more
		"$kview" show -f json | is_json 'j[0]["cgroups"][0]["path"].endswith(".scope")'
		end_run
		has '"calls":100}'
	done
	trace_in_background --container "$id"
	one_more
	end_run
	hits 100
	one_line 1 'container nonesuch: there is no such container' "$kview" run "$object" --container nonesuch
	one_line 1 'container a/b: not a name or id' "$kview" run "$object" --container a/b
	exec 5>&- 6<&-
	wait "$container"
}

# A container of podman's, with the host's programs and nothing to download.
podman_containers()
{
	local root=$tmp/rootfs pipes=$tmp/pipes dir name

	if ! command -v podman >/dev/null; then
		echo "podman is not installed: its containers were not tried"
		return
	fi
	# Overlays do not lie on the overlay this machine runs on.
	for dir in /var/lib/containers /run/containers; do
		mkdir -p "$dir"
		mount -t tmpfs tmpfs "$dir"
	done
	mkdir -p "$root"/{usr,proc,sys,dev,etc,run,tmp,tests,pipes} "$pipes"
	for dir in bin lib lib64; do
		ln -s "usr/$dir" "$root/$dir"
	done
	mkfifo "$pipes/go" "$pipes/done"
	# shellcheck disable=SC2016 # the container's shell expands them
	podman --cgroup-manager cgroupfs --events-backend none run -d --name kview-web --network none --log-driver none \
		-v /usr:/usr:ro -v "$PWD/build/tests/vm:/tests:ro" -v "$pipes:/pipes" --rootfs "$root" /bin/sh -c \
		'while read -r word; do /tests/cli_calls 100; echo "$word" >&3; done <>/pipes/go 3<>/pipes/done' >"$tmp/id" ||
		fail "podman cannot run a container"
	exec 5<>"$pipes/go" 6<>"$pipes/done"
	for name in kview-web "$(head -c 12 "$tmp/id")"; do
		in_background --container "$name"
		one_more
		"$kview" show -f json | is_json "'$(cat "$tmp/id")' in j[0]['cgroups'][0]['path']"
		end_run
		has '"calls":100}'
	done
	exec 5>&- 6<&-
	podman rm -f -t 0 kview-web >/dev/null
	one_line 1 'container kview-web: there is no such container' "$kview" run "$object" --container kview-web
}

cleanup()
{
	local dir

	! [ -d "$top" ] || echo 1 >"$top/cgroup.kill"
	for dir in "$top"/*/* "$top"/* "$top"; do
		[ ! -d "$dir" ] || wait_for rmdir "$dir"
	done
}

usage
refuses_in_ordinary_mode
has_module || skip "the rest needs the module"
commands
pids
cgroups
exec 5>&- 6<&-
wait "$shell"
containers
podman_containers
cleanup
wait_for all_is_gone
