# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of pages share: Chromium, which finds nobody but this machine, and a page in it."""
import atexit
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

NAME = os.path.basename(sys.argv[0])
# How many times longer than usual things take here.
SLOW = int(os.environ.get("KVIEW_SLOW", "1"))


def expect(what, condition):
    if not condition:
        sys.exit(f"{NAME}: not so: {what}")


def port_of(folder):
    """Where it listens; it writes that into its folder once it does, but not in one piece."""
    for _ in range(600 * SLOW):
        try:
            with open(os.path.join(folder, "DevToolsActivePort")) as file:
                port, end, _ = file.read().partition("\n")
            if end:
                return port
        except FileNotFoundError:
            pass
        time.sleep(0.1)
    sys.exit(f"{NAME}: Chromium does not come up")


def stop(chromium, folder):
    chromium.terminate()
    chromium.wait()
    shutil.rmtree(folder, ignore_errors=True)


def start():
    """Chromium first, and then its driver, which by itself would wait for it for a minute and no longer."""
    from selenium import webdriver
    folder = tempfile.mkdtemp()
    chromium = subprocess.Popen(
        ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
         "--window-size=1240,1000", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
         "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    atexit.register(stop, chromium, folder)
    options = webdriver.ChromeOptions()
    options.debugger_address = "127.0.0.1:" + port_of(folder)
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
        """All of the page, not only what fits the window. Its header is where the window begins."""
        if self.folder:
            self.browser.execute_script("scrollTo({ top: 0, behavior: 'instant' })")
            picture = self.browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})["data"]
            with open(os.path.join(self.folder, name + ".png"), "wb") as file:
                file.write(base64.b64decode(picture))


def check_requests(browser, address):
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            expect(f"no request to anybody else: {url}", url.startswith((address, "data:", "about:")))
    errors = [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    expect(f"no errors: {errors}", not errors)
