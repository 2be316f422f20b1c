"""The query page as its user sees it."""

import json

from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

EDITOR = ".graphiql-query-editor .CodeMirror"
RESPONSE = ".graphiql-response .CodeMirror"
PATIENCE = 30


class QueryPage:
    def __init__(self, driver, url, login_url=None):
        """`login_url` is the development login's page with its code, as `commons up` prints it."""
        self.driver, self.url, self.login_url = driver, url, login_url

    def wait(self, condition):
        return WebDriverWait(self.driver, PATIENCE).until(lambda _: condition())

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def open(self, query=""):
        self.driver.get(f"{self.url}/query{query}")
        return self.is_there()

    def is_there(self):
        self.wait(lambda: self.all(EDITOR))
        return self

    def log_in(self, user="admin"):
        """By the development login, from the page's own link and back; this browser has been told the code."""
        self.driver.get(self.login_url)
        self.open()
        self.driver.find_element(By.PARTIAL_LINK_TEXT, "Log in").click()
        self.wait(lambda: self.all("[name=username]"))
        next(button for button in self.all("button[name=username]") if button.get_attribute("value") == user).click()
        return self.is_there()

    def header(self):
        return self.driver.find_element(By.TAG_NAME, "header").text

    def choice(self, label):
        """The list with this label."""
        found = [item for item in self.all("header label") if item.text.startswith(label)]
        return Select(found[0].find_element(By.TAG_NAME, "select"))

    def choices(self, label):
        return [option.text for option in self.choice(label).options]

    def choose(self, label, text):
        self.choice(label).select_by_visible_text(text)

    def _editor(self, what, selector=EDITOR):
        return self.driver.execute_script(f"return document.querySelector('{selector}').CodeMirror.{what}")

    def query(self):
        return self._editor("getValue()")

    def write(self, text):
        self._editor(f"setValue({json.dumps(text)})")

    def type(self, text):
        """Keys of the user, in the empty editor."""
        self.write("")
        self._editor("focus()")
        self.driver.switch_to.active_element.send_keys(text)

    def press(self, label):
        self.driver.find_element(By.CSS_SELECTOR, f'button[aria-label="{label}"]').click()

    def run(self):
        """Runs what is in the editor, of several operations the first; the answer."""
        if self.all(RESPONSE):
            self._editor("setValue('')", RESPONSE)
        self.driver.find_element(By.CSS_SELECTOR, ".graphiql-execute-button").click()
        return self.answer()

    def answer(self):
        text = self.wait(lambda: self.all(RESPONSE) and self._editor("getValue()", RESPONSE))
        return json.loads(text)

    def tabs(self):
        return [tab.text for tab in self.all(".graphiql-tab-button")]

    def hints(self):
        self.wait(lambda: self.all(".CodeMirror-hint"))
        return [hint.text for hint in self.all(".CodeMirror-hint")]
