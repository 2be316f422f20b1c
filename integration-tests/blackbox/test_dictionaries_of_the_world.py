"""Dictionaries in the shapes that the world publishes are served: one commons changes from each to the next.

The dictionaries and what they do are in libs/dictionary/tests/worlds (its README says how to read them).
"""

import json
import shutil

import pytest

from harness.client import administrator
from harness.commons import ROOT, Commons

SUBMISSION = "/api/v0/submission"
PROJECT = f"{SUBMISSION}/W/world"
WORLDS = ROOT / "libs/dictionary/tests/worlds"
NAMES = sorted(folder.name for folder in WORLDS.iterdir() if folder.is_dir() and folder.name != "base")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("dictionary")


def write(folder, world):
    for file in folder.glob("*.yaml"):
        file.unlink()
    for source in (WORLDS / "base", WORLDS / world):
        for file in source.glob("*.yaml"):
            shutil.copy(file, folder / file.name)


@pytest.fixture(scope="module")
def commons(folder):
    write(folder, NAMES[0])
    with Commons.up("--dictionary", str(folder)) as commons:
        yield commons


@pytest.fixture(scope="module")
def admin(commons):
    client = administrator(commons)
    for path, body in (
        ("", {"type": "program", "name": "W", "dbgap_accession_number": "W"}),
        ("W", {"type": "project", "code": "world", "name": "World", "dbgap_accession_number": "world"}),
    ):
        made = client.put(f"{SUBMISSION}/{path}", json=body)
        assert made.status_code == 200, made.text
    return client


@pytest.fixture(params=NAMES)
def world(request, folder, commons, admin):
    """What the world says of itself, once the commons serves it."""
    write(folder, request.param)
    commons.run("dictionary", "reload")
    return json.loads((WORLDS / request.param / "world.json").read_text())


def test_its_records_are_stored_found_exported_and_deleted(admin, world):
    ids = []
    for record in world["records"]:
        answer = admin.put(PROJECT, json=record)
        assert answer.status_code == 200, (record, answer.text)
        ids.append(answer.json()["entities"][0]["id"])
    for record in world["refused"]:
        answer = admin.put(PROJECT, json=record)
        assert answer.status_code == 400, (record, answer.text)
        assert answer.json()["created_entity_count"] == 0
    assert admin.graphql(world["query"]) == world["answer"]
    for label in dict.fromkeys(record["type"] for record in world["records"]):
        what_was_exported_can_be_sent_again(admin, label)
    for node in reversed(ids):
        answer = admin.delete(f"{PROJECT}/entities/{node}")
        assert answer.status_code == 200, answer.text


def what_was_exported_can_be_sent_again(admin, label):
    before = admin.get(f"{PROJECT}/export", params={"node_label": label, "format": "json"}).json()
    table = admin.get(f"{PROJECT}/export", params={"node_label": label, "format": "tsv"})
    assert table.status_code == 200, table.text
    answer = admin.put(PROJECT, data=table.content, headers={"Content-Type": "text/tab-separated-values"})
    assert answer.status_code == 200, table.text + answer.text
    assert {entity["action"] for entity in answer.json()["entities"]} == {"update"}
    after = admin.get(f"{PROJECT}/export", params={"node_label": label, "format": "json"}).json()
    assert after == before
