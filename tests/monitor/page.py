#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Look at the page of a kview-monitord that monitors nginx under requests, "web", and a Python that collects, "python".

usage: page.py ADDRESS FOLDER PEER...	screenshots go to FOLDER; PEER: each has a session with nginx, and there are no others
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../unit"))
from browser import Page, check_requests, expect, start  # noqa: E402 (found where the line before says)


def number(cell):
    """The first word of a cell: 1,234 is one."""
    words = cell.replace(",", "").split()
    return float(words[0]) if words else 0


def overview(page):
    page.wait_text("#link", "live")
    # Requests each second, and sessions.
    page.wait("rates", lambda: number(page.row("#target-table", "web")[5]) > 0)
    expect("one process collects", page.row("#target-table", "python"))
    page.wait("requests", lambda: any("/index.html" in cell for cell in page.row("#request-table", "web")))


def sessions(page, peers):
    page.wait("its sessions", lambda: sorted(cells[2] for cells in page.rows("#session-table")) == sorted(peers))
    for cells in page.rows("#session-table"):
        expect(f"a session with the server: {cells}", cells[:2] == ["web", "server"] and cells[7])


def heat(page):
    for name in ("heat", "gc"):
        page.wait(f"a picture of {name}", lambda: page.colors(f"{name}-map") > 3)
    page.wait_text("#gc-text", "Pauses: ")


def flames(page):
    page.browser.execute_script("document.getElementById('flame-target').value = 'web'")
    page.one("#flame-record").click()
    # What nginx does is in its own code and in the kernel's.
    for name in ("ngx_", "epoll_wait"):
        page.wait(f"{name} among the frames", lambda: page.browser.execute_script("""
            return [...document.querySelectorAll("#flame-graph g.f")].some(f => f.dataset.name.includes(arguments[0]))""", name))
    page.one("nav a[href='#flame']").click()
    page.shoot("flame")
    page.one("#flame-record").click()
    page.wait_text("#flame-state", "stopped")


def cost(page):
    page.wait("its programs run", lambda: any(number(cells[2]) > 0 for cells in page.rows("#program-table")))
    expect("tiles", len(page.all("#tiles div")) == 6)


def main():
    address, folder, *peers = sys.argv[1:]
    browser = start()
    try:
        page = Page(browser, folder)
        browser.get(address)
        overview(page)
        sessions(page, peers)
        heat(page)
        cost(page)
        page.shoot("monitor")
        flames(page)
        check_requests(browser, address.split("#")[0])
    finally:
        browser.quit()


main()
