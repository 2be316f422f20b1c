"""Two projects and their callers, to be attacked. `build_town` makes them on a fresh commons started with USERS."""

import dataclasses
import json
import os
import pathlib

import requests

from harness.client import Client
from harness.commons import Commons

SUBMISSION = "/api/v0/submission"
USERS = pathlib.Path(__file__).with_name("user.yaml")
# How much longer than in CI: tests multiply their rounds by it.
LONGER = 10 if os.environ.get("ATTACKS_LONG") else 1


@dataclasses.dataclass
class Town:
    """A commons with the projects A/a1 (attacker) and B/b1 (owner), each with a study `study-1`; clients for each caller."""

    commons: Commons
    admin: Client
    attacker: Client
    owner: Client
    reader: Client
    stranger: Client
    anonymous: Client

    @property
    def url(self) -> str:
        return self.commons.url

    def alive(self) -> None:
        """Fails when the process has ended or does not answer the owner any more."""
        assert self.commons.process.poll() is None, "the commons has ended"
        answer = self.owner.graphql('{ _study_count(project_id: "B-b1") }')
        assert answer == {"_study_count": 1}, answer


def login(commons: Commons) -> Client:
    """The administrator's client."""
    key = json.loads(commons.api_key_file.read_text())
    answer = requests.post(f"{commons.url}/user/credentials/api/access_token", json=key, timeout=30)
    assert answer.status_code == 200, answer.text
    return Client(commons.url, answer.json()["access_token"])


def build_town(commons: Commons) -> Town:
    """Makes the two projects on a fresh commons that was started with `--user-yaml` USERS."""
    admin = login(commons)
    for program, code in (("A", "a1"), ("B", "b1")):
        for method, path, body in (
            ("POST", "/", {"type": "program", "name": program, "dbgap_accession_number": program}),
            ("PUT", f"/{program}", {"type": "project", "code": code, "name": code, "dbgap_accession_number": code}),
            ("PUT", f"/{program}/{code}", {
                "type": "study", "submitter_id": "study-1", "projects": {"code": code}, "study_title": "Attacked"}),
        ):
            made = getattr(admin, method.lower())(SUBMISSION + path, json=body)
            assert made.status_code == 200, made.text
    clients = {name: Client(commons.url, commons.token(name)) for name in ("attacker", "owner", "reader", "stranger")}
    return Town(commons, admin, anonymous=Client(commons.url, None), **clients)
