"""/guppy/v1 as a Python program uses it, on the indices of the demonstration: what there is, figures, rows page by page,
downloads in every form with their checksums, manifests, words, and sets of identifiers."""

import csv
import hashlib
import io
import json

import pyarrow.parquet
import pytest

from harness.client import Client, administrator
from harness.commons import Commons

ID = "_subject_id"


@pytest.fixture(scope="module")
def commons():
    with Commons.up("--demo") as running:
        yield running


@pytest.fixture(scope="module")
def admin(commons):
    return administrator(commons)


@pytest.fixture(scope="module")
def stranger(commons):
    return Client(commons.url, commons.token("a-stranger"))


@pytest.fixture(scope="module")
def index(admin):
    """The subjects' index, with its fields by name."""
    indices = {index["type"]: index for index in ask(admin, "get", "/indices")["indices"]}
    assert indices["subject"]["exists"] and indices["subject"]["as_of"], indices
    fields = {field["field"]: field for field in indices["subject"]["fields"]}
    return {**indices["subject"], "fields": fields}


def ask(client, method, path, status=200, **more):
    answer = getattr(client, method)(f"/guppy/v1{path}", **more)
    assert answer.status_code == status, answer.text
    if status >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == status
    return answer.json() if answer.content else None


def post(client, path, body, status=200):
    return ask(client, "post", path, status, json={"type": "subject", **body})


def rows(client, body, size=1000):
    """All rows, page by page."""
    found, after = [], None
    while True:
        page = post(client, "/rows", {**body, "size": size, "after": after})
        found += page["rows"]
        after = page["next"]
        if after is None:
            assert len(found) == page["total"]
            return found


def download(client, path, body):
    """What a ticket gives, whose checksum is right."""
    ticket = post(client, path, body)
    assert ticket["download"].startswith("/guppy/v1/download/")
    place = ticket["download"].removeprefix("/guppy/v1")
    assert ask(client, "get", f"{place}/result") == {"state": "waiting"}
    answer = client.get(ticket["download"])
    assert answer.status_code == 200, answer.text
    result = ask(client, "get", f"{place}/result")
    assert (result["state"], result["bytes"]) == ("complete", len(answer.content)), result
    assert result["sha256"] == hashlib.sha256(answer.content).hexdigest()
    return answer, result


def make_set(client, body):
    return ask(client, "post", "/sets", 201, json=body)


def members(client, made, limit=100):
    found, offset = [], 0
    while offset is not None:
        page = ask(client, "get", f"/sets/{made['id']}/members?offset={offset}&limit={limit}")
        found += page["members"]
        offset = page["next"]
    assert len(found) == made["members"]
    return found


@pytest.fixture(scope="module")
def subjects(admin):
    """All subjects by their id."""
    found = {row[ID]: row for row in rows(admin, {"fields": [ID, "project_id"]})}
    assert len(found) > 100
    return found


@pytest.fixture(scope="module")
def facet(admin, index):
    """A field with several values, and how many subjects have each."""
    fields = [{"field": name, "missing": True} for name, field in index["fields"].items()
              if field.get("facet") and field["kind"] == "text" and not field["list"] and "." not in name]
    for found in post(admin, "/facets", {"fields": fields})["fields"]:
        counts = {bucket["key"]: bucket["count"] for bucket in found["buckets"]}
        if 2 <= len(counts) <= 10 and found["others"] == 0:
            return found["field"], counts, found["missing"]
    pytest.fail("no field of the demonstration has some values")


def test_indices_figures_and_rows_agree(admin, index, subjects, facet):
    field, counts, missing = facet
    assert index["documents"] == len(subjects) == sum(counts.values()) + missing
    value, count = next(iter(counts.items()))
    filtered = {"filter": {"=": {field: value}}}
    assert post(admin, "/facets", {**filtered, "fields": []})["total"] == count
    small = rows(admin, {**filtered, "fields": [ID, field], "sort": [{ID: "desc"}]}, size=137)
    assert len(small) == count and {row[field] for row in small} == {value}
    assert [row[ID] for row in small] == sorted((row[ID] for row in small), reverse=True)


def test_who_may_not_read_gets_nothing(stranger):
    assert rows(stranger, {"fields": [ID]}) == []
    _, result = download(stranger, "/export", {"format": "csv"})
    assert result["rows"] == 0


def test_every_form_of_a_download_has_every_row(admin, subjects):
    order = {"fields": [ID, "project_id"], "sort": [{ID: "asc"}]}
    expected = [subjects[name] for name in sorted(subjects)]

    def table(text, delimiter):
        return list(csv.DictReader(io.StringIO(text), delimiter=delimiter))

    for form, content_type, read in (
        ("tsv", "text/tab-separated-values; charset=utf-8", lambda answer: table(answer.text, "\t")),
        ("csv", "text/csv; charset=utf-8", lambda answer: table(answer.text, ",")),
        ("json", "application/json", lambda answer: answer.json()),
        ("ndjson", "application/x-ndjson", lambda answer: [json.loads(line) for line in answer.text.splitlines()]),
        ("parquet", "application/vnd.apache.parquet",
         lambda answer: pyarrow.parquet.read_table(io.BytesIO(answer.content)).to_pylist()),
    ):
        answer, result = download(admin, "/export", {**order, "format": form})
        assert answer.headers["Content-Type"] == content_type
        assert answer.headers["Content-Disposition"] == f'attachment; filename="subject.{form}"'
        assert read(answer) == expected, form
        assert result["rows"] == len(expected), form


