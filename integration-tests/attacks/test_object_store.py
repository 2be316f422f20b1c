"""Signed URLs, and what can be done with one: odd ranges and lengths, wrong digests, other keys, half uploads, a full
disk. An object is the old one or the new one, whatever comes; nothing that is done to the store ends the commons."""

import base64
import concurrent.futures
import hashlib
import json
import os
import pathlib
import random
import re
import signal
import socket
import threading
import time
import urllib.parse
import zlib

import boto3
import botocore.config
import botocore.exceptions
import pytest
import requests

from attacks.town import LONGER, USERS, build_town, login
from harness.client import Client
from harness.commons import Commons, free_port

BUCKET = "commons-data"
MIB = 1024 * 1024
CONTENT = b"0123456789"


def upload(client, content=CONTENT, name="file.bin"):
    """Uploads as users do; returns GUID and the signed URL of the upload."""
    begun = client.post("/user/data/upload", json={"file_name": name})
    assert begun.status_code == 201, begun.text
    url = begun.json()["url"]
    put = requests.put(url, data=content, timeout=60)
    assert put.status_code == 200, put.text
    return begun.json()["guid"], url


def download_url(client, guid):
    """The signed URL of a download; waits until the upload is indexed."""
    end = time.monotonic() + 30
    while True:
        answer = client.get(f"/user/data/download/{guid}")
        if answer.status_code == 200:
            return answer.json()["url"]
        assert time.monotonic() < end, answer.text
        time.sleep(0.1)


@pytest.fixture(scope="module")
def signed(town):
    """A file of the owner, with the URLs by which it is written and read."""
    guid, put = upload(town.owner)
    return put, download_url(town.owner, guid)


def store(commons, address=None):
    """The store with its own keys, as an operator uses it."""
    secrets = json.loads((commons.state / "secrets.json").read_text())
    run = json.loads((commons.state / "run.json").read_text())
    config = botocore.config.Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}, read_timeout=60)
    return boto3.client(
        "s3", endpoint_url=address or run["object_store"], region_name="us-east-1", config=config,
        aws_access_key_id=secrets["store_access_key"], aws_secret_access_key=secrets["store_secret_key"])


def read(s3, key):
    return s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()


@pytest.mark.parametrize("range_, status, content", [
    ("bytes=-9223372036854775808", 206, CONTENT),
    ("bytes=-9223372036854775807", 206, CONTENT),
    ("bytes=-18446744073709551615", 206, CONTENT),
    ("bytes=-18446744073709551616", 206, CONTENT),
    ("bytes=-11", 206, CONTENT),
    ("bytes=-3", 206, b"789"),
    ("bytes=3-18446744073709551615", 206, CONTENT[3:]),
    ("bytes=10-", 416, None),
    ("bytes=18446744073709551615-", 416, None),
    ("bytes=-0", 416, None),
    ("bytes=5-1", 200, CONTENT),
    ("bytes=0-0,5-5,-1", 200, CONTENT),
    ("bytes=" + ",".join(["0-"] * 2000), 200, CONTENT),
    ("bytes=\u0661-", 200, CONTENT),
    ("bytes=--9223372036854775808", 200, CONTENT),
    ("bytes", 200, CONTENT),
])
def test_a_range_is_part_of_the_file_or_refused(signed, town, range_, status, content):
    _, url = signed
    answer = requests.get(url, headers={"Range": range_.encode()}, timeout=30)
    assert answer.status_code == status, answer.text
    assert content is None or answer.content == content
    town.alive()


def test_random_ranges_end_nothing(signed, town):
    _, url = signed
    edges = [0, 1, 9, 10, 2**31, 2**32, 2**53, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**40]
    with requests.Session() as session:
        for _ in range(100 * LONGER):
            ends = [random.choice(["", str(random.choice(edges))]) for _ in range(2)]
            unit = random.choice(["bytes=", "bytes= ", "BYTES=", "", "items="])
            answer = session.get(url, headers={"Range": unit + "-".join(ends)}, timeout=30)
            assert answer.status_code in (200, 206, 416), (unit, ends, answer.text)
    town.alive()


def digests(content):
    return {
        "Content-MD5": base64.b64encode(hashlib.md5(content).digest()).decode(),
        "x-amz-checksum-crc32": base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode(),
        "x-amz-checksum-sha1": base64.b64encode(hashlib.sha1(content).digest()).decode(),
        "x-amz-checksum-sha256": base64.b64encode(hashlib.sha256(content).digest()).decode(),
        "x-amz-content-sha256": hashlib.sha256(content).hexdigest(),
    }


