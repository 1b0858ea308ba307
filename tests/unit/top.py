#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""kview top against a server that says what kview-monitord would: usage top.py KVIEW"""
import http.server
import json
import os
import pty
import re
import select
import subprocess
import sys
import threading
import time

KVIEW = sys.argv[1]
DEADLINE = 60


class Server(http.server.ThreadingHTTPServer):
    """The n-th answer is of second 1000 + 2 n; in each of these two seconds the same happens."""
    answers = 0
    broken = None


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.answers += 1
        if self.path != "/metrics.json":
            self.send_error(404)
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(server.broken or lines(server.answers).encode())

    def log_message(self, *args):
        pass


def lines(n):
    told = []

    def tell(metric, labels, **more):
        told.append(json.dumps({"time": 1000.0 + 2 * n, "metric": metric, "labels": labels, **more}))

    for name, share in (("web", 3), ("cache", 1)):
        target = {"target": name}
        tell("kview_cpu_seconds", target, count=5 * n, sum=0.5 * share * n, buckets={})
        tell("kview_processes", target, value=2 * share)
        tell("kview_memory_resident_bytes", target, value=1 << 20)
        tell("kview_page_faults_minor_total", target, value=20 * n)
        tell("kview_page_faults_major_total", target, value=2 * n)
        tell("kview_tcp_sent_bytes_total", target, value=4096 * n)
    web = {"target": "web", "method": "GET", "path": "/"}
    tell("kview_http_request_seconds", {**web, "status": "200"}, count=90 * n, sum=1.0 * n,
         buckets={"0.001048576": 80 * n, "0.002097152": 10 * n})
    # A series that comes later.
    if n > 1:
        tell("kview_http_request_seconds", {**web, "status": "503"}, count=7 * (n - 1), sum=1.0 * n,
             buckets={"+Inf": 7 * (n - 1)})
        tell("kview_http_request_seconds", {**web, "status": "none"}, count=3 * (n - 1), sum=1.0 * n,
             buckets={"+Inf": 3 * (n - 1)})
    tell("kview_monitor_series", {}, value=7)
    return "\n".join(told) + "\n"


def serve():
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"127.0.0.1:{server.server_port}"


def run(address, *options, status=0):
    done = subprocess.run([KVIEW, "top", "-a", address, "-d", "0.1", *options], capture_output=True, text=True,
                          timeout=DEADLINE, stdin=subprocess.DEVNULL)
    assert done.returncode == status, done
    if status:
        assert done.stderr.count("\n") == 1 and done.stderr.startswith("kview: top: "), done
    return done.stderr if status else done.stdout


def tables(address):
    frames = run(address, "-b", "-n", "2").split("\n\n")
    assert len(frames) == 2, frames
    rows = [line.split() for line in frames[0].splitlines()]
    assert rows[0][:3] == ["TARGET", "PROCS", "CPU%"], rows
    assert [row[0] for row in rows] == ["TARGET", "web", "cache"], rows
    assert rows[1] == "web 6 75.0 - - 1.00 MiB 11.0 50.0 10.0 852 us 17.2 s - - 2.00 KiB - -".split(), rows
    assert rows[2] == "cache 2 25.0 - - 1.00 MiB 11.0 - - - - - - 2.00 KiB - -".split(), rows
    assert frames[1].strip() == frames[0].strip(), frames
    by_name = run(address, "-b", "-n", "1", "-s", "Target").splitlines()
    assert [line.split()[0] for line in by_name] == ["TARGET", "cache", "web"], by_name


def objects(address):
    told = [json.loads(line) for line in run(address, "-f", "json", "-n", "2", "--sort", "cpu_percent").splitlines()]
    assert len(told) == 2 and told[0]["seconds"] == 2, told
    web, cache = told[1]["targets"]
    assert web["target"] == "web" and web["requests_per_s"] == 50 and web["errors_percent"] == 10, web
    assert abs(web["p50_s"] - 0.000851968) < 1e-9 and 17 < web["p99_s"] < 18, web
    assert "requests_per_s" not in cache and cache["faults_per_s"] == 11, cache


def refusals(server, address):
    assert "HOST:PORT" in run("nowhere", "-b", status=1)
    assert "no terminal" in run(address, status=1)
    server.broken = b"no JSON\n"
    assert "no metrics of kview-monitord" in run(address, "-b", status=1)
    server.broken = b'{"metric": 1}\n'
    assert "no metrics of kview-monitord" in run(address, "-b", status=1)
    server.broken = None


class Screen:
    """A terminal of 60 columns, of which everything is kept that was drawn last."""

    def __init__(self, address):
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.execv(KVIEW, [KVIEW, "top", "-a", address, "-d", "0.1"])
        self.text = ""

    def until(self, pattern):
        end = time.monotonic() + DEADLINE
        while not re.search(pattern, self.text.split("\033[H")[-1], re.S):
            assert time.monotonic() < end, (pattern, self.text[-2000:])
            if select.select([self.fd], [], [], 1)[0]:
                self.text += os.read(self.fd, 65536).decode()

    def press(self, keys):
        os.write(self.fd, keys.encode())

    def end(self):
        self.press("q")
        try:
            while True:
                self.text += os.read(self.fd, 65536).decode()
        except OSError:
            pass
        assert os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1]) == 0


def screen(server, address):
    shown = Screen(address)
    # What nobody has told anything of takes no room there.
    shown.until(r"2 targets by CPU%.*TARGET +PROCS +CPU% +RSS +FAULT/S .*web +6 +75\.0 +1\.00 MiB.*cache")
    shown.press(">")
    shown.until(r"by QUEUE%.*CPU% +QUEUE% +RSS")
    shown.press("<")
    shown.press("<<")
    shown.until(r"by TARGET .*cache.*web")
    shown.press("r")
    shown.until(r"by TARGET, from the least.*web.*cache")
    server.broken = b"?"
    shown.until(r"from the least.*cache.*no metrics of kview-monitord")
    server.broken = None
    shown.until(r"from the least.*web.*cache +2 +25\.0[^\n]*\n\033\[J")
    shown.end()
    assert "\033[?1049h" in shown.text and shown.text.rstrip().endswith("\033[?1049l"), shown.text[-200:]


def main():
    server, address = serve()
    tables(address)
    objects(address)
    refusals(server, address)
    screen(server, address)


main()
