#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the shell of an attack connects to: listener.py PORT COMMAND lets the first one run COMMAND, and prints what that
prints. "listens" comes first."""
import socket
import sys


def main():
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
        print("listens", flush=True)
        connection = server.accept()[0]
        with connection:
            print("connected", flush=True)
            connection.sendall((sys.argv[2] + "\nexit\n").encode())
            while True:
                try:
                    got = connection.recv(4096)
                except ConnectionResetError:
                    break
                if not got:
                    break
                sys.stdout.write(got.decode())
                sys.stdout.flush()


main()
