"""The graph and the file index are two databases; a commons that is killed between the two makes them agree."""

import json
import random
import subprocess
import threading
import time
import uuid

from attacks.town import LONGER, SUBMISSION, USERS, build_town, login
from harness.client import Client
from harness.commons import Commons


def files(count):
    """File nodes that no other call makes."""
    return [{
        "type": "imaging_file", "submitter_id": uuid.uuid4().hex, "file_name": "f", "file_size": 1 + number,
        "md5sum": uuid.uuid4().hex, "data_category": "Imaging", "data_type": "Image", "data_format": "PNG",
        "core_metadata_collections": [{"submitter_id": "collection"}],
    } for number in range(count)]


def check(commons, *options):
    """What `commons database check` finds, and whether it is in order."""
    command = [str(commons.program), "database", "check", "--json", "--state", str(commons.state), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, 4), done.stderr
    return json.loads(done.stdout)


def in_order_soon(commons, seconds=60):
    end = time.monotonic() + seconds
    while not (found := check(commons))["in_order"] and time.monotonic() < end:
        time.sleep(1)
    return found


def prepare(town):
    made = town.attacker.put(f"{SUBMISSION}/A/a1", json={
        "type": "core_metadata_collection", "submitter_id": "collection", "projects": {"code": "a1"}})
    assert made.status_code == 200, made.text


def work(client, acknowledged, until):
    while not until.is_set():
        batch = files(20)
        try:
            answer = client.put(f"{SUBMISSION}/A/a1", json=batch, timeout=30)
        except OSError:
            return
        if answer.status_code == 200:
            acknowledged.extend(entity["id"] for entity in answer.json()["entities"])


def test_a_commons_that_is_killed_while_files_are_submitted_agrees_with_itself_afterwards(tmp_path):
    commons = Commons.up("--user-yaml", str(USERS), state=tmp_path / "state")
    acknowledged = []
    try:
        prepare(build_town(commons))
        for _ in range(3 * LONGER):
            until = threading.Event()
            client = Client(commons.url, commons.token("attacker"))
            workers = [threading.Thread(target=work, args=(client, acknowledged, until)) for _ in range(3)]
            for worker in workers:
                worker.start()
            time.sleep(random.uniform(0.5, 3))
            commons.stop(9)
            until.set()
            for worker in workers:
                worker.join()
            commons = Commons.up("--user-yaml", str(USERS), state=tmp_path / "state")
            found = in_order_soon(commons)
            assert found["in_order"], found
        assert acknowledged
        owner = Client(commons.url, commons.token("attacker"))
        stored = owner.get(f"{SUBMISSION}/A/a1/export?node_label=imaging_file&format=json").json()["data"]
        assert set(acknowledged) <= {node["id"] for node in stored}
        named = {node["object_id"] for node in stored}
        assert len(named) == len(stored)
        for did in random.sample(sorted(named), min(50, len(named))):
            assert owner.get(f"/index/index/{did}").status_code == 200
    finally:
        commons.cleanup()


def test_what_an_older_version_has_left_is_found_and_put_right(tmp_path):
    with Commons.up("--user-yaml", str(USERS), state=tmp_path / "state") as commons:
        prepare(build_town(commons))
        admin = login(commons)
        [file] = files(1)
        made = admin.put(f"{SUBMISSION}/A/a1", json=file).json()
        assert made["success"], made
        did = admin.get(f"{SUBMISSION}/A/a1/entities/{made['entities'][0]['id']}").json()["entities"][0]["properties"][
            "object_id"]
        record = admin.get(f"/index/index/{did}").json()
        assert admin.delete(f"/index/index/{did}?rev={record['rev']}").status_code == 200
        found = check(commons)
        assert not found["in_order"] and [lost["did"] for lost in found["lost"]] == [did]
        assert check(commons, "--repair")["in_order"]
        again = admin.get(f"/index/index/{did}").json()
        assert (again["size"], again["hashes"], again["authz"]) == (record["size"], record["hashes"], record["authz"])
        assert check(commons)["in_order"]
