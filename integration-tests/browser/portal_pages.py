"""The pages of the portal as their users see them."""

import json
import os
import pathlib
import time
import urllib.request

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

# Where there is Node, a program without pages is a failure.
REQUIRED = os.environ.get("CI_REQUIRE_PORTAL") == "1"

AXE = pathlib.Path(__file__).resolve().parents[2] / "services/portal/web/node_modules/axe-core/axe.min.js"
PATIENCE = 30
# What is checked: WCAG 2.2 AA with all that is contained in it, and good practice.
RUN_AXE = """
    const done = arguments[arguments.length - 1];
    axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}).then(
        (found) => done(found.violations.map(({id, nodes}) => `${id}: ${nodes.map((node) => node.target).join(' | ')}`)));
"""
# What stands to the right of the window, but for what scrolls in a region of its own.
BEYOND = """
    return [...document.querySelectorAll('body *')].filter((element) => element.checkVisibility()
        && element.getBoundingClientRect().right > innerWidth + 1
        && !element.closest('[tabindex="0"]') && !element.closest('.unseen'))
        .map((element) => element.outerHTML.slice(0, 120));
"""


def asked(commons, path, user="admin", method="GET", body=None):
    """What a service answers a user's token."""
    request = urllib.request.Request(f"{commons.url}{path}", method=method, data=json.dumps(body).encode() if body else None, headers={
        "Authorization": f"bearer {commons.token(user)}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or "null")


class Portal:
    """Somebody at the portal of a commons."""

    def __init__(self, browser, commons):
        self.browser, self.driver, self.commons, self.url = browser, browser.driver, commons, commons.url

    def wait(self, condition):
        def holds(_):
            try:
                return condition()
            except StaleElementReferenceException:
                return False
        return WebDriverWait(self.driver, PATIENCE).until(holds)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self):
        return self.driver.find_element(By.TAG_NAME, "body").text

    def heading(self):
        return self.wait(lambda: self.all("h1"))[0].text

    def is_still(self):
        """Waits until everything has come that the page asks for."""
        self.wait(lambda: self.all("h1") and not self.all("[aria-busy=true]"))
        time.sleep(0.2)
        self.wait(lambda: not self.all("[aria-busy=true]"))
        return self

    def open(self, path):
        self.driver.get(f"{self.url}{path}")
        return self.is_still()

    def path(self):
        return self.driver.current_url.removeprefix(self.url)

    def says(self, text):
        self.wait(lambda: text in self.text())
        return True

    def field(self, label):
        """The field with this label, as a screen reader finds it."""
        def found():
            fields = [field for field in self.all("input, select, textarea") if field.accessible_name == label]
            return fields and fields[0]
        return self.wait(found)

    def press(self, name):
        """Presses the button, or follows the link, of this name."""
        def found():
            named = [item for item in self.all("button, a, summary, [role=menuitem], [role=menuitemradio]")
                     if item.is_displayed() and item.accessible_name == name]
            return named and named[0]
        self.wait(found).click()
        return self

    def log_in(self, user="admin"):
        """By the development login; this browser has been told its code."""
        self.driver.get(self.commons.login_url)
        self.wait(lambda: self.all("[name=username]"))
        self.choose_user(user)
        self.wait(lambda: "/login" not in self.driver.current_url)
        return self

    def choose_user(self, user):
        next(button for button in self.all("button[name=username]") if button.get_attribute("value") == user).click()

    def axe(self):
        """What is wrong on this page for those who use it by screen reader or keyboard."""
        if not AXE.is_file():
            (pytest.fail if REQUIRED else pytest.skip)("axe-core is not there: run scripts/portal --check")
        if not self.driver.execute_script("return Boolean(window.axe)"):
            self.driver.execute_script(AXE.read_text())
        return self.driver.execute_async_script(RUN_AXE)

    def beyond(self):
        return self.driver.execute_script(BEYOND)

    def show(self, scheme="light", width=1280):
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        features = [{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def show_as_ever(self):
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    def choose_file(self, path):
        self.wait(lambda: self.all("input[type=file]"))[0].send_keys(str(path))

    def a_file(self):
        """GUID and record of a file that has bytes."""
        answer = self.driver.execute_async_script("""
            const done = arguments[arguments.length - 1];
            fetch('/index/index?limit=50').then(async (answer) => done(await answer.text()));
        """)
        return next(record for record in json.loads(answer)["records"] if record["urls"] and record["size"])
