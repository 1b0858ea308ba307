#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What kview-monitord costs: nginx under wrk, watched by the default probes, by those that Performance Co-Pilot's users
want, and by the default ones and websocket; a neighbour that is not watched; a WebSocket server. With --peers also what
others cost that tell something like that (bench/peers.py).

Runs in a VM with one CPU whose clock counts instructions, one in a nanosecond (make bench-monitor): time the servers'
cgroups have used is what they have executed. One JSON line for each measurement goes to the file that is named. Rounds
alternate, so that what drifts drifts for all. It fails when the daemon has counted other requests or frames than those
that were made.
"""
import argparse
import collections
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

import peers

MONITORD = "build/monitor/daemon/kview-monitord"
METRICS = "http://127.0.0.1:9464/metrics"
PORTS = {"watched": 8080, "neighbour": 8081, "frames": 8082}
NGINX = ("watched", "neighbour")
CONNECTIONS = 4
FRAMES = 2000
DEFAULTS = "cpu: , memory: , block: , tcp: , http: , shield: "
# Probes by case, and which servers are measured; None: those the daemon has when nothing is said.
CASES = {
    "monitored": (None, ("watched", "neighbour", "frames")),
    "pmda": ("cpu: , memory: , tcp: ", ("watched",)),
    "websocket": (DEFAULTS + ", websocket: ", ("watched", "frames")),
}
# Sessions, run queue and block devices, as the probes tcp, cpu and block have them; of everybody.
SCRIPTS = ["/usr/sbin/tcplife.bt", "/usr/sbin/runqlat.bt", "/usr/sbin/biolatency.bt"]
PEERS = {
    "bpftrace": lambda: peers.Scripts(*SCRIPTS),
    "bpftrace http": lambda: peers.Scripts("bench/http.bt"),
    "pmdabpf": peers.Pmdabpf,
}


def start_nginx(folder, name):
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
                server {{ listen 127.0.0.1:{PORTS[name]}; root {root}; }}
            }}""")
    return start(name, "/usr/sbin/nginx", "-c", f"{root}/nginx.conf")


def start(name, *command):
    cgroup = f"/sys/fs/cgroup/bench-{name}"
    os.makedirs(cgroup, exist_ok=True)

    def join():
        with open(f"{cgroup}/cgroup.procs", "w") as out:
            out.write(str(os.getpid()))

    return subprocess.Popen(command, preexec_fn=join)


def wait_for(url):
    for _ in range(600):
        try:
            return urllib.request.urlopen(url, timeout=10).read().decode()
        except OSError:
            time.sleep(0.1)
    sys.exit(f"bench/monitor.py: {url} does not answer")


def wrk(port, seconds):
    out = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", f"http://127.0.0.1:{port}/index.html"],
                         check=True, capture_output=True, text=True).stdout
    return {"requests": int(re.search(r"(\d+) requests in", out)[1]),
            "requests_per_s": float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])}


def frames(port):
    took = subprocess.run(["bench/frames.py", "load", str(port), str(FRAMES)], check=True, capture_output=True,
                          text=True).stdout
    return {"requests": FRAMES, "requests_per_s": round(FRAMES / float(took), 2)}


def value(text, name, label=""):
    """The sum of its series that have the label."""
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
               if re.match(name + r"[{ ]", line) and label in line)


def programs(text):
    """What each of the daemon's programs has taken, in nanoseconds."""
    found = re.findall(r'kview_monitor_program_seconds_total\{program="(\w+)"\} ([\d.e+-]+)', text)
    return {name: float(seconds) * 1e9 for name, seconds in found}


class Monitord:
    """The daemon, for as long as the block lasts."""

    def __init__(self, folder, probes):
        self.path = f"{folder}/monitor.yaml"
        with open(self.path, "w") as out:
            out.write("targets: [{name: web, cgroup: bench-watched}, {name: frames, cgroup: bench-frames}]\n"
                      "outputs: {prometheus: {listen: '127.0.0.1:9464'}}\n")
            if probes:
                out.write(f"probes: {{{probes}}}\n")

    def __enter__(self):
        self.process = subprocess.Popen([MONITORD, self.path])
        wait_for(METRICS)
        return self

    def processes(self):
        return [self.process.pid] + peers.children(self.process.pid)

    def __exit__(self, *_):
        self.process.terminate()
        if self.process.wait():
            sys.exit("bench/monitor.py: kview-monitord failed")


def used(which):
    """Nanoseconds a server's processes have run for, by their cgroup."""
    with open(f"/sys/fs/cgroup/bench-{which}/cpu.stat") as stat:
        return 1000 * int(re.search(r"usage_usec (\d+)", stat.read())[1])


def load(case, which, seconds):
    """What the server's cgroup has used for each request, and what its load tool tells."""
    used_before = used(which)
    row = {"benchmark": "monitor", "case": case, "server": which, "kernel": os.uname().release}
    row.update(frames(PORTS[which]) if which == "frames" else wrk(PORTS[which], seconds))
    row["instructions_per_request"] = round((used(which) - used_before) / row["requests"])
    return row


