# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of pages share: Chromium, which finds nobody but this machine, and a page in it."""
import json
import os
import sys
import time

NAME = os.path.basename(sys.argv[0])
# How many times longer than usual things take here.
SLOW = int(os.environ.get("KVIEW_SLOW", "1"))


def expect(what, condition):
    if not condition:
        sys.exit(f"{NAME}: not so: {what}")


def start():
    from selenium import webdriver
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1240,1000",
                     "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options)


class Page:
    def __init__(self, browser, folder):
        self.browser, self.folder = browser, folder

    def all(self, selector):
        from selenium.webdriver.common.by import By
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.all(selector)[0]

    def text(self, selector):
        """Of all there are; asked in one piece, for the page may replace them meanwhile."""
        return self.browser.execute_script(
            "return [...document.querySelectorAll(arguments[0])].map(node => node.textContent).join('\\n')", selector)

    def wait(self, what, condition):
        from selenium.common.exceptions import StaleElementReferenceException
        for _ in range(600 * SLOW):
            try:
                if condition():
                    return
            except (IndexError, StaleElementReferenceException):
                pass
            time.sleep(0.1)
        self.shoot("failed")
        errors = [entry["message"] for entry in self.browser.get_log("browser")]
        sys.exit(f"{NAME}: waited in vain: {what}\n{self.text('main')}\n{errors}")

    def wait_text(self, selector, wanted):
        self.wait(f"{wanted} in {selector}", lambda: wanted in self.text(selector))

    def rows(self, table):
        """The cells of each line, as text."""
        return self.browser.execute_script("""
            return [...document.querySelectorAll(arguments[0] + " tbody tr")].map(line =>
                [...line.children].map(cell => cell.textContent))""", table)

    def row(self, table, first):
        """The cells of the line that begins so; [] when there is none."""
        return next((cells for cells in self.rows(table) if cells[0] == first), [])

    def colors(self, canvas):
        """How many there are in the picture."""
        return self.browser.execute_script("""
            const canvas = document.getElementById(arguments[0]), seen = new Set();
            const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            for (let i = 0; i < data.length; i += 4)
                seen.add(data[i] + "," + data[i + 1] + "," + data[i + 2]);
            return seen.size;""", canvas)

    def go(self, part):
        self.one(f"nav a[data-view={part}]").click()
        self.wait(part, lambda: self.one(f"#{part}").is_displayed())

    def shoot(self, name):
        if self.folder:
            self.browser.save_screenshot(os.path.join(self.folder, name + ".png"))


def check_requests(browser, address):
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            expect(f"no request to anybody else: {url}", url.startswith((address, "data:", "about:")))
    errors = [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    expect(f"no errors: {errors}", not errors)
