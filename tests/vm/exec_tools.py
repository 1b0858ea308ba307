#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
"""Tools as Debian ships them, unmodified, under kview exec.

Each gets two applications that do the same (exec_app.c), "traced" and "other", and is told to trace the first. Once it has
attached, both do a known number of rounds. It has to end as it does by itself, has to show the first, as often as that has
done what it shows where it shows each, and nothing of the second.  What does not is run by itself, too: many a tool of
Debian 12 does not know today's kernels.

usage: exec_tools.py [--cost] [--all] [--json FILE] [--seconds N] [TOOL...]

Tools are named as in the table, or by their first word; without any a handful runs, and all with --all.  --json keeps the
results (tests/exec_table.py makes docs/exec-tools.md of them), and runs no tool that is in there already.  After --seconds
no further tool is begun.  --cost (in vm/run --icount) measures instead what a process pays that nobody traces while the tool
is attached, and while it runs by itself.  Exit status 0: each did what its line of the table says; 75: the time is over, and there are more.
"""
import argparse
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
BYSTANDER = "build/bench/bystander"
GO_TOOL = "build/tests/vm/exec_go"
LIBC = "/lib/x86_64-linux-gnu/libc.so.6"
PERF_OBJECT = "build/tests/vm/exec_perf.bpf.o"
SLOW = int(os.environ.get("KVIEW_SLOW", "1"))
# The clock of a VM that counts instructions runs ahead while it waits for the host's files.
SLOW *= 50 if "--cost" in sys.argv else 1
TRACED_PORT, OTHER_PORT = 11111, 22222
ROUNDS = 5

# What shows that the tool has seen the traced application.
NAMED = r"\btraced\b"             # its name
PORT = r"\btraced\b|\b11111\b"    # or its port
COUNTS = r"[1-9][0-9]*"           # a number at all: what only counts shows no names
BARS = r"\|@|\*\*"                # a histogram that is not empty

# Why a tool sees nothing of an application here.
NO_DISK = "the VM has no block device"
NEVER = "nothing like that happens in the VM"
ELSEWHERE = "happens in interrupts and kernel threads"

# System calls in which a tool waits for events, when it has attached all: poll select pause nanosleep epoll_wait ppoll.
WAITING = {"7", "23", "34", "35", "230", "232", "270", "271", "281"}


class Lines:
    """So many lines for each round."""

    def __init__(self, pattern, each_round=1):
        self.pattern, self.each_round = pattern, each_round

    def count(self, out, _pid):
        return len([line for line in out.splitlines() if re.search(self.pattern, line)])

    def expected(self, _reads):
        return self.each_round * ROUNDS


class Sum(Lines):
    """Counts that the tool prints; {pid} stands for the application's."""

    def count(self, out, pid):
        return sum(int(number) for number in re.findall(self.pattern.replace("{pid}", str(pid)), out, re.M))


class Reads(Sum):
    """What it prints is how often the process came by vfs_read(), which the kernel counts itself."""

    def __init__(self):
        super().__init__(r"@\[{pid}\]: (\d+)")

    def expected(self, reads):
        return reads


class Tool:
    """A line of the table: a command, what its output has to match or how often, and how it differs."""

    def __init__(self, package, command, sees, **more):
        self.package, self.command, self.sees = package, command, sees
        self.truth = None
        if isinstance(sees, Lines):
            self.truth, self.sees = sees, ""
        self.short, self.note, self.quiet = more.get("short", False), more.get("note", ""), more.get("quiet", "")
        self.seconds = more.get("seconds", 200)
        self.again = more.get("again", 0)  # more rounds, for what depends on time
        self.status = more.get("status", 0)  # what it ends with when it is interrupted, by itself, too

    @property
    def name(self):
        return os.path.basename(shlex.split(self.command)[0])


def bpftrace(name, sees, **more):
    return Tool("bpftrace", f"{name}.bt", sees, **more)


def libbpf(command, sees, **more):
    return Tool("libbpf-tools", command, sees, **more)


