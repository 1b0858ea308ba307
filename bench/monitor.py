#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What kview-monitord costs: nginx under wrk, watched by the default probes, and a neighbour that is not.

Runs in a VM whose clock counts instructions (make bench-monitor); one JSON line for each measurement goes to the file
that is named. Rounds alternate, so that what drifts drifts for all.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

MONITORD = "build/monitor/daemon/kview-monitord"
METRICS = "http://127.0.0.1:9464/metrics"
PORTS = {"watched": 8080, "neighbour": 8081}


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


def measure(case, which, seconds, before=None):
    row = wrk(PORTS[which], seconds)
    row.update(benchmark="monitor", case=case, server=which, kernel=os.uname().release)
    if before is not None:
        after = wait_for(METRICS)
        row["cpu_of_daemon_percent"] = round(100 * (value(after, "kview_monitor_cpu_seconds_total") -
                                                    value(before, "kview_monitor_cpu_seconds_total")) / seconds, 3)
        row["resident_bytes"] = int(value(after, "kview_monitor_resident_bytes"))
        row["lost"] = int(value(after, "kview_monitor_lost_total"))
        if which == "watched":
            row["requests_counted"] = int((value(after, "kview_http_request_seconds_count") or 0) -
                                          (value(before, "kview_http_request_seconds_count") or 0))
    return row


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2)
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
        for server in servers:
            server.terminate()
            server.wait()
    for which in PORTS:
        rate = {case: sum(row["requests_per_s"] for row in rows if row["case"] == case and row["server"] == which)
                for case in ("bare", "monitored")}
        rows.append({"benchmark": "monitor", "case": "ratio", "server": which, "kernel": os.uname().release,
                     "percent_of_bare": round(100 * rate["monitored"] / rate["bare"], 2)})
    with open(args.output, "a") as out:
        for row in rows:
            print(json.dumps(row))
            print(json.dumps(row), file=out)


main()
