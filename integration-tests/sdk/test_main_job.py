"""The main job with the unmodified `gen3` SDK: log in, submit a study, query it, upload a file, download it, delete.

The records are our own and fit the built-in dictionary, so this suite needs nothing but a commons.
"""

import hashlib
import os
import uuid

import pytest
import requests
from gen3.auth import Gen3Auth
from gen3.file import Gen3File
from gen3.index import Gen3Index
from gen3.submission import Gen3Submission

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def auth(target):
    return Gen3Auth(refresh_file=str(target.api_key_file))


@pytest.fixture(scope="module")
def submission(auth):
    return Gen3Submission(auth)


@pytest.fixture(scope="module")
def project(submission):
    """A program and a project of this run's own: `(program, code)`."""
    program, code = f"SDK{uuid.uuid4().hex[:6]}", f"P{uuid.uuid4().hex[:6]}"
    submission.create_program({"type": "program", "name": program, "dbgap_accession_number": program})
    submission.create_project(program, {"type": "project", "code": code, "name": "An SDK study",
                                        "dbgap_accession_number": code, "availability_type": "Restricted"})
    return program, code


@pytest.fixture(scope="module")
def study(submission, project):
    program, code = project
    records = [
        {"type": "study", "submitter_id": "study-1", "projects": {"code": code}, "study_title": "Sleep and memory"},
        {"type": "subject", "submitter_id": "subject-1", "studies": {"submitter_id": "study-1"}},
        {"type": "subject", "submitter_id": "subject-2", "studies": {"submitter_id": "study-1"}},
        {"type": "sample", "submitter_id": "sample-1", "sample_type": "Blood", "subjects": {"submitter_id": "subject-1"}},
    ]
    for record in records:
        submission.submit_record(program, code, record)
    return records


def test_the_api_key_file_makes_access_tokens(auth):
    assert auth.get_access_token().count(".") == 2


def test_programs_and_projects_are_listed(submission, project):
    program, code = project
    assert f"/v0/submission/{program}" in submission.get_programs()["links"]
    assert submission.get_projects(program)["links"] == [f"/v0/submission/{program}/{code}"]


def test_the_dictionary_can_be_read_without_a_login(submission):
    everything = submission.get_dictionary_all()
    assert {"program", "project", "study", "subject", "_definitions"} <= set(everything)
    assert submission.get_dictionary_node("subject")["id"] == "subject"


def test_what_was_submitted_is_found_by_graphql(submission, study, project):
    project_id = "-".join(project)
    answer = submission.query(
        'query($p: [String]) { subject(project_id: $p, order_by_asc: "submitter_id") { submitter_id project_id '
        "studies { submitter_id study_title } samples { submitter_id } _samples_count } _subject_count(project_id: $p) }",
        variables={"p": project_id})
    assert answer["data"] == {
        "subject": [
            {"submitter_id": "subject-1", "project_id": project_id,
             "studies": [{"submitter_id": "study-1", "study_title": "Sleep and memory"}],
             "samples": [{"submitter_id": "sample-1"}], "_samples_count": 1},
            {"submitter_id": "subject-2", "project_id": project_id,
             "studies": [{"submitter_id": "study-1", "study_title": "Sleep and memory"}],
             "samples": [], "_samples_count": 0}],
        "_subject_count": 2}


def test_what_was_submitted_is_exported_and_can_be_submitted_again(submission, study, project, tmp_path):
    program, code = project
    exported = submission.export_node(program, code, "subject", "json")
    assert sorted(record["submitter_id"] for record in exported["data"]) == ["subject-1", "subject-2"]
    tsv = submission.export_node(program, code, "subject", "tsv")
    file = tmp_path / "subjects.tsv"
    file.write_text(tsv)
    result = submission.submit_file("-".join(project), str(file))
    assert sorted(result["succeeded"]) == ["subject-1", "subject-2"]
    assert result["invalid"] == {}


def test_many_records_are_submitted_from_a_table_in_chunks(submission, study, project, tmp_path):
    rows = ["type\tsubmitter_id\tstudies.submitter_id"]
    rows += [f"subject\ttable-{n}\tstudy-1" for n in range(75)]
    file = tmp_path / "many.tsv"
    file.write_text("\n".join(rows))
    result = submission.submit_file("-".join(project), str(file), chunk_size=30)
    assert len(result["succeeded"]) == 75


