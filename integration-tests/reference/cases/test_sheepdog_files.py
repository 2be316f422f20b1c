"""sheepdog's upload cases about the file index, under dictionaries without and with `object_id`."""

import uuid

import pytest

from harness.paths import reference

from .conftest import made_project, started
from .study import PHS_PROGRAM, PHS_PROJECT, errors_of, messages_of

pytestmark = pytest.mark.reference

REGIMES = {"ids are those of the index": ("sheepdog-tests.json",), "object_id": ("dcf",)}


@pytest.fixture(scope="module", params=REGIMES)
def commons(request, tmp_path_factory):
    with started(tmp_path_factory, reference("data", "dictionaries", *REGIMES[request.param])) as running:
        running.has_object_id = request.param == "object_id"
        yield running


@pytest.fixture
def guid_key(commons):
    """The key of a record that holds the index's id."""
    return "object_id" if commons.has_object_id else "id"


@pytest.fixture
def study(admin, codes):
    made = made_project(admin, next(codes))
    made.stored({"type": "experiment", "submitter_id": "e", "projects": {"code": made.code}})
    return made


@pytest.fixture
def file():
    """A record of a file with content of its own."""
    return {"type": "experimental_metadata", "submitter_id": "file", "data_type": "Experimental Metadata",
            "data_category": "data_file", "data_format": "text", "file_name": "a.txt", "file_size": 42,
            "md5sum": uuid.uuid4().hex, "experiments": {"submitter_id": "e"}}


def indexed(index, file, **changes):
    """Makes a record of this content in the index and gives its id."""
    body = {"form": "object", "size": file["file_size"], "hashes": {"md5": file["md5sum"]}, "urls": [], **changes}
    made = index.post("/index/", json=body)
    assert made.status_code == 200, made.text
    return made.json()["did"]


def with_content(index, file):
    """The index's records of this content."""
    answer = index.get("/index/", params={"hash": f"md5:{file['md5sum']}", "size": file["file_size"]})
    return answer.json()["records"]


def guid_of(study, guid_key):
    row = study.client.data('{ experimental_metadata(project_id: "%s") { %s } }' % (study.project_id, guid_key))
    return row["experimental_metadata"][0][guid_key]


def test_a_new_file_is_made_in_the_index(study, index, file, guid_key):
    study.stored({**file, "urls": "s3://bucket/a,s3://bucket/b"})
    record = index.get(f"/index/{guid_of(study, guid_key)}").json()
    wanted = {"hashes": {"md5": file["md5sum"]}, "size": 42, "urls": ["s3://bucket/a", "s3://bucket/b"],
              "acl": [PHS_PROJECT, PHS_PROGRAM], "authz": [f"/programs/CGCI/projects/{study.code}"]}
    assert {key: sorted(record[key]) if key in ("acl", "urls") else record[key] for key in wanted} == {
        **wanted, "acl": sorted(wanted["acl"])}


def test_a_new_file_has_an_alias_of_project_and_submitter_id(study, index, file, guid_key):
    study.stored(file)
    aliases = index.get(f"/index/{guid_of(study, guid_key)}/aliases").json()["aliases"]
    assert aliases == [{"value": f"{study.project_id}/file"}]


def test_an_id_that_the_index_does_not_know_is_made_there(study, index, file, guid_key):
    guid = str(uuid.uuid4())
    study.stored({**file, guid_key: guid})
    assert [record["did"] for record in with_content(index, file)] == [guid]


def test_a_file_of_content_that_the_index_knows_refers_to_it(study, index, file, guid_key):
    guid = indexed(index, file, acl=["elsewhere"])
    study.stored(file)
    assert guid_of(study, guid_key) == guid
    assert [(record["did"], record["acl"]) for record in with_content(index, file)] == [(guid, ["elsewhere"])]


def test_an_id_and_content_that_the_index_knows_together_are_taken(study, index, file, guid_key):
    guid = indexed(index, file, acl=["elsewhere"])
    study.stored({**file, guid_key: guid})
    assert guid_of(study, guid_key) == guid


def test_an_id_whose_content_is_another_is_refused(study, index, file, guid_key):
    guid = indexed(index, {**file, "md5sum": uuid.uuid4().hex})
    answer = study.put({**file, guid_key: guid})
    assert [kind for kind, _ in errors_of(answer)] == ["INVALID_VALUE"]
    assert study.counts("experimental_metadata") == {"experimental_metadata": 0}


def test_an_id_and_content_of_two_records_are_refused(study, index, file, guid_key):
    guid = indexed(index, {**file, "md5sum": uuid.uuid4().hex})
    indexed(index, file)
    assert study.put({**file, guid_key: guid}).status_code == 400


