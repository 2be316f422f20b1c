"""One caller who asks for as much as the database can do, beside another who asks for little.

The attacker's project gets so many records that a search looks at all of them for a tenth of a second. The owner must be
answered as if nothing happened, the attacker's work must end with its client, and too much must be refused in words.
"""

import json
import socket
import threading
import time
import urllib.parse

import psycopg
import pytest

from attacks.town import LONGER, SUBMISSION, USERS, build_town
from harness.commons import Commons

RECORDS = 200_000
# Seconds for the owner's answer, on a machine that does other things too; alone it takes some milliseconds.
SOON = 10
FILL = """
    insert into node_sample (node_id, acl, _sysan, _props)
    select 'sample-' || n, '{}', '{}',
           jsonb_build_object('submitter_id', 's-' || n, 'project_id', 'A-a1', 'state', 'validated',
                              'created_datetime', '2026-01-01T00:00:00+00:00', 'note', repeat('x', 60))
    from generate_series(1, %s) as n
"""
ACTIVE = """
    select count(*) from pg_stat_activity
    where query ilike '%%node_sample%%' and state <> 'idle' and pid <> pg_backend_pid()
        and backend_type = 'client backend'
"""


@pytest.fixture(scope="module")
def town():
    with Commons.up("--user-yaml", str(USERS)) as commons:
        built = build_town(commons)
        with psycopg.connect(commons.run("database", "url", "sheepdog").strip(), autocommit=True) as connection:
            connection.execute(FILL, [RECORDS])
            connection.execute("analyze node_sample")
        yield built


@pytest.fixture
def active(town):
    """How many statements about samples the database is busy with, open transactions included."""
    with psycopg.connect(town.commons.run("database", "url", "sheepdog").strip(), autocommit=True) as connection:
        yield lambda: connection.execute(ACTIVE).fetchone()[0]


def searches(count, salt=""):
    return "{" + " ".join(f'c{n}: _sample_count(quick_search: "{salt}{n}x")' for n in range(count)) + "}"


def begin(town, caller, query):
    """Sends a query and leaves the answer to come, which a small window keeps from coming."""
    address = urllib.parse.urlsplit(town.url)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((address.hostname, address.port))
    body = json.dumps({"query": query}).encode()
    fields = {"Host": address.netloc, "Content-Type": "application/json", "Content-Length": len(body),
              "Authorization": caller.session.headers["Authorization"]}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    connection.sendall(f"POST {SUBMISSION}/graphql HTTP/1.1\r\n{head}\r\n".encode() + body)
    return connection


def slowest_answer(town, seconds):
    """The longest time that the owner waits for a small answer."""
    end, slowest = time.monotonic() + seconds, 0.0
    while time.monotonic() < end:
        began = time.monotonic()
        town.alive()
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(0.1)
    return slowest


def until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def test_two_thousand_searches_in_one_request_are_refused_before_they_run(town):
    began = time.monotonic()
    answer = town.attacker.post(f"{SUBMISSION}/graphql", json={"query": searches(1_990)})
    assert answer.status_code == 400, answer.text
    assert "makes the database look at about" in answer.json()["errors"][0]
    assert time.monotonic() - began < 2


def test_many_heavy_queries_of_one_caller_leave_the_others_served(town, active):
    statuses = []

    def ask(number):
        answer = town.attacker.post(f"{SUBMISSION}/graphql", json={"query": searches(30, f"{number}-")}, timeout=120)
        statuses.append((answer.status_code, answer.headers.get("Retry-After")))

    attack = [threading.Thread(target=ask, args=[number]) for number in range(30 * LONGER)]
    for thread in attack:
        thread.start()
    assert until(lambda: active() > 0, 10)
    slowest = slowest_answer(town, 10)
    busy = active()
    for thread in attack:
        thread.join()
    assert slowest < SOON, slowest
    assert busy <= 2, f"{busy} statements of one caller at the same time"
    assert {status for status, _ in statuses} <= {200, 429, 503}, statuses
    assert all(retry for status, retry in statuses if status != 200), statuses


def test_the_work_of_clients_that_have_gone_ends(town, active):
    clients = [begin(town, town.attacker, searches(30, f"gone-{number}-")) for number in range(20)]
    assert until(lambda: active() > 0, 10)
    for client in clients:
        client.close()
    assert until(lambda: active() == 0, 10), active()


def test_readers_who_take_nothing_hold_no_connection(town, active):
    query = "{ sample(first: 0) { id submitter_id project_id state created_datetime } }"
    readers = [begin(town, town.attacker, query) for _ in range(12 * LONGER)]
    try:
        assert until(lambda: active() > 0, 10)
        slowest = slowest_answer(town, 8)
        assert slowest < SOON, slowest
        assert until(lambda: active() == 0, 60), active()
    finally:
        for reader in readers:
            reader.close()
