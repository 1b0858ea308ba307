#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Ordinary traffic for victim.c: client.py PORT SEED [REQUESTS]; the last request is "bye" unless there are none."""
import random
import socket
import struct
import sys
import time


def connect(port):
    for attempt in range(4000):
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=100)
        except ConnectionRefusedError:
            time.sleep(0.02)
    sys.exit("client.py: nobody listens on port %d" % port)


def ask(connection, request):
    connection.sendall(struct.pack("<I", len(request)) + request)
    return connection.recv(4096)


def main():
    port, chance = int(sys.argv[1]), random.Random(int(sys.argv[2]))
    left = int(sys.argv[3]) if len(sys.argv) > 3 else 40
    notes = {}
    while left > 0:
        with connect(port) as connection:
            for _ in range(chance.randrange(1, 6)):
                name = "n%d" % chance.randrange(6)
                kind = chance.randrange(4)
                if kind == 0:
                    notes[name] = "text %d" % chance.randrange(1000)
                    wanted = b"ok\n"
                    got = ask(connection, ("put %s %s" % (name, notes[name])).encode())
                elif kind == 1:
                    wanted, got = b"what?\n", ask(connection, b"nonsense")
                else:
                    wanted = notes.get(name, "no such note\n").encode()
                    got = ask(connection, ("get %s" % name).encode())
                if got != wanted:
                    sys.exit("client.py: %r instead of %r" % (got, wanted))
                left -= 1
    with connect(port) as connection:
        ask(connection, b"bye")


main()
