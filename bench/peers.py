# SPDX-License-Identifier: GPL-2.0-or-later
"""What bench/monitor.py measures beside kview-monitord: scripts of bpftrace's, and PCP's own agent for BPF programs.
Each is attached as long as its block lasts; processes() are those that it takes."""
import os
import re
import select
import signal
import subprocess
import sys
import time

PCP = "build/pcp/unpacked"
PMDABPF = "/usr/lib/pcp/pmdas/bpf"


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as names:
        return [int(name) for name in names.read().split()]


def resident(pid):
    """Bytes, and the name of the process."""
    with open(f"/proc/{pid}/status") as status:
        text = status.read()
    return re.search(r"Name:\s+(\S+)", text)[1], 1024 * int(re.search(r"VmRSS:\s+(\d+)", text)[1])


def ran(pid):
    """Nanoseconds its threads have run for."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat") as stat:
            total += int(stat.read().split()[0])
    return total


class Scripts:
    """Scripts of bpftrace's, in a process each."""

    def __init__(self, *paths):
        self.paths = paths
        self.started = []

    def __enter__(self):
        for path in self.paths:
            process = subprocess.Popen(["bpftrace", path], stdout=subprocess.PIPE, text=True,
                                       env={**os.environ, "BPFTRACE_STRLEN": "32"})
            self.started.append(process)
            if "Attaching" not in process.stdout.readline():
                sys.exit(f"bench/monitor.py: {path} cannot be attached")
        time.sleep(3) # it says so before it does
        return self

    def processes(self):
        return [process.pid for process in self.started]

    def __exit__(self, *_):
        for process in self.started:
            process.send_signal(signal.SIGINT)
        for process in self.started:
            process.stdout.read()
            if process.wait():
                sys.exit(f"bench/monitor.py: {process.args[1]} failed")


def unpack_pcp():
    """Into this system, whose changes are lost, as tests/monitor/pcp.sh does."""
    if not os.path.exists(f"{PMDABPF}/pmdabpf"):
        subprocess.run(f"tar -C {PCP} -c . | tar -C / -x --keep-directory-symlink --no-overwrite-dir", shell=True,
                       check=True)
    os.makedirs("/var/log/pcp/pmcd", exist_ok=True)


class Pmdabpf:
    """The agent with the modules that Debian has enabled (runqlat, biolatency, oomkill), under PCP's debugger of
    agents, which is pmcd to it."""

    def __enter__(self):
        unpack_pcp()
        env = {**os.environ, "PCP_DIR": "", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        self.debugger = subprocess.Popen(["dbpmda", "-e", "-n", f"{PMDABPF}/root_bpf"], stdin=subprocess.PIPE, env=env,
                                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.debugger.stdin.write(f"open pipe {PMDABPF}/pmdabpf -d 157 -l /var/log/pcp/pmcd/bpf.log\n")
        self.fetch("value")
        return self

    def fetch(self, pattern):
        """Its answer has that: its programs are attached, or have counted."""
        self.debugger.stdin.write("fetch bpf.runq.latency\n")
        self.debugger.stdin.flush()
        deadline = time.monotonic() + 120
        told = ""
        while not re.search(pattern, told) and time.monotonic() < deadline:
            if select.select([self.debugger.stdout], [], [], 1)[0]:
                more = os.read(self.debugger.stdout.fileno(), 65536).decode()
                if not more:
                    break
                told += more
        if not re.search(pattern, told):
            with open("/var/log/pcp/pmcd/bpf.log") as log:
                sys.exit(f"bench/monitor.py: pmdabpf does not tell: {told}\n{log.read()}")

    def processes(self):
        return children(self.debugger.pid)

    def __exit__(self, *_):
        self.fetch("value [1-9]")
        self.debugger.communicate("quit\n", timeout=60)
