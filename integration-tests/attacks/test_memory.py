"""What is small as text and large in memory, and much at once: the process lives, and others are served."""

import concurrent.futures
import json
import socket
import urllib.parse

import pytest

from attacks.town import LONGER, SUBMISSION, USERS, build_town
from harness.commons import Commons, program

MIB = 1 << 20


def resident(pid):
    """The process's memory, in bytes."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


def bulk(*texts):
    return [{"name": str(number), "doc_format": "json", "doc": text} for number, text in enumerate(texts)]


def zeros(count):
    return f"[{','.join('0' * count)}]"


@pytest.mark.parametrize("parts", [
    bulk(zeros(MIB * LONGER)),
    bulk(*[zeros(1000)] * 30),
    bulk(*["[]"] * 60_000),
    bulk(f"[{','.join(['{}'] * 300_000)}]"),
], ids=["one", "several", "empty ones", "objects"])
def test_a_bulk_transfer_of_very_many_records_is_refused_and_costs_little(town, parts):
    before = resident(town.commons.process.pid)
    answer = town.attacker.put(f"{SUBMISSION}/A/a1/bulk", json=parts)
    assert answer.status_code == 413, answer.text[:500]
    assert len(answer.content) < 10_000
    assert resident(town.commons.process.pid) - before < 200 * MIB


@pytest.mark.parametrize("document", [
    [0] * (5 * MIB),
    {f"key{number}": 0 for number in range(800_000)},
    {"type": "study", "submitter_id": "large", "study_title": "x" * (9 * MIB)},
], ids=["values", "keys", "text"])
def test_one_very_large_record_is_refused(town, document):
    before = resident(town.commons.process.pid)
    answer = town.attacker.put(f"{SUBMISSION}/A/a1", data=json.dumps([document]),
                               headers={"Content-Type": "application/json"})
    assert answer.status_code == 400 and "larger than 8388608 bytes" in answer.text, answer.text[:500]
    assert resident(town.commons.process.pid) - before < 200 * MIB


def test_the_answer_to_very_many_errors_is_not_much_larger_than_the_request(town):
    body = zeros(MIB // 2 * LONGER)
    answer = town.attacker.put(f"{SUBMISSION}/A/a1", data=body, headers={"Content-Type": "application/json"},
                               timeout=300)
    assert answer.status_code == 400
    assert answer.json()["entity_error_count"] == body.count("0")
    assert len(answer.content) < len(body)


def test_large_submissions_at_once_do_not_end_a_process_with_little_memory(tmp_path):
    limited = tmp_path / "commons"
    limited.write_text(f"#!/bin/sh\nulimit -d {900 * 1024}\nexec '{program()}' \"$@\"\n")
    limited.chmod(0o755)
    row = f"study\tlarge-%d\ta1\ttitle\t{'x' * (5 * MIB)}\n"
    rows = "".join(row % number for number in range(8))
    body = f"type\tsubmitter_id\tprojects.code\tstudy_title\tstudy_description\n{rows}"
    with Commons.up("--user-yaml", str(USERS), of=limited, state=tmp_path / "state") as commons:
        town = build_town(commons)

        def send(_):
            return town.attacker.put(f"{SUBMISSION}/A/a1/_dry_run", data=body, timeout=600,
                                     headers={"Content-Type": "text/tab-separated-values"})

        with concurrent.futures.ThreadPoolExecutor(4 * LONGER) as pool:
            answers = list(pool.map(send, range(4 * LONGER)))
        statuses = {answer.status_code for answer in answers}
        assert statuses <= {200, 503} and 200 in statuses, [answer.text[:200] for answer in answers]
        assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 503)
        town.alive()


def test_readers_who_take_nothing_of_their_exports_do_not_keep_others_waiting(town, unique):
    rows = "".join(f"subject\t{unique}-{number}\tstudy-1\n" for number in range(4000))
    made = town.attacker.put(f"{SUBMISSION}/A/a1", data=f"type\tsubmitter_id\tstudies.submitter_id\n{rows}",
                             headers={"Content-Type": "text/tab-separated-values"}, timeout=300)
    assert made.status_code == 200, made.text[:500]
    at = urllib.parse.urlsplit(town.url)
    head = (f"GET {SUBMISSION}/A/a1/export?node_label=subject HTTP/1.1\r\nHost: {at.netloc}\r\n"
            f"Authorization: bearer {town.attacker.token}\r\n\r\n")
    slow = []
    try:
        for _ in range(40 * LONGER):
            connection = socket.create_connection((at.hostname, at.port), timeout=30)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            connection.sendall(head.encode())
            slow.append(connection)
        for number in range(5):
            subject = {"type": "subject", "submitter_id": f"{unique}-{number}", "studies": {"submitter_id": "study-1"}}
            assert town.owner.put(f"{SUBMISSION}/B/b1", json=subject, timeout=15).status_code == 200
            assert town.owner.get(f"{SUBMISSION}/B/b1/export?node_label=study", timeout=15).status_code == 200
    finally:
        for connection in slow:
            connection.close()
