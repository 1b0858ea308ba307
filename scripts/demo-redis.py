#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of the demo that runs in the VM: two Redis servers, one of them traced.

What the program counted is compared with what the kernel itself keeps account of in /proc/PID/io: the number of read
and write calls of each process. The traced server is stopped while it is attached to and when its accounts are read, so
the numbers must agree exactly.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

KVIEW = "build/cli/kview"
SYSCOUNT = "build/examples/syscount.bpf.o"
KPROBES = "build/examples/kprobes.bpf.o"
REQUESTS = 3000  # SETs, and GETs, for each server
PATIENCE = 60  # seconds for anything that should take one
READS = {"read", "pread64", "readv", "preadv", "preadv2"}
WRITES = {"write", "pwrite64", "writev", "pwritev", "pwritev2"}
NUMBERS = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"


class Failed(Exception):
    """Something did not work at all."""


def say(text=""):
    print(text, flush=True)


def wait_for(what, test):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        result = test()
        if result:
            return result
        time.sleep(0.05)
    raise Failed(f"waited {PATIENCE} seconds for {what}")


class Server:
    """A redis-server without a disk."""

    def __init__(self, port, folder):
        self.port = port
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                   "--dir", folder, "--logfile", os.path.join(folder, f"{port}.log")]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self.pid = self.process.pid
        wait_for(f"redis-server on port {port}", lambda: self.ask("ping") == "PONG")

    def ask(self, *command):
        done = subprocess.run(["redis-cli", "-p", str(self.port), *command], capture_output=True, text=True,
                              check=False)
        return done.stdout.strip()

    def commands(self):
        """Commands it has executed, by its own account."""
        return int(re.search(r"total_commands_processed:(\d+)", self.ask("info", "stats"))[1])

    def calls(self):
        """Read and write calls it has made, by the kernel's account."""
        with open(f"/proc/{self.pid}/io", encoding="ascii") as file:
            fields = dict(line.split(": ") for line in file)
        return int(fields["syscr"]), int(fields["syscw"])

    def is_stopped(self):
        for thread in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{thread}/stat", encoding="ascii") as file:
                if file.read().rsplit(")", 1)[1].split()[0] != "T":
                    return False
        return True

    def stop(self):
        os.kill(self.pid, signal.SIGSTOP)
        wait_for("the server to stop", self.is_stopped)

    def resume(self):
        os.kill(self.pid, signal.SIGCONT)

    def load(self):
        """Begin to drive it."""
        return subprocess.Popen(["redis-benchmark", "-p", str(self.port), "-t", "set,get", "-n", str(REQUESTS),
                                 "-c", "10", "-q"], stdout=subprocess.DEVNULL)


def open_views():
    command = [KVIEW, "show", "-f", "json"]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    if shown.returncode:
        raise Failed(f"{' '.join(command)}: {shown.stderr.strip()}")
    return json.loads(shown.stdout)


class Trace:
    """kview run OBJECT --pid PID"""

    def __init__(self, obj, pid, folder):
        self.output = os.path.join(folder, os.path.basename(obj) + ".json")
        self.command = [KVIEW, "run", obj, "--pid", str(pid)]
        self.process = subprocess.Popen(self.command + ["--mode", "view", "-f", "json", "-o", self.output])
        wait_for("kview to attach", self.is_attached)

    def is_attached(self):
        if self.process.poll() is not None:
            raise Failed(f"{' '.join(self.command)}: exit status {self.process.returncode}")
        return any(view["owner"] == self.process.pid and view["members"] for view in open_views())

    def end(self):
        """The result kview prints last."""
        self.process.send_signal(signal.SIGINT)
        if self.process.wait(PATIENCE):
            raise Failed(f"{' '.join(self.command)}: exit status {self.process.returncode}")
        with open(self.output, encoding="utf-8") as file:
            return json.loads(file.readlines()[-1])


def entries(result, name):
    return next(a_map for a_map in result["maps"] if a_map["name"] == name)["entries"]


def system_call_names():
    with open(NUMBERS, encoding="ascii") as file:
        found = re.findall(r"#define __NR_(\w+) (\d+)", file.read())
    return {int(number): name for name, number in found}


def show_time(ns):
    for unit, size in (("s", 1e9), ("ms", 1e6)):
        if ns >= size:
            return f"{ns / size:.1f} {unit}"
    return f"{ns / 1e3:.1f} us"


