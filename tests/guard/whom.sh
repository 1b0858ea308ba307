#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whom kview guard watch watches: a command, a cgroup and a container, and nobody else, through a view and without one.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

group=/sys/fs/cgroup/machine-notes.scope # as systemd makes it for a container
has_module || skip "the module is not loaded"
mkdir "$group"

# in_group COMMAND...
in_group()
{
	bash -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$group" "$@" >/dev/null
}

# It is learned as soon as the guard is there; loading that takes the verifier seconds here, more on a busy machine. Its
# path is known if it still runs when the guard looks.
learned()
{
	local i

	for ((i = 0; i < 500 * ${KVIEW_SLOW:-1}; i++)); do
		kill -0 $watch 2>/dev/null || fail "guard watch: $(<"$tmp/err")"
		in_group id
		if grep -Eq '"program": *"(/[a-z/]*/)?id"' "$tmp/out"; then
			return
		fi
		sleep 0.2
	done
	fail "nothing was learned: $(<"$tmp/out")"
}

# watch MODE OPTION
watch()
{
	"$kview" guard watch -f json --mode "$@" >"$tmp/out" 2>"$tmp/err" </dev/null &
	watch=$!
	learned
	in_group uptime
	uname >/dev/null
	kill -INT $watch
	wait $watch || fail "guard watch: $(<"$tmp/err")"
	tail -n 1 "$tmp/out" | is_json '(lambda names: {"id", "uptime"} <= names and "uname" not in names)(
		{p["program"].rsplit("/", 1)[-1] for p in j["profiles"]})'
}

for mode in view ordinary; do
	run 0 "$kview" guard watch -f json --mode $mode -- id
	tail -n 1 "$tmp/out" | is_json '"id" in [p["program"].rsplit("/", 1)[-1] for p in j["profiles"]]'
done

one_line 1 'wrong: there is no such cgroup' "$kview" guard watch --mode ordinary --cgroup wrong
watch view --cgroup="$group"
watch ordinary --container=notes
rmdir "$group"
