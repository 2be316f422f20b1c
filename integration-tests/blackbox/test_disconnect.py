"""Clients that go away: what they read is cancelled down to the database, what they change is finished."""

import json
import socket
import time
import urllib.parse

import psycopg
import pytest
import requests

from harness.commons import Commons

SUBMISSION = "/api/v0/submission"
SOON = 20  # seconds: the lock that they wait for stays until then
ACTIVE = "select count(*) from pg_stat_activity where state = 'active' and query like %s and pid <> pg_backend_pid()"


@pytest.fixture(scope="module")
def commons():
    with Commons.up() as running:
        yield running


@pytest.fixture(scope="module")
def headers(commons):
    key = json.loads(commons.api_key_file.read_text())
    answer = requests.post(f"{commons.url}/user/credentials/api/access_token", json=key, timeout=30)
    return {"Authorization": f"bearer {answer.json()['access_token']}"}


@pytest.fixture
def database(commons):
    with psycopg.connect(commons.run("database", "url", "sheepdog").strip()) as connection:
        yield connection


@pytest.fixture
def watch(commons):
    with psycopg.connect(commons.run("database", "url", "sheepdog").strip(), autocommit=True) as connection:
        yield lambda query: connection.execute(ACTIVE, [query]).fetchone()[0]


def begin(commons, headers, method, path, body):
    """Sends a request and leaves the answer to come."""
    address = urllib.parse.urlsplit(commons.url)
    connection = socket.create_connection((address.hostname, address.port))
    body = json.dumps(body).encode()
    fields = {"Host": address.netloc, "Content-Type": "application/json", "Content-Length": len(body), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    connection.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
    return connection


def until(condition):
    """Whether it becomes true soon."""
    end = time.monotonic() + SOON
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize("query", [
    "{ _subject_count }",
    "{ subject(first: 0) { submitter_id samples { submitter_id } } }",
    '{ sample(first: 0, with_path_to: {type: "subject", cohort: "A"}) { id } }',
])
def test_a_query_whose_client_closes_its_connection_is_cancelled_in_the_database(commons, headers, database, watch, query):
    with database.transaction(force_rollback=True):
        database.execute("lock table node_subject in access exclusive mode")
        client = begin(commons, headers, "POST", f"{SUBMISSION}/graphql", {"query": query})
        assert until(lambda: watch("%node_subject%") == 1)
        client.close()
        assert until(lambda: watch("%node_subject%") == 0)
    answer = requests.post(f"{commons.url}{SUBMISSION}/graphql", json={"query": "{ _subject_count }"}, headers=headers, timeout=30)
    assert (answer.status_code, answer.json()) == (200, {"data": {"_subject_count": 0}})


def test_a_change_whose_client_closes_its_connection_is_finished(commons, headers, database, watch):
    program = {"type": "program", "name": "LEFT", "dbgap_accession_number": "LEFT"}
    with database.transaction(force_rollback=True):
        database.execute("lock table node_program in access exclusive mode")
        client = begin(commons, headers, "POST", f"{SUBMISSION}/", program)
        assert until(lambda: watch("%node_program%") > 0)
        client.close()
        time.sleep(0.5)

    def programs():
        return requests.get(f"{commons.url}{SUBMISSION}/", headers=headers, timeout=30).json()["links"]

    assert until(lambda: programs() == ["/v0/submission/LEFT"])
