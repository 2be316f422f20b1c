"""Records of uploads are filled: by a fence of its own, killed and resumed; wrong and broken uploads leave nothing."""

import base64
import contextlib
import hashlib
import json
import os
import signal
import subprocess
import time

import pytest
import requests

from harness.client import Client, administrator
from harness.commons import Commons, free_port, program, wait_for

SECRET = "a-secret-of-the-store"
# Another bucket than that of `commons up`, whose own indexing leaves it alone.
BUCKET = "commons-manifests"


@pytest.fixture(scope="module")
def commons():
    with Commons.up("--service-ports") as commons:
        yield commons


@pytest.fixture(scope="module")
def admin(commons):
    return administrator(commons)


class Fence:
    """`commons serve fence` on the databases and the store of a commons."""

    def __init__(self, commons, folder):
        self.folder, self.port = folder, free_port()
        run = json.loads((commons.state / "run.json").read_text())
        secrets = json.loads((commons.state / "secrets.json").read_text())
        config = {
            "BASE_URL": f"{commons.url}/user",
            "AWS_CREDENTIALS": {"C": {"aws_access_key_id": secrets["store_access_key"],
                                      "aws_secret_access_key": secrets["store_secret_key"]}},
            "S3_BUCKETS": {BUCKET: {"cred": "C", "endpoint_url": run["object_store"]}},
            "DATA_UPLOAD_BUCKET": BUCKET,
            "UPLOAD_INDEXING": {"event_secrets": [SECRET]},
        }
        self.config = folder / "fence-config.yaml"
        self.config.write_text(json.dumps(config))
        self.database, self.index_database = run["databases"]["fence"], run["databases"]["indexd"]
        services = commons.services
        self.arguments = [
            str(program()), "serve", "fence", "--host", "127.0.0.1", "--port", str(self.port), "--config", str(self.config),
            "--database-url", self.database, "--keys", str(commons.state / "keys"),
            "--arborist-url", services["arborist"], "--index-url", services["indexd"],
            "--indexd-user", secrets["indexd_user"], "--indexd-password", secrets["indexd_password"]]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        log = open(self.folder / "fence.log", "ab")
        self.process = subprocess.Popen(self.arguments, stdout=log, stderr=log)
        wait_for(f"{self.url}/_status", self.process)
        return self

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(timeout=60)

    def tell(self, key, secret=SECRET):
        record = {"eventName": "s3:ObjectCreated:Put", "s3": {"bucket": {"name": BUCKET}, "object": {"key": key}}}
        return requests.post(f"{self.url}/data/events/s3", json={"Records": [record]}, timeout=30,
                             headers={"Authorization": f"Bearer {secret}"})


@pytest.fixture
def fence(commons, tmp_path):
    fence = Fence(commons, tmp_path).start()
    yield fence
    with contextlib.suppress(ProcessLookupError):
        fence.stop()


def begin(fence, admin, name="f.bin"):
    caller = Client(fence.url, admin.token)
    answer = caller.post("/data/upload", json={"file_name": name})
    assert answer.status_code == 201, answer.text
    return answer.json()["guid"], answer.json()["url"]


