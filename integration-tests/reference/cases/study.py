"""A study of the reference records in one project of a commons, driven over HTTP.

The records name the program `CGCI` and the project `BLGSP`; read through here they name the project that the study is in.
"""

from __future__ import annotations

import json
import re
import zlib

import requests

from harness.paths import reference

PROGRAM = "CGCI"
PHS_PROGRAM, PHS_PROJECT = "phs000235", "phs000527"
SUBMISSION = "/api/v0/submission"
TIMEOUT = 60
TSV, CSV = "text/tab-separated-values", "text/csv"

CLINICAL = ("demographic", "diagnosis", "exposure", "treatment")
CHAIN = ("experiment.1", "case", "sample", "aliquot", *CLINICAL, "read_group", "submitted_unaligned_reads")
"""The files of records in an order in which each finds what it links to."""


class Client:
    """HTTP calls of one user; paths are below the commons' public address."""

    def __init__(self, url: str, token: str | None):
        self.url, self.headers = url, {"Authorization": f"bearer {token}"} if token else {}

    def call(self, method: str, path: str, **options) -> requests.Response:
        headers = {**self.headers, **options.pop("headers", {})}
        return requests.request(method, self.url + path, headers=headers, timeout=TIMEOUT, **options)

    def get(self, path: str, **options) -> requests.Response:
        return self.call("get", path, **options)

    def put(self, path: str, **options) -> requests.Response:
        return self.call("put", path, **options)

    def post(self, path: str, **options) -> requests.Response:
        return self.call("post", path, **options)

    def delete(self, path: str, **options) -> requests.Response:
        return self.call("delete", path, **options)

    def graphql(self, query: str, variables=None) -> requests.Response:
        return self.post(f"{SUBMISSION}/graphql", json={"query": query, "variables": variables})

    def data(self, query: str, variables=None) -> dict:
        """The data of a query that must succeed."""
        answer = self.graphql(query, variables)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def errors(self, query: str, variables=None) -> list[str]:
        """The errors of a query that must fail."""
        answer = self.graphql(query, variables)
        assert answer.status_code == 400, answer.text
        return answer.json()["errors"]


class Study:
    """One project and what is submitted to it."""

    def __init__(self, client: Client, code: str):
        self.client, self.code = client, code
        self.project_id = f"{PROGRAM}-{code}"
        self.path = f"{SUBMISSION}/{PROGRAM}/{code}"

    def of(self, client: Client) -> Study:
        """The same project for another user."""
        return Study(client, self.code)

    def text(self, file: str) -> str:
        """A file of records as it is, but for the project's name and the hashes.

        The file index is one for all projects and knows files by hash and size, so each project has hashes of its own.
        """
        read = reference("data", "submission", file).read_bytes().decode()
        own = f"{zlib.crc32(self.code.encode()):08x}"
        return re.sub(r"\b[0-9a-f]{8}(?=[0-9a-f]{24}\b)", own, read.replace(f"{PROGRAM}-BLGSP", self.project_id))

    def record(self, name: str, **changes):
        """The record (or the list of records) of a JSON file, with changes made to it."""
        value = json.loads(self.text(f"{name}.json"))
        for one in value if isinstance(value, list) else [value]:
            if "projects" in one:
                one["projects"] = {"code": self.code}
        return {**value, **changes} if changes else value

    def put(self, body, path: str = "", **options) -> requests.Response:
        return self.client.put(self.path + path, json=body, **options)

    def post(self, body, path: str = "", **options) -> requests.Response:
        return self.client.post(self.path + path, json=body, **options)

    def table(self, text: str, kind: str = TSV, method: str = "put", path: str = "") -> requests.Response:
        return self.client.call(method, self.path + path, data=text.encode(), headers={"Content-Type": kind})

    def stored(self, body) -> list[str]:
        """Submits what must be taken and gives its ids."""
        answer = self.put(body)
        assert answer.status_code == 200, answer.text
        return [entity["id"] for entity in answer.json()["entities"]]

    def with_records(self, *names: str) -> dict[str, str]:
        """Submits these files, one after the other, and gives the id of each."""
        return {name: self.stored(self.record(name))[0] for name in names}

    def up_to(self, last: str) -> dict[str, str]:
        """Submits the chain of records up to this one."""
        return self.with_records(*CHAIN[:CHAIN.index(last) + 1])

    def entities(self, *ids: str) -> list[dict]:
        """The properties of stored records."""
        answer = self.client.get(f"{self.path}/entities/{','.join(ids)}")
        assert answer.status_code == 200, answer.text
        return [entity["properties"] for entity in answer.json()["entities"]]

    def counts(self, *types: str) -> dict[str, int]:
        fields = " ".join(f'{name}: _{name}_count(project_id: "{self.project_id}")' for name in types)
        return self.client.data("{ %s }" % fields)

    def export(self, **parameters) -> requests.Response:
        answer = self.client.get(f"{self.path}/export", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer


def errors_of(answer: requests.Response) -> list[tuple[str, list[str]]]:
    """Type and keys of every error of every entity of a refused submission."""
    assert answer.status_code == 400, answer.text
    return [(error["type"], error["keys"]) for entity in answer.json()["entities"] for error in entity["errors"]]


def messages_of(answer: requests.Response) -> list[str]:
    assert answer.status_code == 400, answer.text
    return [error["message"] for entity in answer.json()["entities"] for error in entity["errors"]]