def test_all_fields_of_a_parquet_table_are_those_of_the_documents(admin, index):
    answer, _ = download(admin, "/export", {"format": "parquet"})
    table = pyarrow.parquet.read_table(io.BytesIO(answer.content))
    found = {row[ID]: row for row in table.to_pylist()}
    kinds = {"integer": "int64", "number": "double", "boolean": "bool", "text": "string"}
    for name, field in index["fields"].items():
        if field["kind"] in kinds and "." not in name:
            kind = str(table.schema.field(name).type)
            wanted = kinds[field["kind"]]
            assert kind == (f"list<element: {wanted}>" if field["list"] else wanted), name
    lines = download(admin, "/export", {"format": "ndjson"})[0].text.splitlines()
    for document in map(json.loads, lines):
        row = found[document[ID]]
        for name, value in document.items():
            if not isinstance(value, (list, dict)):
                assert row[name] == value, (name, row[name], value)
            elif all(not isinstance(item, (list, dict)) for item in value) and index["fields"][name]["list"]:
                assert row[name] == value, (name, row[name], value)


def test_a_manifest_has_the_files_of_a_cohort(admin):
    owners = ask(admin, "post", "/facets", json={"type": "file", "fields": [{"field": ID, "top": 5}]})
    some = [bucket["key"] for bucket in owners["fields"][0]["buckets"]]
    answer, result = download(admin, "/manifest", {
        "filter": {"in": {ID: some}}, "resourceIndexType": "file", "resourceIdField": "object_id",
        "referenceIdFieldInResourceIndex": ID, "referenceIdFieldInDataIndex": ID})
    entries = answer.json()
    files = ask(admin, "post", "/rows", json={"type": "file", "filter": {"in": {ID: some}}, "size": 10000,
                                              "fields": ["object_id"]})
    assert {entry["object_id"] for entry in entries} == {row["object_id"] for row in files["rows"]}
    assert 0 < len(entries) == result["rows"] == files["total"] < 64
    assert all(set(entry[ID]) & set(some) for entry in entries)


def test_words_are_found_in_every_field_and_marked(admin, facet):
    field, counts, _ = facet
    value = next(iter(counts))
    answer = post(admin, "/rows", {"filter": {"text": value}, "highlight": True, "size": 50, "fields": [field]})
    assert answer["total"] >= counts[value] and len(answer["highlights"]) == len(answer["rows"])
    assert all(any("<em>" in text for texts in marks.values() for text in texts) for marks in answer["highlights"])
    assert post(admin, "/facets", {"filter": {"text": value}, "fields": []})["total"] == answer["total"]


def test_sets_are_made_joined_used_and_shared(admin, stranger, subjects, facet):
    field, counts, _ = facet
    value, count = next(iter(counts.items()))
    ids = sorted(subjects)
    upload = admin.post(f"/guppy/v1/sets?name=half&type=subject&field={ID}", headers={"Content-Type": "text/plain"},
                        data="\r\n".join(ids[::2] + ["nobody"]))
    assert upload.status_code == 201, upload.text
    half = upload.json()
    assert (half["matched"], half["unmatched"], half["unmatched_ids"]) == (len(ids[::2]), 1, ["nobody"])
    found = make_set(admin, {"name": "found", "query": {"type": "subject", "filter": {"=": {field: value}}, "field": ID}})
    assert found["members"] == count and set(members(admin, found)) <= set(ids)
    one, two = set(members(admin, half)), set(members(admin, found))
    for joining, expected in (("union", one | two), ("intersection", one & two), ("difference", one - two)):
        joined = make_set(admin, {"name": joining, joining: [half["id"], found["id"]]})
        assert set(members(admin, joined)) == expected, joining

    used = {"filter": {"in_set": {ID: half["id"]}}}
    assert post(admin, "/facets", {**used, "fields": []})["total"] == len(ids[::2])
    assert sorted(row[ID] for row in rows(admin, {**used, "fields": [ID]})) == ids[::2]
    _, result = download(admin, "/export", {**used, "format": "tsv"})
    assert result["rows"] == len(ids[::2])
    both = {"filter": {"and": [used["filter"], {"in_set": {ID: found["id"]}}]}}
    assert post(admin, "/facets", {**both, "fields": []})["total"] == len(one & two)

    path = f"/sets/{half['id']}"
    ask(stranger, "get", path, 404)
    post(stranger, "/rows", used, 404)
    assert ask(admin, "patch", path, json={"shared": True})["shared"]
    assert ask(stranger, "get", path)["own"] is False
    assert rows(stranger, {**used, "fields": [ID]}) == [], "a set gives nobody the documents"
    ask(stranger, "delete", path, 403)
    ask(Client(admin.url, None), "get", path, 401)
    listed = [made["id"] for made in ask(admin, "get", "/sets")["sets"]]
    assert listed[-2:] == [found["id"], half["id"]] and ask(stranger, "get", "/sets") == {"sets": []}
    ask(admin, "delete", path, 204)
    post(admin, "/rows", used, 404)


def test_a_set_of_more_members_than_a_server_takes_in_one_term_list(admin, subjects):
    many = [f"nobody-{number:06}" for number in range(200_000)]
    made = make_set(admin, {"name": "many", "ids": many + sorted(subjects)[:7]})
    assert made["members"] == 200_007
    assert post(admin, "/facets", {"filter": {"in_set": {ID: made["id"]}}, "fields": []})["total"] == 7
    other = {"filter": {"and": [{"in_set": {ID: made["id"]}}, {"in_set": {ID: made["id"]}}]}, "fields": []}
    assert post(admin, "/facets", other)["total"] == 7
