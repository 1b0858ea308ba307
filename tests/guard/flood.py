#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Many short processes: flood.py PROGRAMS PROCESSES FOLDER makes so many executables in FOLDER, which are there already
the next time, and starts processes of them in turn. Prints how many a minute there were.

Each is some 150 bytes, and makes two system calls of its own: getpid() and exit().
"""
import os
import struct
import sys
import time

CODE = bytes.fromhex("b827000000" "0f05" "b83c000000" "31ff" "0f05")
BASE = 0x400000


def make(path):
    if os.path.exists(path):
        return
    size = 64 + 56 + len(CODE)
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, 62, 1, BASE + 120, 64, 0, 0, 64, 56, 1,
                         0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, BASE, BASE, size, size, 4096)
    with open(path, "wb") as out:
        out.write(header + segment + CODE)
    os.chmod(path, 0o755)


def main():
    programs, processes, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    paths = [f"{folder}/flood-{i}" for i in range(programs)]
    for path in paths:
        make(path)
    start = time.monotonic()
    for i in range(processes):
        path = paths[i % programs]
        pid = os.posix_spawn(path, [path], {})
        status = os.waitpid(pid, 0)[1]
        if status:
            sys.exit(f"flood.py: {path}: status {status}")
    print(round(60 * processes / (time.monotonic() - start)))


main()
