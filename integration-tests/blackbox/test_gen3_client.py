"""The calls of gen3-client, in its order, with its headers and bodies, and what it reads of the answers."""

import json
import time
import urllib.parse

import pytest
import requests

from harness.client import administrator
from harness.commons import Commons

MIB = 1024 * 1024


class Gen3Client:
    """Speaks as gen3-client does: it renews its token on 401 only, and accepts 200 and 201 only."""

    def __init__(self, commons):
        self.url = commons.url
        self.key = json.loads(commons.api_key_file.read_text())["api_key"]
        self.token = ""
        self.renewed = 0
        self.http = requests.Session()
        # Go's.
        self.http.headers = {"User-Agent": "gen3-client"}

    def renew(self):
        answer = self.http.post(f"{self.url}/user/credentials/api/access_token",
                                data=json.dumps({"api_key": self.key}), timeout=120,
                                headers={"Content-Type": "application/json"})
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]
        self.renewed += 1

    def call(self, method, path, body=None, content_type="application/json"):
        def once():
            headers = {"Authorization": f"Bearer {self.token}"}
            if content_type:
                headers["Content-Type"] = content_type
            return self.http.request(method, self.url + path, data=body and json.dumps(body), headers=headers, timeout=120)
        answer = once()
        if answer.status_code == 401:
            self.renew()
            answer = once()
        return answer

    def json(self, method, path, body=None, **more):
        answer = self.call(method, path, body, **more)
        assert answer.status_code in (200, 201), f"{answer.status_code} {answer.text}"
        assert "Can't find a location for the data" not in answer.text
        return answer.json()

    def put(self, url, data):
        """A transfer: its length, and neither a login nor a content type."""
        answer = self.http.put(url, data=data, headers={"Content-Length": str(len(data)), "Content-Type": None})
        assert answer.status_code == 200, answer.text
        return answer


@pytest.fixture(scope="module")
def commons():
    with Commons.up() as commons:
        administrator(commons)
        yield commons


@pytest.fixture(scope="module")
def client(commons):
    client = Gen3Client(commons)
    client.renew()
    return client


def filled(client, guid):
    """The record, once it has its size: the client asks until then."""
    end = time.monotonic() + 30
    while True:
        record = client.json("GET", f"/index/index/{guid}")
        if record["size"] is not None:
            return record
        assert time.monotonic() < end, "the record stays blank"
        time.sleep(0.1)


def downloaded(client, guid, content):
    """`download-single`: the record, the URL, and the bytes, with a break."""
    record = filled(client, guid)
    assert (record["size"], record["did"]) == (len(content), guid) and record["urls"] and record["file_name"]
    url = client.json("GET", f"/user/data/download/{guid}")["url"]
    assert "X-Amz-Signature" in url
    first = client.http.get(url)
    assert (first.status_code, first.content) == (200, content)
    rest = client.http.get(url, headers={"Range": f"bytes={len(content) // 2}-"})
    assert (rest.status_code, rest.content) == (206, content[len(content) // 2:])


def test_configure_and_auth(client):
    said = client.json("GET", "/user/user")
    assert said["authz"] and all(permissions for permissions in said["authz"].values())
    for permissions in said["authz"].values():
        assert all(set(one) >= {"service", "method"} for one in permissions)
    wrong = client.http.post(f"{client.url}/user/credentials/api/access_token", data='{"api_key":"x"}',
                             headers={"Content-Type": "application/json"})
    assert wrong.status_code in (400, 401)


def test_a_token_that_is_over_is_renewed_once(commons, client):
    client.token = commons.run("user", "token", "admin", "--create", "--expires-in=-60").strip()
    before = client.renewed
    assert client.call("GET", "/user/user").status_code == 200
    assert client.renewed == before + 1


def test_upload_in_one_part_and_download(client):
    begun = client.json("POST", "/user/data/upload", {"file_name": "sub folder/a+b.txt"})
    client.put(begun["url"], b"content of one part")
    downloaded(client, begun["guid"], b"content of one part")


def test_upload_single(client):
    guid = client.json("POST", "/user/data/upload", {"file_name": "f.txt"})["guid"]
    name = urllib.parse.quote("f.txt", safe="")
    url = client.json("GET", f"/user/data/upload/{guid}?file_name={name}")["url"]
    client.put(url, b"sent by its guid")
    downloaded(client, guid, b"sent by its guid")


def test_upload_in_parts(client):
    begun = client.json("POST", "/user/data/multipart/init", {"file_name": "big.bin"})
    guid, upload = begun["guid"], begun["uploadId"]
    key, contents, parts = f"{guid}/big.bin", [b"a" * (5 * MIB), b"b" * (5 * MIB), b"c" * 7], []
    for number, content in enumerate(contents, start=1):
        url = client.json("POST", "/user/data/multipart/upload",
                          {"key": key, "uploadId": upload, "partNumber": number})["presigned_url"]
        parts.append({"PartNumber": number, "ETag": client.put(url, content).headers["ETag"].strip('"')})
    # Its workers end in any order.
    told = client.json("POST", "/user/data/multipart/complete",
                       {"key": key, "uploadId": upload, "parts": parts[::-1]})
    assert isinstance(told, dict)
    downloaded(client, guid, b"".join(contents))


def test_retry_upload_deletes_and_begins_anew(client):
    guid = client.json("POST", "/user/data/upload", {"file_name": "f.txt"})["guid"]
    assert client.call("DELETE", f"/user/data/{guid}").status_code == 204
    assert client.call("GET", f"/index/index/{guid}").status_code == 404
    begun = client.json("POST", "/user/data/upload", {"file_name": "f.txt"})
    client.put(begun["url"], b"at last")
    downloaded(client, begun["guid"], b"at last")
    assert client.call("DELETE", f"/user/data/{begun['guid']}").status_code == 204


def test_a_file_that_is_not_there_yet_has_no_location(client):
    guid = client.json("POST", "/user/data/upload", {"file_name": "f.txt"})["guid"]
    assert client.call("GET", f"/user/data/download/{guid}").status_code == 404


def test_shepherd_mode(client):
    assert client.json("GET", "/mds/version").split(".")[0].isdigit()
    body = {"file_name": "f.txt", "authz": {"version": "0", "resource_paths": ["/data_file"]}, "aliases": [],
            "metadata": {"a": 1}}
    made = client.call("POST", "/mds/objects", body, content_type=None)
    if made.status_code == 403:
        body["authz"]["resource_paths"] = ["/programs"]
        made = client.call("POST", "/mds/objects", body, content_type=None)
    assert made.status_code == 201, made.text
    guid, url = made.json()["guid"], made.json()["upload_url"]
    client.put(url, b"shepherd")
    filled(client, guid)
    record = client.json("GET", f"/mds/objects/{guid}")["record"]
    assert (record["file_name"], record["size"]) == ("f.txt", 8)
    url = client.json("GET", f"/mds/objects/{guid}/download")["url"]
    assert client.http.get(url).content == b"shepherd"
    assert client.call("DELETE", f"/mds/objects/{guid}").status_code == 204