def bcc(command, sees, **more):
    return Tool("bpfcc-tools", command, sees, seconds=900, **more)


def one_liner(probe, sees, key="pid", **more):
    return Tool("bpftrace", f"bpftrace -e '{probe} {{ @[{key}] = count(); }}'", sees, **more)


TOOLS = [
    Tool("static Go", GO_TOOL, Sum(r"^(?:kprobe|kretprobe|tracepoint) (\d+)", 30)),
    one_liner("kprobe:vfs_read", Reads(), short=True),
    one_liner("kretprobe:vfs_read", Reads()),
    one_liner("kfunc:vfs_read", Reads()),
    one_liner("kretfunc:vfs_read", Reads()),
    one_liner("kprobe:vfs_*", Sum(r"@\[kprobe:vfs_rename\]: (\d+)"), "probe"),
    one_liner("tracepoint:syscalls:sys_enter_getp*", Sum(r"sys_enter_getppid\]: (\d+)", 10), "probe"),
    one_liner("tracepoint:syscalls:sys_exit_getppid", Sum(r"@\[{pid}\]: (\d+)", 10)),
    one_liner("tracepoint:raw_syscalls:sys_enter /args->id == 110/", Sum(r"@\[{pid}\]: (\d+)", 10)),
    one_liner("tracepoint:task:task_rename", Sum(r"@\[traced\]: (\d+)"), "comm"),
    one_liner("tracepoint:sched:sched_process_exit", Sum(r"@\[traced-child\]: (\d+)"), "comm"),
    one_liner("profile:hz:99", r"@\[{pid}\]: [1-9]", note="samples", again=5),
    one_liner(f"uprobe:{LIBC}:getaddrinfo", Sum(r"@\[{pid}\]: (\d+)"), note="uprobe"),
    bpftrace("execsnoop", Lines("traced-child")),
    bpftrace("gethostlatency", Lines(NAMED), note="uprobes"),
    bpftrace("killsnoop", Lines(NAMED)),
    bpftrace("naptime", Lines(NAMED)),
    bpftrace("opensnoop", Lines(r"traced.*/nonexistent")),
    bpftrace("pidpersec", Sum(r"PIDs/sec: @: (\d+)", 2)),
    bpftrace("setuids", Lines(NAMED, 2)),
    bpftrace("statsnoop", Lines(r"traced-file", 2)),
    bpftrace("syncsnoop", Lines(NAMED, 2)),
    bpftrace("tcpaccept", Lines(r"\b11111\b")),
    bpftrace("tcpconnect", Lines(r"traced.*\b11111\b")),
    bpftrace("undump", Lines(NAMED)),
    bpftrace("vfscount", Sum(r"@\[vfs_rename\]: (\d+)")),
    bpftrace("capable", NAMED),
    bpftrace("cpuwalk", BARS, note="samples", again=5),
    bpftrace("dcsnoop", NAMED),
    bpftrace("loads", r"load averages", note="reads the kernel's figures, attaches nothing"),
    bpftrace("runqlat", ""),
    bpftrace("runqlen", BARS, note="samples", again=5),
    bpftrace("syscount", NAMED),
    bpftrace("tcplife", PORT),
    bpftrace("vfsstat", r"@\[vfs_\w+\]: [1-9]"),
    bpftrace("bashreadline", "", quiet="no bash reads lines", note="uprobe"),
    bpftrace("biolatency", "", quiet=NO_DISK),
    bpftrace("bitesize", "", quiet=NO_DISK),
    bpftrace("oomkill", "", quiet=NEVER),
    bpftrace("swapin", "", quiet=NEVER),
    bpftrace("tcpdrop", "", quiet=NEVER),
    bpftrace("tcpretrans", "", quiet=NEVER),
    bpftrace("tcpsynbl", "", quiet=ELSEWHERE),
    bpftrace("threadsnoop", "", quiet="Debian's C library has no libpthread", note="uprobe"),
    bpftrace("writeback", "", quiet=ELSEWHERE),
    libbpf("bindsnoop", Lines(NAMED)),
    libbpf("capable", NAMED),
    libbpf("cpudist", BARS, again=3),
    libbpf("execsnoop", Lines("traced-child"), short=True),
    libbpf("exitsnoop", Lines("traced-child")),
    libbpf("filelife", Lines("traced-moved")),
    libbpf("filetop -C 1", NAMED, again=3),
    libbpf("funclatency vfs_rename", Sum(r" -> \d+ +: (\d+)")),
    libbpf("gethostlatency", Lines(NAMED), note="uprobes"),
    libbpf("hardirqs", "", quiet=ELSEWHERE),
    libbpf("klockstat", ""),
    libbpf("mountsnoop", Lines(NAMED, 2)),
    libbpf("offcputime", NAMED),
    libbpf("opensnoop", Lines("/nonexistent"), short=True),
    libbpf("runqlat", ""),
    libbpf("runqslower", ""),
    libbpf("sigsnoop", Lines(NAMED)),
    libbpf("softirqs", "", quiet=ELSEWHERE),
    libbpf("solisten", Lines(r"\b11111\b")),
    libbpf("statsnoop", Lines("traced-file")),
    libbpf("syscount -T 60", Sum(r"getppid +(\d+)", 10), short=True),
    libbpf("tcpconnect", Lines(r"\b11111\b")),
    libbpf("tcpconnlat", PORT),
    libbpf("tcplife", PORT),
    libbpf("tcprtt", "", quiet=ELSEWHERE),
    libbpf("tcpstates", PORT),
    libbpf("tcptracer", Lines(r"^C .*\b11111$")),
    libbpf("vfsstat", r"[1-9]"),
    libbpf("wakeuptime", ""),
    bcc("bindsnoop-bpfcc", Lines(NAMED)),
    bcc("execsnoop-bpfcc", Lines("traced-child")),
    bcc("exitsnoop-bpfcc", Lines("traced-child")),
    bcc("filelife-bpfcc", Lines("traced-moved")),
    bcc("funccount-bpfcc 'vfs_re*'", Sum(r"vfs_rename +(\d+)")),
    bcc("killsnoop-bpfcc", Lines(NAMED)),
    bcc("mountsnoop-bpfcc", Lines(NAMED, 2)),
    bcc("opensnoop-bpfcc", Lines("/nonexistent")),
    bcc("pidpersec-bpfcc", Sum(r"PIDs/sec: (\d+)", 2)),
    bcc("statsnoop-bpfcc", Lines(NAMED, 2)),
    bcc("syncsnoop-bpfcc", Lines(r"sync\(\)")),
    bcc("syscount-bpfcc -T 60", Sum(r"getppid +(\d+)", 10)),
    bcc("tcpaccept-bpfcc", Lines(r"\b11111\b")),
    bcc("tcpconnect-bpfcc", Lines(r"\b11111\b")),
    bcc("trace-bpfcc do_unlinkat", Lines(NAMED), status=1),
    bcc("argdist-bpfcc -C 'p::vfs_rename()'", Sum(r"(\d+) +total calls")),
    bcc("funclatency-bpfcc vfs_rename", Sum(r" -> \d+ +: (\d+)")),
    bcc("gethostlatency-bpfcc", Lines(NAMED), note="uprobes"),
    bcc("shmsnoop-bpfcc", Lines(NAMED, 4)),
    bcc("stackcount-bpfcc vfs_rename", Sum(r"^ {4}(\d+)$")),
    bcc("vfscount-bpfcc", Sum(r"vfs_rename' +(\d+)")),
    bcc("cpudist-bpfcc", BARS, again=3),
    bcc("dcsnoop-bpfcc", NAMED),
    bcc("filetop-bpfcc -C 1", NAMED, again=3),
    bcc("offcputime-bpfcc", NAMED),
    bcc("profile-bpfcc", NAMED, note="samples", again=5),
    bcc("runqlat-bpfcc", ""),
    bcc("vfsstat-bpfcc", r"\d\d: +[1-9]"),
    bcc("hardirqs-bpfcc", "", quiet=ELSEWHERE),
    Tool("linux-perf", f"perf trace -a -o /dev/stdout -e {PERF_OBJECT}", Lines(r"traced/\d+ .*openat"), note="samples, which perf reads itself"),
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
        time.sleep(0.3)
    return False


def read_file(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


class App:
    """An application that does rounds when it is told to."""

    def __init__(self, name, port):
        self.process = subprocess.Popen([APP, name, str(port), str(ROUNDS)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.wait_for_word()

    @property
    def pid(self):
        return self.process.pid

    def wait_for_word(self):
        if not self.process.stdout.readline():
            raise RuntimeError("an application has died")

    def start(self):
        self.process.send_signal(signal.SIGUSR2)

    def reads(self):
        """How often it came by vfs_read(), without its children."""
        return int(re.search(r"syscr: (\d+)", read_file(f"/proc/{self.pid}/task/{self.pid}/io")).group(1))


class Run:
    """One tool, from its start to the end of its view; by itself when @kview is false."""

    def __init__(self, tool, app, other, kview=True):
        self.tool, self.app, self.other = tool, app, other
        self.out = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        self.err = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        env = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin", PYTHONUNBUFFERED="1", TERM="dumb",
                   BPFTRACE_STRLEN="64")
        # What the kernel itself keeps to processes, it keeps to one.
        whom = "--pid" if tool.note.startswith(("uprobe", "samples")) else "--tree"
        command = shlex.split(tool.command)
        if kview:
            command = [KVIEW, "exec", whom, str(app.pid), "--", *command]
        self.kview, self.links, self.counted, self.expected, self.rests = kview, 0, None, None, 0
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.err, env=env)

    @staticmethod
    def text_of(stream):
        stream.seek(0)
        return stream.read()

    def tool_pid(self):
        pid = self.process.pid
        if not self.kview:
            return pid
        children = read_file(f"/proc/{pid}/task/{pid}/children").split()
        return int(children[0]) if children else 0

    def has_ended(self):
        return self.process.poll() is not None

    def is_attached(self):
        """It has nothing to do but wait for events."""
        pid = self.tool_pid()
        waits = read_file(f"/proc/{pid}/syscall").split(" ")[0] in WAITING
        # Go's first thread waits for a lock in the end; its tool says when it has attached.
        waits = waits or self.text_of(self.out).startswith("attached\n")
        # By itself it may see us look, and not come to rest for that.
        self.rests = self.rests + 1 if waits else 0 if self.kview else self.rests
        return self.has_ended() or self.rests > 2

    def is_gone(self):
        return not views_of(self.process.pid)

    def do_rounds(self):
        before = self.app.reads()
        for app in (self.app, self.other):
            app.start()
        for app in (self.app, self.other):
            app.wait_for_word()
        return self.app.reads() - before

    def watch(self):
        """From the attachment to the end of the tool. Returns what went wrong."""
        if not wait_until(self.is_attached, self.tool.seconds):
            self.process.kill()
            self.process.wait()
            return f"did not attach in {self.tool.seconds} seconds"
        if self.kview:
            self.links = sum(len(view["links"]) for view in views_of(self.process.pid))
        reads = self.do_rounds()
        for _ in range(self.tool.again):
            if self.sees():
                break
            self.do_rounds()
        time.sleep(2.5)  # what prints every second has done so
        trouble = self.stop()
        if self.tool.truth:
            self.expected = self.tool.truth.expected(reads)
            self.counted = self.tool.truth.count(self.text_of(self.out), self.app.pid)
        return trouble

    def rests_again(self):
        self.rests = 0
        return wait_until(self.is_attached, 10)

    def stop(self):
        """Interrupt the tool; again when it goes on: bpftrace 0.17 misses a signal that does not find it waiting."""
        end = time.monotonic() + 120 * SLOW
        while not self.has_ended() and time.monotonic() < end:
            # The tool alone, as a terminal would not: kview hands it on.
            self.process.send_signal(signal.SIGINT)
            # Python's tools end with an error when they are interrupted again while they end.
            if wait_until(self.has_ended, 30):
                break
            while not self.rests_again() and time.monotonic() < end:
                pass
        if self.has_ended():
            return ""
        self.process.kill()
        self.process.wait()
        return "did not end"

    def sees(self):
        pattern = self.tool.sees.replace("{pid}", str(self.app.pid))
        return re.search(pattern, self.text_of(self.out)) is not None

    def judge(self):
        """Why it did not do what it should; "" when it did."""
        out, err = self.text_of(self.out), self.text_of(self.err)
        if self.process.returncode not in (self.tool.status, 130, -2):
            return f"ended with {self.process.returncode}: {err[-300:]}"
        if self.tool.truth and self.counted != self.expected:
            return f"saw {self.counted} of {self.expected} events: {out[-200:]!r} {err[-300:]!r}"
        if not self.sees():
            return f"saw nothing: {out[-200:]!r} {err[-300:]!r}"
        return ""

    def stranger(self):
        """What it shows of the other application."""
        out = self.text_of(self.out)
        pid = self.other.pid
        patterns = [r"\bother\b", rf"\b{OTHER_PORT}\b", rf"@\[{pid}\]"]
        # Elsewhere a count or a time may be the same number.
        if type(self.tool.truth) is Lines:
            patterns.append(rf"(?<![\d.]){pid}(?![\d.])")
        found = re.search("|".join(patterns), out)
        return out[max(0, found.start() - 100):found.end() + 100] if found else ""

    def notes(self):
        return [line[7:] for line in self.text_of(self.err).splitlines() if line.startswith("kview: ")]


def run_alone(tool, app, other):
    """Does the tool do any better by itself? Its count has the other application's events, too."""
    run = Run(tool, app, other, kview=False)
    trouble = run.watch() or run.judge()
    if run.expected and run.counted:
        # Lines and sums of what is not told apart by names are for both.
        return "" if run.counted in (run.expected, 2 * run.expected) else f"{run.counted} of {run.expected} events"
    return trouble


def run_tool(tool, app, other):
    begin = time.monotonic()
    run = Run(tool, app, other)
    trouble = run.watch() or run.judge()
    stranger = run.stranger()
    alone = run_alone(tool, app, other) if trouble else ""
    if stranger:
        trouble, alone = f"saw the other application: {stranger!r}", ""
    if not wait_until(run.is_gone, 20):
        trouble, alone = trouble or "something is left behind", ""
    return {
        "package": tool.package, "command": tool.command, "links": run.links, "trouble": trouble, "alone": alone,
        "counted": run.counted, "expected": run.expected,
        "note": tool.note, "quiet": tool.quiet, "shown": bool(tool.sees or tool.truth), "refused": run.notes(),
        "seconds": round(time.monotonic() - begin, 1), "out": "" if not trouble else run.text_of(run.out)[-1500:],
        "err": "" if not trouble else run.text_of(run.err)[-1500:],
    }


class Bystander:
    """A process that nobody traces, and what its system calls cost without any tool."""

    def __init__(self):
        self.process = subprocess.Popen([BYSTANDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.bare = {}

    def measure(self):
        """Instructions by system call."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        words = self.process.stdout.readline().split()
        if not words:
            raise RuntimeError("the bystander has died")
        return {name: float(insns) for name, insns in zip(words[::2], words[1::2])}

    def rest(self):
        """No tool is there."""
        self.bare = self.measure()

    def is_as_before(self):
        return self.measure() == self.bare

    def pays(self):
        """More than without the tool."""
        return {name: round(insns - self.bare[name], 3) for name, insns in self.measure().items()}


def cost_of_run(run, bystander):
    """From the start to the end of a tool. Returns its links, what others pay, and what went wrong."""
    if not wait_until(run.is_attached, run.tool.seconds):
        run.process.kill()
        run.process.wait()
        return 0, {}, f"did not attach in {run.tool.seconds} seconds"
    if run.has_ended():
        return 0, {}, f"ended with {run.process.returncode}"
    links = sum(len(view["links"]) for view in views_of(run.process.pid))
    paid = bystander.pays()
    return links, paid, run.stop()


def cost_between(start, bystander):
    """The same, of a run before and after which the bystander pays the same."""
    for _ in range(5):
        bystander.rest()
        result = cost_of_run(start(), bystander)
        # Once in a while its calls cost something else from then on, as the kernel's caches fill: that is not the tool's.
        if wait_until(bystander.is_as_before, 0.2):
            return result
    return 0, {}, "what a bystander pays changes all the time"


def cost_of_tool(tool, app, bystander):
    begin = time.monotonic()
    links, paid, trouble = cost_between(lambda: Run(tool, app, None), bystander)
    _, alone, _ = cost_between(lambda: Run(tool, app, None, kview=False), bystander)
    return {
        "package": tool.package, "command": tool.command, "links": links, "trouble": trouble, "paid": paid, "paid_alone": alone,
        "seconds": round(time.monotonic() - begin, 1),
    }


def prepare():
    subprocess.run("ip link set lo up; mount -t debugfs none /sys/kernel/debug; mount -t tracefs none /sys/kernel/tracing",
                   shell=True, check=False, stderr=subprocess.DEVNULL)


class Results:
    """What has been found, kept in a file where one is given."""

    def __init__(self, path):
        self.path, self.tools = path, []
        if path and os.path.exists(path):
            self.tools = json.loads(read_file(path))["tools"]

    def has(self, tool):
        return any(entry["command"] == tool.command for entry in self.tools)

    def add(self, entry):
        order = {tool.command: place for place, tool in enumerate(TOOLS)}
        self.tools.append(entry)
        self.tools.sort(key=lambda known: order.get(known["command"], len(order)))
        if "paid" in entry:
            print(f"{entry['seconds']:6}s {entry['links']:4} {entry['command']}: {entry['trouble'] or entry['paid']} ALONE {entry['paid_alone']}", flush=True)
        else:
            self.tell(entry)
        if self.path:
            with open(self.path, "w", encoding="utf-8") as file:
                json.dump({"kernel": os.uname().release, "tools": self.tools}, file, indent=1)

    @staticmethod
    def tell(entry):
        state = "ok" if not entry["trouble"] else "as alone" if entry["alone"] else "FAILED"
        print(f"{state:9}{entry['seconds']:6}s {entry['links']:4} {entry['counted']}/{entry['expected']} "
              f"{entry['command']}: {entry['trouble']} ALONE {entry['alone']} {entry['refused'] or ''}", flush=True)

    def have_failed(self):
        return any(entry["trouble"] and not entry.get("alone") for entry in self.tools)


def parse(arguments):
    parser = argparse.ArgumentParser(description="Run tools under kview exec; see the top of this file.")
    parser.add_argument("--cost", action="store_true")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("tool", nargs="*")
    return parser.parse_args(arguments)


def choose(options):
    if options.tool:
        return [tool for tool in TOOLS if {tool.name, tool.command} & set(options.tool)]
    return TOOLS if options.all else [tool for tool in TOOLS if tool.short]


def main(arguments):
    options = parse(arguments)
    if not os.path.exists("/sys/module/kview"):
        print("skipped: the module is not loaded")
        return 77
    prepare()
    results = Results(options.json)
    end = time.monotonic() + options.seconds
    apps = [App("traced", TRACED_PORT), App("other", OTHER_PORT)]
    bystander = Bystander() if options.cost else None
    try:
        for tool in choose(options):
            if results.has(tool):
                continue
            if time.monotonic() > end:
                return 75
            results.add(cost_of_tool(tool, apps[0], bystander) if bystander else run_tool(tool, *apps))
    finally:
        for app in apps:
            app.process.kill()
    return 1 if results.have_failed() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