def measure(case, which, seconds, watcher=None):
    """The same, and what those take that watch it."""
    pids = watcher.processes() if watcher else []
    ran = sum(map(peers.ran, pids))
    before = time.monotonic()
    row = load(case, which, seconds)
    if watcher:
        row["cpu_percent"] = round((sum(map(peers.ran, pids)) - ran) / 1e7 / (time.monotonic() - before), 3)
        row["resident_bytes_of"] = collections.Counter()
        for name, size in map(peers.resident, pids):
            row["resident_bytes_of"][name] += size
    return row


def report(row):
    print(json.dumps(row), flush=True)
    return row


def check(row, before, after):
    """What the daemon has counted is what was asked for and answered: of wrk's requests one for each connection may be
    under way when it ends."""
    def more(name, label):
        return int(value(after, name, label) - value(before, name, label))

    if row["server"] == "frames":
        row["frames_counted"] = more("kview_websocket_frames_total", 'opcode="binary"')
        row["right"] = row["frames_counted"] == 2 * row["requests"]
    else:
        row["requests_counted"] = more("kview_http_request_seconds_count", 'target="web"')
        row["right"] = row["requests"] <= row["requests_counted"] <= row["requests"] + CONNECTIONS


def is_counted(case, which):
    return case == "websocket" or (case == "monitored" and which == "watched")


def measure_monitord(case, which, seconds, daemon):
    before = wait_for(METRICS)
    row = measure(case, which, seconds, daemon)
    after = wait_for(METRICS)
    if which in NGINX: # the frames are gone too soon
        row["cpu_of_daemon_percent"] = round(100 * (value(after, "kview_monitor_cpu_seconds_total") -
                                                    value(before, "kview_monitor_cpu_seconds_total")) / seconds, 3)
    row["resident_bytes"] = int(value(after, "kview_monitor_resident_bytes"))
    earlier = programs(before)
    row["instructions_of_programs"] = {name: round((ns - earlier.get(name, 0)) / row["requests"])
                                       for name, ns in programs(after).items()
                                       if ns - earlier.get(name, 0) > row["requests"]}
    row["lost"] = int(value(after, "kview_monitor_lost_total"))
    if is_counted(case, which):
        check(row, before, after)
    return report(row)


def compare(rows, case, which):
    """One case beside the servers alone: the medians of the rounds."""
    def median(of, key):
        found = [row[key] for row in rows if row["case"] == of and row["server"] == which]
        return round(statistics.median(found), 3)

    row = {"benchmark": "monitor", "case": f"{case} to bare", "server": which, "kernel": os.uname().release,
           "percent_of_throughput": round(100 * median(case, "requests_per_s") / median("bare", "requests_per_s"), 2),
           "more_instructions_per_request": median(case, "instructions_per_request") -
                                            median("bare", "instructions_per_request"),
           "cpu_percent": median(case, "cpu_percent")}
    row["resident_bytes_of"] = next(row["resident_bytes_of"] for row in reversed(rows)
                                    if row["case"] == case and row["server"] == which)
    if case in CASES:
        row["resident_bytes"] = median(case, "resident_bytes")
        if which in NGINX:
            row["cpu_of_daemon_percent"] = median(case, "cpu_of_daemon_percent")
    return report(row)


def run_rounds(folder, rounds, seconds):
    for _ in range(rounds):
        for which in PORTS:
            yield report(measure("bare", which, seconds))
        for case, (probes, servers) in CASES.items():
            with Monitord(folder, probes) as daemon:
                for which in servers:
                    yield measure_monitord(case, which, seconds, daemon)


def run_peers(seconds):
    """They take long to begin: once."""
    for case, peer in PEERS.items():
        with peer() as watcher:
            for which in NGINX:
                yield report(measure(case, which, seconds, watcher))


def start_servers(folder):
    servers = [start_nginx(folder, name) for name in NGINX]
    servers.append(start("frames", "bench/frames.py", "serve", str(PORTS["frames"])))
    for name in NGINX:
        wait_for(f"http://127.0.0.1:{PORTS[name]}/index.html")
        wrk(PORTS[name], 1)
    return servers


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--peers", action="store_true", help="what others cost, too: bpftrace's scripts, PCP's agent")
    args = parser.parse_args()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        servers = start_servers(folder)
        rows = list(run_rounds(folder, args.rounds, args.seconds))
        if args.peers:
            rows += run_peers(args.seconds)
        for server in servers:
            server.terminate()
            server.wait()
    wrong = [row for row in rows if not row.get("right", True)]
    rows += [compare(rows, case, which) for case, (_, servers) in CASES.items() for which in servers]
    rows += [compare(rows, case, which) for case in PEERS if args.peers for which in NGINX]
    with open(args.output, "a") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)
    if wrong:
        sys.exit(f"bench/monitor.py: the daemon has counted wrongly: {wrong}")


main()
