"""The pages for people that fence has, in a real browser: logging in by a password that was chosen by an invitation, and
by another issuer; and letting a client act for oneself."""

import http.server
import json
import subprocess
import threading
import urllib.parse

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from browser.chromium import Browser
from browser.query_page import QueryPage
from harness.commons import Commons
from relying_party.conftest import fence as lab  # noqa: F401  A fence whose users log in at a certified issuer.

PATIENCE = 30
PASSWORD = "three plain words"
# The lowest contrast of a text on the page, between 1 and 21 (WCAG 2), with the text.
CONTRAST = """
    const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
    const canvas = document.createElement('div');
    canvas.style.background = 'Canvas';
    document.body.append(canvas);
    const paper = getComputedStyle(canvas).backgroundColor;
    canvas.remove();
    const light = ([r, g, b]) => {
        const [x, y, z] = [r, g, b].map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const behind = (element) => {
        for (; element; element = element.parentElement) {
            const color = numbers(getComputedStyle(element).backgroundColor);
            if (color.length === 3 || color[3] > 0) return color;
        }
        return numbers(paper);
    };
    const texts = [...document.querySelectorAll('body *')].filter((element) => element.checkVisibility()
        && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
    return texts.map((element) => {
        const [one, two] = [light(numbers(getComputedStyle(element).color)), light(behind(element))];
        return [(Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05), element.textContent.trim()];
    }).sort((a, b) => a[0] - b[0])[0];
"""
# What a page of the commons does to make an API key by its reader's session.
MAKE_KEY = """
    const done = arguments[arguments.length - 1];
    const token = document.cookie.split('; ').find((line) => line.startsWith('csrftoken=')).slice(10);
    fetch('/user/credentials/api/', {method: 'POST', headers: {'x-csrf-token': token, 'Content-Type': 'application/json'},
                                     body: '{"scope": ["user", "data"]}'})
        .then(async (answer) => done({status: answer.status, body: await answer.json()}));
"""


class Visitor:
    """Somebody at the browser."""

    def __init__(self, browser):
        self.browser, self.driver = browser, browser.driver

    def wait(self, condition):
        return WebDriverWait(self.driver, PATIENCE).until(lambda _: condition())

    def open(self, url):
        self.driver.get(url)
        return self

    def heading(self):
        return self.wait(lambda: self.driver.find_elements(By.TAG_NAME, "h1"))[0].text

    def labelled(self, label):
        """The field with this label, as a screen reader finds it."""
        found = [item for item in self.driver.find_elements(By.TAG_NAME, "label") if item.text == label]
        assert len(found) == 1, label
        return self.driver.find_element(By.ID, found[0].get_attribute("for"))

    def fill(self, fields, button):
        for label, text in fields.items():
            self.labelled(label).send_keys(text)
        self.press(button)

    def press(self, button):
        """Presses a button and waits for the next page."""
        before = self.driver.find_element(By.TAG_NAME, "html")
        self.driver.find_element(By.XPATH, f"//button[normalize-space()='{button}']").click()
        self.left(before)

    def follow(self, link):
        before = self.driver.find_element(By.TAG_NAME, "html")
        self.driver.find_element(By.PARTIAL_LINK_TEXT, link).click()
        self.left(before)

    def left(self, before):
        def is_gone():
            try:
                return not before.is_enabled()
            except Exception:  # noqa: BLE001  The driver has several words for an element that is gone.
                return True
        self.wait(is_gone)

    def choose_password(self, commons, name):
        """Follows an invitation of this name, as the operator makes it."""
        link = commons.run("user", "invite", name).strip()
        self.open(link)
        self.fill({"New password": PASSWORD, "The new password again": PASSWORD}, "Set password")
        assert self.heading() == "Your password is set"
        return link

    def log_in(self, name, password=PASSWORD):
        self.fill({"User name": name, "Password": password}, "Log in")


@pytest.fixture(scope="module")
def running_browser():
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def commons(running_browser):
    with Commons.up("--local-accounts") as commons:
        yield commons


@pytest.fixture
def visitor(running_browser, commons):
    running_browser.forget(commons.url)
    return Visitor(running_browser)


def test_an_invitation_leads_to_a_password_and_the_password_to_the_query_page_and_a_key(visitor, commons):
    link = visitor.choose_password(commons, "ada")
    visitor.follow("Log in")
    visitor.log_in("ada")
    visitor.wait(lambda: "/login" not in visitor.driver.current_url)
    page = QueryPage(visitor.driver, commons.url).open()
    page.wait(lambda: "ada" in page.header() and "Log out" in page.header())
    made = visitor.driver.execute_async_script(MAKE_KEY)
    assert made["status"] == 200 and made["body"]["api_key"], made
    visitor.open(link)
    assert visitor.heading() == "404 Not Found", "an invitation is good once"
    assert visitor.browser.violations() == []


def test_the_query_page_leads_to_the_form_and_back(visitor, commons):
    visitor.choose_password(commons, "bea")
    page = QueryPage(visitor.driver, commons.url).open()
    page.driver.find_element(By.PARTIAL_LINK_TEXT, "User name and password").click()
    visitor.wait(lambda: "/user/login/local" in visitor.driver.current_url)
    visitor.log_in("bea")
    page.is_there()
    assert page.driver.current_url == f"{commons.url}/query"
    page.wait(lambda: "bea" in page.header())


