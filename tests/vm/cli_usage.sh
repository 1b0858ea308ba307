#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
# Mistakes on the command line: one line each, exit status 2, and nothing happens.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

# wrong PATTERN ARGUMENT...
wrong()
{
	local pattern=$1

	shift
	one_line 2 "$pattern" "$kview" "$@"
}

wrong 'no command given'
wrong 'rnu: no such command; did you mean run' rnu
wrong 'sh: no such command; did you mean show' sh
wrong 'frobnicate: no such command; see kview --help' frobnicate
wrong 'no such command' ''
wrong 'no such option' --frobnicate
wrong 'no such command' help frobnicate

for command in run trace list show cost info; do
	wrong "$command: unrecognized option '--frobnicate'" "$command" --frobnicate
	wrong "$command: invalid option -- 'z'" "$command" -z
	wrong '--format xml: not a format; table or json' "$command" -f xml
	wrong "$command: option '--format' requires an argument" "$command" --format
done

object=$objects/entry.bpf.o
wrong 'run: no BPF object given' run
wrong 'run: no BPF object given' run --pid 1
wrong 'run: nothing to trace' run "$object"
wrong 'run: no command after --' run "$object" --
wrong 'run: both processes and a command' run "$object" --pid 1 -- true
wrong 'run: true: only one object' run "$object" true
wrong 'run: --pid abc: not a process id' run "$object" --pid abc
wrong 'run: --pid : not a process id' run "$object" --pid ''
wrong 'run: --pid -1: not a process id' run "$object" --pid -1
wrong 'run: --pid 1,: not a process id' run "$object" --pid 1,
wrong 'run: --pid 1 2: not a process id' run "$object" --pid '1 2'
wrong 'run: --pid 0: no process has such an id' run "$object" --pid 0
wrong 'run: --pid 99999999999999999999: no process has such an id' run "$object" --pid 99999999999999999999
wrong 'run: --duration soon: not a number of seconds' run "$object" --pid 1 --duration soon
wrong 'run: --duration 5s: not a number of seconds' run "$object" --pid 1 --duration 5s
wrong 'run: --duration nan: not a number of seconds' run "$object" --pid 1 --duration nan
wrong 'run: --duration -1: must lie between' run "$object" --pid 1 --duration -1
wrong 'run: --duration 0: must lie between' run "$object" --pid 1 --duration 0
wrong 'run: --mode fast: not a mode; auto, view or ordinary' run "$object" --pid 1 --mode fast

wrong 'trace: no hook given' trace --pid 1
wrong 'trace: nothing to trace' trace 'syscalls:*'
wrong 'trace: both processes and a command' trace 'syscalls:*' --pid 1 -- true
wrong 'trace: vfs_read: not a hook; write syscalls:NAME' trace vfs_read --pid 1
wrong 'trace: kprobe:: not a hook; write syscalls:NAME' trace kprobe: --pid 1
wrong 'trace: func:x:y: not a hook; write syscalls:NAME' trace func:x:y --pid 1
wrong 'trace: tracepoint:x: not a hook; write syscalls:NAME' trace tracepoint:x --pid 1
wrong 'trace: :x: not a hook; write syscalls:NAME' trace :x --pid 1
wrong 'trace: --pid abc: not a process id' trace 'syscalls:*' --pid abc
wrong 'trace: --duration soon: not a number' trace 'syscalls:*' --pid 1 --duration soon
wrong 'trace: --buffer 5X: not a size' trace 'syscalls:*' --pid 1 --buffer 5X
wrong 'trace: --buffer -1: not a size' trace 'syscalls:*' --pid 1 --buffer -1
wrong 'trace: --buffer 1K: must lie between 64K and 1G' trace 'syscalls:*' --pid 1 --buffer 1K
wrong 'trace: --buffer 2G: must lie between' trace 'syscalls:*' --pid 1 --buffer 2G

wrong 'list: b: only one pattern' list a b
wrong 'list: --kind x: not a kind of hook' list --kind x
wrong 'show: x: not the id of a view' show x
wrong 'show: 0: not the id of a view' show 0
wrong 'show: 4294967296: not the id of a view' show 4294967296
wrong 'show: 2: only one view' show 1 2
wrong 'cost: --duration soon: not a number' cost --duration soon
wrong 'cost: --duration 0: must lie between' cost --duration 0
wrong 'cost: x: no argument expected' cost x
wrong 'info: x: no argument expected' info x
