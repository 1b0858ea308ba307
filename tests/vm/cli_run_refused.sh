#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
# What kview run refuses: one line, the exit status for it, and nothing stays attached.
# shellcheck disable=SC1091,SC2154 # cli.inc defines them
set -euo pipefail
. tests/vm/cli.inc

# refused CODE PATTERN MODE ARGUMENT...
refused()
{
	local code=$1 pattern=$2 mode=$3

	shift 3
	one_line "$code" "$pattern" "$kview" run --mode "$mode" "$@"
}

objects_refused()
{
	refused 1 'tcp_sendmsgs: the kernel has no function tcp_sendmsgs; near: tcp_sendmsg' "$1" "$objects/unknown.bpf.o" -- true
	refused 1 'the kernel has no system call getppi; near: getppid' "$1" "$objects/unknown_syscall.bpf.o" -- true
	refused 3 'kprobe/exc_int3: the function has no ftrace entry' "$1" "$objects/not_traceable.bpf.o" -- true
	refused 3 'xdp: not supported' "$1" "$objects/wrong_type.bpf.o" -- true
	refused 1 'kprobe: the section name does not say where to attach' "$1" "$objects/nowhere.bpf.o" -- true
	refused 1 'no_programs.bpf.o: the object has no programs' "$1" "$objects/no_programs.bpf.o" -- true
}

files_refused()
{
	head -c 300 "$objects/entry.bpf.o" >"$tmp/short"
	head -c 4096 /dev/urandom >"$tmp/random"
	: >"$tmp/empty"
	refused 1 "$tmp/short: not a BPF object file" "$1" "$tmp/short" -- true
	refused 1 "$tmp/random: not a BPF object file" "$1" "$tmp/random" -- true
	refused 1 "$tmp/empty: not a BPF object file" "$1" "$tmp/empty" -- true
	refused 1 'kview: not a BPF object file' "$1" "$kview" -- true
	refused 1 "$tmp: (not a BPF object file|Is a directory)" "$1" "$tmp" -- true
	refused 1 '/nonesuch: No such file or directory' "$1" /nonesuch -- true
	refused 1 '/nonesuch/result: No such file or directory' "$1" -o /nonesuch/result "$objects/entry.bpf.o" -- true
}

# A process that has exited and that nobody has waited for: it can be opened, but not joined.
start_zombie()
{
	python3 -c '
import os, time
pid = os.fork()
if not pid:
    os._exit(0)
os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
print(pid, flush=True)
time.sleep(1000)' >"$tmp/zombie" &
	wait_for test -s "$tmp/zombie"
	zombie=$(cat "$tmp/zombie")
}

start_thread()
{
	python3 -c '
import threading, time
thread = threading.Thread(target=time.sleep, args=(1000,))
thread.start()
print(thread.native_id, flush=True)' >"$tmp/thread" &
	wait_for test -s "$tmp/thread"
	thread=$(cat "$tmp/thread")
}

processes_refused()
{
	local object=$objects/entry.bpf.o

	refused 1 'pid 4194304: there is no such process' "$1" "$object" --pid 4194304
	refused 1 "pid 4194304: there is no such process" "$1" "$object" --pid 1,4194304
	refused 1 'pid 2: .*kernel thread' "$1" "$object" --pid 2
	refused 1 "pid $zombie: .*(exiting|no such process)" "$1" "$object" --pid "$zombie"
	refused 1 "pid $thread: this is a thread of process [0-9]+; name the process" "$1" "$object" --pid "$thread"
}

# The one refusal of many lines: the last of the verifier's explain it.
verifier_refuses()
{
	run 1 "$kview" run --mode "$1" "$objects/rejected.bpf.o" -- true
	head -n 1 "$tmp/err" | grep -q '^kview: .*rejected.bpf.o: cannot be loaded: ' || fail "$(cat "$tmp/err")"
	grep -q "^  R0 invalid mem access" "$tmp/err" || fail "the verifier's words are missing: $(cat "$tmp/err")"
	[ "$(wc -l <"$tmp/err")" -le 12 ] || fail "too many words: $(cat "$tmp/err")"
}

as_nobody()
{
	install -m 755 "$kview" /tmp/kview.copy
	install -m 644 "$objects/entry.bpf.o" /tmp/entry.bpf.o
	one_line 3 'needs CAP_BPF and CAP_PERFMON' setpriv --reuid=65534 --regid=65534 --clear-groups \
		/tmp/kview.copy run --mode "$1" /tmp/entry.bpf.o -- true
}

absent()
{
	refused 3 'kview.ko is not loaded' view "$objects/entry.bpf.o" -- true
	run 0 "$kview" run "$objects/entry.bpf.o" -- "$calls" 10
	grep -Eq '^kview: .*every process pays' "$tmp/err" || fail "fell back to the ordinary mode silently"
	[ "$(wc -l <"$tmp/err")" -eq 1 ] || fail "not one line: $(cat "$tmp/err")"
}

other_abi()
{
	one_line 3 'speaks ABI 99, .*install matching versions' \
		env LD_PRELOAD="$PWD/build/tests/vm/cli_other_abi.so" "$kview" run --mode view "$objects/entry.bpf.o" -- true
}

start_zombie
start_thread
for mode in $(modes); do
	objects_refused "$mode"
	files_refused "$mode"
	processes_refused "$mode"
	verifier_refuses "$mode"
	as_nobody "$mode"
done
! has_module || other_abi
wait_for all_is_gone
without_module absent
