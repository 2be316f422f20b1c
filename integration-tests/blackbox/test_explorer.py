"""The explorer of `commons up`: filled by the demonstration, kept after submissions, also by a commons that was killed."""

import json
import signal
import statistics
import time

import pytest

from harness.client import administrator
from harness.commons import Commons

SUBMISSION = "/api/v0/submission"
PROJECT = f"{SUBMISSION}/demo/airways"


def count(client, kind="subject"):
    answer = client.post("/guppy/graphql", json={"query": f"{{ _aggregation {{ {kind} {{ _totalCount }} }} }}"})
    assert answer.status_code == 200, answer.text
    assert "errors" not in answer.json(), answer.text
    return answer.json()["data"]["_aggregation"][kind]["_totalCount"]


def in_graph(client):
    return client.graphql('{ _subject_count(project_id: "demo-airways") }')["_subject_count"]


def submit(client, name):
    study = client.graphql('{ study(project_id: "demo-airways", first: 1) { submitter_id } }')["study"][0]
    body = {"type": "subject", "submitter_id": name, "studies": {"submitter_id": study["submitter_id"]}}
    answer = client.put(PROJECT, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["entities"][0]["id"]


def wait(client, wanted, seconds=30):
    """How long it takes until the explorer has so many subjects."""
    begun = time.monotonic()
    while count(client) != wanted:
        assert time.monotonic() - begun < seconds, f"{count(client)} subjects, not {wanted}"
        time.sleep(0.05)
    return time.monotonic() - begun


def etl(commons, *arguments):
    return json.loads(commons.run("etl", *arguments, "--json"))


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    return tmp_path_factory.mktemp("explorer") / "state"


def test_the_demonstration_fills_the_explorer_and_what_is_submitted_is_found_soon(state):
    with Commons.up("--demo", state=state) as commons:
        admin = administrator(commons)
        subjects = in_graph(admin)
        assert count(admin) == subjects > 0 and count(admin, "file") > 0, "as soon as it says that it is ready"
        status = etl(commons, "status")
        assert status["needed"] is None and [index["name"] for index in status["indices"]] == \
            ["commons_subject", "commons_file"], status
        times = []
        for number in range(5):
            submit(admin, f"late-{number}")
            times.append(wait(admin, subjects + number + 1))
        assert max(times) < 5, times
        print(f"visible after {statistics.median(times):.2f} s, at most {max(times):.2f} s")
        node = submit(admin, "gone")
        wait(admin, subjects + 6)
        assert admin.delete(f"{PROJECT}/entities/{node}").status_code == 200
        wait(admin, subjects + 5)
        verified = etl(commons, "verify")
        assert verified["different"] == 0 and verified["documents"]["commons_subject"] == subjects + 5, verified
        # A whole run by hand, which the running commons does.
        built = etl(commons, "run", "--force")
        assert built["indices"]["commons_subject"]["documents"] == subjects + 5, built
        assert count(admin) == subjects + 5


def test_a_commons_that_is_killed_after_a_submission_has_it_in_the_explorer_afterwards(state):
    for number, delay in enumerate((0, 0.3, 0.8, 1.3)):
        with Commons.up(state=state) as commons:
            submit(administrator(commons), f"killed-{number}")
            time.sleep(delay)
            commons.stop(signal.SIGKILL)
        with Commons.up(state=state) as commons:
            admin = administrator(commons)
            wait(admin, in_graph(admin))
            assert etl(commons, "verify")["different"] == 0
    # Nothing that was left lies about: what is served, and at most one generation before it.
    names = sorted(path.name for path in (state / "search").iterdir())
    assert len(names) <= 12, names


def test_without_a_running_commons_the_commands_work_on_the_folder(state):
    with Commons.up(state=state) as commons:
        admin = administrator(commons)
        subjects = in_graph(admin)
        assert commons.stop() == 0
        built = etl(commons, "run", "--force")
        assert built["indices"]["commons_subject"]["documents"] == subjects, built
        assert etl(commons, "run")["outcome"] == "nothing"
        assert etl(commons, "verify")["different"] == 0
