"""A Chromium without a window, with a fresh profile, that talks to this machine only."""

import json
import os
import shutil
import tempfile

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1400,900",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)
# Set in continuous integration, where a missing browser is a failure.
REQUIRED = os.environ.get("CI_REQUIRE_BROWSER") == "1"
# Runs before any script of a page.
NOTE_VIOLATIONS = """
    document.addEventListener('securitypolicyviolation', (event) => {
        const known = JSON.parse(localStorage.getItem('violations') ?? '[]');
        known.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
        localStorage.setItem('violations', JSON.stringify(known));
    });
"""


def needed_programs():
    """Browser and driver. Skips the test, saying what to install, where one is missing; fails where they are required."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    driver = shutil.which("chromedriver")
    if not program or not driver:
        reason = (f"there is no {'chromedriver' if program else 'Chromium'} on this machine: run scripts/install-prerequisites "
                  "--browser, or on Debian apt-get install chromium chromium-driver")
        (pytest.fail if REQUIRED else pytest.skip)(reason)
    return program, driver


class Browser:
    """The browser with what it noticed: requests, and what a page's policy forbade."""

    def __init__(self):
        program, driver = needed_programs()
        self.profile = tempfile.TemporaryDirectory(prefix="commons-browser-", ignore_cleanup_errors=True)
        options = webdriver.ChromeOptions()
        options.binary_location = program
        for option in (*OPTIONS, f"--user-data-dir={self.profile.name}"):
            options.add_argument(option)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(driver))
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": NOTE_VIOLATIONS})

    def requests_of_pages_at(self, origin):
        """URLs that pages of `origin` have asked for since the last call."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                sent = message["params"]
                if sent["documentURL"].startswith(origin):
                    yield sent["request"]["url"]

    def violations(self):
        """What the policies of this origin's pages forbade."""
        return json.loads(self.driver.execute_script("return localStorage.getItem('violations')") or "[]")

    def console(self):
        """Console messages since the last call, without those about the status of an answer."""
        return [entry for entry in self.driver.get_log("browser") if entry["source"] != "network"]

    def forget(self, origin):
        """As if nobody had been at `origin` yet."""
        self.driver.get("about:blank")
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        self.driver.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        for log in ("browser", "performance"):
            self.driver.get_log(log)

    def close(self):
        self.driver.quit()
        self.profile.cleanup()
