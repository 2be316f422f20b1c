"""The private PostgreSQL ends while the commons runs: killed for want of memory, or unable to start again."""

import concurrent.futures
import signal
import subprocess
import threading
import time

import pytest
import requests

from attacks.town import LONGER, SUBMISSION, USERS, build_town
from harness.commons import Commons, program

# Who asks while the database is away waits no longer than this, on a busy machine.
SOON = 6
READY = 3


@pytest.fixture
def own_town(tmp_path):
    with Commons.up("--user-yaml", str(USERS), state=tmp_path / "state") as commons:
        yield build_town(commons)


def postmaster(commons: Commons) -> int | None:
    """The server's main process; None while a server starts or none is there."""
    try:
        return int((commons.state / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None


def kill(commons: Commons) -> None:
    subprocess.run(["kill", f"-{signal.SIGKILL.value}", str(postmaster(commons))], check=True)


def timed(call):
    begun = time.monotonic()
    answer = call()
    return answer, time.monotonic() - begun


def readiness(commons: Commons):
    answer, seconds = timed(lambda: requests.get(f"{commons.url}/_ready", timeout=30))
    assert seconds < READY, f"/_ready took {seconds:.1f} s"
    return answer


def until(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.1)


def subject(name):
    return {"type": "subject", "submitter_id": name, "studies": {"submitter_id": "study-1"}}


def test_a_killed_database_is_back_in_seconds_and_meanwhile_nobody_waits(own_town):
    commons, owner = own_town.commons, own_town.owner
    stop, outcomes, stored = threading.Event(), [], []

    def work(worker):
        for number in range(100_000):
            if stop.is_set():
                return
            name = f"s-{worker}-{number}"
            answer, seconds = timed(lambda: owner.put(f"{SUBMISSION}/B/b1", json=subject(name)))
            outcomes.append((answer.status_code, seconds, answer.headers.get("Retry-After"), answer.text[:200]))
            if answer.status_code == 200:
                stored.append(name)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        workers = [pool.submit(work, worker) for worker in range(4)]
        try:
            for _ in range(2 * LONGER):
                time.sleep(2)
                before = postmaster(commons)
                kill(commons)
                readiness(commons)
                until(lambda: postmaster(commons) not in (None, before), 20, "another server runs")
                until(lambda: readiness(commons).status_code == 200, 60, "ready again")
            time.sleep(1)
        finally:
            stop.set()
        for worker in workers:
            worker.result()
    assert stored, "something was stored"
    assert {status for status, *_ in outcomes} <= {200, 503}, [one for one in outcomes if one[0] not in (200, 503)][:5]
    slow = [one for one in outcomes if one[0] == 503 and one[1] > SOON]
    assert not slow, slow[:5]
    assert all(retry for status, _, retry, _ in outcomes if status == 503), "503 says when to come again"
    found = owner.graphql('{ subject(project_id: "B-b1", first: 0) { submitter_id } }')["subject"]
    assert set(stored) <= {record["submitter_id"] for record in found}, "what was acknowledged is there"


def test_a_database_that_cannot_start_again_ends_the_commons_with_a_clear_last_line(tmp_path):
    commons = Commons.up("--user-yaml", str(USERS), state=tmp_path / "state")
    try:
        town = build_town(commons)
        (commons.state / "postgres" / "global" / "pg_control").unlink()
        kill(commons)
        answer, seconds = timed(lambda: town.owner.put(f"{SUBMISSION}/B/b1", json=subject("late")))
        assert answer.status_code == 503 and seconds < SOON, (answer.status_code, seconds, answer.text)
        assert readiness(commons).status_code == 503
        said, seconds = timed(lambda: subprocess.run(
            [str(program()), "user", "list", "--state", str(commons.state)],
            capture_output=True, text=True, timeout=60))
        assert said.returncode != 0 and "database" in said.stderr and seconds < SOON, (said, seconds)
        assert commons.process.wait(timeout=90) not in (0, None)
        last = (tmp_path / "state.log").read_text().splitlines()[-1]
        assert "PostgreSQL" in last and "everything was stopped" in last, last
    finally:
        commons.cleanup()