def record(admin, guid):
    answer = admin.get(f"/index/index/{guid}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def filled(admin, guid, content, seconds=120):
    end = time.monotonic() + seconds
    while (found := record(admin, guid))["size"] is None:
        assert time.monotonic() < end, "the record stays blank"
        time.sleep(0.2)
    assert found["size"] == len(content)
    for kind in ("md5", "sha1", "sha256", "sha512"):
        assert found["hashes"][kind] == hashlib.new(kind, content).hexdigest()
    return found


def test_an_event_fills_the_record_at_once(fence, admin):
    guid, url = begin(fence, admin)
    assert requests.put(url, data=b"content", timeout=30).status_code == 200
    assert fence.tell(f"{guid}/f.bin", "not-the-secret-of-it").status_code == 401
    assert record(admin, guid)["size"] is None
    told = time.monotonic()
    assert fence.tell(f"{guid}/f.bin").status_code == 204
    found = filled(admin, guid, b"content")
    assert time.monotonic() - told < 10
    assert fence.tell(f"{guid}/f.bin").status_code == 204
    time.sleep(2)
    assert record(admin, guid)["rev"] == found["rev"], "the same object twice is harmless"


def test_without_any_event_the_record_is_filled_all_the_same(fence, admin):
    guid, url = begin(fence, admin)
    assert requests.put(url, data=b"content", timeout=30).status_code == 200
    filled(admin, guid, b"content")


def test_a_killed_fence_leaves_nothing_undone(fence, admin):
    contents = {}
    for number in range(40):
        guid, url = begin(fence, admin)
        contents[guid] = os.urandom(200_000 + number)
        assert requests.put(url, data=contents[guid], timeout=30).status_code == 200
        fence.tell(f"{guid}/f.bin")
        if number % 10 == 9:
            fence.stop(signal.SIGKILL)
            fence.start()
    for guid, content in contents.items():
        filled(admin, guid, content, seconds=240)


def test_wrong_and_broken_uploads_leave_the_record_blank(fence, admin):
    guid, url = begin(fence, admin)
    wrong = base64.b64encode(hashlib.md5(b"something else").digest()).decode()
    assert requests.put(url, data=b"content", headers={"Content-MD5": wrong}, timeout=30).status_code == 400
    forged = url[:-1] + ("0" if url[-1] != "0" else "1")
    assert requests.put(forged, data=b"content", timeout=30).status_code == 403
    caller = Client(fence.url, admin.token)
    short = caller.get(f"/data/upload/{guid}?file_name=f.bin&expires_in=1").json()["url"]
    time.sleep(2.5)
    assert requests.put(short, data=b"content", timeout=30).status_code == 403, "expired"
    fence.tell(f"{guid}/f.bin")
    time.sleep(3)
    assert record(admin, guid)["size"] is None
    assert requests.put(url, data=b"content", timeout=30).status_code == 200
    fence.tell(f"{guid}/f.bin")
    filled(admin, guid, b"content")


def test_an_upload_that_lacks_a_part_is_not_completed(fence, admin):
    caller = Client(fence.url, admin.token)
    begun = caller.post("/data/multipart/init", json={"file_name": "f.bin"}).json()
    guid, upload = begun["guid"], begun["uploadId"]
    named = {"key": f"{guid}/f.bin", "uploadId": upload}
    url = caller.post("/data/multipart/upload", json={**named, "partNumber": 1}).json()["presigned_url"]
    etag = requests.put(url, data=b"content", timeout=30).headers["ETag"]
    there, lacking = {"PartNumber": 1, "ETag": etag}, {"PartNumber": 2, "ETag": etag}
    assert caller.post("/data/multipart/complete", json={**named, "parts": [there, lacking]}).status_code == 400
    assert record(admin, guid)["size"] is None
    assert caller.post("/data/multipart/complete", json={**named, "parts": [there]}).status_code == 200
    filled(admin, guid, b"content")


def test_a_scan_fills_what_is_blank_and_makes_what_is_lacking(fence, admin):
    fence.stop()
    fence.start()
    guid, url = begin(fence, admin)
    fence.stop()
    content = b"nobody has seen this"
    assert requests.put(url, data=content, timeout=30).status_code == 200

    def scan(*options):
        done = subprocess.run(
            [str(program()), "index", "scan", BUCKET, "--prefix", guid, "--json", "--config", str(fence.config),
             "--index-database", fence.index_database, *options], capture_output=True, text=True, timeout=120)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    status, lines, _ = scan("--dry-run")
    assert (status, lines[0]["event"], lines[0]["guid"]) == (4, "blank", guid)
    status, lines, told = scan()
    assert (status, lines[-1]["filled"], lines[-1]["is_in_order"]) == (0, 1, True), told
    found = filled(admin, guid, content)
    # The record goes, and its object stays.
    assert admin.delete(f"/index-admin/index/{guid}?rev={found['rev']}").status_code == 200
    status, lines, _ = scan()
    assert (status, lines[0]["event"]) == (4, "without_record")
    status, lines, told = scan("--create", "--authz", "/programs/p")
    assert (status, lines[-1]["created"]) == (0, 1), told
    assert filled(admin, guid, content)["authz"] == ["/programs/p"]
    assert scan("--create", "--authz", "/programs/p")[1][-1]["in_order"] == 1