@pytest.mark.parametrize("header", digests(b""))
def test_a_body_with_another_digest_replaces_nothing(signed, header):
    put, get = signed
    refused = requests.put(put, data=b"replaced", headers={header: digests(b"other")[header]}, timeout=30)
    assert 400 <= refused.status_code < 500, refused.text
    assert requests.get(get, timeout=30).content == CONTENT
    same = requests.put(put, data=CONTENT, headers={header: digests(CONTENT)[header]}, timeout=30)
    assert same.status_code == 200, same.text


def test_a_body_that_breaks_off_replaces_nothing(signed, town):
    put, get = signed
    parts = urllib.parse.urlsplit(put)
    for _ in range(10 * LONGER):
        with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
            head = f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: 1000\r\n\r\n"
            connection.sendall(head.encode() + b"x" * random.randrange(999))
    assert requests.get(get, timeout=30).content == CONTENT
    town.alive()


@pytest.mark.parametrize("header, value", [
    ("x-amz-copy-source", f"/{BUCKET}/other"), ("x-amz-acl", "public-read"), ("x-amz-meta-owner", "me")])
def test_what_a_header_asks_for_is_signed(signed, header, value):
    put, _ = signed
    assert requests.put(put, data=CONTENT, headers={header: value}, timeout=30).status_code == 403


def test_a_url_is_worth_nothing_for_anything_else(signed):
    put, get = signed
    other = get.replace("file.bin", "file.bim")
    for method, url in [("GET", other), ("PUT", get), ("DELETE", get), ("POST", put), ("GET", put), ("HEAD", put),
                        ("GET", get + "&uploads"), ("PUT", put + "&partNumber=1&uploadId=x")]:
        assert requests.request(method, url, data=b"", timeout=30).status_code in (400, 403, 404, 405), (method, url)
    assert requests.get(get, timeout=30).content == CONTENT


def test_an_upload_in_parts_is_ended_under_its_own_key_only(town):
    guid, _ = upload(town.owner, b"the owner's", "precious.bin")
    get = download_url(town.owner, guid)
    begun = town.attacker.post("/user/data/multipart/init", json={"file_name": "mine.bin"}).json()
    own = f"{begun['guid']}/mine.bin"
    part = {"key": own, "uploadId": begun["uploadId"], "partNumber": 1}
    url = town.attacker.post("/user/data/multipart/upload", json=part).json()["presigned_url"]
    etag = requests.put(url, data=b"the attacker's", timeout=30).headers["ETag"]
    parts = [{"PartNumber": 1, "ETag": etag}]
    for key in (f"{guid}/precious.bin", "study/genome.bam", "k" * 900, f"{begun['guid']}/other.bin"):
        seal = hashlib.sha256(f"{BUCKET}/{key}".encode()).hexdigest()[:16]
        for upload_id in (begun["uploadId"], f"{begun['uploadId']}.{seal}", begun["uploadId"].split(".")[0] + f".{seal}"):
            body = {"key": key, "uploadId": upload_id, "parts": parts}
            ended = town.attacker.post("/user/data/multipart/complete", json=body)
            assert ended.status_code in (400, 401, 403, 404), (key, upload_id, ended.text)
    assert requests.get(get, timeout=30).content == b"the owner's"
    listed = store(town.commons).list_objects_v2(Bucket=BUCKET)
    assert "study/genome.bam" not in [found["Key"] for found in listed["Contents"]]
    for wrong, status in [([{"PartNumber": 1, "ETag": "0" * 32}], 400), ([], 400), (parts * 2, 400)]:
        body = {"key": own, "uploadId": begun["uploadId"], "parts": wrong}
        assert town.attacker.post("/user/data/multipart/complete", json=body).status_code == status
    body = {"key": own, "uploadId": begun["uploadId"], "parts": parts}
    for _ in range(2):
        assert town.attacker.post("/user/data/multipart/complete", json=body).status_code == 200
    assert requests.get(download_url(town.attacker, begun["guid"]), timeout=30).content == b"the attacker's"


def test_requests_without_a_signature_take_no_room(town):
    address = json.loads((town.commons.state / "run.json").read_text())["object_store"]
    form = {"file": ("f", b"x" * MIB)}
    for base in (address, town.url):
        for _ in range(3):
            assert requests.post(f"{base}/{BUCKET}", files=form, timeout=30).status_code in (400, 403, 405)
        for method in ("GET", "PUT", "DELETE", "HEAD", "POST"):
            for path in (f"/{BUCKET}", f"/{BUCKET}/", f"/{BUCKET}/x", f"/{BUCKET}/../secrets.json"):
                answer = requests.request(method, base + path, data=b"x", timeout=30)
                assert answer.status_code >= 400, (method, path)
    town.alive()


