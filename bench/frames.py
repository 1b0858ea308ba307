#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Both ends of a WebSocket session for bench/monitor.py, no more of it than that takes.

    serve PORT         sends each frame back
    load PORT COUNT    COUNT frames of 100 bytes, each after the answer to the one before; prints the seconds that took
"""
import base64
import hashlib
import os
import socket
import sys
import time

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
SIZE = 100 # below 126: the length is one byte
MASK = b"\x0f\x1e\x2d\x3c"
BINARY = 0x82


def read_head(connection):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(4096)
    return head


def read_exactly(connection, size):
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            return None
        data += more
    return data


def serve_one(connection):
    key = next(line.split()[1] for line in read_head(connection).splitlines() if line.startswith(b"Sec-WebSocket-Key:"))
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
    connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
    while True:
        frame = read_exactly(connection, 6 + SIZE)
        if not frame:
            return
        payload = int.from_bytes(frame[6:], "little") ^ int.from_bytes(frame[2:6] * (SIZE // 4), "little")
        connection.sendall(bytes((BINARY, SIZE)) + payload.to_bytes(SIZE, "little"))


def serve(port):
    with socket.create_server(("127.0.0.1", int(port))) as server:
        while True:
            with server.accept()[0] as connection:
                serve_one(connection)


def load(port, count):
    payload = bytes(range(SIZE))
    masked = bytes(byte ^ MASK[i % 4] for i, byte in enumerate(payload))
    with socket.create_connection(("127.0.0.1", int(port))) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                           b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + base64.b64encode(os.urandom(16)) +
                           b"\r\n\r\n")
        read_head(connection)
        began = time.monotonic()
        for _ in range(int(count)):
            connection.sendall(bytes((BINARY, 0x80 | SIZE)) + MASK + masked)
            if read_exactly(connection, 2 + SIZE) != bytes((BINARY, SIZE)) + payload:
                sys.exit("bench/frames.py: another answer")
        print(time.monotonic() - began)


{"serve": serve, "load": load}[sys.argv[1]](*sys.argv[2:])
