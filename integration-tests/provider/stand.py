"""A commons with OAuth clients, and browsers in which somebody is logged in."""

import dataclasses
import html
import json
import re
import urllib.parse

import requests

from harness.commons import Commons

CALLBACK = "http://127.0.0.1:9/callback"
TIMEOUT = 30


@dataclasses.dataclass
class Stand:
    commons: Commons

    @property
    def issuer(self):
        return f"{self.commons.url}/user"

    @property
    def metadata(self):
        return requests.get(f"{self.issuer}/.well-known/openid-configuration", timeout=TIMEOUT).json()

    @property
    def revocation_endpoint(self):
        """It is not among the metadata of the original, and so not among ours."""
        return f"{self.issuer}/oauth2/revoke"

    def client(self, name, *options, urls=(CALLBACK,)):
        """Registers a client by the command line; returns its identifier and secret."""
        addresses = [argument for url in urls for argument in ("--url", url)]
        made = json.loads(self.commons.run("client", "create", name, "--json", *addresses, *options))
        return made["client_id"], made["client_secret"]

    def browser(self, username):
        """A browser in which `username` has logged in, through the public address."""
        browser = requests.Session()
        page = browser.get(self.commons.login_url, timeout=TIMEOUT)
        form = {"csrf_token": hidden(page.text, "csrf_token"), "username": username, "redirect": "/"}
        answer = browser.post(f"{self.issuer}/login/dev", data=form, timeout=TIMEOUT, allow_redirects=False)
        assert answer.status_code == 302, answer.text
        return browser


def hidden(page, name):
    """The value of a hidden field."""
    return html.unescape(re.search(f'name="{name}" value="([^"]*)"', page)[1])


def hidden_fields(page):
    return {html.unescape(name): html.unescape(value)
            for name, value in re.findall('<input type="hidden" name="([^"]*)" value="([^"]*)">', page)}


def consent(browser, url, answer="yes"):
    """Follows an address of the provider as a person would: reads the page and presses a button. Returns where the
    browser is sent."""
    page = browser.get(url, timeout=TIMEOUT, allow_redirects=False, headers={"Accept": "text/html"})
    if page.status_code == 302:
        return page.headers["Location"]
    assert page.status_code == 200, page.text
    action = html.unescape(re.search('<form method="post" action="([^"]*)"', page.text)[1])
    fields = hidden_fields(page.text) | {"confirm": answer}
    sent = browser.post(urllib.parse.urljoin(url, action), data=fields, timeout=TIMEOUT, allow_redirects=False)
    assert sent.status_code == 302, sent.text
    return sent.headers["Location"]


def said(address):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
