"""Files of others: their uploads before they are submitted, and objects whose key carries no GUID.

The attacker has what any submitter has: a project, the right to upload, and the index's own routes.
"""

import uuid

import pytest
import requests

from attacks.town import SUBMISSION

DOWNLOAD = "/user/data/download/"


@pytest.fixture(scope="module")
def bucket(town):
    """The bucket of the commons."""
    buckets = town.owner.get("/user/data/buckets").json()["S3_BUCKETS"]
    return next(iter(buckets))


def begin(caller, name="secret.txt"):
    """A begun upload: GUID and the URL for the bytes."""
    made = caller.post("/user/data/upload", json={"file_name": name})
    assert made.status_code == 201, made.text
    return made.json()["guid"], made.json()["url"]


def record(caller, did):
    return caller.get(f"/index/index/{did}").json()


def at(path, found):
    return f"{path}/{found['did']}?rev={found['rev']}"


def new(**more):
    return {"form": "object", "size": 3, "hashes": {"md5": uuid.uuid4().hex}, "urls": [], **more}


def in_project(letter):
    return [f"/programs/{letter}/projects/{letter.lower()}1"]


def test_an_upload_is_nobody_elses_before_its_bytes_come(town, bucket):
    did, url = begin(town.owner)
    found = record(town.attacker, did)
    for body in (
        {"size": 3, "urls": [f"s3://{bucket}/{did}/secret.txt"], "hashes": {"md5": "0" * 32}, "authz": in_project("A")},
        {"size": 3, "urls": [f"s3://{bucket}/{did}/secret.txt"], "hashes": {"md5": "0" * 32}},
        {"size": 3, "urls": [], "hashes": {"md5": "0" * 32}},
    ):
        assert town.attacker.put(at("/index/index/blank", found), json=body).status_code == 401, body
    for body in ({"authz": in_project("A")}, {"uploader": "attacker"}, {"uploader": None, "authz": in_project("A")}):
        assert town.attacker.put(at("/index/index", found), json=body).status_code == 401, body
    assert requests.put(url, data=b"secret", timeout=30).status_code == 200
    assert town.attacker.get(DOWNLOAD + did).status_code == 401
    assert record(town.owner, did)["authz"] == []


def test_an_upload_is_nobody_elses_before_it_is_submitted(town, bucket):
    did, url = begin(town.owner)
    assert requests.put(url, data=b"secret", timeout=30).status_code == 200
    location = f"s3://{bucket}/{did}/secret.txt"
    filled = town.admin.put(at("/index/index/blank", record(town.admin, did)), json={
        "size": 6, "urls": [location], "hashes": {"md5": "5ebe2294ecd0e0f08eab7690d2a6ee69"}})
    assert filled.status_code in (200, 400, 409), "by us, or in the meantime by fence"
    found = record(town.attacker, did)
    for body in ({"authz": in_project("A")}, {"acl": ["*"], "authz": in_project("A")}, {"uploader": "attacker"}):
        assert town.attacker.put(at("/index/index", found), json=body).status_code == 401, body
    versions = f"/index/index/{did}/versions"
    assert town.attacker.put(versions, json={"authz": in_project("A")}).status_code == 401
    assert town.attacker.post(f"/index/index/{did}", json=new(authz=in_project("A"))).status_code == 401
    assert town.attacker.delete(at("/index/index", found)).status_code == 401
    assert town.attacker.delete(f"/user/data/{did}").status_code == 403
    assert town.attacker.post("/index/index", json=new(authz=in_project("A"), urls=[location])).status_code == 401
    assert town.attacker.get(DOWNLOAD + did).status_code == 401
    read = town.owner.get(DOWNLOAD + did)
    assert read.status_code == 200, read.text
    assert requests.get(read.json()["url"], timeout=30).content == b"secret"


@pytest.fixture(scope="module")
def genome(town, bucket):
    """An operator's object in the bucket of the commons, whose key carries no GUID, guarded by B/b1."""
    key = f"study/{uuid.uuid4().hex}.bam"
    made = town.admin.post("/index/index", json=new(authz=in_project("B"), urls=[f"s3://{bucket}/{key}"]))
    assert made.status_code == 200, made.text
    return made.json()["did"], key


SPELLINGS = [
    "s3://{bucket}/{key}", "s3://{bucket}//{key}", "s3:///{bucket}/{key}", "S3://{bucket}/{key}", "s3://{BUCKET}/{key}",
    "s3://{bucket}/./{key}", "s3://{bucket}/x/../{key}", "s3://{bucket}/%73{rest}", "s3://{bucket}/{encoded}",
    "https://{bucket}.s3.amazonaws.com/{key}", "https://s3.us-east-1.amazonaws.com/{bucket}/{key}?versionId=1",
]


