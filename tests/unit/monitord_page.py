#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Use kview-monitord's page in Chromium: what it shows is what the endpoint tells.

usage: monitord_page.py MONITORD_METRICS [FOLDER]	screenshots go to FOLDER
"""
import atexit
import os
import socket
import subprocess
import sys
import tempfile
import time

from browser import Page, check_requests, expect, start


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def serve(program, key_file):
    port = free_port()
    process = subprocess.Popen([program, str(port), key_file])
    atexit.register(process.kill)
    for _ in range(600):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return process, f"http://127.0.0.1:{port}/"
        time.sleep(0.1)
    sys.exit("monitord_page.py: nobody listens")


def look_around(page, address):
    page.browser.get(address)
    page.wait_text("#link", "live")
    # Two answers are two seconds apart at the least; in each of them the same has happened.
    page.wait("rates", lambda: page.row("#target-table", "web")[5] not in ("", "0"))
    web = page.row("#target-table", "web")
    expect(f"seven sessions: {web}", web[8] == "7")
    page.wait_text("#request-table", "/a\"b\\c")
    page.wait("what was asked", lambda: all(page.row("#request-table", name) for name in ("names", "web", "ledger")))
    names, web = page.row("#request-table", "names"), page.row("#request-table", "web")
    expect(f"DNS, as text: {names}", names[1:4] == ["DNS", "<img src=x>", "NOERROR"] and not page.all("img"))
    # Five of 3 ms and one of 40 ms: the mean is exact, the rest lies in the buckets from 2.1 and from 33.6 ms.
    expect(f"the mean: {web}", web[5] == "9.17 ms")
    expect(f"the median: {web}", 2.0 < float(web[6].split()[0]) < 4.2 and web[6].endswith(" ms"))
    expect(f"the 99th percentile: {web}", 33.5 < float(web[7].split()[0]) < 67.2 and web[7].endswith(" ms"))
    expect("a DNS query takes 0.1 ms", names[5] == "100 µs")
    ledger = page.row("#request-table", "ledger")
    expect(f"what another connector rejected: {ledger}",
           ledger[1:4] == ["Interledger, asked", "", "reject"] and ledger[5] == "7.00 ms" and page.all("#request-table .alarm"))


def see_heat(page):
    for name in ("heat", "gc"):
        page.wait(f"a picture of {name}", lambda: page.colors(f"{name}-map") > 3)
    page.wait_text("#heat-text", "Times of http request: ")
    page.wait_text("#gc-text", "Pauses: ")
    expect("histograms to choose from", page.text("#heat-metric option").split("\n") == ["http request", "dns query", "ilp prepare"])
    page.browser.execute_script("""
        const select = document.getElementById("heat-metric");
        select.value = "kview_dns_query_seconds";
        select.dispatchEvent(new Event("change"));""")
    page.wait_text("#heat-text", "Times of dns query: ")
    expect("its targets", page.text("#heat-target option").split("\n") == ["all targets", "names"])


def see_cost(page):
    page.wait("its programs", lambda: page.row("#program-table", "monitor_cpu")[1] == "the targets")
    page.wait("they run", lambda: float(page.row("#program-table", "monitor_cpu")[2].replace(",", "")) > 0)
    expect("tiles", len(page.all("#tiles div")) == 6)


def without_key(page):
    page.wait_text("#session-text", "This needs the key")
    expect("no sessions", not page.one("#session-scroll").is_displayed())
    page.one("#flame-record").click()
    page.wait_text("#flame-state", "This needs the key")


def see_sessions(page):
    page.wait("sessions", lambda: len(page.all("#session-table tbody tr")) == 3)
    rows = page.rows("#session-table")
    # Those that have sent most come first.
    expect(f"sessions: {rows}", rows == [
        ["web", "server", "192.0.2.9:40001", "192.0.2.1:80", "75 s", "2.00 KiB", "100 B", "2.50 ms", "0"],
        ["web", "client", "[2001:db8::2]:443", "[2001:db8::1]:9", "> 2 h", "10 B", "3.00 MiB", "100 ms", "4"],
        ["web", "client, connecting", "192.0.2.3:80", "192.0.2.1:41000", "1 s", "0 B", "0 B", "", "0"]])
    expect("how many there are", "3 of 1,003" in page.text("#session-text"))


def frames(page):
    """Name and width of each frame that is shown."""
    return dict(page.browser.execute_script("""
        return [...document.querySelectorAll("#flame-graph g.f")].filter(f => f.style.display !== "none")
            .map(f => [f.dataset.name, +f.querySelector("rect").getAttribute("width")])"""))


def click(page, name):
    page.browser.execute_script("""
        [...document.querySelectorAll("#flame-graph g.f")].find(f => f.dataset.name === arguments[0])
            .dispatchEvent(new MouseEvent("click", { bubbles: true }))""", name)


def see_flames(page):
    hot = "</title><script>document.title='evil'</script>"
    page.wait_text("#flame-target", "web")
    page.one("#flame-record").click()
    page.wait_text("#flame-state", "live")
    expect(f"frames: {frames(page)}", set(frames(page)) == {"all", "main", hot, "rest"})
    before = frames(page)["rest"]
    page.wait("the next picture", lambda: frames(page)["rest"] > before)
    expect("names are text", page.browser.title == "kview monitor" and not page.all("#flame-graph script, #flame-graph style"))
    click(page, "rest")
    page.wait("zoomed", lambda: hot not in frames(page) and frames(page)["rest"] > 1000)
    # It stays while somebody looks at it.
    page.wait_text("#flame-state", "this one stays")
    expect("still zoomed", hot not in frames(page))
    page.one("nav a[href='#flame']").click()
    page.shoot("flame")
    click(page, "all")
    page.wait("live again", lambda: hot in frames(page))
    page.one("#flame-record").click()
    page.wait_text("#flame-state", "stopped")


def main():
    program, folder = (sys.argv[1:] + [None])[:2]
    with tempfile.TemporaryDirectory() as keys:
        use(program, os.path.join(keys, "key"), folder)


def use(program, key_file, folder):
    process, address = serve(program, key_file)
    with open(key_file) as file:
        with_key = file.read().strip()
    expect(f"the key's address: {with_key}", with_key.startswith(address + "#key="))
    browser = start()
    try:
        page = Page(browser, folder)
        look_around(page, address)
        see_heat(page)
        see_cost(page)
        without_key(page)
        browser.get(with_key)
        page.wait_text("#link", "live")
        expect("the key leaves the address", browser.current_url == address)
        see_sessions(page)
        see_flames(page)
        page.shoot("monitor")
        check_requests(browser, address)
        process.kill()
        process.wait()
        page.wait_text("#trouble", "kview-monitord does not answer")
    finally:
        browser.quit()


main()
