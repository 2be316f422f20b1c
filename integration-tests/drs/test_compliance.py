"""`--drs-form strict` passes the public compliance suite of GA4GH DRS; the default form is what Gen3's clients read."""

import json
import time

import pytest
import requests

from harness.client import Client
from harness.commons import Commons

from .compliance import run

BYTES = b"bytes of a file"


@pytest.fixture(scope="module")
def strict():
    with Commons.up("--drs-form", "strict") as commons:
        yield commons


def admin_of(commons):
    key = json.loads(commons.api_key_file.read_text())
    answer = requests.post(f"{commons.url}/user/credentials/api/access_token", json=key, timeout=30)
    assert answer.status_code == 200, answer.text
    return Client(commons.url, answer.json()["access_token"])


def uploaded(admin, name):
    """The GUID of a file whose bytes the store has and the index knows."""
    begun = admin.post("/user/data/upload", json={"file_name": name}).json()
    assert requests.put(begun["url"], data=BYTES, timeout=30).status_code == 200
    for _ in range(300):
        record = admin.get(f"/index/index/{begun['guid']}").json()
        if record["hashes"]:
            return begun["guid"]
        time.sleep(0.1)
    raise AssertionError(f"the bytes of {begun['guid']} were not found")


def objects(admin):
    """A file, a record of a public file elsewhere, a bundle of both, and a bundle of that bundle."""
    file = uploaded(admin, "a.txt")
    elsewhere = admin.post("/index/index", json={
        "form": "object", "size": 5, "urls": ["https://example.org/a b.txt"], "authz": ["/open"],
        "hashes": {"md5": "0" * 32, "sha256": "1" * 64, "sha512": "2" * 128, "crc": "3" * 8, "sha1": "4" * 40}})
    assert elsewhere.status_code == 200, elsewhere.text
    elsewhere = elsewhere.json()["did"]
    inner = admin.post("/index/bundle", json={"bundles": [file, elsewhere], "name": "inner"})
    assert inner.status_code == 200, inner.text
    inner = inner.json()["bundle_id"]
    outer = admin.post("/index/bundle", json={"bundles": [inner, file], "aliases": ["an alias"], "version": "1"})
    assert outer.status_code == 200, outer.text
    return file, elsewhere, inner, outer.json()["bundle_id"]


def config_of(admin):
    file, elsewhere, *bundles = objects(admin)
    token = admin.token
    info = [{"drs_id": name, "auth_type": kind, "auth_token": secret, "is_bundle": name in bundles}
            for name in (elsewhere, *bundles, file)
            for kind, secret in (("none", ""), ("passport", ["a passport"]), ("bearer", token))]
    return {
        "service_info": {"auth_type": "none", "auth_token": ""},
        "drs_object_info": info,
        "drs_object_access": [{"drs_id": file, "auth_type": "bearer", "auth_token": token}],
    }


def test_the_strict_form_passes_the_public_suite(strict, tmp_path):
    cases = run(f"{strict.url}/ga4gh/drs/v1", config_of(admin_of(strict)), tmp_path)
    assert [case for case in cases if case.status not in ("PASS", "SKIP")] == []
    # What is skipped does not apply: a bundle needs no access methods.
    assert {case.message for case in cases if case.status == "SKIP"} <= {
        "Skip this test case as access_methods is optional for a DRS Bundle"}
    assert sum(case.status == "PASS" for case in cases) >= 60, cases
    assert any(case.name.startswith("DRS Access response") for case in cases)


def test_the_default_form_is_that_of_gen3_which_the_suite_does_not_accept(target, admin, tmp_path):
    cases = run(f"{target.url}/ga4gh/drs/v1", config_of(admin), tmp_path)
    failed = {case.name for case in cases if case.status == "FAIL"}
    assert "Service Info response schema validation" in failed
    assert "DRS Object Info response schema validation" in failed


def test_the_bytes_come_by_the_access_id_of_the_strict_form(strict):
    admin = admin_of(strict)
    file = uploaded(admin, "b.txt")
    described = admin.get(f"/ga4gh/drs/v1/objects/{file}").json()
    assert described["self_uri"] == f"drs://{strict.url.removeprefix('http://')}/{file}"
    access = admin.get(f"/ga4gh/drs/v1/objects/{file}/access/{described['access_methods'][0]['access_id']}")
    assert requests.get(access.json()["url"], timeout=30).content == BYTES
    stranger = requests.get(
        f"{strict.url}/ga4gh/drs/v1/objects/{file}/access/{described['access_methods'][0]['access_id']}", timeout=30)
    assert stranger.status_code == 401, stranger.text


def test_more_objects_than_the_limit_are_refused_and_a_blank_record_is_promised(strict):
    admin = admin_of(strict)
    many = admin.post("/ga4gh/drs/v1/objects", json={"bulk_object_ids": [f"id-{n}" for n in range(101)]})
    assert (many.status_code, many.json()["status_code"]) == (413, 413)
    begun = admin.post("/user/data/upload", json={"file_name": "never.txt"}).json()
    promised = admin.get(f"/ga4gh/drs/v1/objects/{begun['guid']}")
    assert (promised.status_code, promised.headers["retry-after"], promised.content) == (202, "60", b"")