def test_new_locations_replace_those_of_the_index(study, index, file, guid_key):
    study.stored({**file, "urls": "s3://bucket/old"})
    study.stored({**file, "urls": "s3://bucket/new,s3://bucket/newer"})
    assert sorted(with_content(index, file)[0]["urls"]) == ["s3://bucket/new", "s3://bucket/newer"]


def test_an_update_without_locations_leaves_those_of_the_index(study, index, file):
    study.stored({**file, "urls": "s3://bucket/old"})
    study.stored(file)
    assert with_content(index, file)[0]["urls"] == ["s3://bucket/old"]


def test_locations_are_not_stored_in_the_graph(study, file):
    stored = study.stored({**file, "urls": "s3://bucket/a"})[0]
    assert "urls" not in study.entities(stored)[0]


def test_the_same_file_again_makes_no_second_record(study, index, file):
    ids = study.stored(file) + study.stored(file)
    assert len(set(ids)) == 1
    assert len(with_content(index, file)) == 1


def test_a_dry_run_makes_nothing_in_the_index(study, index, file):
    assert study.put(file, path="/_dry_run").json()["success"]
    assert with_content(index, file) == []


def test_a_refused_submission_makes_nothing_in_the_index(study, index, file):
    assert study.put({**file, "experiments": {"submitter_id": "nope"}}).status_code == 400
    assert with_content(index, file) == []


@pytest.mark.parametrize("path", ["", "/_dry_run"])
def test_the_same_bytes_may_be_submitted_twice_where_ids_are_shared(commons, study, index, file, path):
    if commons.has_object_id:
        pytest.skip("skipped: with `object_id` two records may refer to one file")
    study.stored(file)
    body = study.put({**file, "submitter_id": "second"}, path=path).json()
    assert (body["success"], body["transactional_errors"], body["entity_error_count"]) == (True, [], 0)


def test_two_records_may_refer_to_one_file_where_ids_are_not_shared(commons, study, index, file):
    if not commons.has_object_id:
        pytest.skip("skipped: without `object_id` the id of the file is that of the record")
    study.stored(file)
    study.stored({**file, "submitter_id": "second"})
    assert len(with_content(index, file)) == 1


def test_files_of_an_open_project_are_for_everybody(admin, codes, index, file, guid_key):
    made = made_project(admin, next(codes), availability_type="Open")
    made.stored({"type": "experiment", "submitter_id": "e", "projects": {"code": made.code}})
    made.stored(file)
    assert with_content(index, file)[0]["acl"] == ["*"]


def test_an_uploaded_file_without_hashes_is_not_ready(commons, study, index, file):
    if not commons.has_object_id:
        pytest.skip("skipped: the upload of bytes before metadata needs `object_id`")
    blank = index.post("/index/blank/", json={"uploader": "admin", "file_name": "a.txt"}).json()["did"]
    assert messages_of(study.put({**file, "object_id": blank})) == [
        f"Indexed file of id {blank} is not ready for metadata submission yet (no hashes and size)."]


def uploaded(index, file, uploader):
    """A record as the upload of bytes leaves it: with content and uploader, without rights."""
    blank = index.post("/index/blank/", json={"uploader": uploader, "file_name": file["file_name"]}).json()
    filled = index.put(f"/index/blank/{blank['did']}", params={"rev": blank["rev"]}, json={
        "size": file["file_size"], "hashes": {"md5": file["md5sum"]}})
    assert filled.status_code == 200, filled.text
    return blank["did"]


def test_an_uploaded_file_goes_over_to_the_project_of_its_record(commons, study, index, file):
    if not commons.has_object_id:
        pytest.skip("skipped: the upload of bytes before metadata needs `object_id`")
    guid = uploaded(index, file, "admin")
    study.stored({**file, "object_id": guid})
    record = index.get(f"/index/{guid}").json()
    assert (record["uploader"], sorted(record["acl"]), record["authz"]) == (
        None, sorted([PHS_PROGRAM, PHS_PROJECT]), [f"/programs/CGCI/projects/{study.code}"])


def test_an_uploaded_file_of_somebody_else_is_refused(commons, study, index, file):
    if not commons.has_object_id:
        pytest.skip("skipped: the upload of bytes before metadata needs `object_id`")
    guid = uploaded(index, file, "writer")
    assert [kind for kind, _ in errors_of(study.put({**file, "object_id": guid}))] == ["INVALID_VALUE"]
    assert index.get(f"/index/{guid}").json()["uploader"] == "writer"