def show_histogram(slots):
    """Calls by how long they took, from 1 us (2^10 ns) to 1 s (2^30 ns)."""
    shades = " .:-=+*#%@"
    merged = [sum(slots[:11])] + slots[11:30] + [sum(slots[30:])]
    top = max(merged)
    return "".join(shades[-(-count * (len(shades) - 1) // top)] if top else " " for count in merged)


def show_calls(calls):
    say(f"\n      {'system call':<16}{'count':>8}{'mean':>12}{'longest':>12}    1 us     1 ms      1 s")
    for name, call in sorted(calls.items(), key=lambda item: -item[1]["count"]):
        mean = call["total_ns"] / call["count"] if call["count"] else 0
        say(f"      {name:<16}{call['count']:>8,}{show_time(mean):>12}{show_time(call['max_ns']):>12}"
            f"    {show_histogram(call['log2_ns'])}")


class Checks:
    """What is claimed, and whether it is so."""

    def __init__(self):
        self.failed = False

    def check(self, claim, holds):
        say(f"      {'ok     ' if holds else 'NOT SO '} {claim}")
        self.failed |= not holds


def named_calls(result):
    names = system_call_names()
    return {names.get(entry["key"], f"number {entry['key']}"): entry["value"] for entry in entries(result, "calls")}


def total(calls, names):
    return sum(call["count"] for name, call in calls.items() if name in names)


def differences(before, after):
    return [new - old for old, new in zip(before, after)]


def drive(traced, other, folder):
    """Trace one server while both work; returns what was seen of them and what they did."""
    traced.stop()
    before = [traced.calls(), other.calls()]
    traces = [Trace(obj, traced.pid, folder) for obj in (SYSCOUNT, KPROBES)]
    say(f"      attached: {' '.join(traces[0].command)}")
    traced.resume()
    say(f"      redis-benchmark drives both: {REQUESTS:,} SETs and {REQUESTS:,} GETs each")
    for load in [traced.load(), other.load()]:
        if load.wait():
            raise Failed("redis-benchmark failed")
    commands = [traced.commands(), other.commands()]
    traced.stop()
    after = [traced.calls(), other.calls()]
    results = [trace.end() for trace in traces]
    traced.resume()
    return results, commands, [differences(*pair) for pair in zip(before, after)]


def show_proof(traced, other, commands, done, counted):
    rows = [
        ("commands executed, by Redis's account", *commands),
        ("read calls made, by the kernel's account", done[0][0], done[1][0]),
        ("read calls counted by the program", counted[0], counted[0] - done[0][0]),
        ("write calls made, by the kernel's account", done[0][1], done[1][1]),
        ("write calls counted by the program", counted[1], counted[1] - done[0][1]),
    ]
    say(f"\n      {'':<44}{'traced':>16}{'other':>16}")
    say(f"      {'':<44}{'pid ' + str(traced.pid):>16}{'pid ' + str(other.pid):>16}")
    for label, *values in rows:
        say(f"      {label:<44}{values[0]:>16,}{values[1]:>16,}")
    say()


def check_all(results, done, counted, traced):
    checks = Checks()
    programs = [program for result in results for program in result["programs"]]
    seen = {entry["key"] for entry in entries(results[1], "reads")}
    calls = named_calls(results[0])

    checks.check("every read and write call of the traced server was counted, and none of the other's",
                 counted == done[0] and min(done[1]) > REQUESTS)
    checks.check(f"a program at vfs_read() that notes who comes by has seen process {traced.pid} only",
                 seen == {traced.pid})
    checks.check("programs ran through a view, and missed nothing",
                 all(result["mode"] == "view" for result in results)
                 and not any(program["missed"] for program in programs))
    checks.check("the counts are those of the hooks: each system call entered was counted once",
                 results[0]["programs"][0]["runs"] == sum(call["count"] for call in calls.values()))
    checks.check("nothing is left attached", open_views() == [])
    return not checks.failed


def run(folder):
    say("\n[2/5] Starting two real servers, both Debian's redis-server")
    servers = [Server(7001, folder), Server(7002, folder)]
    traced, other = servers
    say(f"      port {traced.port}: process {traced.pid}; port {other.port}: process {other.pid}")
    say(f"\n[3/5] Tracing process {traced.pid} alone, with an ordinary BPF object in a view of the kernel")
    results, commands, done = drive(traced, other, folder)
    say(f"\n[4/5] What the program saw: the system calls of process {traced.pid}")
    calls = named_calls(results[0])
    counted = [total(calls, READS), total(calls, WRITES)]
    show_calls(calls)
    show_proof(traced, other, commands, done, counted)
    for server in servers:
        server.process.kill()
    return check_all(results, done, counted, traced)


def main():
    folder = tempfile.mkdtemp(dir="/dev/shm")
    try:
        return 0 if run(folder) else 1
    except Failed as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


sys.exit(main())
