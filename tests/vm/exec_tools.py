#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 400
"""Tools as Debian ships them, unmodified, under kview exec.

Each runs beside two applications that do the same (exec_app.c), "traced" and "other", and is told to trace the first.
It has to end as it does by itself, has to show something of the first, and nothing of the second.

usage: exec_tools.py [--all] [--json FILE] [TOOL...]

Without arguments a handful runs; --all runs all of them.  --json keeps the results (tests/exec_table.py makes
docs/exec-tools.md of them).  Exit status 0: each did what its line of the table says.
"""
import concurrent.futures
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time

KVIEW = "build/cli/kview"
APP = "build/tests/vm/exec_app"
SLOW = int(os.environ.get("KVIEW_SLOW", "1"))
TRACED_PORT, OTHER_PORT = 11111, 22222

# What shows that the tool has seen the traced application.
NAMED = r"traced"                 # its name
PORT = r"traced|11111"            # or its port
COUNTS = r"[1-9][0-9]*"           # a number at all: what only counts shows no names
BARS = r"\|@|\*\*"                # a histogram that is not empty

# Why a tool sees nothing of an application here, and how it may end then.
NO_DISK = "the VM has no block device"
NO_MEMORY_PRESSURE = "nothing like that happens in the VM"
TOO_LATE = "fires when the process has given up its address space, and its view with it"


class Tool:
    """A line of the table: a command, what its output has to match, and how it differs."""

    def __init__(self, package, command, sees, *, short=False, note="", quiet="", ends=(0,), seconds=40, stop=signal.SIGINT):
        self.package, self.command, self.sees = package, command, sees
        self.short, self.note, self.quiet, self.ends = short, note, quiet, ends
        self.seconds, self.stop = seconds, stop

    @property
    def name(self):
        return shlex.split(self.command)[0]


def bpftrace(name, sees, **more):
    return Tool("bpftrace", f"{name}.bt", sees, **{"seconds": 90, **more})


def libbpf(command, sees, **more):
    return Tool("libbpf-tools", command, sees, **more)


def bcc(command, sees, **more):
    return Tool("bpfcc-tools", command, sees, seconds=150, **more)


def one_liner(probe, sees=r"@\[traced\]: [1-9]", **more):
    return Tool("bpftrace", f"bpftrace -e '{probe} {{ @[comm] = count(); }}'", sees, **{"seconds": 90, **more})


