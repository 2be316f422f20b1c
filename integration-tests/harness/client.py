"""A caller of a commons: HTTP calls below one base URL, with one token."""

import json

import requests


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


def administrator(commons):
    """The client of the administrator of a commons that we started."""
    key = json.loads(commons.api_key_file.read_text())
    answer = requests.post(f"{commons.url}/user/credentials/api/access_token", json=key, timeout=30)
    assert answer.status_code == 200, answer.text
    return Client(commons.url, answer.json()["access_token"])
