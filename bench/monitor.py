#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What kview-monitord costs: nginx under wrk, watched by the default probes, and a neighbour that is not; with --peers
also what bpftrace's scripts cost that tell something like that.

Runs in a VM with one CPU whose clock counts instructions, one in a nanosecond (make bench-monitor): time the servers'
cgroups have used is what they have executed. One JSON line for each measurement goes to the file that is named. Rounds
alternate, so that what drifts drifts for all.
"""
import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

MONITORD = "build/monitor/daemon/kview-monitord"
METRICS = "http://127.0.0.1:9464/metrics"
CASES = ("bare", "monitored", "bpftrace")
PORTS = {"watched": 8080, "neighbour": 8081}
# Sessions, run queue and block devices, as the probes tcp, cpu and block have them; of everybody.
SCRIPTS = ("tcplife.bt", "runqlat.bt", "biolatency.bt")


def start_nginx(folder, name, port):
    """A server of its own for each, in a cgroup of its own."""
    root = f"{folder}/{name}"
    os.makedirs(root)
    with open(f"{root}/index.html", "w") as out:
        out.write("x" * 1024)
    with open(f"{root}/nginx.conf", "w") as out:
        out.write(f"""
            user root; worker_processes 1; daemon off; error_log {root}/error.log; pid {root}/pid;
            events {{}}
            http {{
                access_log off; keepalive_requests 1000000;
                server {{ listen 127.0.0.1:{port}; root {root}; }}
            }}""")
    cgroup = f"/sys/fs/cgroup/bench-{name}"
    os.makedirs(cgroup, exist_ok=True)

    def join():
        with open(f"{cgroup}/cgroup.procs", "w") as out:
            out.write(str(os.getpid()))

    return subprocess.Popen(["/usr/sbin/nginx", "-c", f"{root}/nginx.conf"], preexec_fn=join)


def wait_for(url):
    for _ in range(600):
        try:
            return urllib.request.urlopen(url, timeout=10).read().decode()
        except OSError:
            time.sleep(0.1)
    sys.exit(f"bench/monitor.py: {url} does not answer")


def wrk(port, seconds):
    out = subprocess.run(["wrk", "-t1", "-c4", f"-d{seconds}s", f"http://127.0.0.1:{port}/index.html"],
                         check=True, capture_output=True, text=True).stdout
    return {"requests": int(re.search(r"(\d+) requests in", out)[1]),
            "requests_per_s": float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])}


def value(text, name):
    found = [float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if re.match(name + r"[{ ]", line)]
    return sum(found) if found else None


def programs(text):
    """What each of the daemon's programs has taken, in nanoseconds."""
    found = re.findall(r'kview_monitor_program_seconds_total\{program="(\w+)"\} ([\d.e+-]+)', text)
    return {name: float(seconds) * 1e9 for name, seconds in found}


class Monitord:
    """The daemon, for as long as the block lasts."""

    def __init__(self, folder):
        self.path = f"{folder}/monitor.yaml"
        with open(self.path, "w") as out:
            out.write("targets: [{name: web, cgroup: bench-watched}]\n"
                      "outputs: {prometheus: {listen: '127.0.0.1:9464'}}\n")

    def __enter__(self):
        self.process = subprocess.Popen([MONITORD, self.path])
        wait_for(METRICS)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        if self.process.wait():
            sys.exit("bench/monitor.py: kview-monitord failed")


class Scripts:
    """bpftrace's scripts, each in a process of its own, attached as long as the block lasts."""

    def __init__(self, _):
        self.processes = []

    def __enter__(self):
        for script in SCRIPTS:
            process = subprocess.Popen([f"/usr/sbin/{script}"], stdout=subprocess.PIPE, text=True)
            self.processes.append(process)
            process.stdout.readline() # "Attaching 5 probes..."
        time.sleep(3)
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.send_signal(signal.SIGINT)
        for process in self.processes:
            process.stdout.read()
            if process.wait():
                sys.exit(f"bench/monitor.py: {process.args[0]} failed")


def used(which):
    """Nanoseconds a server's processes have run for, by their cgroup."""
    with open(f"/sys/fs/cgroup/bench-{which}/cpu.stat") as stat:
        return 1000 * int(re.search(r"usage_usec (\d+)", stat.read())[1])


def measure(case, which, seconds, before=None):
    used_before = used(which)
    row = wrk(PORTS[which], seconds)
    row["instructions_per_request"] = round((used(which) - used_before) / row["requests"])
    row.update(benchmark="monitor", case=case, server=which, kernel=os.uname().release)
    if before is not None:
        after = wait_for(METRICS)
        row["cpu_of_daemon_percent"] = round(100 * (value(after, "kview_monitor_cpu_seconds_total") -
                                                    value(before, "kview_monitor_cpu_seconds_total")) / seconds, 3)
        row["resident_bytes"] = int(value(after, "kview_monitor_resident_bytes"))
        earlier = programs(before)
        row["instructions_of_programs"] = {name: round((ns - earlier.get(name, 0)) / row["requests"])
                                           for name, ns in programs(after).items()
                                           if ns - earlier.get(name, 0) > row["requests"]}
        row["lost"] = int(value(after, "kview_monitor_lost_total"))
        if which == "watched":
            row["requests_counted"] = int((value(after, "kview_http_request_seconds_count") or 0) -
                                          (value(before, "kview_http_request_seconds_count") or 0))
    print(json.dumps(row), flush=True)
    return row


def compare(rows, case, which):
    """One case beside the servers alone: the medians of the rounds."""
    def median(of, key):
        return statistics.median(row[key] for row in rows if row["case"] == of and row["server"] == which)

    row = {"benchmark": "monitor", "case": f"{case} to bare", "server": which, "kernel": os.uname().release,
           "percent_of_throughput": round(100 * median(case, "requests_per_s") / median("bare", "requests_per_s"), 2),
           "more_instructions_per_request": median(case, "instructions_per_request") -
                                            median("bare", "instructions_per_request")}
    if case == "monitored":
        row["cpu_of_daemon_percent"] = median(case, "cpu_of_daemon_percent")
        row["resident_bytes"] = median(case, "resident_bytes")
    return row


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--peers", action="store_true", help="bpftrace's scripts, too")
    args = parser.parse_args()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        servers = [start_nginx(folder, name, port) for name, port in PORTS.items()]
        for port in PORTS.values():
            wait_for(f"http://127.0.0.1:{port}/index.html")
            wrk(port, 1)
        for _ in range(args.rounds):
            rows += [measure("bare", which, args.seconds) for which in PORTS]
            with Monitord(folder):
                rows += [measure("monitored", which, args.seconds, wait_for(METRICS)) for which in PORTS]
        # They take long to begin: once.
        if args.peers:
            with Scripts(folder):
                rows += [measure("bpftrace", which, args.seconds) for which in PORTS]
        for server in servers:
            server.terminate()
            server.wait()
    rows += [compare(rows, case, which) for case in CASES[:2 + args.peers] if case != "bare" for which in PORTS]
    with open(args.output, "a") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)
    for row in rows[-2 * (1 + args.peers):]:
        print(json.dumps(row))


main()