TOOLS = [
    one_liner("kprobe:vfs_read", short=True),
    one_liner("kretprobe:vfs_read"),
    one_liner("kfunc:vfs_read"),
    one_liner("kretfunc:vfs_read"),
    one_liner("kprobe:vfs_*"),
    one_liner("tracepoint:syscalls:sys_enter_*"),
    one_liner("tracepoint:raw_syscalls:sys_enter"),
    one_liner("tracepoint:sched:sched_process_exit", sees="", quiet=TOO_LATE),
    one_liner("profile:hz:99", note="samples", seconds=45),
    bpftrace("bashreadline", "", quiet="no bash reads lines", note="uprobe", seconds=45),
    bpftrace("biolatency", "", quiet=NO_DISK),
    bpftrace("biosnoop", "", quiet=NO_DISK),
    bpftrace("biostacks", "", quiet=NO_DISK),
    bpftrace("bitesize", "", quiet=NO_DISK),
    bpftrace("capable", NAMED),
    bpftrace("cpuwalk", BARS, note="samples", seconds=45),
    bpftrace("dcsnoop", NAMED),
    bpftrace("execsnoop", NAMED),
    bpftrace("gethostlatency", NAMED, note="uprobes", seconds=45),
    bpftrace("killsnoop", NAMED),
    bpftrace("loads", r"load averages", note="reads the kernel's figures, attaches nothing"),
    bpftrace("mdflush", "", quiet=NO_DISK),
    bpftrace("naptime", NAMED),
    bpftrace("oomkill", "", quiet=NO_MEMORY_PRESSURE),
    bpftrace("opensnoop", NAMED),
    bpftrace("pidpersec", r"@: *[1-9]|@: [1-9]"),
    bpftrace("runqlat", ""),
    bpftrace("runqlen", BARS, note="samples", seconds=45),
    bpftrace("setuids", NAMED),
    bpftrace("statsnoop", NAMED),
    bpftrace("swapin", "", quiet=NO_MEMORY_PRESSURE),
    bpftrace("syncsnoop", NAMED),
    bpftrace("syscount", NAMED),
    bpftrace("tcpaccept", PORT),
    bpftrace("tcpconnect", PORT),
    bpftrace("tcpdrop", ""),
    bpftrace("tcplife", PORT),
    bpftrace("tcpretrans", "", quiet=NO_MEMORY_PRESSURE),
    bpftrace("tcpsynbl", ""),
    bpftrace("threadsnoop", "", note="uprobe", seconds=45),
    bpftrace("undump", "", quiet="no UNIX sockets"),
    bpftrace("vfscount", COUNTS),
    bpftrace("vfsstat", r"@\[vfs_\w+\]: [1-9]"),
    bpftrace("writeback", ""),
    libbpf("bindsnoop", PORT),
    libbpf("capable", NAMED),
    libbpf("cpudist", BARS),
    libbpf("execsnoop", NAMED, short=True),
    libbpf("exitsnoop", "", quiet=TOO_LATE),
    libbpf("filelife", NAMED),
    libbpf("filetop -C 2 2", NAMED, ends=(0,)),
    libbpf("fsdist -t tmpfs 2 1", "", quiet="tmpfs is none of its file systems"),
    libbpf("funclatency -i 3 -d 4 vfs_read", BARS),
    libbpf("gethostlatency", NAMED, note="uprobes", seconds=45),
    libbpf("hardirqs 3 1", ""),
    libbpf("klockstat -d 4", ""),
    libbpf("mountsnoop", NAMED),
    libbpf("offcputime 4", NAMED),
    libbpf("opensnoop", NAMED, short=True),
    libbpf("runqlat 3 1", ""),
    libbpf("runqslower 1", ""),
    libbpf("sigsnoop", NAMED),
    libbpf("softirqs 3 1", ""),
    libbpf("solisten", PORT),
    libbpf("statsnoop", NAMED),
    libbpf("syscount -d 4", COUNTS, short=True),
    libbpf("tcpconnect", PORT),
    libbpf("tcpconnlat", PORT),
    libbpf("tcplife", PORT),
    libbpf("tcprtt -d 4", ""),
    libbpf("tcpstates", PORT),
    libbpf("tcptracer", PORT),
    libbpf("vfsstat 2 2", r"[1-9]"),
    libbpf("wakeuptime 4", ""),
    bcc("bindsnoop-bpfcc", PORT),
    bcc("capable-bpfcc", NAMED),
    bcc("execsnoop-bpfcc", NAMED),
    bcc("filelife-bpfcc", NAMED),
    bcc("funccount-bpfcc -d 4 'vfs_*'", r"vfs_\w+ +[1-9]"),
    bcc("killsnoop-bpfcc", NAMED),
    bcc("mountsnoop-bpfcc", NAMED),
    bcc("opensnoop-bpfcc", NAMED),
    bcc("shmsnoop-bpfcc", NAMED),
    bcc("solisten-bpfcc", PORT),
    bcc("statsnoop-bpfcc", NAMED),
    bcc("syncsnoop-bpfcc", NAMED),
    bcc("syscount-bpfcc -d 4", COUNTS),
    bcc("tcpaccept-bpfcc", PORT),
    bcc("tcpconnect-bpfcc", PORT),
    bcc("tcplife-bpfcc", PORT),
    bcc("vfsstat-bpfcc 2 2", r"[1-9]"),
    bcc("trace-bpfcc do_unlinkat", NAMED),
    Tool("linux-perf", "perf trace -a sleep 2", "", note="perf's own events: machine-wide"),
]


def views_of(owner):
    """The views that process has: at most one."""
    shown = subprocess.run([KVIEW, "show", "-f", "json"], capture_output=True, text=True, check=False)
    try:
        views = json.loads(shown.stdout)
    except ValueError:
        return [{"links": []}]
    return [view for view in views if view["owner"] == owner]


def wait_until(condition, seconds):
    end = time.monotonic() + seconds * SLOW
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.2)
    return False


