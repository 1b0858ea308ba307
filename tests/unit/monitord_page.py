#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Use kview-monitord's page in Chromium: what it shows is what the endpoint tells.

usage: monitord_page.py MONITORD_METRICS [FOLDER]	screenshots go to FOLDER
"""
import atexit
import socket
import subprocess
import sys
import time

from browser import Page, check_requests, expect, start


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def serve(program):
    port = free_port()
    process = subprocess.Popen([program, str(port)])
    atexit.register(process.kill)
    for _ in range(600):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return process, f"http://127.0.0.1:{port}/"
        time.sleep(0.1)
    sys.exit("monitord_page.py: nobody listens")


def row(page, table, first):
    """The cells of the line that begins so; [] when there is none."""
    for line in page.browser.execute_script("""
            return [...document.querySelectorAll(arguments[0] + " tbody tr")].map(line =>
                [...line.children].map(cell => cell.textContent))""", table):
        if line[0] == first:
            return line
    return []


def colors(page, canvas):
    return page.browser.execute_script("""
        const canvas = document.getElementById(arguments[0]), seen = new Set();
        const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        for (let i = 0; i < data.length; i += 4)
            seen.add(data[i] + "," + data[i + 1] + "," + data[i + 2]);
        return seen.size;""", canvas)


def look_around(page, address):
    page.browser.get(address)
    page.wait_text("#link", "live")
    # Two answers are two seconds apart at the least; in each of them the same has happened.
    page.wait("rates", lambda: row(page, "#target-table", "web")[5] not in ("", "0"))
    web = row(page, "#target-table", "web")
    expect(f"seven sessions: {web}", web[8] == "7")
    page.wait_text("#request-table", "/a\"b\\c")
    page.wait("what was asked", lambda: row(page, "#request-table", "names") and row(page, "#request-table", "web"))
    names, web = row(page, "#request-table", "names"), row(page, "#request-table", "web")
    expect(f"DNS, as text: {names}", names[1:4] == ["DNS", "<img src=x>", "NOERROR"] and not page.all("img"))
    # Five of 3 ms and one of 40 ms: the mean is exact, the rest lies in the buckets from 2.1 and from 33.6 ms.
    expect(f"the mean: {web}", web[5] == "9.17 ms")
    expect(f"the median: {web}", 2.0 < float(web[6].split()[0]) < 4.2 and web[6].endswith(" ms"))
    expect(f"the 99th percentile: {web}", 33.5 < float(web[7].split()[0]) < 67.2 and web[7].endswith(" ms"))
    expect("a DNS query takes 0.1 ms", names[5] == "100 µs")


def see_heat(page):
    for name in ("heat", "gc"):
        page.wait(f"a picture of {name}", lambda: colors(page, f"{name}-map") > 3)
    page.wait_text("#heat-text", "Times of http request: ")
    page.wait_text("#gc-text", "Pauses: ")
    expect("histograms to choose from", page.text("#heat-metric option").split("\n") == ["http request", "dns query"])
    page.browser.execute_script("""
        const select = document.getElementById("heat-metric");
        select.value = "kview_dns_query_seconds";
        select.dispatchEvent(new Event("change"));""")
    page.wait_text("#heat-text", "Times of dns query: ")
    expect("its targets", page.text("#heat-target option").split("\n") == ["all targets", "names"])


def see_cost(page):
    page.wait("its programs", lambda: row(page, "#program-table", "monitor_cpu")[1] == "the targets")
    page.wait("they run", lambda: float(row(page, "#program-table", "monitor_cpu")[2].replace(",", "")) > 0)
    expect("tiles", len(page.all("#tiles div")) == 6)


def main():
    program, folder = (sys.argv[1:] + [None])[:2]
    process, address = serve(program)
    browser = start()
    try:
        page = Page(browser, folder)
        look_around(page, address)
        see_heat(page)
        see_cost(page)
        page.shoot("monitor")
        check_requests(browser, address)
        process.kill()
        process.wait()
        page.wait_text("#trouble", "kview-monitord does not answer")
    finally:
        browser.quit()


main()
