#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
# kview exec: however the tool or kview itself ends, by a crash, by SIGKILL, by SIGTERM, or by Ctrl-C at a terminal, nothing is
# left, the tool gets each signal once, and the exit status is the tool's.
# shellcheck disable=SC1091,SC2034,SC2154 # what is sourced defines them, or uses them
set -euo pipefail
. tests/vm/cli.inc
. tests/vm/cli_exec.inc

has_module || skip "the module is not loaded"

killed()
{
	local program

	start_applications
	for program in kprobe exit_tp; do
		start_tool --pid "$a" -- "$tool" "$program" abort
		end_tool 134
		wait_for all_is_gone
		start_tool --pid "$a" -- "$tool" "$program"
		kill -9 "$tool_pid" # kview itself
		exec 3>&-
		wait "$tool_pid" || true
		wait_for all_is_gone
		start_tool --pid "$a" -- "$tool" "$program"
		pkill -9 -P "$tool_pid" # the tool
		ended 137
		wait_for all_is_gone
	done
	start_tool --pid "$a" -- "$tool" kprobe
	kill -TERM "$tool_pid" # kview, which hands it on: in its own time, so the tool's input must not end before
	ended 143
	wait_for all_is_gone
	run_applications
}

# at_terminal COMMAND...: on a terminal of its own, where Ctrl-C is typed once it says "attached". Its output and its status.
at_terminal()
{
	/usr/bin/python3 -c 'import os, pty, sys
child, terminal = pty.fork()
if not child:
    os.execvp(sys.argv[1], sys.argv[1:])
seen, typed = b"", False
while True:
    try:
        data = os.read(terminal, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data
    if not typed and b"attached" in seen:
        typed = os.write(terminal, b"\x03")
sys.stdout.write(seen.decode().replace("\r", ""))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))' "$@"
}

# The terminal's signal goes to the tool as to kview: handed on, it would come twice.
control_c()
{
	start_applications
	# shellcheck disable=SC2016
	run 7 at_terminal "$kview" exec --pid "$a" -- bash -c 'trap "echo interrupted" INT; "$0" kprobe; sleep 0.5; exit 7' "$tool"
	[ "$(grep -c 'interrupted$' "$tmp/out")" -eq 1 ] || fail "Ctrl-C: $(<"$tmp/out")"
	wait_for all_is_gone
	run 130 at_terminal "$kview" exec --pid "$a" -- "$tool" kprobe
	wait_for all_is_gone
	run_applications
}

killed
control_c
wait_for all_is_gone
