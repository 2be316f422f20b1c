"""A table of very many rows in one request: memory stays bounded, and the transaction log says how far it is.

A million rows take some minutes of a debug build; ROWS=1000000 asks for them.
"""

import json
import os
import threading
import time

import pytest
import requests

from bench.memory import MEGABYTE, Watch
from harness.commons import Commons

SUBMISSION = "/api/v0/submission"
ROWS = int(os.environ.get("ROWS", "60000"))
MOST_GROWTH = 300
PATIENCE = 1800


@pytest.fixture(scope="module")
def commons():
    with Commons.up() as running:
        yield running


@pytest.fixture(scope="module")
def headers(commons):
    key = json.loads(commons.api_key_file.read_text())
    answer = requests.post(f"{commons.url}/user/credentials/api/access_token", json=key, timeout=30)
    headers = {"Authorization": f"bearer {answer.json()['access_token']}"}
    base = commons.url + SUBMISSION
    for method, path, body in (
        ("POST", "/", {"type": "program", "name": "LARGE", "dbgap_accession_number": "LARGE"}),
        ("PUT", "/LARGE", {"type": "project", "code": "one", "name": "One", "dbgap_accession_number": "one"}),
        ("PUT", "/LARGE/one", {"type": "study", "submitter_id": "st", "projects": {"code": "one"}, "study_title": "T"}),
    ):
        answer = requests.request(method, base + path, json=body, headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text
    return headers


def table(rows, last=""):
    yield b"type\tsubmitter_id\tstudies.submitter_id\n"
    for start in range(0, rows, 10_000):
        lines = (f"subject\tsubject-{row:09}\tst\n" for row in range(start, min(rows, start + 10_000)))
        yield "".join(lines).encode()
    yield last.encode()


def put(commons, headers, body):
    """The status, the summary and the number of entities of an answer that is not kept."""
    started = time.monotonic()
    with requests.put(f"{commons.url}{SUBMISSION}/LARGE/one", data=body, stream=True, timeout=PATIENCE,
                      headers={**headers, "Content-Type": "text/tab-separated-values"}) as answer:
        head, tail, entities, total = b"", b"", 0, 0
        for piece in answer.iter_content(1 << 20):
            # What was at the end of the last piece may go on in this one.
            entities += (tail[-20:] + piece).count(b'"unique_keys"') - tail[-20:].count(b'"unique_keys"')
            head, tail, total = (head + piece)[:200], (tail + piece)[-2000:], total + len(piece)
        return answer.status_code, head.decode(), tail.decode(), entities, total, time.monotonic() - started


def graphql(commons, headers, query):
    answer = requests.post(f"{commons.url}{SUBMISSION}/graphql", json={"query": query}, headers=headers, timeout=60)
    return answer.json()["data"]


class Log(threading.Thread):
    """What the log of the transaction at work says while it works."""

    def __init__(self, commons, headers):
        super().__init__(daemon=True)
        self.commons, self.headers, self.seen, self.ended = commons, headers, [], threading.Event()

    def run(self):
        query = '{ transaction_log(project_id: "LARGE-one", state: "PENDING", last: 1) { documents { response_json } } }'
        while not self.ended.wait(0.3):
            data = graphql(self.commons, self.headers, query)
            for log in (data or {}).get("transaction_log") or []:
                self.seen += [json.loads(document["response_json"]) for document in log["documents"]]


@pytest.fixture(scope="module")
def created(commons, headers):
    log = Log(commons, headers)
    log.start()
    with Watch(commons.process.pid) as watch:
        answer = put(commons, headers, table(ROWS))
    log.ended.set()
    log.join()
    print(f"\n{ROWS} rows: {answer[5]:.1f} s, growth {watch.growth:.0f} MB, answer {answer[4] / MEGABYTE:.0f} MB, "
          f"{len(log.seen)} notes")
    return answer, watch.growth, log.seen


def test_every_row_is_created_and_told(commons, headers, created):
    (status, head, tail, entities, _, _), _, _ = created
    assert (status, entities) == (200, ROWS), tail
    assert head.startswith(f'{{"code":200,"created_entity_count":{ROWS},"entities":[')
    assert tail.endswith('"transactional_error_count":0,"transactional_errors":[],"updated_entity_count":0}')
    assert graphql(commons, headers, '{ _subject_count(project_id: "LARGE-one") }') == {"_subject_count": ROWS}


def test_memory_does_not_grow_with_the_rows(created):
    assert created[1] < MOST_GROWTH


def test_the_log_says_how_far_it_is(created):
    progress = [seen["progress"] for seen in created[2] if "progress" in seen]
    assert progress, "no note was seen"
    assert all(note["of"] == ROWS and 0 <= note["rows"] <= ROWS for note in progress)
    assert len({(note["phase"], note["rows"]) for note in progress}) > 1
    phases = list(dict.fromkeys(note["phase"] for note in progress))
    assert phases == [phase for phase in ("reading", "linking", "writing") if phase in phases]


def test_the_log_has_one_document_in_the_end(commons, headers, created):
    query = '{ transaction_log(project_id: "LARGE-one", last: 1) { state documents { doc_size response_json } } }'
    [log] = graphql(commons, headers, query)["transaction_log"]
    [document] = log["documents"]
    assert log["state"] == "SUCCEEDED"
    assert document["doc_size"] == sum(len(piece) for piece in table(ROWS))
    assert json.loads(document["response_json"])["created_entity_count"] == ROWS


def test_one_bad_row_at_the_end_refuses_all(commons, headers, created):
    status, head, tail, entities, _, _ = put(commons, headers, table(ROWS, "subject\tbad\tnowhere\n"))
    # Of so many records those with errors are listed.
    assert (status, entities) == (400, 1), tail
    assert "No link destination found for studies" in tail
    assert graphql(commons, headers, '{ _subject_count(project_id: "LARGE-one") }') == {"_subject_count": ROWS}


def test_what_cannot_be_read_is_refused_before_anything_is_written(commons, headers, created):
    query = '{ _transaction_log_count(project_id: "LARGE-one") }'
    before = graphql(commons, headers, query)
    status, head, _, _, _, _ = put(commons, headers, table(ROWS, 'subject\t"open\tst\n'))
    assert (status, head) == (400, json.dumps(
        {"message": f"Unable to parse document: the quote that begins in line {ROWS + 2} is not closed"},
        separators=(",", ":")))
    assert graphql(commons, headers, query) == before