def test_a_wrong_password_is_told_where_the_reader_is_and_leads_to_the_field(visitor, commons):
    visitor.choose_password(commons, "carl")
    visitor.open(f"{commons.url}/user/login?redirect=/query")
    assert visitor.heading() == "Log in to Gen3 Data Commons"
    visitor.log_in("carl", "not the password")
    assert visitor.driver.title.startswith("Problem: ")
    summary = visitor.driver.switch_to.active_element
    assert summary.get_attribute("role") == "alert" and "is not right" in summary.text
    summary.send_keys(Keys.TAB)
    visitor.driver.switch_to.active_element.send_keys(Keys.ENTER)
    field = visitor.labelled("Password")
    assert visitor.wait(lambda: visitor.driver.switch_to.active_element == field)
    described = visitor.driver.find_element(By.ID, field.get_attribute("aria-describedby"))
    assert "is not right" in described.text and field.get_attribute("value") == ""
    # The name is there still, and Enter sends the form.
    assert visitor.labelled("User name").get_attribute("value") == "carl"
    field.send_keys(PASSWORD, Keys.ENTER)
    QueryPage(visitor.driver, commons.url).is_there()


def test_pages_can_be_read_on_a_telephone_and_in_the_dark(visitor, commons):
    link = commons.run("user", "invite", "dora").strip()
    driver = visitor.driver
    metrics = {"width": 320, "height": 640, "deviceScaleFactor": 1, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        for scheme in ("light", "dark"):
            features = [{"name": "prefers-color-scheme", "value": scheme}]
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
            for address in (f"{commons.url}/user/login", link, f"{commons.url}/user/login/local", commons.login_url):
                visitor.open(address).heading()
                for button in driver.find_elements(By.CSS_SELECTOR, "form[action$=local] button"):
                    visitor.log_in("dora", "wrong")
                    assert driver.find_elements(By.CSS_SELECTOR, "[role=alert]"), button
                    break
                assert driver.execute_script("return document.documentElement.scrollWidth") <= 320, address
                ratio, text = driver.execute_script(CONTRAST)
                assert ratio >= 4.5, (scheme, address, text, ratio)
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_a_screen_reader_finds_landmarks_fields_and_buttons_by_their_names(visitor, commons):
    visitor.open(f"{commons.url}/user/login").heading()
    nodes = visitor.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    said = {(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node["ignored"]}
    for expected in (("heading", "Log in to Gen3 Data Commons"), ("textbox", "User name"), ("textbox", "Password"),
                     ("button", "Log in"), ("navigation", "Or log in another way")):
        assert expected in said, (expected, said)
    roles = {role for role, _ in said}
    assert {"main", "banner"} <= roles, roles


def test_an_operator_invites_by_the_database_alone_and_resets_what_is_there(commons):
    database = json.loads((commons.state / "run.json").read_text())["databases"]["fence"]

    def invite(*options, base=("--base-url", "https://commons.example/user")):
        command = [str(commons.program), "user", "invite", "flora", "--json", "--fence-database", database, *base, *options]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    assert invite(base=()).returncode == 3, "nobody knows the address of that fence"
    assert invite("--reset").returncode == 3, "there is nobody to be reset"
    for options in (("--expires", "31d"), ("--email", "nobody"), ("--end-api-keys",), ("--expires", "soon")):
        assert invite(*options).returncode != 0, options
    made = json.loads(invite("--expires", "2h", "--email", "flora@x.org").stdout)
    assert made["url"].startswith("https://commons.example/user/login/local/invitation?code=")
    assert json.loads(invite("--reset", "--end-api-keys").stdout)["user"] == "flora"
    assert json.loads(commons.run("user", "show", "flora", "--json"))["email"] == "flora@x.org"


@pytest.fixture
def app():
    """The address of an application, and where browsers have been sent there."""
    visits = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path.startswith("/callback"):
                visits.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<h1>The application</h1>")

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/callback", visits
        server.shutdown()


def test_a_client_asks_and_the_user_answers(visitor, commons, app):
    callback, visits = app
    visitor.choose_password(commons, "emma")
    made = json.loads(commons.run("client", "create", "The app", "--json", "--url", callback))
    query = urllib.parse.urlencode({
        "client_id": made["client_id"], "response_type": "code", "redirect_uri": callback, "scope": "openid user data",
        "state": "st4te", "idp": "local"})
    visitor.open(f"{commons.url}/user/oauth2/authorize?{query}")
    visitor.log_in("emma")
    for button, told in (("Yes, I authorize The app", "code"), ("No, go back", "error")):
        assert visitor.heading() == "Let The app act for you?"
        visitor.press(button)
        assert visitor.heading() == "The application"
        said = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(visits.pop()).query))
        assert said["state"] == "st4te" and said[told], said
        visitor.open(f"{commons.url}/user/oauth2/authorize?{query}")


def test_a_user_logs_in_at_a_certified_issuer(running_browser, lab):  # noqa: F811
    running_browser.forget(lab.url)
    visitor = Visitor(running_browser).open(f"{lab.url}/login?redirect=/user")
    assert visitor.driver.find_element(By.TAG_NAME, "summary").text == "Other ways to log in"
    visitor.follow("The lab")
    visitor.wait(lambda: visitor.driver.find_elements(By.NAME, "login"))[0].send_keys("ada")
    visitor.driver.find_element(By.NAME, "password").send_keys("any")
    submit = "button[type=submit], input[type=submit]"
    visitor.driver.find_element(By.CSS_SELECTOR, submit).click()
    consent = "//form[.//input[@name='prompt' and @value='consent']]"
    visitor.wait(lambda: visitor.driver.find_elements(By.XPATH, consent))[0].find_element(By.CSS_SELECTOR, submit).click()
    visitor.wait(lambda: visitor.driver.current_url == f"{lab.url}/user")
    user = json.loads(visitor.driver.find_element(By.TAG_NAME, "body").text)
    assert (user["username"], user["idp"]) == ("ada", "lab")