def test_an_uploaded_page_cannot_act_for_who_opens_it(town):
    guid, _ = upload(town.owner, b"<script>alert(1)</script>", "page.html")
    answer = requests.get(download_url(town.owner, guid), timeout=30)
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers


def test_files_are_reached_from_elsewhere_by_the_public_url(monkeypatch):
    """The public URL has a name that only its users can resolve; everything goes through one port."""
    port = free_port()
    name = "commons.test"
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: resolve("127.0.0.1" if host == name else host, *rest, **more))
    public = f"http://{name}:{port}"
    options = ("--user-yaml", str(USERS), "--public-url", public, "--no-development-login")
    with Commons.up(*options, port=port) as commons:
        owner = Client(public, commons.token("owner"))
        content = os.urandom(3 * MIB)
        guid, put = upload(owner, content, "a b+ü%.bin")
        assert put.startswith(f"{public}/{BUCKET}/")
        get = download_url(owner, guid)
        assert get.startswith(f"{public}/{BUCKET}/")
        assert requests.get(get, timeout=60).content == content
        assert requests.get(get, headers={"Range": "bytes=5-9"}, timeout=60).content == content[5:10]
        # The signature is the permission: neither cookies nor tokens matter.
        with_cookie = requests.put(put, data=content, headers={"Cookie": "access_token=x; csrftoken=y"}, timeout=60)
        assert with_cookie.status_code == 200
        begun = owner.post("/user/data/multipart/init", json={"file_name": "parts.bin"}).json()
        key, parts = f"{begun['guid']}/parts.bin", []
        for number in (1, 2):
            part = {"key": key, "uploadId": begun["uploadId"], "partNumber": number}
            url = owner.post("/user/data/multipart/upload", json=part).json()["presigned_url"]
            assert url.startswith(public)
            answer = requests.put(url, data=b"%d" % number * (6 * MIB), timeout=60)
            parts.append({"PartNumber": number, "ETag": answer.headers["ETag"]})
        body = {"key": key, "uploadId": begun["uploadId"], "parts": parts}
        assert owner.post("/user/data/multipart/complete", json=body).status_code == 200
        assert requests.get(download_url(owner, begun["guid"]), timeout=60).content == b"1" * 6 * MIB + b"2" * 6 * MIB
        # An operator's tools, with the store's keys, through the same port.
        s3 = store(commons, public)
        s3.upload_fileobj(__import__("io").BytesIO(content), BUCKET, "operator/big file.bin")
        assert read(s3, "operator/big file.bin") == content
        assert "operator/big file.bin" in [found["Key"] for found in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]


def test_a_killed_completion_can_be_done_again():
    """kill -9 at a random moment of ending an upload: what was acknowledged is there, the rest can be ended again."""
    with Commons.up() as first:
        state, commons, rounds = first.state, first, 3 * LONGER
        for number in range(rounds):
            s3, key = store(commons), f"killed/{number}"
            upload_id = s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
            content = [os.urandom(MIB) * 8 for _ in range(6)]
            parts = []
            for index, piece in enumerate(content, 1):
                part = s3.upload_part(Bucket=BUCKET, Key=key, UploadId=upload_id, PartNumber=index, Body=piece)
                parts.append({"PartNumber": index, "ETag": part["ETag"]})
            end = dict(Bucket=BUCKET, Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts})
            killer = threading.Timer(random.uniform(0, 0.25), commons.process.send_signal, [signal.SIGKILL])
            killer.start()
            try:
                s3.complete_multipart_upload(**end)
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
                pass
            killer.join()
            commons.stop()
            commons = Commons.up(state=state)
            s3 = store(commons)
            s3.complete_multipart_upload(**end)
            assert read(s3, key) == b"".join(content)
        left = [path for path in (state / "objects" / ".uploads").rglob("part-*")]
        assert not left, "the parts of ended uploads are deleted"
        commons.stop()


def test_racing_completions_make_one_object(town):
    s3 = store(town.commons)
    key = "racing/object"
    upload_id = s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
    part = s3.upload_part(Bucket=BUCKET, Key=key, UploadId=upload_id, PartNumber=7, Body=b"x" * 1000)
    end = dict(Bucket=BUCKET, Key=key, UploadId=upload_id,
               MultipartUpload={"Parts": [{"PartNumber": 7, "ETag": part["ETag"]}]})
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: s3.complete_multipart_upload(**end)["ETag"], range(8)))
    assert len(set(done)) == 1
    assert read(s3, key) == b"x" * 1000