def test_a_file_goes_up_by_a_presigned_url_is_indexed_and_comes_down_equal(auth, target):
    content = os.urandom(20 * MIB)
    files = Gen3File(auth)
    ticket = files.upload_file("measurements.bin")
    assert requests.put(ticket["url"], data=content, timeout=120).status_code == 200
    record = indexed(target, ticket["guid"])
    assert record["size"] == len(content)
    assert record["hashes"]["md5"] == hashlib.md5(content).hexdigest()
    assert record["hashes"]["sha256"] == hashlib.sha256(content).hexdigest()
    url = files.get_presigned_url(ticket["guid"])["url"]
    assert requests.get(url, timeout=120).content == content
    part = requests.get(url, headers={"Range": "bytes=1000-1999"}, timeout=120)
    assert (part.status_code, part.content) == (206, content[1000:2000])


def test_a_file_goes_up_in_parts_and_comes_down_equal(auth, admin, target):
    content, part_size = os.urandom(20 * MIB), 8 * MIB
    started = admin.post("/user/data/multipart/init", json={"file_name": "parts.bin"})
    assert started.status_code == 201
    guid, upload = started.json()["guid"], started.json()["uploadId"]
    parts = []
    for number, offset in enumerate(range(0, len(content), part_size), 1):
        signed = admin.post("/user/data/multipart/upload",
                            json={"key": f"{guid}/parts.bin", "uploadId": upload, "partNumber": number})
        put = requests.put(signed.json()["presigned_url"], data=content[offset:offset + part_size], timeout=120)
        assert put.status_code == 200
        parts.append({"PartNumber": number, "ETag": put.headers["ETag"]})
    done = admin.post("/user/data/multipart/complete",
                      json={"key": f"{guid}/parts.bin", "uploadId": upload, "parts": parts})
    assert (done.status_code, done.json()) == (200, {"message": "OK"})
    assert indexed(target, guid)["size"] == len(content)
    assert requests.get(Gen3File(auth).get_presigned_url(guid)["url"], timeout=120).content == content


def test_a_deleted_file_is_gone_from_the_index_and_the_store(auth, target):
    files = Gen3File(auth)
    ticket = files.upload_file("short-lived.txt")
    requests.put(ticket["url"], data=b"soon gone", timeout=60)
    indexed(target, ticket["guid"])
    url = files.get_presigned_url(ticket["guid"])["url"]
    assert requests.get(url, timeout=60).content == b"soon gone"
    assert files.delete_file_locations(ticket["guid"]).status_code == 204
    assert Gen3Index(target.url).get_record(ticket["guid"]) is None
    assert requests.get(url, timeout=60).status_code == 404


def test_a_record_is_deleted(submission, study, project):
    program, code = project
    submission.submit_record(program, code,
                             {"type": "subject", "submitter_id": "gone", "studies": {"submitter_id": "study-1"}})
    query = 'query { subject(submitter_id: "gone", project_id: "%s") { id } }' % "-".join(project)
    found = submission.query(query)["data"]["subject"]
    assert len(found) == 1
    submission.delete_record(program, code, found[0]["id"])
    assert submission.query(query)["data"]["subject"] == []


def test_the_index_keeps_records_with_revisions(auth, target):
    index = Gen3Index(target.url, auth)
    created = index.create_record(hashes={"md5": "0" * 32}, size=3, urls=["s3://elsewhere/key"], file_name="a.txt")
    guid = created["did"]
    assert index.get_record(guid)["file_name"] == "a.txt"
    index.update_record(guid, file_name="b.txt")
    assert index.get_record(guid)["file_name"] == "b.txt"
    assert [r["did"] for r in index.get_with_params({"hashes": {"md5": "0" * 32}}) and [index.get_record(guid)]] == [guid]
    index.delete_record(guid)
    assert index.get_record(guid) is None


def indexed(target, guid):
    """The record once the commons has read the bytes."""
    import time

    end = time.monotonic() + 60
    while time.monotonic() < end:
        record = requests.get(f"{target.url}/index/index/{guid}", timeout=30).json()
        if record["size"] is not None:
            return record
        time.sleep(0.1)
    raise AssertionError(f"{guid} was not indexed within a minute")
