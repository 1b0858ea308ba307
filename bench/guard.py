#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the guard of the whole machine costs what runs there: redis-server under redis-benchmark, and make with a C
compiler.

Runs in a VM with one CPU whose clock counts instructions, one in a nanosecond (make bench-guard): time that a cgroup
has used is what it has executed. One JSON line for each measurement goes to the file that is named. All programs are
learned first, and normal; then rounds with the guard and without alternate, so that what drifts drifts for all.
"""
import argparse
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

KVIEW = "build/cli/kview"
PORT = 6399
REQUESTS = 3000
CLIENTS = 10
SOURCES = ("cli/loop", "cli/group", "guard/pids", "guard/deadman")
MAKEFILE = """
all: {objects}
{objects}: %.o: {top}/%.c
\tgcc -std=gnu11 -D_GNU_SOURCE -O1 -I{top} -I{top}/include -c -o $@ $<
"""


def cgroup(name):
    path = f"/sys/fs/cgroup/bench-{name}"
    os.makedirs(path, exist_ok=True)

    def join():
        with open(f"{path}/cgroup.procs", "w") as out:
            out.write(str(os.getpid()))

    return join


def used(name):
    """What the processes of a cgroup have executed, in the kernel, too."""
    with open(f"/sys/fs/cgroup/bench-{name}/cpu.stat") as stat:
        return 1000 * int(re.search(r"usage_usec (\d+)", stat.read())[1])


def patiently(what, *command):
    for _ in range(1200):
        done = subprocess.run(command, capture_output=True, text=True)
        if not done.returncode:
            return done.stdout
        time.sleep(0.1)
    sys.exit(f"bench/guard.py: {what}: {done.stderr}")


class Guard:
    """kview guard serve --all, in the scope of a with statement."""

    def __init__(self, folder):
        self.socket = f"{folder}/guard.sock"
        self.profiles = f"{folder}/guard.db"
        self.log = f"{folder}/guard.log"

    def __enter__(self):
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([KVIEW, "guard", "serve", "--all", "--socket", self.socket, "--profiles",
                                             self.profiles], stdout=log, stderr=log)
        patiently("the guard does not answer", KVIEW, "guard", "status", "--socket", self.socket)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        if self.process.wait():
            with open(self.log) as log:
                sys.exit("bench/guard.py: kview guard serve failed: " + log.read())

    def ask(self, *words):
        done = subprocess.run([KVIEW, "guard", words[0], "--socket", self.socket, *words[1:]], check=True,
                              capture_output=True, text=True)
        return done.stdout

    def profile_list(self):
        return json.loads(self.ask("profiles", "-f", "json"))["profiles"]

    def accept_all(self):
        for profile in self.profile_list():
            self.ask("normalize", str(profile["number"]))

    def seen(self, program):
        return sum(profile["calls"] for profile in self.profile_list()
                   if os.path.basename(profile["program"]) == program)


def redis():
    """One run of redis-benchmark: the server's instructions for a request."""
    before = used("redis")
    out = subprocess.run(["redis-benchmark", "-p", str(PORT), "-t", "set,get", "-n", str(REQUESTS), "-c", str(CLIENTS),
                          "-q"], check=True, capture_output=True, text=True).stdout
    rates = [float(rate) for rate in re.findall(r"([\d.]+) requests per second", out)]
    return {"requests_per_s": round(statistics.mean(rates), 1),
            "instructions": round((used("redis") - before) / len(rates) / REQUESTS)}


def make(folder):
    """One build from scratch, of a few files of this repository. How long it takes is up to the host, which has the
    files; what it executes is not."""
    subprocess.run(["make", "-s", "-C", folder, "clean"], check=True)
    before = used("make")
    subprocess.run(["make", "-s", "-C", folder], check=True, preexec_fn=cgroup("make"))
    return {"instructions": used("make") - before}


def prepare_make(folder):
    for source in SOURCES:
        os.makedirs(os.path.dirname(f"{folder}/{source}"), exist_ok=True)
    with open(f"{folder}/Makefile", "w") as out:
        out.write(MAKEFILE.format(objects=" ".join(f"{source}.o" for source in SOURCES), top=os.getcwd()))
        out.write("clean:\n\trm -f */*.o\n")
    cgroup("make")


@contextlib.contextmanager
def redis_server(folder):
    server = subprocess.Popen(["redis-server", "--port", str(PORT), "--save", "", "--daemonize", "no"],
                              stdout=subprocess.DEVNULL, cwd=folder, preexec_fn=cgroup("redis"))
    patiently("redis-server does not answer", "redis-cli", "-p", str(PORT), "ping")
    yield
    server.terminate()
    server.wait()


def file_name(command):
    """Of what a command's name may be but a link to: profiles belong to files."""
    return os.path.basename(os.path.realpath(shutil.which(command)))


def measure(case, folder, guard=None):
    rows = []
    for workload, run, program in (("redis", redis, file_name("redis-server")), ("make", lambda: make(folder), "cc1")):
        before = guard.seen(program) if guard else 0
        row = {"method": "guard-load", "case": case, "workload": workload, "kernel": os.uname().release, **run()}
        if guard:
            row["calls_of"] = {program: guard.seen(program) - before}
            status = json.loads(guard.ask("status", "-f", "json"))
            row["lost_events"] = status["counters"]["lost_events"]
        print(json.dumps(row), flush=True)
        rows.append(row)
    return rows


def compare(rows, workload):
    """The guard beside nothing: the medians of the rounds, as ratios."""
    def median(case, key):
        return statistics.median(row[key] for row in rows if row["case"] == case and row["workload"] == workload)

    keys = ("instructions", "requests_per_s") if workload == "redis" else ("instructions",)
    return {"method": "guard-load", "case": "guarded to bare", "workload": workload, "kernel": os.uname().release,
            "rounds": sum(row["case"] == "bare" and row["workload"] == workload for row in rows),
            **{key: round(median("guarded", key) / median("bare", key), 4) for key in keys}}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    rows = []
    with tempfile.TemporaryDirectory() as folder, redis_server(folder):
        prepare_make(folder)
        guard = Guard(folder)
        with guard:
            measure("training", folder, guard)
            guard.accept_all()
        for _ in range(args.rounds):
            rows += measure("bare", folder)
            with guard:
                rows += measure("guarded", folder, guard)
    for workload in ("redis", "make"):
        row = compare(rows, workload)
        print(json.dumps(row))
        rows.append(row)
    if not all(sum(row["calls_of"].values()) for row in rows if row["case"] == "guarded"):
        sys.exit("bench/guard.py: the guard has not seen what was measured")
    with open(args.output, "a") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)


main()