def test_a_checksum_does_not_outlive_its_bytes(town):
    s3 = store(town.commons)
    s3.put_object(Bucket=BUCKET, Key="sum", Body=b"first", ChecksumAlgorithm="SHA256")
    upload_id = s3.create_multipart_upload(Bucket=BUCKET, Key="sum")["UploadId"]
    part = s3.upload_part(Bucket=BUCKET, Key="sum", UploadId=upload_id, PartNumber=1, Body=b"second")
    s3.complete_multipart_upload(Bucket=BUCKET, Key="sum", UploadId=upload_id,
                                 MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    assert read(s3, "sum") == b"second"


def test_one_odd_key_hides_no_other(town):
    s3 = store(town.commons)
    keys = ["odd/" + "k" * 900, "odd//a", "odd/\u0001", "odd/\u00e4\u0308", "odd/a b+c%20", "odd/<&>", "odd/" + "\U0001f600"]
    for key in keys:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    for key in ("", "odd/../a", "odd/.", "k" * 1025):
        with pytest.raises((botocore.exceptions.ClientError, botocore.exceptions.ParamValidationError)):
            s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="odd/", PaginationConfig={"PageSize": 2})
    found = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    assert sorted(found) == sorted(keys)


def test_a_full_disk_refuses_uploads_and_nothing_else(unique):
    with Commons.up("--user-yaml", str(USERS)) as commons:
        state = commons.state
        town = build_town(commons)
        guid, _ = upload(town.owner)
        download_url(town.owner, guid)
        commons.stop()
        with Commons.up("--object-store-reserve", str(2**40), state=state) as full:
            owner = Client(full.url, full.token("owner"))
            begun = owner.post("/user/data/upload", json={"file_name": "f"})
            assert begun.status_code == 201, begun.text
            assert requests.put(begun.json()["url"], data=b"x", timeout=30).status_code == 507
            assert owner.post("/user/data/multipart/init", json={"file_name": "f"}).status_code == 507
            assert requests.get(download_url(owner, guid), timeout=30).content == CONTENT
            study = {"type": "subject", "submitter_id": unique, "studies": {"submitter_id": "study-1"}}
            assert owner.put("/api/v0/submission/B/b1", json=study).status_code == 200


def test_objects_are_closed_to_others_even_in_a_folder_that_was_open(tmp_path):
    state = tmp_path / "state"
    (state / "objects" / BUCKET).mkdir(parents=True)
    for folder in (state, state / "objects", state / "objects" / BUCKET):
        folder.chmod(0o755)
    with Commons.up(state=state) as commons:
        store(commons).put_object(Bucket=BUCKET, Key="a/b/c", Body=b"secret")
        for path in (state / "objects", *(state / "objects").rglob("*")):
            assert path.stat().st_mode & 0o077 == 0, path


def test_no_signature_is_in_the_log_at_any_level(tmp_path):
    state = tmp_path / "state"
    with Commons.up(state=state, env={"RUST_LOG": "trace"}) as commons:
        admin = login(commons)
        guid, put = upload(admin)
        get = download_url(admin, guid)
        assert requests.get(get, timeout=30).content == CONTENT
        requests.get(get, headers={"Range": "bytes=99-"}, timeout=30)
        requests.get(get + "x", timeout=30)
        store(commons).get_object(Bucket=BUCKET, Key=f"{guid}/file.bin")
    log = pathlib.Path(f"{state}.log").read_text(errors="replace")
    for url in (put, get):
        signature = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["X-Amz-Signature"][0]
        assert signature not in log
    assert not re.search(r"Signature=[0-9a-f]{64}", log)


@pytest.mark.skipif(LONGER == 1, reason="waits a minute: ATTACKS_LONG=1")
def test_uploads_that_send_nothing_are_cut(signed, town):
    put, get = signed
    parts = urllib.parse.urlsplit(put)
    head = f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: 1000\r\n\r\nx"
    address = json.loads((town.commons.state / "run.json").read_text())["object_store"]
    own = urllib.parse.urlsplit(address)
    idle = []
    for _ in range(100):
        connection = socket.create_connection((own.hostname, own.port), timeout=70)
        connection.sendall(head.encode())
        idle.append(connection)
    assert requests.get(get, timeout=30).content == CONTENT
    assert all(b" 400 " in connection.recv(100) for connection in idle)
    assert requests.get(get, timeout=30).content == CONTENT
