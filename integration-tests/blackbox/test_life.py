"""The life of a commons on one machine: first start, second start, side by side, crashes, refusals to start."""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time

import psycopg
import pytest
import requests

from harness.commons import Commons, free_port, program

SUBMISSION = "/api/v0/submission"


def token(commons):
    key = json.loads(commons.api_key_file.read_text())
    answer = requests.post(f"{commons.url}/user/credentials/api/access_token", json=key, timeout=30)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"bearer {answer.json()['access_token']}"}


def make_project(commons, headers):
    base = commons.url + SUBMISSION
    for method, path, body in (
        ("POST", "/", {"type": "program", "name": "LIFE", "dbgap_accession_number": "LIFE"}),
        ("PUT", "/LIFE", {"type": "project", "code": "one", "name": "One", "dbgap_accession_number": "one"}),
        ("PUT", "/LIFE/one", {"type": "study", "submitter_id": "st", "projects": {"code": "one"}, "study_title": "T"}),
    ):
        answer = requests.request(method, base + path, json=body, headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text


def count(commons, headers):
    query = {"query": '{ _subject_count(project_id: "LIFE-one") }'}
    answer = requests.post(f"{commons.url}{SUBMISSION}/graphql", json=query, headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]["_subject_count"]


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


def test_what_was_submitted_is_there_after_a_restart(state):
    with Commons.up(state=state) as commons:
        headers = token(commons)
        make_project(commons, headers)
        assert commons.stop() == 0
    with Commons.up(state=state) as commons:
        assert count(commons, token(commons)) == 0
        answer = requests.get(f"{commons.url}{SUBMISSION}/LIFE", headers=token(commons), timeout=30)
        assert answer.json() == {"links": ["/v0/submission/LIFE/one"]}


def test_sigterm_leaves_no_process_and_no_port_behind(state):
    with Commons.up(state=state) as commons:
        url = commons.url
        assert commons.stop(signal.SIGTERM) == 0
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=5)
    assert not [line for line in processes() if str(state) in line]


def processes():
    return subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout.splitlines()


def test_it_starts_again_after_kill_9(state):
    with Commons.up(state=state) as commons:
        make_project(commons, token(commons))
        commons.stop(signal.SIGKILL)
    with Commons.up(state=state) as commons:
        assert count(commons, token(commons)) == 0


def test_a_submission_killed_half_way_is_there_wholly_or_not_at_all(state):
    records = [{"type": "subject", "submitter_id": f"s{n}", "studies": {"submitter_id": "st"}} for n in range(10_000)]
    body = json.dumps(records)
    with Commons.up(state=state) as commons:
        headers = token(commons)
        make_project(commons, headers)

    # Killed at several moments, the later ones after the database has begun to write.
    for delay in (0.05, 0.2, 0.5, 0.9, 1.4):
        with Commons.up(state=state) as commons:
            headers = token(commons)

            def send():
                try:
                    requests.post(f"{commons.url}{SUBMISSION}/LIFE/one", data=body, timeout=120,
                                  headers={**headers, "Content-Type": "application/json"})
                except requests.ConnectionError:
                    pass

            sending = threading.Thread(target=send)
            sending.start()
            time.sleep(delay)
            commons.stop(signal.SIGKILL)
            sending.join()
        with Commons.up(state=state) as commons:
            found = count(commons, token(commons))
            assert found in (0, len(records)), f"{found} records after a kill at {delay} s"
            assert not unfinished(commons), f"still pending after a kill at {delay} s"
            if found:
                return


def unfinished(commons, seconds=30):
    """Transactions that are still PENDING after some time, but for those of projects, which stay so (they name nobody)."""
    end = time.monotonic() + seconds
    with psycopg.connect(commons.run("database", "url", "sheepdog").strip(), autocommit=True) as connection:
        while True:
            rows = connection.execute("select id, role from transaction_logs where state = 'PENDING' and submitter is not null").fetchall()
            if not rows or time.monotonic() > end:
                return rows
            time.sleep(0.2)


