"""Logging in through a certified issuer, by HTTP as a browser does it, and what must not lead in."""

from __future__ import annotations

import re
import time
import urllib.parse

import requests


class Browser(requests.Session):
    """Follows redirects one at a time, so that a test can stop on the way."""

    def leave(self, fence, idp: str = "lab") -> str:
        """Asks fence to log in; returns where it sends the browser."""
        answer = self.get(f"{fence.url}/login/{idp}?redirect=/portal", allow_redirects=False)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def approve(self, fence, address: str, user: str) -> str:
        """Goes through the issuer's pages as `user`; returns where it sends the browser back to."""
        answer = self.get(address, allow_redirects=False)
        for _ in range(12):
            if answer.is_redirect:
                address = urllib.parse.urljoin(answer.url, answer.headers["Location"])
                if address.startswith(f"{fence.url}/login/"):
                    return address
                answer = self.get(address, allow_redirects=False)
                continue
            form = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
            assert form, answer.text
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text).group(1)
            fields = {"prompt": prompt} | ({"login": user, "password": "any"} if prompt == "login" else {})
            answer = self.post(urllib.parse.urljoin(answer.url, form.group(1)), data=fields, allow_redirects=False)
        raise AssertionError("the issuer never sent the browser back")

    def login(self, fence, user: str, idp: str = "lab") -> requests.Response:
        back = self.approve(fence, self.leave(fence, idp), user)
        return self.get(back, allow_redirects=False)

    def user(self, fence) -> requests.Response:
        return self.get(f"{fence.url}/user")


def test_the_login_page_lists_the_providers(fence):
    listed = requests.get(f"{fence.url}/login").json()
    assert [(option["idp"], option["secondary"]) for option in listed["providers"]] == [("lab", False), ("by_mail", True)]
    assert listed["default_provider"]["url"] == f"{fence.url}/login/lab"


def test_a_login_ends_in_a_session_and_an_api_key_that_makes_tokens(fence):
    browser = Browser()
    answer = browser.login(fence, "ada")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/portal"), answer.text
    user = browser.user(fence).json()
    assert (user["username"], user["idp"]) == ("ada", "lab")
    bearer = {"Authorization": f"Bearer {browser.cookies['access_token']}"}
    key = requests.post(f"{fence.url}/credentials/api", json={}, headers=bearer).json()
    token = requests.post(f"{fence.url}/credentials/api/access_token", json={"api_key": key["api_key"]}).json()
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    assert requests.get(f"{fence.url}/user", headers=bearer).json()["username"] == "ada"
    assert browser.get(f"{fence.url}/logout", allow_redirects=False).status_code == 302
    assert browser.user(fence).status_code == 401


def test_an_address_names_a_user_only_if_the_issuer_has_verified_it(fence):
    browser = Browser()
    assert browser.login(fence, "eve", "by_mail").status_code == 302
    assert browser.user(fence).json()["username"] == "eve@lab.example"
    assert Browser().login(fence, "unverified", "by_mail").status_code == 400


def test_a_stolen_code_is_worth_nothing_in_another_browser(fence):
    victim, thief = Browser(), Browser()
    stolen = victim.approve(fence, victim.leave(fence), "victim")
    assert thief.get(stolen, allow_redirects=False).status_code == 400
    state = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(thief.leave(fence)).query))["state"]
    own_state = re.sub(r"state=[^&]+", f"state={state}", stolen)
    assert thief.get(own_state, allow_redirects=False).status_code == 400, "its challenge is another"
    assert thief.user(fence).status_code == 401


def test_an_answer_is_good_once(fence):
    browser = Browser()
    away = browser.leave(fence)
    copy = requests.cookies.cookiejar_from_dict(dict(browser.cookies))
    back = browser.approve(fence, away, "bob")
    assert browser.get(back, allow_redirects=False).status_code == 302
    replay = requests.Session()
    replay.cookies = copy
    assert replay.get(back, allow_redirects=False).status_code == 400
    assert browser.get(back, allow_redirects=False).status_code == 400
    assert browser.user(fence).json()["username"] == "bob", "and takes nothing away"


def test_another_state_or_provider_is_refused(fence):
    browser = Browser()
    back = browser.approve(fence, browser.leave(fence), "carl")
    changed = re.sub(r"state=[^&]+", "state=0123456789abcdef0123456789abcdef", back)
    assert browser.get(changed, allow_redirects=False).status_code == 400
    other = Browser()
    back = other.approve(fence, other.leave(fence), "carl").replace("/login/lab/", "/login/by_mail/")
    assert other.get(back, allow_redirects=False).status_code == 400


def test_a_refusal_at_the_issuer_goes_back_to_where_the_user_came_from(fence):
    browser = Browser()
    address = browser.leave(fence)
    page = browser.get(address)
    abort = re.search(r'href="([^"]*/abort)"', page.text).group(1)
    answer = browser.get(urllib.parse.urljoin(page.url, abort), allow_redirects=False)
    for _ in range(5):
        location = urllib.parse.urljoin(answer.url, answer.headers["Location"])
        answer = browser.get(location, allow_redirects=False)
        if location.startswith(f"{fence.url}/login/"):
            break
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/portal?error=access_denied"), answer.headers["Location"]


def test_a_key_rotated_at_the_issuer_and_an_issuer_that_was_down_are_survived(fence):
    assert Browser().login(fence, "dora").status_code == 302
    waiting = Browser()
    back = waiting.approve(fence, waiting.leave(fence), "dora")
    fence.issuer.stop()
    assert waiting.get(back, allow_redirects=False).status_code == 503
    # Keys are asked for every five seconds at most, whatever tokens name.
    time.sleep(6)
    fence.issuer.start()
    assert Browser().login(fence, "dora").status_code == 302, "signed by a key that was not there before"
