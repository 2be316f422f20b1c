"""Mixed work on a commons, and what must hold of it whatever happened to the commons meanwhile."""

import collections
import contextlib
import hashlib
import json
import random
import subprocess
import threading
import time
import uuid

import requests

from harness.client import Client, administrator

SUBMISSION = "/api/v0/submission"
PROJECT = f"{SUBMISSION}/C/crash"
# A request that takes longer than this hangs.
LONGEST = 60


def prepare(commons) -> None:
    admin = administrator(commons)
    for path, body in (
        ("", {"type": "program", "name": "C", "dbgap_accession_number": "C"}),
        ("C", {"type": "project", "code": "crash", "name": "Crash", "dbgap_accession_number": "crash"}),
        ("C/crash", {"type": "study", "submitter_id": "study", "projects": {"code": "crash"}, "study_title": "0"}),
        ("C/crash", {"type": "core_metadata_collection", "submitter_id": "all", "projects": {"code": "crash"}}),
    ):
        made = admin.put(f"{SUBMISSION}/{path}", json=body)
        assert made.status_code == 200, made.text


class Work:
    """Five workers, each with its own kind of requests. What was acknowledged is kept; what failed is tried no more.

    `commons` may be replaced by one that was started again."""

    def __init__(self, commons):
        self.commons = commons
        # Of the project, whose row stays that way as in the original.
        self.pending = pending(administrator(commons))
        self.stored, self.deleted, self.files, self.bytes = set(), set(), {}, {}
        self.titles = [0]
        self.last_title = 0
        self.hung, self.wrong = [], []
        self.statuses = collections.Counter()
        self._end = threading.Event()
        kinds = (self.subjects, self.file_nodes, self.updates, self.deletions, self.uploads, self.reads)
        self._workers = [threading.Thread(target=self._again, args=(kind,), daemon=True) for kind in kinds]

    def __enter__(self):
        for worker in self._workers:
            worker.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        for worker in self._workers:
            worker.join(timeout=LONGEST + 30)
            assert not worker.is_alive(), "a worker hangs"

    def _again(self, kind):
        while not self._end.is_set():
            begun, client = time.monotonic(), None
            try:
                client = administrator(self.commons)
                kind(client)
            except (OSError, requests.RequestException, AssertionError, ValueError):
                # Not reached, not ready, or cut in the middle: that is what crashes are.
                time.sleep(0.1)
            if (seconds := time.monotonic() - begun) > LONGEST:
                self.hung.append((kind.__name__, seconds))

    def _call(self, client, method, path, **more):
        answer = client.session.request(method, client.url + path, timeout=LONGEST, **more)
        self.statuses[answer.status_code] += 1
        busy = "please try again" in answer.text or "the service is busy" in answer.text
        # A crash is nobody's fault: who asks is told to come again, and never that something broke.
        passing = busy or answer.status_code in (429, 503)
        if not answer.ok and not passing:
            self.wrong.append((method, path, answer.status_code, answer.text[-300:]))
        return answer

    def subjects(self, client):
        names = [uuid.uuid4().hex for _ in range(random.choice((1, 50)))]
        records = [{"type": "subject", "submitter_id": name, "studies": {"submitter_id": "study"}} for name in names]
        if self._call(client, "PUT", PROJECT, json=records).status_code == 200:
            self.stored.update(names)

    def file_nodes(self, client):
        records = [{
            "type": "imaging_file", "submitter_id": uuid.uuid4().hex, "file_name": "f", "file_size": 1,
            "md5sum": uuid.uuid4().hex, "data_category": "Imaging", "data_type": "Image", "data_format": "PNG",
            "core_metadata_collections": [{"submitter_id": "all"}],
        } for _ in range(10)]
        answer = self._call(client, "PUT", PROJECT, json=records)
        if answer.status_code == 200:
            self.files.update({entity["id"]: record["md5sum"]
                               for entity, record in zip(answer.json()["entities"], records, strict=True)})

    def updates(self, client):
        title = self.titles[-1] + 1
        self.titles.append(title)
        record = {"type": "study", "submitter_id": "study", "projects": {"code": "crash"}, "study_title": str(title)}
        if self._call(client, "PUT", PROJECT, json=record).status_code == 200:
            self.last_title = title

    def deletions(self, client):
        name = uuid.uuid4().hex
        record = {"type": "subject", "submitter_id": name, "studies": {"submitter_id": "study"}}
        made = self._call(client, "PUT", PROJECT, json=record)
        if made.status_code == 200:
            node = made.json()["entities"][0]["id"]
            if self._call(client, "DELETE", f"{PROJECT}/entities/{node}").status_code == 200:
                self.deleted.add(name)

    def uploads(self, client):
        begun = self._call(client, "POST", "/user/data/upload", json={"file_name": "bytes.bin"})
        if begun.status_code == 201:
            content = random.randbytes(random.choice((10, 300_000)))
            put = requests.put(begun.json()["url"], data=content, timeout=LONGEST)
            if put.status_code == 200:
                self.bytes[begun.json()["guid"]] = hashlib.sha256(content).hexdigest()

    def reads(self, client):
        query = {"query": '{ _subject_count(project_id: "C-crash") imaging_file(first: 20) { object_id } }'}
        self._call(client, "POST", f"{SUBMISSION}/graphql", json=query)
        time.sleep(0.05)

    def acknowledged(self) -> int:
        return len(self.stored) + len(self.files) + len(self.deleted) + len(self.bytes) + self.last_title