class Run:
    """One tool, from its start to the end of its view."""

    def __init__(self, tool, pid, other):
        self.tool, self.other = tool, other
        self.out = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        self.err = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        env = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin", PYTHONUNBUFFERED="1", TERM="dumb",
                   BPFTRACE_STRLEN="64")
        # What the kernel itself keeps to processes, it keeps to one.
        whom = "--pid" if tool.note.startswith(("uprobe", "samples")) else "--tree"
        self.process = subprocess.Popen([KVIEW, "exec", whom, str(pid), "--", *shlex.split(tool.command)],
                                        stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.err, env=env)
        self.links = 0

    @staticmethod
    def text_of(stream):
        stream.seek(0)
        return stream.read()

    def has_ended(self):
        return self.process.poll() is not None

    def is_done(self):
        """It has shown what it has to, or has ended by itself."""
        if self.has_ended():
            return True
        return bool(self.tool.sees) and re.search(self.tool.sees, self.text_of(self.out)) is not None

    def is_attached(self):
        if self.is_done():
            return True
        count = sum(len(view["links"]) for view in views_of(self.process.pid))
        steady = count == self.links and count > 0
        self.links = max(self.links, count)
        return steady

    def is_gone(self):
        return not views_of(self.process.pid)

    def stop(self):
        if not self.has_ended():
            # The tool alone, as a terminal would not: kview hands it on.
            self.process.send_signal(self.tool.stop)
        try:
            self.process.wait(90 * SLOW)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "did not end"
        return ""

    def judge(self):
        out, err = self.text_of(self.out), self.text_of(self.err)
        if self.process.returncode not in (*self.tool.ends, 130, -2):
            return f"ended with {self.process.returncode}: {err[-300:]}"
        if self.tool.sees and not re.search(self.tool.sees, out):
            return f"saw nothing: {out[-200:]!r} {err[-300:]!r}"
        stranger = re.search(rf"other|{OTHER_PORT}|(?<![\d.]){self.other}(?![\d.])", out)
        if stranger:
            return f"saw the other application: {out[max(0, stranger.start() - 100):stranger.end() + 100]!r}"
        return ""

    def notes(self):
        return [line[7:] for line in self.text_of(self.err).splitlines() if line.startswith("kview: ")]


def run_tool(tool, pid, other):
    begin = time.monotonic()
    run = Run(tool, pid, other)
    wait_until(run.is_attached, tool.seconds)
    time.sleep(1)
    wait_until(run.is_done, 8 if tool.sees else 1)
    trouble = run.stop() or run.judge()
    if not wait_until(run.is_gone, 20):
        trouble = trouble or "something is left behind"
    return {
        "package": tool.package, "command": tool.command, "links": run.links, "trouble": trouble,
        "note": tool.note, "quiet": tool.quiet, "shown": bool(tool.sees), "refused": run.notes(),
        "seconds": round(time.monotonic() - begin, 1), "out": "" if not trouble else run.text_of(run.out)[-1500:],
        "err": "" if not trouble else run.text_of(run.err)[-1500:],
    }


def start_app(name, port):
    return subprocess.Popen([APP, name, str(port)], stdin=subprocess.DEVNULL)


def prepare():
    subprocess.run("ip link set lo up; mount -t debugfs none /sys/kernel/debug; mount -t tracefs none /sys/kernel/tracing",
                   shell=True, check=False, stderr=subprocess.DEVNULL)


def choose(arguments):
    names = [word for word in arguments if not word.startswith("--")]
    if names:
        return [tool for tool in TOOLS if tool.name in names]
    return TOOLS if "--all" in arguments else [tool for tool in TOOLS if tool.short]


def main(arguments):
    where = None
    if "--json" in arguments:
        at = arguments.index("--json")
        where = arguments[at + 1]
        arguments = arguments[:at] + arguments[at + 2:]
    if not os.path.exists("/sys/module/kview"):
        print("skipped: the module is not loaded")
        return 77
    prepare()
    apps = [start_app("traced", TRACED_PORT), start_app("other", OTHER_PORT)]
    results = []
    try:
        # Two at a time, as there are two processors.
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for result in pool.map(lambda tool: run_tool(tool, apps[0].pid, apps[1].pid), choose(arguments)):
                results.append(result)
                print(f"{'FAILED' if result['trouble'] else 'ok':7}{result['seconds']:6}s {result['links']:4} "
                      f"{result['command']}: {result['trouble']} {result['refused'] or ''}", flush=True)
                if where:
                    with open(where, "w", encoding="utf-8") as file:
                        json.dump({"kernel": os.uname().release, "tools": results}, file, indent=1)
    finally:
        for app in apps:
            app.kill()
    return 1 if any(result["trouble"] for result in results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