def test_a_submission_in_a_queue_is_errored_after_a_kill_and_one_that_runs_elsewhere_is_not(state):
    with Commons.up(state=state) as commons:
        headers = token(commons)
        make_project(commons, headers)
        url = commons.run("database", "url", "sheepdog").strip()
        # Not closed by us: the kill below takes the server away from it.
        other = psycopg.connect(url)
        try:
            # Somebody else holds the project: the submission is noted and waits.
            other.execute("select from node_project for update")
            study = {"type": "study", "submitter_id": "waits", "projects": {"code": "one"}, "study_title": "T"}
            answer = requests.put(f"{commons.url}{SUBMISSION}/LIFE/one?async=true", json=study, headers=headers, timeout=30)
            assert answer.status_code == 200, answer.text
            transaction = answer.json()["transaction_id"]
            # Longer than the time after which the dead are looked for.
            assert unfinished(commons, seconds=20) == [(transaction, "update")]
            commons.stop(signal.SIGKILL)
        finally:
            with contextlib.suppress(psycopg.Error):
                other.close()
    with Commons.up(state=state) as commons:
        assert not unfinished(commons)
        with psycopg.connect(commons.run("database", "url", "sheepdog").strip()) as connection:
            found = connection.execute("select state from transaction_logs where id = %s", [transaction]).fetchone()
        assert found == ("ERRORED",)


def test_two_run_side_by_side(tmp_path):
    with Commons.up(state=tmp_path / "a") as one, Commons.up(state=tmp_path / "b") as two:
        assert one.url != two.url
        make_project(one, token(one))
        answer = requests.get(f"{two.url}{SUBMISSION}/", headers=token(two), timeout=30)
        assert answer.json() == {"links": []}
        foreign = requests.get(f"{two.url}/user/user", headers=token(one), timeout=30)
        assert foreign.status_code == 401


def test_a_second_start_on_the_same_state_says_what_to_do(state):
    with Commons.up(state=state):
        second = subprocess.run([str(program()), "up", "--port", "0", "--state", str(state)],
                                capture_output=True, text=True, timeout=60)
        assert second.returncode != 0
        assert str(state) in second.stderr and "--state" in second.stderr


def test_a_port_in_use_is_named_with_the_remedy(state):
    port = free_port()
    with subprocess.Popen(["python3", "-m", "http.server", str(port), "--bind", "127.0.0.1"],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as other:
        try:
            time.sleep(1)
            done = subprocess.run([str(program()), "up", "--port", str(port), "--state", str(state)],
                                  capture_output=True, text=True, timeout=60)
        finally:
            other.kill()
    assert done.returncode != 0
    assert str(port) in done.stderr and "--port" in done.stderr


def test_the_development_login_is_refused_for_a_public_address(state):
    done = subprocess.run([str(program()), "up", "--port", "0", "--state", str(state), "--public-url", "https://commons.example.org"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "loopback" in done.stderr or "development" in done.stderr


def test_secrets_are_readable_by_their_owner_only(state):
    with Commons.up(state=state) as commons:
        key = commons.api_key_file
        assert os.stat(key).st_mode & 0o077 == 0
        pems = list(state.rglob("jwt_private_key.pem"))
        assert pems and all(os.stat(pem).st_mode & 0o077 == 0 for pem in pems)


def test_logs_hold_no_token_and_no_signature(state):
    with Commons.up(state=state) as commons:
        headers = token(commons)
        made = requests.post(f"{commons.url}/user/data/upload", json={"file_name": "a"}, headers=headers, timeout=30)
        requests.put(made.json()["url"], data=b"x", timeout=30)
        requests.get(f"{commons.url}/user/data/download/nope", headers=headers, timeout=30)
        commons.stop()
    log = state.parent.joinpath("state.log").read_text(errors="replace")
    assert headers["Authorization"].split()[1] not in log
    assert "X-Amz-Signature" not in log
    assert json.loads(commons.api_key_file.read_text())["api_key"] not in log


def test_services_that_call_each_other_by_http_do_the_same(state):
    with Commons.up("--remote-calls", state=state) as commons:
        headers = token(commons)
        make_project(commons, headers)
        answer = requests.put(f"{commons.url}{SUBMISSION}/LIFE/one", headers=headers, timeout=60,
                              json={"type": "subject", "submitter_id": "s", "studies": {"submitter_id": "st"}})
        assert answer.status_code == 200, answer.text
        assert count(commons, headers) == 1