def ready_again(commons, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError, requests.RequestException):
            if requests.get(f"{commons.url}/_ready", timeout=10).status_code == 200:
                return
        assert commons.process.poll() is None, f"the commons has ended with {commons.process.returncode}"
        assert time.monotonic() < end, f"not ready within {seconds} s"
        time.sleep(0.1)


def holds(work: Work) -> None:
    """Nothing acknowledged is lost, graph and index agree, nothing is left pending, nothing hung."""
    assert not work.hung, work.hung
    assert not work.wrong, work.wrong[:5]
    assert work.acknowledged() > 0, work.statuses
    commons, admin = work.commons, administrator(work.commons)
    _in_order(commons)
    subjects = {node["submitter_id"] for node in _exported(admin, "subject")}
    assert work.stored <= subjects, f"{len(work.stored - subjects)} acknowledged records are lost"
    assert not work.deleted & subjects, "an acknowledged deletion was undone"
    _files(admin, work)
    [study] = _exported(admin, "study")
    assert int(study["study_title"]) >= work.last_title, "an acknowledged update is lost"
    for guid, digest in random.sample(sorted(work.bytes.items()), min(20, len(work.bytes))):
        url = _location(admin, guid)
        assert hashlib.sha256(requests.get(url, timeout=LONGEST).content).hexdigest() == digest, guid
    _nothing_pending(admin, work.pending)


def _exported(admin: Client, label: str) -> list:
    answer = admin.get(f"{PROJECT}/export", params={"node_label": label, "format": "json"})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def _files(admin: Client, work: Work) -> None:
    files = {node["id"]: node for node in _exported(admin, "imaging_file")}
    assert work.files.keys() <= files.keys(), "acknowledged file nodes are lost"
    dids = [node["object_id"] for node in files.values()]
    assert all(dids) and len(set(dids)) == len(dids)
    for node in random.sample(sorted(files), min(50, len(files))):
        record = admin.get(f"/index/index/{files[node]['object_id']}")
        assert record.status_code == 200, files[node]
        assert record.json()["hashes"]["md5"] == files[node]["md5sum"]


def _location(admin: Client, guid: str, seconds: float = 60) -> str:
    """A signed URL of an upload, which has one as soon as its bytes were found."""
    end = time.monotonic() + seconds
    while (answer := admin.get(f"/user/data/download/{guid}")).status_code != 200:
        assert time.monotonic() < end, (guid, answer.status_code, answer.text)
        time.sleep(1)
    return answer.json()["url"]


def pending(admin: Client) -> set:
    answer = admin.graphql('{ transaction_log(state: "PENDING", first: 0) { id } }')
    return {transaction["id"] for transaction in answer["transaction_log"]}


def _nothing_pending(admin: Client, before: set, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while left := pending(admin) - before:
        assert time.monotonic() < end, left
        time.sleep(1)


def _in_order(commons, seconds: float = 60) -> None:
    """What a crash left open is worked off soon."""
    command = [str(commons.program), "database", "check", "--json", "--state", str(commons.state)]
    if url := commons.database_url:
        command += ["--database-url", url]
    end = time.monotonic() + seconds
    while True:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode in (0, 4), done.stderr
        found = json.loads(done.stdout)
        if found["in_order"]:
            return
        assert time.monotonic() < end, found
        time.sleep(1)