def spelled(spelling, bucket, key):
    return spelling.format(
        bucket=bucket, BUCKET=bucket.upper(), key=key, rest=key[1:], encoded=key.replace("/", "%2F"))


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_naming_a_location_gives_no_right_to_its_bytes(town, bucket, genome, spelling):
    _, key = genome
    url = spelled(spelling, bucket, key)
    mine = town.attacker.post("/index/index", json=new(authz=in_project("A")))
    assert mine.status_code == 200, mine.text
    attempts = [
        town.attacker.post("/index/index", json=new(authz=in_project("A"), urls=[url])),
        town.attacker.put(at("/index/index", mine.json()), json={"urls": [url]}),
        town.attacker.post(f"/index/index/{mine.json()['did']}", json=new(authz=in_project("A"), urls=[url])),
    ]
    blank, _ = begin(town.attacker)
    filling = {"size": 3, "urls": [url], "hashes": {"md5": "0" * 32}}
    attempts.append(town.attacker.put(at("/index/index/blank", record(town.attacker, blank)), json=filling))
    assert [attempt.status_code for attempt in attempts] == [401] * 4, [attempt.text for attempt in attempts]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_file_node_gives_no_right_to_the_bytes_at_its_urls(town, bucket, genome, unique, spelling):
    _, key = genome
    core = {"type": "core_metadata_collection", "submitter_id": f"core-{unique}", "projects": {"code": "a1"}}
    file = {
        "type": "imaging_file", "submitter_id": unique, "file_name": "f", "file_size": 3, "md5sum": uuid.uuid4().hex,
        "data_category": "Imaging", "data_type": "Image", "data_format": "DICOM",
        "core_metadata_collections": {"submitter_id": f"core-{unique}"}, "urls": spelled(spelling, bucket, key),
    }
    made = town.attacker.put(f"{SUBMISSION}/A/a1", json=core)
    assert made.status_code == 200, made.text
    refused = town.attacker.put(f"{SUBMISSION}/A/a1", json=file)
    assert refused.status_code == 400, refused.text
    errors = refused.json()["entities"][0]["errors"]
    assert "INVALID_PERMISSIONS" in [error["type"] for error in errors], errors
    assert "B/projects" not in refused.text


def test_what_nobody_has_indexed_is_read_by_nobody(town, bucket, unique):
    for url in (f"s3://{bucket}/{unique}.bam", f"s3://{bucket}/{uuid.uuid4()}/left-behind.bam"):
        assert town.attacker.post("/index/index", json=new(authz=in_project("A"), urls=[url])).status_code == 401, url
    left = str(uuid.uuid4())
    mine = town.attacker.post("/index/index", json=new(authz=in_project("A"), did=left))
    assert mine.status_code == 200, mine.text
    named = town.attacker.put(at("/index/index", mine.json()), json={"urls": [f"s3://{bucket}/{left}/f"]})
    assert named.status_code == 401, named.text


def test_objects_of_others_are_not_overwritten(town, bucket, genome):
    _, key = genome
    for name in (key, f"/{key}", key.replace("/", "//"), "nobodys.bam", "study/nobodys.bam"):
        for path, body in (
            ("/user/data/multipart/upload", {"key": name, "uploadId": "u", "partNumber": 1}),
            ("/user/data/multipart/complete", {"key": name, "uploadId": "u", "parts": [{"PartNumber": 1, "ETag": "x"}]}),
        ):
            answer = town.attacker.post(path, json=body)
            assert answer.status_code in (400, 401), (path, name, answer.text)
    # A record of one's own whose uploads would go to the object of another one.
    folder = f"study/{uuid.uuid4()}"
    theirs = new(authz=in_project("B"), urls=[f"s3://{bucket}/{folder}/genome.bam"])
    assert town.admin.post("/index/index", json=theirs).status_code == 200
    assert town.attacker.post("/index/index", json=new(authz=in_project("A"), did=folder)).status_code == 200
    assert town.attacker.get(f"/user/data/upload/{folder}?file_name=genome.bam").status_code == 401
    again = {"guid": folder, "file_name": "genome.bam"}
    assert town.attacker.post("/user/data/upload", json=again).status_code == 401
    assert town.attacker.post("/user/data/multipart/init", json=again).status_code == 401
    assert town.attacker.get(f"/user/data/upload/{folder}?file_name=own.bam").status_code == 200


def test_records_of_others_keep_their_versions_and_names(town, genome):
    did, _ = genome
    family = record(town.attacker, did)["baseid"]
    for baseid in (family, did):
        joined = town.attacker.post("/index/index", json=new(authz=in_project("A"), baseid=baseid))
        assert joined.status_code == 401, joined.text
    assert town.attacker.post(f"/index/index/{did}", json=new(authz=in_project("A"))).status_code == 401
    assert town.attacker.post(f"/index/index/blank/{did}", json={"uploader": "attacker"}).status_code == 401
    assert town.attacker.put(f"/index/index/{did}/versions", json={"authz": in_project("A")}).status_code == 401
    aliases = {"aliases": [{"value": f"x-{did}"}]}
    assert town.attacker.post(f"/index/index/{did}/aliases", json=aliases).status_code == 401
    assert town.attacker.post("/index/index", json=new(authz=in_project("A"), did=family)).status_code == 409
    assert town.attacker.get(f"/index/index/{did}/latest").json()["did"] == did
    assert town.owner.put(f"/index/index/{did}/versions", json={"acl": []}).status_code == 200


def test_the_owner_may_do_all_that(town, bucket, genome):
    did, key = genome
    assert town.owner.get(DOWNLOAD + did).status_code == 200
    again = town.owner.post("/index/index", json=new(authz=in_project("B"), urls=[f"s3://{bucket}/{key}"]))
    assert again.status_code == 200, again.text
    version = town.owner.post(f"/index/index/{did}", json=new(authz=in_project("B"), urls=[f"s3://{bucket}/{key}"]))
    assert version.status_code == 200, version.text
    part = {"key": key, "uploadId": "u", "partNumber": 1}
    assert town.owner.post("/user/data/multipart/upload", json=part).status_code == 200
