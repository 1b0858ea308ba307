#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Use a flame graph as a person does, in Chromium: zoom, search, keyboard. usage: flame_browser.py FILE [SCREENSHOT]"""
import os
import sys

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import check_requests, expect, start


def frames(browser, name):
    return [f for f in browser.find_elements(By.CSS_SELECTOR, "g.f") if f.get_attribute("data-name") == name]


def width(frame):
    return float(frame.find_element(By.TAG_NAME, "rect").get_attribute("width"))


def text(browser, name):
    return browser.find_element(By.ID, name).get_attribute("textContent")


def use(browser):
    whole = width(frames(browser, "all")[0])
    most, rest = frames(browser, "burn_most")[0], frames(browser, "burn_rest")[0]
    before = width(most)
    expect("three quarters of the width", 0.7 < before / whole < 0.8)

    most.click()
    expect("a click zooms", abs(width(most) - whole) < 1)
    expect("what lies beside is hidden", not rest.is_displayed())
    expect("the way back is offered", browser.find_element(By.ID, "reset").is_displayed())
    browser.find_element(By.ID, "reset").click()
    expect("reset", abs(width(most) - before) < 0.1 and rest.is_displayed())

    browser.find_element(By.TAG_NAME, "svg").send_keys("/")
    browser.switch_to.active_element.send_keys("burn_r.*t")
    expect("a search tells its share", text(browser, "matched").startswith("matched: 2"))
    expect("a search marks", "hit" in rest.get_attribute("class") and "hit" not in most.get_attribute("class"))
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    expect("escape ends the search", text(browser, "matched") == "")

    browser.execute_script("arguments[0].focus()", rest)
    expect("the focus tells", text(browser, "details").startswith("burn_rest ("))
    rest.send_keys(Keys.ENTER)
    expect("enter zooms", abs(width(rest) - whole) < 1)
    browser.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    expect("arrows go from frame to frame", text(browser, "details").startswith("work ("))
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    expect("escape zooms out", abs(width(most) - before) < 0.1)

    hostile = frames(browser, "</title><script>document.title='evil'</script>\"'&")
    expect("hostile names are text", len(hostile) == 1 and browser.title != "evil")


def main():
    url = "file://" + os.path.realpath(sys.argv[1])
    browser = start()
    try:
        browser.get(url)
        if len(sys.argv) > 2:
            browser.save_screenshot(sys.argv[2])
        use(browser)
        check_requests(browser, url)
    finally:
        browser.quit()


main()
