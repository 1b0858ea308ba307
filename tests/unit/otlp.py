#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""kview-push against a server for OTLP, which reads what comes by the numbers of the specification, and refuses some.

usage: otlp.py MONITORD_METRICS KVIEW_PUSH
"""
import atexit
import gzip
import http.server
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request

METRICS, PUSH = sys.argv[1:3]
DEADLINE = 60 * int(os.environ.get("KVIEW_SLOW", "1"))


# --- protobuf ---------------------------------------------------------------------------------------------------------

def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7f) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at


def fields(data):
    """A message as {number: [values]}: integers, 8 bytes, or bytes."""
    found, at = {}, 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 1:
            value, at = data[at:at + 8], at + 8
        elif kind == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
            assert len(value) == size, "a field ends too late"
        else:
            raise AssertionError(f"wire type {kind}")
        found.setdefault(key >> 3, []).append(value)
    return found


def fixed(value):
    return struct.unpack("<Q", value)[0]


def double(value):
    return struct.unpack("<d", value)[0]


def numbers(values, unpack):
    """A packed repeated field."""
    data = b"".join(values)
    return [unpack(data[i:i + 8]) for i in range(0, len(data), 8)]


def attributes(values):
    found = {}
    for value in values:
        pair = fields(value)
        found[pair[1][0].decode()] = fields(pair[2][0])[1][0].decode()
    return found


def number_point(data):
    point = fields(data)
    return {"start": fixed(point.get(2, [bytes(8)])[0]), "time": fixed(point[3][0]),
            "value": double(point[4][0]) if 4 in point else fixed(point[6][0]), "whole": 6 in point,
            "attributes": attributes(point.get(7, []))}


def histogram_point(data):
    point = fields(data)
    return {"start": fixed(point[2][0]), "time": fixed(point[3][0]), "count": fixed(point[4][0]),
            "sum": double(point[5][0]), "counts": numbers(point[6], fixed), "bounds": numbers(point[7], double),
            "attributes": attributes(point.get(9, []))}


def decode(data):
    """{resource attributes}, {metric: its description} of an ExportMetricsServiceRequest."""
    resources = fields(data)
    assert list(resources) == [1] and len(resources[1]) == 1
    resource = fields(resources[1][0])
    found = {}
    for scope in resource[2]:
        for data in fields(scope)[2]:
            metric = fields(data)
            kind = [number for number in metric if number in (5, 7, 9, 10, 11)]
            assert len(kind) == 1
            value = fields(metric[kind[0]][0])
            name = metric[1][0].decode()
            assert name not in found, f"{name} is there twice"
            found[name] = {"unit": metric[3][0].decode(), "help": metric[2][0].decode(),
                           "kind": {5: "gauge", 7: "sum", 9: "histogram"}[kind[0]],
                           "temporality": value.get(2, [0])[0], "monotonic": value.get(3, [0])[0],
                           "points": [(histogram_point if kind[0] == 9 else number_point)(point) for point in value[1]]}
    return attributes(fields(resource[1][0])[1]), found


# --- the server -------------------------------------------------------------------------------------------------------

class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answers):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = answers  # (status, headers, body), of the first requests; after them all is well
        self.requests = []  # (status that was answered, headers, body)
        self.url = f"http://127.0.0.1:{self.server_port}/v1/metrics"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def taken(self):
        return [request for request in self.requests if request[0] == 200]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        number = len(self.server.requests)
        status, headers, answer = self.server.answers[number] if number < len(self.server.answers) else (200, {}, b"")
        self.server.requests.append((status, dict(self.headers), body, self.path))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, condition):
    until = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(0.05)


class Sender:
    def __init__(self, url, every_ms=200, compression="gzip", headers="", timeout_ms=30000):
        self.port = free_port()
        self.process = subprocess.Popen([METRICS, str(self.port), "otlp", url, PUSH, str(every_ms), str(timeout_ms),
                                         compression, headers], stderr=subprocess.PIPE, text=True)
        atexit.register(self.process.kill)
        wait_for("its endpoint", self.is_there)

    def is_there(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def own(self, name):
        """What the sender counts of itself."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        return float([line for line in lines if line.startswith(name + "{")][0].split()[-1])

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        _, text = self.process.communicate(timeout=DEADLINE)
        assert self.process.returncode == 0, text
        return text


# --- what is to be true -----------------------------------------------------------------------------------------------

def check_request(request, before_ns):
    _, headers, body, path = request
    assert path == "/v1/metrics"
    assert headers["Content-Type"] == "application/x-protobuf"
    resource, metrics = decode(gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body)
    assert resource["service.name"] == "kview-monitord" and resource["host.name"] == socket.gethostname(), resource
    sent, busy = metrics["kview_tcp_sent_bytes_total"], metrics["kview_monitor_cpu_seconds_total"]
    times = sent["points"][0]["value"] // 1000
    assert times >= 1 and sent["points"][0]["value"] == times * 1000
    assert (sent["kind"], sent["unit"], sent["help"], sent["temporality"], sent["monotonic"]) == \
        ("sum", "By", "Bytes.", 2, 1), sent
    assert sent["points"][0]["whole"] and sent["points"][0]["attributes"] == {"target": "web"}
    assert (busy["unit"], busy["points"][0]["attributes"]) == ("s", {}), busy
    assert abs(busy["points"][0]["value"] - times * 0.25) < 1e-9, busy
    sessions = metrics["kview_tcp_sessions"]
    assert (sessions["kind"], sessions["unit"], sessions["points"][0]["value"]) == ("gauge", "1", 7), sessions
    took = metrics["kview_http_request_seconds"]
    point = took["points"][0]
    assert (took["kind"], took["unit"], took["temporality"]) == ("histogram", "s", 2), took
    assert point["attributes"] == {"target": "web", "path": '/a"b\\c\nd'}, point
    assert point["count"] == sum(point["counts"]) == times * 6
    assert abs(point["sum"] - times * 0.055) < 1e-9
    assert len(point["counts"]) == len(point["bounds"]) + 1 and point["bounds"] == sorted(point["bounds"])
    for value, count in ((0.003, 5), (0.04, 1)):
        slot = sum(bound < value for bound in point["bounds"])
        assert point["counts"][slot] == count * times, (value, point)
    for metric in (sent, took):
        one = metric["points"][0]
        assert before_ns <= one["start"] <= one["time"] <= time.time_ns(), one
    return sum(len(metric["points"]) for metric in metrics.values()), times, point["start"]


def check_all_is_told():
    """Each moment comes once and in order; the last one when it ends."""
    before = time.time_ns()
    server = Server([])
    sender = Sender(server.url, headers="Authorization: Bearer of tidings\nX-Tenant: one\n")
    wait_for("five requests", lambda: len(server.requests) >= 5)
    wait_for("what was sent to be counted", lambda: sender.own("kview_monitor_push_points_total") > 0)
    assert sender.own("kview_monitor_push_resident_bytes") > 1e6
    assert sender.own("kview_monitor_push_bytes_total") > 100
    asked = len(server.requests)
    text = sender.end()
    assert not text, text
    assert len(server.requests) > asked
    assert server.requests[0][1]["Authorization"] == "Bearer of tidings" and server.requests[0][1]["X-Tenant"] == "one"
    checked = [check_request(request, before) for request in server.requests]
    assert [times for _, times, _ in checked] == sorted({times for _, times, _ in checked}), checked
    assert len({start for _, _, start in checked}) == 1, "the start is another one each time"


def check_later():
    """What cannot be taken now is kept, and taken later: nothing is lost, nothing comes twice."""
    before = time.time_ns()
    server = Server([(503, {"Retry-After": "1"}, b"not now"), (429, {}, b"")])
    sender = Sender(server.url, compression="none")
    wait_for("the rest to be sent", lambda: len(server.taken()) >= 3 and
             sender.own("kview_monitor_push_points_total") > 0)
    assert sender.own("kview_monitor_push_retries_total") == 2
    assert sender.own("kview_monitor_push_dropped_points_total") == 0
    text = sender.end()
    assert "otlp: HTTP status 503: not now; it is tried again" in text and "it goes on" in text, text
    first = [request[2] for request in server.requests[:3]]
    assert len(set(first)) == 1, "the first one was not tried again"
    times = [check_request(request, before)[1] for request in server.taken()]
    assert times == sorted(set(times)) and times[0] == 1, times


def check_refused():
    """What a server does not want is dropped, all of it or a part, and counted."""
    server = Server([(400, {}, b"bad\x1b[31m data\nand more"), (200, {}, b"\x0a\x08\x08\x02\x12\x04some")])
    sender = Sender(server.url)
    wait_for("requests", lambda: len(server.requests) >= 4)
    each = check_request(server.requests[0], 0)[0]
    wait_for("what was dropped to be counted",
             lambda: sender.own("kview_monitor_push_dropped_points_total") == each + 2)
    text = sender.end()
    assert "otlp: HTTP status 400: bad?[31m data; what it refuses is dropped\n" in text, text
    assert "otlp: a part was refused: some\n" in text, text


def check_nobody():
    """Without a server nothing is sent, all waits, and the end comes in time."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        sender = Sender(f"http://127.0.0.1:{deaf.getsockname()[1]}/v1/metrics", timeout_ms=1000)
        wait_for("retries", lambda: sender.own("kview_monitor_push_retries_total") >= 2)
        wait_for("a queue", lambda: sender.own("kview_monitor_push_queued_points") >= 20)
        assert sender.own("kview_monitor_push_points_total") == 0
        text = sender.end()
    assert text and all(line.endswith("; it is tried again") for line in text.splitlines()), text


check_all_is_told()
check_later()
check_refused()
check_nobody()
