"""peregrine's core-metadata cases: what a file's landing page shows, in three forms.

The dictionary is the default one: the reference records' dictionary has no core metadata.
"""

import json
import re

import pytest

from harness.paths import reference

from .conftest import made_project, started

pytestmark = pytest.mark.reference

METADATA = {
    "title": "A study of cells", "description": "Cells were looked at", "creator": "Leeuwenhoek, A.", "contributor": "Hooke, R.",
    "coverage": "Delft", "language": "nl", "publisher": "Royal Society", "rights": "free", "source": "microscope",
    "subject": "cells",
}
FILE = {"file_name": "cells.bam", "data_format": "BAM", "file_size": 42, "md5sum": "35b39360cc41a7b635980159aef265ba"}


@pytest.fixture(scope="module")
def commons(tmp_path_factory):
    with started(tmp_path_factory, reference("data", "dictionaries", "dcf")) as running:
        yield running


@pytest.fixture(scope="module")
def files(admin):
    """The object ids of a file with core metadata and of one without."""
    study = made_project(admin, "BLGSP")
    collection = {"type": "core_metadata_collection", "submitter_id": "cells", "projects": {"code": "BLGSP"}, **METADATA}
    described = {
        "type": "experimental_metadata", "submitter_id": "described", "data_category": "data_file",
        "data_type": "Experimental Metadata", "experiments": {"submitter_id": "e"},
        "core_metadata_collections": {"submitter_id": "cells"}, **FILE}
    plain = {key: value for key, value in described.items() if key != "core_metadata_collections"} | {
        "submitter_id": "plain", "md5sum": "0" * 32}
    experiment = {"type": "experiment", "submitter_id": "e", "projects": {"code": "BLGSP"}}
    study.stored([collection, experiment, described, plain])
    rows = admin.data("{ experimental_metadata { submitter_id object_id updated_datetime } }")["experimental_metadata"]
    return {row["submitter_id"]: row for row in rows}


def shown(client, file, accept=None):
    headers = {"Accept": accept} if accept else {}
    answer = client.get(f"/api/search/coremetadata/{file['object_id']}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize("accept", [None, "application/json", "*/*"])
def test_a_file_is_shown_with_its_core_metadata_and_a_citation(users, files, accept):
    file = files["described"]
    year = file["updated_datetime"][:4]
    others = {key: value for key, value in METADATA.items() if key != "title"}
    assert json.loads(shown(users["admin"], file, accept)) == {
        **others, **FILE, "type": "experimental_metadata", "project_id": "CGCI-BLGSP", "object_id": file["object_id"],
        "citation": f"Leeuwenhoek, A., {year}: A study of cells. Royal Society, {file['object_id']}."}


def test_a_file_without_core_metadata_is_shown_with_its_own_facts(users, files):
    known = json.loads(shown(users["admin"], files["plain"]))
    assert {key: known[key] for key in ("file_name", "type", "project_id", "md5sum")} == {
        "file_name": "cells.bam", "type": "experimental_metadata", "project_id": "CGCI-BLGSP", "md5sum": "0" * 32}


def test_bibtex_has_the_same_facts(users, files):
    text = shown(users["admin"], files["described"], "x-bibtex")
    assert text.startswith("@misc {%s, " % files["described"]["object_id"])
    entries = dict(re.findall(r'(\w+) = "([^"]*)"', text))
    assert {key: entries[key] for key in ("creator", "publisher", "file_name")} == {
        "creator": "Leeuwenhoek, A.", "publisher": "Royal Society", "file_name": "cells.bam"}


def test_schema_org_has_a_dataset(users, files):
    dataset = json.loads(shown(users["admin"], files["described"], "application/vnd.schemaorg.ld+json"))
    assert (dataset["@context"], dataset["@type"]) == ("http://schema.org", "Dataset")
    assert dataset["description"] == METADATA["description"]


def test_an_unknown_object_is_404(users, files):
    answer = users["admin"].get("/api/search/coremetadata/nothing-known")
    assert (answer.status_code, answer.json()) == (404, {"message": 'object_id "nothing-known" not found'})


def test_a_file_that_is_not_readable_is_404(users, files):
    assert users["nobody"].get(f"/api/search/coremetadata/{files['described']['object_id']}").status_code == 404


def test_no_token_is_401(users, files):
    answer = users[None].get(f"/api/search/coremetadata/{files['described']['object_id']}")
    assert (answer.status_code, answer.json()) == (401, {
        "message": "Authentication Error: no authorization header provided"})
