#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Use the guard's page as an operator does, in Chromium, and as an attacker does, by HTTP.

usage: guard_page.py --traces FILE		write calls of some programs as strace -f does
       guard_page.py SERVER DATABASE SOCKET KVIEW [FOLDER]	screenshots go to FOLDER
"""
import http.client
import json
import os
import random
import socket
import stat
import subprocess
import sys
import time
import urllib.parse

from browser import Page, check_requests, expect, start

REDIS, NGINX, CRON = "/usr/bin/redis-server", "/usr/sbin/nginx", "/usr/sbin/cron"
HOSTILE = "/srv/<img src=x onerror=document.title='evil'>"
START = ["brk", "arch_prctl", "access", "openat", "fstat", "mmap", "close", "read", "pread64", "mprotect", "prlimit64", "getrandom",
         "rt_sigaction", "rt_sigprocmask", "munmap", "futex"]
LOOPS = {
    REDIS: (["socket", "setsockopt", "bind", "listen", "epoll_create1", "epoll_ctl", "clone3"],
            [["epoll_wait", "read", "write"], ["epoll_wait", "read", "write", "openat", "fstat", "close"],
             ["epoll_wait", "accept4", "fcntl", "setsockopt", "epoll_ctl"], ["getpid", "madvise"]]),
    NGINX: (["socket", "bind", "listen", "setuid", "setgid", "epoll_create1", "epoll_ctl"],
            [["epoll_wait", "accept4", "epoll_ctl", "recvfrom", "openat", "newfstatat", "sendfile", "close"],
             ["epoll_wait", "recvfrom", "writev", "write"]]),
    CRON: (["getpid", "setsid", "openat", "flock"], [["clock_nanosleep", "newfstatat", "newfstatat"], ["clone", "wait4"]]),
    HOSTILE: ([], [["write"]]),
}


def write_traces(path):
    chance = random.Random(7)
    with open(path, "w") as out:
        for pid, (program, (begin, loops)) in enumerate(LOOPS.items(), 100):
            calls = [chance.choice(START) for _ in range(120)] + begin
            for _ in range(600):
                calls += chance.choices(loops, [9, 3, 2, 1][:len(loops)])[0]
            out.write('%d execve("%s", ["x"], 0x7ffc /* 3 vars */) = 0\n' % (pid, program))
            out.writelines("%d %s(0) = 0\n" % (pid, call) for call in calls)
            out.write("%d +++ exited with 0 +++\n" % pid)


class Service:
    """The server, and the machine it guards."""

    def __init__(self, program, database, path):
        self.process = subprocess.Popen([program, database, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.path = path
        self.address = self.process.stdout.readline().strip()
        self.host = urllib.parse.urlparse(self.address).netloc
        with open(path + ".act") as file:
            self.act = file.read().strip()
        with open(path + ".look") as file:
            self.look = file.read().strip()

    def say(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        expect("the server answers", self.process.stdout.readline() == "ok\n")

    def ask(self, method, url, body=None, **headers):
        connection = http.client.HTTPConnection(self.host, timeout=60)
        connection.request(method, url, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer, answer.read().decode()

    def end(self):
        self.process.stdin.close()
        expect("the server ends as it should", self.process.wait(60) == 0)


def key_of(address):
    return address.split("#key=")[1]


def check_http(service, kview):
    request, kind = json.dumps({"version": 1, "do": "status"}), {"Content_Type": "application/json"}
    act, look = ({"Authorization": "Bearer " + key_of(address)} for address in (service.act, service.look))

    def status(body=request, method="POST", url="/api", **headers):
        return service.ask(method, url, body, **headers)[0].status

    expect("two keys", key_of(service.act) != key_of(service.look) and len(key_of(service.act)) == 64)
    expect("root's key is root's", stat.S_IMODE(os.stat(service.path + ".act").st_mode) == 0o600)
    expect("nobody else reads the other", not stat.S_IMODE(os.stat(service.path + ".look").st_mode) & 0o137)
    expect("kview guard web prints the address",
           subprocess.run([kview, "guard", "web", "--socket", service.path], stdout=subprocess.PIPE, text=True).stdout ==
           service.act + "\n")
    expect("without a key", status(**kind) == 401)
    expect("with a wrong key", status(**kind, Authorization="Bearer " + "0" * 64) == 401)
    expect("with another scheme", status(**kind, Authorization="Basic " + key_of(service.act)) == 401)
    expect("with the key", status(**kind, **act) == 200 and status(**kind, **look) == 200)
    expect("another name for this host", status(**kind, **act, Host="evil.example:80") == 403)
    expect("another port", status(**kind, **act, Host="127.0.0.1") == 403)
    expect("localhost", status(**kind, **act, Host="localhost:" + service.host.split(":")[1]) == 200)
    expect("another origin", status(**kind, **act, Origin="http://evil.example") == 403)
    expect("no origin at all", status(**kind, **act, Origin="null") == 403)
    expect("its own origin", status(**kind, **act, Origin="http://" + service.host) == 200)
    expect("what browsers say of other sites", status(**kind, **act, Sec_Fetch_Site="cross-site") == 403)
    expect("the page for another name", status(None, "GET", "/", Host="evil.example") == 403)
    expect("a form", status(**act, Content_Type="text/plain") == 415)
    expect("another method", status(**kind, **act, method="PUT") == 405)
    expect("another page", status(None, "GET", "/etc/passwd") == 404 and status(None, "GET", "/../guard.db") == 404)
    expect("too much", status(b" " * (5 << 20), **kind, **act) == 413)
    answer, text = service.ask("POST", "/api", "nonsense", **kind, **act)
    expect("nonsense is refused", answer.status == 200 and not json.loads(text)["ok"])
    answer, text = service.ask("POST", "/api", json.dumps({"version": 1, "do": "reset", "profile": "nginx"}), **kind, **look)
    expect("who looks changes nothing", "only root may change" in json.loads(text)["error"])
    answer, text = service.ask("GET", "/metrics", **look)
    expect("metrics", answer.status == 200 and "\nkview_guard_profiles 4\n" in text)
    expect("no metrics without a key", status(None, "GET", "/metrics") == 401)
    answer, text = service.ask("GET", "/")
    expect("a strict policy", answer.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';"))
    expect("nothing of other places", "http" not in text and "//" not in text)
    try:
        socket.create_connection(("127.0.0.2", int(service.host.split(":")[1])), timeout=60)
        sys.exit("guard_page.py: it listens at other addresses, too")
    except ConnectionRefusedError:
        pass


def check_commands(service, kview):
    """kview guard events and others, at the socket."""

    def guard(*words):
        done = subprocess.run([kview, "guard", *words, "--socket", service.path], stdout=subprocess.PIPE, text=True, timeout=60)
        expect(f"kview guard {words}", done.returncode == 0)
        return done.stdout

    def kept(*words):
        return [json.loads(line) for line in guard("events", "-f", "json", *words).splitlines()]

    expect("its beginning", [event["events"] for event in kept()] == [["started"]])
    follower = subprocess.Popen([kview, "guard", "events", "--follow", "--since", "1h", "-f", "json", "--socket", service.path],
                                stdout=subprocess.PIPE, text=True)
    expect("what was, first", json.loads(follower.stdout.readline())["events"] == ["started"])
    guard("freeze", "cron", "1000")
    told = json.loads(follower.stdout.readline())
    expect(f"then what is: {told}", told["action"] == "freeze" and told["seconds"] == 1000 and told["id"] == 2)
    follower.kill()
    follower.wait()
    follower.stdout.close()
    expect("of one program", [event["program"] for event in kept("--profile", "cron")] == [CRON])
    expect("of none", kept("--profile", "on") == [])
    expect("of an hour", len(kept("--since", "1h")) == 2)
    expect("of the future", kept("--since", "2100-01-01") == [])
    expect("a line for people", f"  {CRON}  told what to do: freeze, by user {os.getuid()}\n" in guard("events"))
    expect("metrics", "\nkview_guard_alarms_total 0\n" in guard("metrics"))
    expect("status", "profiles    4 of 64, 0 normal\n" in guard("status"))


class GuardPage(Page):
    def open_profile(self, program):
        self.go("profiles")
        self.wait(program, lambda: [a for a in self.all("#profile-table a") if a.text == program][0].click() is None)
        self.wait_text("#profile-title", program)
        self.wait("the profile", lambda: self.one("#facts div").is_displayed())

    def act(self, what, title, during=None):
        self.one(f"#actions button[data-do={what}]").click()
        self.wait(f"a question before {what}", lambda: self.one("#confirm").is_displayed())
        expect("what it is about is said", title in self.text("#confirm-title"))
        if during:
            during()
        self.one("#confirm-yes").click()
        self.wait(f"{what} is done", lambda: not self.one("#confirm").is_displayed())


def look_around(page, service):
    page.browser.get(service.act)
    page.wait_text("#link", "live")
    expect("the key is not in the address", "key" not in page.browser.current_url)
    expect("the right to act is said", page.text("#rights") == "may act")
    page.wait_text("#tiles", "4")
    page.go("profiles")
    for program in LOOPS:
        page.wait_text("#profile-table", program)
    expect("hostile names are text", page.browser.title == "kview guard" and not page.all("img"))
    page.one("#find").send_keys("nginx")
    page.wait("only what is looked for", lambda: len(page.all("#profile-table tbody tr")) == 1)
    page.one("#find").clear()
    page.one("#find").send_keys(" \b")
    page.wait("all again", lambda: len(page.all("#profile-table tbody tr")) == 4)
    page.one("#profile-table th button").click()
    page.wait("sorted by name", lambda: page.all("#profile-table tbody tr")[0].text.startswith("/srv/<img"))


def operate(page, service):
    page.open_profile(REDIS)
    page.wait_text("#profile-state", "training")
    page.shoot("profile-training")
    page.one("#actions button[data-do=reset]").click()
    page.wait("a question before reset", lambda: page.one("#confirm").is_displayed())
    page.shoot("confirm")
    page.one("#confirm-no").click()
    page.wait("no is no", lambda: not page.one("#confirm").is_displayed())
    expect("nothing was done", "epoll_wait" in page.text("#pair-table") and page.text("#profile-state") == "training")
    page.act("normalize", "Normalize")
    page.wait_text("#profile-state", "normal")
    page.wait_text("#profile-events", "normalize, by the page")
    page.act("set", "Responses", lambda: (page.one("#confirm input[name=stop]").click(), page.shoot("responses")))
    page.wait_text("#facts", "stop")


def alarm(page, service):
    """A server that becomes something else, between others that do what they always do."""
    service.say("exec", 4000, REDIS)
    service.say("exec", 4001, NGINX)
    service.say("calls", 4001, *[232, 288, 233, 45, 257, 262, 40, 3] * 40)
    service.say("calls", 4000, *[232, 0, 1] * 50)
    service.say("calls", 4000, *[41, 42, 33, 33, 33, 59, 57, 61, 101, 310] * 2)
    page.go("processes")
    page.wait_text("#process-table", "4000")
    page.wait("who is odd comes first", lambda: page.all("#process-table tbody tr")[0].text.startswith("4000"))
    expect("above the limit it looks so", len(page.all("#process-table .lfc.over")) == 1)
    page.shoot("processes")
    page.go("overview")
    page.wait_text("#alarms", "a call never made before")
    page.wait("the timeline has bars", lambda: len(page.all("#timeline rect.alarm")) > 0)
    page.one("#spans button[data-hours='1']").click()
    page.wait_text("#timeline-text", "60 min")
    page.shoot("overview")
    page.go("events")
    page.wait_text("#event-table", "set to stop, by the page")
    page.shoot("events")


def see_matrix(page, service):
    from selenium.webdriver.common.keys import Keys
    page.open_profile(REDIS)
    page.wait_text("#matrix-text", "Rows:")
    drawn = page.browser.execute_script("""
        const canvas = document.getElementById("matrix"), seen = new Set();
        const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        for (let i = 0; i < data.length; i += 4)
            seen.add(data[i] + "," + data[i + 1] + "," + data[i + 2]);
        return [canvas.width, canvas.height, seen.size];""")
    expect(f"a picture: {drawn}", drawn[0] > 200 and drawn[1] > 200 and drawn[2] > 5)
    canvas = page.one("#matrix")
    canvas.send_keys(Keys.ARROW_DOWN)
    page.wait_text("#matrix-cell", " after the beginning: ")
    canvas.send_keys(Keys.ARROW_RIGHT)
    page.wait("arrows go on", lambda: "the beginning" not in page.text("#matrix-cell"))
    page.shoot("profile")
    page.one("#theme").click()
    page.one("#theme").click()
    page.wait_text("#theme", "dark")
    page.shoot("profile-dark")
    page.go("overview")
    page.wait("drawn again", lambda: len(page.all("#timeline rect.alarm")) > 0)
    page.shoot("overview-dark")
    page.browser.set_window_size(480, 900)
    page.shoot("overview-narrow")
    page.browser.set_window_size(1240, 1000)


def only_look(page, service):
    page.browser.get("about:blank")
    page.browser.get(service.look)
    page.wait_text("#rights", "may look")
    page.open_profile(NGINX)
    page.wait("buttons that do nothing say so", lambda: all(not b.is_enabled() for b in page.all("#actions button")))


def no_key_and_no_guard(page, service):
    page.browser.execute_script("sessionStorage.clear()")
    page.browser.get("about:blank")
    page.browser.get(service.address)
    page.wait_text("#trouble", "This page needs a key")
    page.browser.get("about:blank")
    page.browser.get(service.act)
    page.wait_text("#link", "live")
    service.end()
    page.wait_text("#trouble", "the guard does not answer")
    expect("the keys are gone", not os.path.exists(service.path + ".act") and not os.path.exists(service.path + ".look"))


def main():
    if sys.argv[1] == "--traces":
        write_traces(sys.argv[2])
        return
    program, database, path, kview, folder = (sys.argv[1:] + [None])[:5]
    service = Service(program, database, path)
    check_http(service, kview)
    if os.getuid() == 0:  # others may only ask
        check_commands(service, kview)
    browser = start()
    try:
        page = GuardPage(browser, folder)
        for step in look_around, operate, alarm, see_matrix, only_look:
            step(page, service)
        check_requests(browser, service.address)
        no_key_and_no_guard(page, service)
    finally:
        browser.quit()


main()
