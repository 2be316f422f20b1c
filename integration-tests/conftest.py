"""Fixtures of the black-box suites.

`--base-url URL --api-key FILE` points them at a commons that runs already; without these a fresh one is started.
"""

import json
import pathlib
import types

import pytest
import requests

from harness.commons import Commons


def pytest_addoption(parser):
    parser.addoption("--base-url", help="a running commons, for example http://localhost:8080")
    parser.addoption("--api-key", help="the API key file of its administrator")


@pytest.fixture(scope="session")
def target(pytestconfig):
    """The commons under test: `url`, `api_key_file`, and `commons` where we started it ourselves."""
    url, key = pytestconfig.getoption("--base-url"), pytestconfig.getoption("--api-key")
    if url:
        yield types.SimpleNamespace(url=url.rstrip("/"), api_key_file=pathlib.Path(key), commons=None)
        return
    with Commons.up() as commons:
        yield types.SimpleNamespace(url=commons.url, api_key_file=commons.api_key_file, commons=commons)


@pytest.fixture(scope="session")
def admin(target):
    """A session with the administrator's access token; relative paths go to the commons."""
    key = json.loads(target.api_key_file.read_text())
    answer = requests.post(f"{target.url}/user/credentials/api/access_token", json=key, timeout=30)
    assert answer.status_code == 200, answer.text
    return Client(target.url, answer.json()["access_token"])


@pytest.fixture(scope="session")
def anonymous(target):
    return Client(target.url, None)


class Client:
    """HTTP calls below one base URL, with one token."""

    def __init__(self, url, token):
        self.url, self.token = url, token
        self.session = requests.Session()
        if token:
            self.session.headers["Authorization"] = f"bearer {token}"

    def __getattr__(self, method):
        if method not in ("get", "put", "post", "delete", "patch", "options", "head"):
            raise AttributeError(method)
        return lambda path, **kw: self.session.request(method, self.url + path, timeout=kw.pop("timeout", 60), **kw)

    def graphql(self, query, variables=None):
        answer = self.post("/api/v0/submission/graphql", json={"query": query, "variables": variables})
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]
