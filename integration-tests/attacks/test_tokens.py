"""What only looks like an access token of somebody, or like their name."""

import base64
import json
import time

import pytest
import requests

from harness.client import Client

# Routes of each service that believe tokens, with what they answer to the owner.
BELIEVERS = [
    ("get", "/user/user", None), ("get", "/authz/mapping", None),
    ("get", "/api/v0/submission/B/b1/export?node_label=study&format=json", None),
    ("post", "/api/v0/submission/graphql", {"query": "{ _study_count }"}),
]


def part(token, number):
    text = token.split(".")[number]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


@pytest.fixture(scope="module")
def key(town):
    """An API key of the owner's."""
    path = town.commons.state / "owner-key.json"
    town.commons.run("user", "api-key", "owner", "--out", str(path))
    return json.loads(path.read_text())["api_key"]


def test_the_owner_is_believed(town):
    for method, path, body in BELIEVERS:
        assert getattr(town.owner, method)(path, json=body).status_code == 200, path


def test_an_api_key_is_no_access_token(town, key):
    assert part(key, 1)["pur"] == "api_key"
    bearer = Client(town.url, key)
    for method, path, body in BELIEVERS:
        answer = getattr(bearer, method)(path, json=body)
        assert answer.status_code in (400, 401, 403), (path, answer.text)


@pytest.mark.parametrize("life", ["0", "-1", "-9223372036854775808", "99999999999999999999", "1.5", "x", "", "1e3"])
def test_a_token_lives_for_a_positive_number_of_seconds(town, key, life):
    path = f"{town.url}/user/credentials/api/access_token?expires_in={life}"
    answer = requests.post(path, json={"api_key": key}, timeout=30)
    assert answer.status_code == 400, answer.text
    assert "expires_in" in answer.json()["message"]


def test_a_token_never_lives_longer_than_allowed(town, key):
    path = f"{town.url}/user/credentials/api/access_token?expires_in=9223372036854775807"
    answer = requests.post(path, json={"api_key": key}, timeout=30)
    assert part(answer.json()["access_token"], 1)["exp"] <= time.time() + 3600 + 60


@pytest.mark.parametrize("name", ["", " ", "owner ", " owner", "ow\u200bner", "\uff4fwner", "owner\u00a0", "o\u202ewner"])
def test_nobody_is_made_whose_name_only_looks_like_somebodys(town, name):
    with pytest.raises(RuntimeError):
        town.commons.token(name)


def test_the_development_login_is_for_those_who_have_its_code(town):
    page = f"{town.url}/user/login/dev?redirect=/"
    for attempt in (page, page + "&code=", page + "&code=0000", page + "&code[]=x"):
        answer = requests.get(attempt, timeout=30)
        assert answer.status_code == 401, answer.text
        assert "admin" not in answer.text and "owner" not in answer.text
    submitted = requests.post(f"{town.url}/user/login/dev", data={"username": "admin", "redirect": "/"}, timeout=30)
    assert submitted.status_code == 401
    for header in ({"X-Forwarded-For": "203.0.113.9"}, {"Via": "1.1 x"}, {"Forwarded": "for=203.0.113.9"}):
        assert requests.get(town.commons.login_url, headers=header, timeout=30).status_code == 403
    assert requests.get(town.commons.login_url, timeout=30).status_code == 200


def test_a_copied_session_ends_with_the_logout(town):
    browser = requests.Session()
    page = browser.get(town.commons.login_url, timeout=30)
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"csrf_token": token, "username": "stranger", "redirect": "/"}
    logged_in = browser.post(f"{town.url}/user/login/dev", data=form, allow_redirects=False, timeout=30)
    assert logged_in.status_code == 302, logged_in.text
    copy = {"fence": browser.cookies["fence"]}
    assert requests.get(f"{town.url}/user/user", cookies=copy, timeout=30).status_code == 200
    browser.get(f"{town.url}/user/logout?next=/user/login", allow_redirects=False, timeout=30)
    assert requests.get(f"{town.url}/user/user", cookies=copy, timeout=30).status_code == 401
