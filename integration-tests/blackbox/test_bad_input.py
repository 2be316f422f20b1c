"""Input that is broken, huge or hostile, through the public address: a precise 4xx (or the documented success) in the
service's own form, nothing half written, and the commons goes on."""

import gzip
import json
import re
import socket
import time
import urllib.parse
import uuid

import psycopg
import pytest
import requests

from harness.commons import Commons

SUBMISSION = "/api/v0/submission"
TSV, CSV, JSON = "text/tab-separated-values", "text/csv", "application/json"
PROJECT = "BAD/input"
MEGABYTE = 1_000_000
SETTLED_SECONDS = 5


class Graph:
    """The rows of the graph's tables, seen from behind."""

    def __init__(self, url):
        self.connection = psycopg.connect(url, autocommit=True)
        names = self.connection.execute(
            "select table_name from information_schema.tables where table_schema = 'public'"
            " and table_name ~ '^(node_|edge_|_voided_)' order by 1").fetchall()
        self.query = " union all ".join(f"select '{name}', count(*) from {name}" for (name,) in names)

    def rows(self):
        return dict(self.connection.execute(self.query).fetchall())


class Stand:
    """A commons of its own with one project, and what it wrote to its log."""

    def __init__(self, commons):
        self.commons, self.url = commons, commons.url
        self.headers = {"Authorization": f"bearer {commons.token('admin')}"}
        self.graph = Graph(commons.run("database", "url", "sheepdog").strip())
        self.log = commons.state.parent / f"{commons.state.name}.log"

    def call(self, method, path, **kw):
        headers = {**self.headers, **kw.pop("headers", {})}
        return requests.request(method, self.url + path, headers=headers, timeout=kw.pop("timeout", 120), **kw)

    def submit(self, body, kind=JSON, method="PUT", path=PROJECT, **kw):
        headers = {"Content-Type": kind, **kw.pop("headers", {})}
        return self.call(method, f"{SUBMISSION}/{path}", data=body, headers=headers, **kw)

    def graphql(self, query, variables=None):
        return self.call("POST", f"{SUBMISSION}/graphql", json={"query": query, "variables": variables})


@pytest.fixture(scope="module")
def stand():
    with Commons.up("--service-ports") as commons:
        stand = Stand(commons)
        for path, record in [
            ("", {"type": "program", "name": "BAD", "dbgap_accession_number": "BAD"}),
            ("BAD", {"type": "project", "code": "input", "name": "Bad input", "dbgap_accession_number": "input"}),
            (PROJECT, {"type": "study", "submitter_id": "study-1", "projects": {"code": "input"}, "study_title": "T"}),
        ]:
            made = stand.submit(json.dumps(record), path=path)
            assert made.status_code == 200, made.text
        yield stand


@pytest.fixture(autouse=True)
def alive(stand):
    """After every test all services answer, and nothing has panicked."""
    yield
    assert stand.commons.process.poll() is None
    for path in ["/api/_status", "/peregrine/_status", "/index/_status", "/user/_status"]:
        assert stand.call("GET", path).status_code == 200, path
    assert "panicked" not in stand.log.read_text(errors="replace")


@pytest.fixture
def nothing_written(stand):
    """Fails the test when any table of the graph has other rows than before."""
    before = stand.graph.rows()
    yield
    assert stand.graph.rows() == before


def message(answer):
    """The text of an error outside a transaction, in sheepdog's form."""
    body = answer.json()
    assert list(body) == ["message"], body
    return body["message"]


def told(answer):
    """All that a transaction says is wrong."""
    body = answer.json()
    assert body["success"] is False and body["code"] == 400, body
    errors = [error["message"] for entity in body["entities"] for error in entity["errors"]]
    errors += [error if isinstance(error, str) else error["message"] for error in body["transactional_errors"]]
    return "\n".join(errors)


def subject(**change):
    return {"type": "subject", "submitter_id": f"s-{uuid.uuid4()}", "studies": {"submitter_id": "study-1"}, **change}


def stored(stand, submitter_id, fields):
    answer = stand.graphql("query($id: [String]) {subject(submitter_id: $id) {%s}}" % fields, {"id": submitter_id})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]["subject"]


# --- tables --------------------------------------------------------------------------------------------------------

HEADER = "type\tsubmitter_id\tcohort\tstudies.submitter_id"


def table(*rows, header=HEADER, end="\n"):
    return end.join([header, *rows]) + end


REFUSED_TABLES = {
    "unclosed quote": (table('subject\tq1\t"open\tstudy-1'), r"the quote that begins in line 2 is not closed"),
    "unclosed quote in the header": ('type\t"submitter_id\nsubject\tq2\n', r"the quote that begins in line 1 is not closed"),
    "unclosed quote many lines on": (
        table("subject\tq3\tA\tstudy-1", 'subject\tq4\t"A\tstudy-1', "subject\tq5\tA\tstudy-1"), r"line 3 is not closed"),
    "NUL in a cell": (table("subject\tn1\ta\0b\tstudy-1"), r"U\+0000"),
    "NUL in the header": (table("subject\tn2\ta\tstudy-1", header=HEADER.replace("cohort", "co\0hort")), r"U\+0000"),
    "nothing but NUL": ("\0" * 1000, r"U\+0000"),
    "more cells than the header": (table("subject\tm1\tA\tstudy-1\textra\tcells"), r"Row has more cells than the header.*'line': 2"),
    "a link without a name": (table("subject\tl1\tA\tstudy-1", header=HEADER.replace("studies.", ".")), r"Invalid link name: \.submitter_id"),
    "a link without a key": (table("subject\tl2\tA\tstudy-1", header="type\tsubmitter_id\tcohort\tstudies."), r"Invalid link id: studies\."),
    "a name that stands twice": (table("subject\tt1\tA\tstudy-1\tB", header=HEADER + "\t*cohort"), r"A column stands more than once.*'cohort'"),
    "a cell under a blank name": (table("subject\tb1\tA\tstudy-1\tx", header=HEADER + "\t"), r"a column without a name.*'line': 2"),
    "a link that does not exist": (table("subject\tl3\tA\tx", header="type\tsubmitter_id\tcohort\tnopes.submitter_id"), r"subject has no link nopes"),
}


@pytest.mark.parametrize("case", REFUSED_TABLES)
def test_a_broken_table_is_refused_with_the_place(stand, nothing_written, case):
    body, expected = REFUSED_TABLES[case]
    answer = stand.submit(body.encode(), TSV)
    assert answer.status_code == 400, answer.text[:500]
    assert message(answer).startswith("Unable to parse doc")
    assert re.search(expected, message(answer)), message(answer)


REFUSED_ROWS = {
    "fewer cells": (table("subject\tf1", header=HEADER), "'studies' is a required property"),
    "an unknown column": (table("subject\tu1\tA\tstudy-1\tx", header=HEADER + "\tbogus"), "'bogus' was unexpected"),
    "an integer with a fraction": (table("subject\ti1\tstudy-1\t2000.5", header="type\tsubmitter_id\tstudies.submitter_id\tenrolment_year"), "is not of type 'integer'"),
    "1e400": (table("subject\ti2\tstudy-1\t1e400", header="type\tsubmitter_id\tstudies.submitter_id\tenrolment_year"), "is not of type 'integer'"),
    "NaN": (table("subject\ti3\tstudy-1\tNaN", header="type\tsubmitter_id\tstudies.submitter_id\tenrolment_year"), "is not of type 'integer'"),
    "Infinity": (table("subject\ti4\tstudy-1\tInfinity", header="type\tsubmitter_id\tstudies.submitter_id\tenrolment_year"), "is not of type 'integer'"),
    "header only": (HEADER, "Nothing to submit"),
    "header and line end": (HEADER + "\r\n", "Nothing to submit"),
    "no header": ("subject\tx\tA\tstudy-1\n", "Nothing to submit"),
    "CSV": (table("subject\tx\tA\tstudy-1").replace("\t", ","), "separated by commas: send it as text/csv"),
    "semicolons": (table("subject\tx\tA\tstudy-1").replace("\t", ";"), "separated by semicolons"),
    "JSON": (json.dumps({"type": "subject"}), "looks like JSON"),
    "a mistyped type": (table("subject\tx1\tA\tstudy-1", "sbuject\tx2\tA\tstudy-1", "\tx3\tA\tstudy-1"),
                        "line 3 has the type 'sbuject', line 4 has no type"),
    "a blank key": (table("subject\t\tA\tstudy-1"), "is not of type 'string'"),
    "nothing": ("", "Nothing to submit"),
    "white space": (" \t \r\n \n", "Nothing to submit"),
}


@pytest.mark.parametrize("case", REFUSED_ROWS)
def test_a_table_without_a_valid_record_is_a_failed_transaction(stand, nothing_written, case):
    body, expected = REFUSED_ROWS[case]
    answer = stand.submit(body.encode(), TSV)
    assert answer.status_code == 400, answer.text[:500]
    assert expected in told(answer)


ACCEPTED_TABLES = {
    "CRLF": table("subject\t{id}\tA\tstudy-1", end="\r\n"),
    "CR alone": table("subject\t{id}\tA\tstudy-1", end="\r"),
    "mixed line ends": HEADER + "\r" + "subject\t{id}\tA\tstudy-1\r\n\r\n\n",
    "blank lines": "\n\n" + HEADER + "\n\n\nsubject\t{id}\tA\tstudy-1\n\n",
    "spaces around cells": " type \t submitter_id\tcohort \tstudies.submitter_id\n subject\t {id} \t A \t study-1 ",
    "stars": "*type\t**submitter_id\tcohort\t*studies.submitter_id\nsubject\t{id}\tA\tstudy-1\n",
    "quoted cells": '"type"\t"submitter_id"\t"cohort"\t"studies.submitter_id"\n"subject"\t"{id}"\t"A"\t"study-1"\n',
    "a byte order mark": "\ufeff" + table("subject\t{id}\tA\tstudy-1"),
    "a comma at the end of a link": table("subject\t{id}\tA\tstudy-1,"),
    "blank columns without a name": table("subject\t{id}\tA\tstudy-1\t", header=HEADER + "\t"),
    "trailing tabs": table("subject\t{id}\tA\tstudy-1\t\t", ""),
    "quotes in quotes": table('subject\t{id}\tA\t"study-1"'),
}


@pytest.mark.parametrize("case", ACCEPTED_TABLES)
def test_tables_of_other_programs_are_understood(stand, case):
    name = f"ok-{uuid.uuid4()}"
    answer = stand.submit(ACCEPTED_TABLES[case].replace("{id}", name).encode(), TSV)
    assert answer.status_code == 200, answer.text[:800]
    assert stored(stand, name, "submitter_id cohort studies {submitter_id}") == [
        {"submitter_id": name, "cohort": "A", "studies": [{"submitter_id": "study-1"}]}]


def test_a_quote_in_the_middle_of_a_cell_is_a_character(stand):
    name = f"quote-{uuid.uuid4()}"
    answer = stand.submit(table(f'subject\t{name}\t5" "tall"\tstudy-1').encode(), TSV)
    assert answer.status_code == 200, answer.text
    assert stored(stand, name, "cohort") == [{"cohort": '5" "tall"'}]


def test_whole_numbers_may_have_a_point(stand):
    name = f"whole-{uuid.uuid4()}"
    body = table(f"subject\t{name}\tstudy-1\t2000.0", header="type\tsubmitter_id\tstudies.submitter_id\tenrolment_year")
    assert stand.submit(body.encode(), TSV).status_code == 200
    assert stored(stand, name, "enrolment_year") == [{"enrolment_year": 2000}]


def test_ten_thousand_columns_are_ten_thousand_unknown_properties(stand, nothing_written):
    columns = "\t".join(f"c{n}" for n in range(10_000))
    answer = stand.submit(f"{HEADER}\t{columns}\nsubject\tw1\tA\tstudy-1{chr(9) * 10_000}x\n".encode(), TSV)
    assert answer.status_code == 400, answer.text[:300]
    answer = stand.submit((f"{HEADER}\t{columns}\nsubject\tw1\tA\tstudy-1" + "\tx" * 10_000 + "\n").encode(), TSV)
    assert answer.status_code == 400, answer.text[:300]
    assert "were unexpected" in told(answer)


def test_ten_million_columns_are_refused(stand, nothing_written):
    answer = stand.submit(b"type" + b"\t" * 10_000_000 + b"\nsubject\n", TSV)
    assert answer.status_code == 400, answer.text[:300]
    assert "columns" in message(answer)


def test_a_cell_of_ten_megabytes_is_stored_or_refused_but_not_cut(stand):
    name = f"large-{uuid.uuid4()}"
    answer = stand.submit(table(f"subject\t{name}\t{'x' * 10 * MEGABYTE}\tstudy-1").encode(), TSV)
    assert answer.status_code in (200, 400, 413), answer.text[:300]
    found = stored(stand, name, "cohort")
    assert [len(record["cohort"]) for record in found] == ([10 * MEGABYTE] if answer.status_code == 200 else [])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
def test_another_encoding_than_utf8_is_refused(stand, nothing_written, encoding):
    answer = stand.submit(table("subject\tümlaut\tA\tstudy-1").encode(encoding), TSV)
    assert answer.status_code == 400, answer.text[:300]
    assert "UnicodeDecodeError" in message(answer) or "U+0000" in message(answer)


@pytest.mark.parametrize("value, expected", [("true", True), ("TRUE", True), ("False", False), ("yes", None), ("1", None)])
def test_booleans_of_tables(stand, value, expected):
    name = f"bool-{uuid.uuid4()}"
    subject_id = f"for-{name}"
    assert stand.submit(json.dumps(subject(submitter_id=subject_id))).status_code == 200
    body = table(f"sample\t{name}\t{value}\t{subject_id}\tBlood",
                 header="type\tsubmitter_id\tis_pooled\tsubjects.submitter_id\tsample_type")
    answer = stand.submit(body.encode(), TSV)
    if expected is None:
        assert answer.status_code == 400 and f"'{value}' is not of type" in told(answer)
        return
    found = stand.graphql('{sample(submitter_id: "%s") {is_pooled}}' % name).json()["data"]["sample"]
    assert (answer.status_code, found) == (200, [{"is_pooled": expected}]), answer.text


def test_csv_has_commas_and_number_signs(stand):
    name = f"csv-{uuid.uuid4()}"
    body = f'type,submitter_id,cohort,studies.submitter_id\r\nsubject,{name},"A, B",study-1#study-1\r\n'
    answer = stand.submit(body.encode(), CSV)
    assert answer.status_code == 200, answer.text
    assert stored(stand, name, "cohort") == [{"cohort": "A, B"}]


# --- JSON ----------------------------------------------------------------------------------------------------------

RECORD = '{"type":"subject","submitter_id":"j1","studies":{"submitter_id":"study-1"},%s}'

REFUSED_JSON = {
    "nothing": "", "white space": " \n\t", "half": '{"type":', "two documents": "{} {}", "a trailing comma": "[{},]",
    "a comment": "[/* */]", "single quotes": "{'type': 'subject'}",
    "NaN": RECORD % '"enrolment_year":NaN', "Infinity": RECORD % '"enrolment_year":Infinity',
    "-Infinity": RECORD % '"enrolment_year":-Infinity', "1e400": RECORD % '"enrolment_year":1e400',
    "101 levels": RECORD % ('"cohort":' + "[" * 100 + "]" * 100), "129 levels": "[" * 129 + "]" * 129,
    "100,000 levels": "[" * 100_000 + "]" * 100_000, "100,000 objects deep": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "a half deep one": "[" * 5_000_000,
    "a key twice": RECORD % '"cohort":"a","cohort":"b"', "a key twice inside": RECORD % '"cohort":{"a":1,"a":1}',
    "NUL in a value": RECORD % '"cohort":"a\\u0000b"', "NUL in a key": RECORD % '"a\\u0000b":1', "NUL itself": RECORD % '"cohort":"a\0b"',
    "half a surrogate pair": RECORD % '"cohort":"\\ud800"', "the other half": RECORD % '"cohort":"\\udc00x"',
    "a control character": RECORD % '"cohort":"a\x01b"',
    "two byte order marks": "\ufeff\ufeff{}",
    "a broken escape": RECORD % '"cohort":"\\x41"',
}


@pytest.mark.parametrize("case", REFUSED_JSON)
def test_what_is_no_json_is_refused_with_the_place(stand, nothing_written, case):
    answer = stand.submit(REFUSED_JSON[case].encode())
    assert answer.status_code == 400, answer.text[:500]
    text = message(answer)
    assert text.startswith("Unable to parse json: "), text
    assert len(text) < 2_000
    assert re.search(r"line \d+ column \d+|duplicate keys: |nested deeper than 100 levels", text), text


@pytest.mark.parametrize("body, kind", [("5", "int"), ("1.5", "float"), ('"text"', "str"), ("true", "bool"), ("null", "NoneType")])
def test_a_document_is_an_object_or_a_list(stand, nothing_written, body, kind):
    answer = stand.submit(body)
    assert answer.status_code == 400
    assert message(answer) == f"JSON parsed from request is an invalid type: {kind}"


REFUSED_RECORDS = {
    "an integer with a point": (RECORD % '"enrolment_year":2000.5', "is not of type 'integer'"),
    "a text for a number": (RECORD % '"enrolment_year":"2000"', "is not of type 'integer'"),
    "a number beyond the maximum": (RECORD % '"enrolment_year":99999999999999999', "is greater than the maximum"),
    "1e300": (RECORD % '"enrolment_year":1e300', "is greater than the maximum"),
    "a boolean for a number": (RECORD % '"enrolment_year":true', "is not of type 'integer'"),
    "100 levels": (RECORD % ('"cohort":' + "[" * 98 + "]" * 98), "is not of type"),
    "a key of a megabyte": (RECORD % f'"{"k" * MEGABYTE}":1', "unexpected"),
    "an empty key": (RECORD % '"":1', "unexpected"),
    "a list for a record": ("[[]]", ""), "an empty list": ("[]", "Nothing to submit"),
    "a list of numbers": ("[1,2,3]", ""), "a list of nulls": ("[null]", ""), "a list of texts": ('["subject"]', ""),
    "an empty object": ("{}", "Unable to parse entity"),
    "a type that is a list": ('{"type":["subject"]}', ""), "a type that is an object": ('{"type":{"a":1}}', ""),
    "an id that is a number": (RECORD % '"id":5', ""),
    "a link that is a text": ('{"type":"subject","submitter_id":"l1","studies":"study-1"}', "not valid under any of the given schemas"),
    "a link to a number": ('{"type":"subject","submitter_id":"l2","studies":{"submitter_id":5}}', ""),
    "links in links": ('{"type":"subject","submitter_id":"l3","studies":[[{"submitter_id":"study-1"}]]}', ""),
    "a submitter_id that is an object": ('{"type":"subject","submitter_id":{},"studies":{"submitter_id":"study-1"}}', "is not of type 'string'"),
    "SQL": ('{"type":"subject","submitter_id":"x","studies":{"submitter_id":"\'; drop table node_subject; --"}}', "No link destination found"),
}


@pytest.mark.parametrize("case", REFUSED_RECORDS)
def test_json_that_is_no_valid_record_is_a_failed_transaction(stand, nothing_written, case):
    body, expected = REFUSED_RECORDS[case]
    answer = stand.submit(body)
    assert answer.status_code == 400, answer.text[:500]
    assert expected in told(answer)


def test_100000_empty_objects_are_refused_in_time(stand, nothing_written):
    answer = stand.submit("[" + ",".join(["{}"] * 100_000) + "]")
    assert answer.status_code == 400, answer.text[:300]
    assert "Unable to parse entity" in told(answer)


@pytest.mark.parametrize("value, found", [
    ("2000", 2000), ("-0", None), ("2000.0", "draft 4"), ("2e3", "draft 4"), ("1e-400", "draft 4")])
def test_numbers_of_json(stand, value, found):
    name = f"number-{uuid.uuid4()}"
    answer = stand.submit((RECORD % f'"enrolment_year":{value}').replace("j1", name))
    if found == 2000:
        assert answer.status_code == 200, answer.text
        assert stored(stand, name, "enrolment_year") == [{"enrolment_year": 2000}]
    else:
        # -0 is below the minimum; a number with a point or an exponent is no integer of draft 4.
        assert answer.status_code == 400, answer.text
        assert ("is not of type 'integer'" if found else "is less than the minimum") in told(answer)


def test_any_text_is_stored_as_it_is(stand):
    name = f"text-{uuid.uuid4()}"
    text = "\u202e\u0301 \U0001f600 \ufeff\uffff '\"\\ %s ${x} {{7*7}} <script>alert(1)</script> \u2028"
    answer = stand.submit(json.dumps(subject(submitter_id=name, cohort=text)))
    assert answer.status_code == 200, answer.text
    assert stored(stand, name, "cohort") == [{"cohort": text}]


# --- transport -----------------------------------------------------------------------------------------------------


def raw(stand, head, body=b"", path=f"{SUBMISSION}/{PROJECT}", method="PUT", cut=False):
    """Sends bytes as they are, and with `cut` nothing more; gives the whole answer, which may be none."""
    address = urllib.parse.urlsplit(stand.url)
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {address.netloc}", "Connection: close", *head,
                 *(f"{name}: {value}" for name, value in stand.headers.items())]
        answer = b""
        try:
            connection.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
            if cut:
                connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                answer += part
        except ConnectionError:
            pass
        return answer


def status(answer):
    return int(answer.split(b" ", 2)[1]) if answer else None


def test_a_compressed_body_is_read_or_refused(stand):
    name = f"gzip-{uuid.uuid4()}"
    body = gzip.compress(json.dumps(subject(submitter_id=name)).encode())
    answer = stand.submit(body, headers={"Content-Encoding": "gzip"})
    assert answer.status_code in (200, 400, 415), answer.text[:300]
    assert len(stored(stand, name, "id")) == (answer.status_code == 200)


def test_a_compressed_bomb_is_refused(stand, nothing_written):
    bomb = gzip.compress(b" " * (1 << 30), 9)
    answer = stand.submit(bomb, headers={"Content-Encoding": "gzip"})
    assert answer.status_code in (400, 413, 415), answer.text[:300]


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "text/tab-separated-values; charset=utf-8", "text/plain", "", "*/*",
                                  "multipart/form-data; boundary=x", "x" * 5_000, "application/x-www-form-urlencoded"])
def test_every_other_content_type_is_json(stand, nothing_written, kind):
    answer = stand.submit(table("subject\tct\tA\tstudy-1"), kind)
    assert answer.status_code == 400, answer.text[:300]
    assert message(answer).startswith("Unable to parse json: ")


@pytest.mark.parametrize("kind", ["TEXT/TSV", "text/tsv", "Text/Tab-Separated-Values"])
def test_content_types_have_no_case(stand, kind):
    name = f"case-{uuid.uuid4()}"
    assert stand.submit(table(f"subject\t{name}\tA\tstudy-1"), kind).status_code == 200
    assert len(stored(stand, name, "id")) == 1


def test_a_body_shorter_than_it_says_writes_nothing(stand, nothing_written):
    body = json.dumps(subject()).encode()
    answer = raw(stand, [f"Content-Length: {len(body) + 10}", f"Content-Type: {JSON}"], body, cut=True)
    assert status(answer) in (None, 400, 408), answer[:300]


def test_a_body_longer_than_it_says_ends_where_it_says(stand):
    name = f"longer-{uuid.uuid4()}"
    body = json.dumps(subject(submitter_id=name)).encode()
    answer = raw(stand, [f"Content-Length: {len(body)}", f"Content-Type: {JSON}"], body + b"[{}, garbage")
    # The rest is no request: the connection breaks, perhaps before the answer is read.
    assert status(answer) in (None, 200), answer[:500]
    # What nobody got an answer to may still be at work, and the next tests count rows.
    end = time.monotonic() + SETTLED_SECONDS
    while not (found := stored(stand, name, "id")) and time.monotonic() < end:
        time.sleep(0.1)
    assert len(found) <= 1


def test_a_chunked_body_cut_half_way_writes_nothing(stand, nothing_written):
    body = json.dumps([subject(), subject()]).encode()
    half = f"{len(body):x}\r\n".encode() + body[: len(body) // 2]
    assert status(raw(stand, ["Transfer-Encoding: chunked", f"Content-Type: {JSON}"], half, cut=True)) in (None, 400, 408)
    # All of the document, but not the end of the body.
    whole = f"{len(body):x}\r\n".encode() + body + b"\r\n"
    assert status(raw(stand, ["Transfer-Encoding: chunked", f"Content-Type: {JSON}"], whole, cut=True)) in (None, 400, 408)
    rows = table("subject\tcut1\tA\tstudy-1", "subject\tcut2\tA\tstudy-1").encode()
    whole = f"{len(rows):x}\r\n".encode() + rows + b"\r\n"
    assert status(raw(stand, ["Transfer-Encoding: chunked", f"Content-Type: {TSV}"], whole, cut=True)) in (None, 400, 408)


@pytest.mark.parametrize("head", [
    ["Content-Length: -1"], ["Content-Length: 99999999999999999999999"], ["Content-Length: 5", "Content-Length: 6"],
    ["Transfer-Encoding: chunked", "Content-Length: 5"], ["Transfer-Encoding: nonsense"], ["Content-Length: 0x10"],
])
def test_lies_about_the_length_are_400(stand, nothing_written, head):
    assert status(raw(stand, head, b"[]", cut=True)) in (None, 400, 501), head


def test_a_broken_chunk_is_400(stand, nothing_written):
    assert status(raw(stand, ["Transfer-Encoding: chunked"], b"zz\r\n[]\r\n0\r\n\r\n")) in (None, 400)
    assert status(raw(stand, ["Transfer-Encoding: chunked"], b"ffffffffffffffffff\r\n[]\r\n0\r\n\r\n")) in (None, 400)


@pytest.mark.parametrize("name", ["x" * 10_000, "ü" * 100, "a'; drop table transaction_documents; --", "../../etc/passwd"])
def test_any_document_name_does_no_harm(stand, name):
    answer = stand.submit(json.dumps(subject()), headers={"X-Document-Name": name.encode()})
    assert answer.status_code in (200, 400, 431), answer.text[:300]


def test_headers_of_a_megabyte_are_refused(stand, nothing_written):
    answer = raw(stand, ["X-Document-Name: " + "x" * MEGABYTE, "Content-Length: 2"], b"[]")
    assert status(answer) in (None, 400, 431), answer[:300]


@pytest.mark.parametrize("method, path", [
    ("GET", f"/{PROJECT}"), ("PATCH", f"/{PROJECT}"), ("HEAD", f"/{PROJECT}"), ("DELETE", ""), ("POST", "/_dictionary"), ("PUT", f"/{PROJECT}/export"),
    ("PUT", f"/{PROJECT}/entities/x"), ("POST", f"/{PROJECT}/transactions/1"), ("TRACE", f"/{PROJECT}"), ("BREW", f"/{PROJECT}"),
    ("GET", "/graphql"), ("DELETE", "/graphql"), ("POST", "/getschema")])
def test_wrong_methods_are_405_in_the_services_form(stand, nothing_written, method, path):
    answer = stand.call(method, SUBMISSION + path)
    assert answer.status_code in (404, 405), answer.text[:300]
    # TRACE is the gateway's to refuse.
    if method not in ("HEAD", "TRACE"):
        assert list(answer.json()) == ["message"]


# --- paths ---------------------------------------------------------------------------------------------------------

PLACES = {
    "sheepdog": f"{SUBMISSION}/{PROJECT}/entities/", "sheepdog program": f"{SUBMISSION}/", "sheepdog template": f"{SUBMISSION}/template/",
    "sheepdog dictionary": f"{SUBMISSION}/_dictionary/", "peregrine": "/api/search/coremetadata/", "indexd": "/index/index/", "indexd alias": "/index/alias/",
    "dos": "/ga4gh/dos/v1/dataobjects/", "drs": "/ga4gh/drs/v1/objects/", "fence": "/user/data/download/", "fence credentials": "/user/credentials/api/",
    "guppy": "/guppy/", "gateway": "/",
}
NAMES = {
    "NUL": "a%00b", "a slash": "a%2fb", "dots": "%2e%2e/%2e%2e/etc/passwd", "dots and slashes": "..%2f..%2fetc%2fpasswd", "a backslash": "..%5c..%5c",
    "no UTF-8": "%ff%fe", "half an escape": "%", "a wrong escape": "%zz", "20,000 letters": "x" * 20_000, "a quote": "';%20drop%20table%20x;%20--",
    "a line end": "a%0d%0aSet-Cookie:%20x=1", "a question": "%3fx=1", "a template": "%7b%7b7*7%7d%7d", "an overlong dot": "%c0%ae%c0%ae", "stars": "*", "a comma": ",,,,",
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", PLACES)
def test_any_path_is_answered_with_a_4xx(stand, nothing_written, place, name):
    answer = raw(stand, [], method="GET", path=PLACES[place] + NAMES[name])
    assert status(answer) is not None and status(answer) < 500, answer[:300]
    assert status(answer) != 200 or place in ("gateway", "indexd alias"), answer[:300]
    assert b"Set-Cookie: x=1" not in answer.split(b"\r\n\r\n")[0]


# --- GraphQL -------------------------------------------------------------------------------------------------------


def refused(answer):
    """The texts of a query's refusal, in peregrine's form."""
    assert answer.status_code == 400, answer.text[:500]
    body = answer.json()
    assert set(body) == {"data", "errors"} and all(isinstance(error, str) for error in body["errors"]), body
    return body["errors"]


def chain(length):
    fragments = "".join(f" fragment F{n} on subject {{...F{n + 1}}}" for n in range(length))
    return "{subject {...F0}}" + fragments + f" fragment F{length} on subject {{id}}"


def fragment_bomb():
    bomb = "{subject {...F0}}"
    for n in range(30):
        on, link = ("subject", "studies") if n % 2 == 0 else ("study", "subjects")
        bomb += f" fragment F{n} on {on} {{x: {link} {{...F{n + 1}}} y: {link} {{...F{n + 1}}}}}"
    return bomb + " fragment F30 on subject {id}"


REFUSED_QUERIES = {
    "500 levels": ("{subject " + "{studies {subjects " * 250 + "{id}" + "}}" * 250 + "}", "The query is nested too deeply."),
    "100,000 levels": ("{a" * 100_000, "The query is nested too deeply."),
    "500 lists": ("{subject(ids: " + "[" * 500 + "]" * 500 + ") {id}}", "The query is nested too deeply."),
    "10,000 lists": ("{" + " ".join(f"a{n}: subject {{id}}" for n in range(10_000)) + "}", "The query asks for 10000 lists and counts"),
    "30,000 fields": ("{subject {" + " ".join(f"a{n}: id" for n in range(30_000)) + "}}", "The query selects more than 20000 fields."),
    "a circle": ("{subject {...A}} fragment A on subject {...B} fragment B on subject {...A}", 'Cannot spread fragment "A" within itself via B.'),
    "a fragment in itself": ("{subject {...A}} fragment A on subject {...A}", 'Cannot spread fragment "A" within itself.'),
    "a chain of 5,000 fragments": (chain(5_000), "The query has more than 500 operations and fragments."),
    "a chain of 400 fragments": (chain(400), "The query has a chain of more than 200 fragments."),
    "a bomb of fragments": (fragment_bomb(), "The query selects more than 20000 fields."),
    "10,000 arguments": ("{subject(" + " ".join(f"a{n}: 1" for n in range(10_000)) + ") {id}}", 'Unknown argument "a0" on field "subject" of type "Root".'),
    "an argument 10,000 times": ("{subject(" + "first: 1 " * 10_000 + ") {id}}", 'There can only be one argument named "first".'),
    "a name of a megabyte": ("{" + "a" * MEGABYTE + "}", 'Cannot query field "aaa'),
    "a million wrong values": ("{subject(ids: [" + "1," * MEGABYTE + "]) {id}}", 'Argument "ids" has invalid value'),
    "an introspection bomb": ("{__schema {types " + "{fields {type {ofType " * 15 + "{name}" + "}}}" * 15 + "}}", "at most 33554432 bytes"),
    "node types without end": ("{" + " ".join(f"a{n}: _node_type(first: 0) {{id properties links}}" for n in range(4_000)) + "}", "at most 33554432 bytes"),
    "30,000 paths": ('{subject(with_path_to_any: [' + '{type: "study"} ' * 30_000 + ']) {id}}', "The query asks for 30001 lists and counts"),
    "30,000 links": ('{subject(with_links: [' + '"studies" ' * 30_000 + ']) {id}}', "The query asks for 30001 lists and counts"),
    "an unclosed text": ('{subject(id: "x) {id}}', "Syntax Error GraphQL (1:"),
    "NUL": ("{subject\0}", "Syntax Error GraphQL (1:9)"),
    "nothing": ("", "Syntax Error GraphQL (1:1) Unexpected EOF"),
    "1e400": ("{subject(enrolment_year: 1e400) {id}}", 'Expected type "Float", found 1e400.'),
    "a mutation": ("mutation {x}", "Schema is not configured for mutations"),
}


@pytest.mark.parametrize("case", REFUSED_QUERIES)
def test_a_hostile_query_is_refused_with_the_reason(stand, nothing_written, case):
    query, expected = REFUSED_QUERIES[case]
    errors = refused(stand.graphql(query))
    assert expected in errors[0], errors[0][:300]
    assert sum(map(len, errors)) < 20 * len(query) + 100_000


FILTERS = ["id", "ids", "quick_search", "submitter_id", "cohort", "consent_codes", "project_id", "lost_to_follow_up", "state", "created_after", "updated_before",
           "order_by_asc", "order_by_desc", "with_links", "with_links_any", "without_links"]
EVIL = ["'; drop table node_subject; --", '" or 1=1 --', "$1", "%", "\\", '{"a": 1}', "a\nb", "' union select * from pg_authid --", "(((a+)+)+)+[", "\u202e", "x" * 100_000]


@pytest.mark.parametrize("evil", EVIL, ids=[repr(text[:20]) for text in EVIL])
@pytest.mark.parametrize("kind, properties", [
    ("subject", FILTERS), ("study", ["id", "submitter_id", "study_title", "quick_search"]), ("node", ["id", "ids", "submitter_id", "quick_search", "of_type", "category", "project_id"]),
    ("project", ["id", "code", "name", "project_id", "dbgap_accession_number"]), ("datanode", ["id", "file_name", "object_id"]),
    ("transaction_log", ["id", "type", "quick_search", "project", "state", "order_by_asc", "related_cases", "entities"]), ("_node_type", ["id", "category", "title"])])
def test_sql_in_a_filter_is_text(stand, nothing_written, kind, properties, evil):
    for name in properties:
        answer = stand.graphql("{%s(%s: %s) {__typename}}" % (kind, name, json.dumps(evil)))
        assert answer.status_code in (200, 400), (name, answer.text[:300])
        if answer.status_code == 400:
            assert not re.search(r"select|syntax error at|\$\d", json.dumps(answer.json()["errors"]).replace(json.dumps(evil)[1:-1], "")), (name, answer.text)


@pytest.mark.parametrize("evil", EVIL[:-1], ids=[repr(text[:20]) for text in EVIL[:-1]])
def test_sql_in_paths_and_objects_is_text(stand, nothing_written, evil):
    text = json.dumps(evil)
    for filter in ["with_path_to", "with_path_to_any", "without_path_to"]:
        assert stand.graphql('{subject(%s: {type: "study", submitter_id: %s, id: %s}) {id}}' % (filter, text, text)).status_code == 200
        assert stand.graphql("{_subject_count(%s: {type: %s})}" % (filter, text)).status_code == 200
    assert stand.graphql("{subject(not: {cohort: %s}) {id}}" % text).status_code == 200


@pytest.mark.parametrize("argument", ["id", "quick_search", "submitter_id", "cohort", "consent_codes", "project_id", "created_after"])
def test_nul_in_a_filter_is_the_querys_fault(stand, nothing_written, argument):
    refused(stand.graphql('{subject(%s: "a\\u0000b") {id}}' % argument))


@pytest.mark.parametrize("declared, value", [
    ("Int", "x"), ("Int", 99999999999), ("Int", 1e300), ("Int", []), ("Int", {}), ("[String]", {}), ("[String]", [{}]), ("[WithPathToInput]", "x"), ("[WithPathToInput]", [{}]),
    ("[WithPathToInput]", [{"type": "study", "bogus": 1}]), ("Bogus", 1), ("subject", 1)])
def test_variables_of_wrong_types_are_refused(stand, nothing_written, declared, value):
    argument = {"Int": "first", "[String]": "ids", "[WithPathToInput]": "with_path_to"}.get(declared, "first")
    refused(stand.graphql("query($v: %s) {subject(%s: $v) {id}}" % (declared, argument), {"v": value}))


@pytest.mark.parametrize("variables", ["5", '"x"', "[]", '"{"', "true", '"[1]"'])
def test_variables_that_are_no_object_are_refused(stand, nothing_written, variables):
    body = '{"query": "{subject {id}}", "variables": %s}' % variables
    answer = stand.call("POST", f"{SUBMISSION}/graphql", data=body)
    assert refused(answer)[0] == "Unable to parse variables"


def test_a_variable_used_a_thousand_times_is_refused(stand, nothing_written):
    uses = " ".join(f"a{n}: _subject_count(ids: $ids)" for n in range(1_900))
    errors = refused(stand.graphql(f"query($ids: [String]) {{{uses}}}", {"ids": [f"id-{n}" for n in range(100_000)]}))
    assert "arguments of the query have more than" in errors[0]


def test_100000_ids_are_answered(stand, nothing_written):
    answer = stand.graphql("query($ids: [String]) {subject(ids: $ids) {id} _subject_count(ids: $ids)}", {"ids": [str(uuid.uuid4()) for _ in range(100_000)]})
    assert (answer.status_code, answer.json()["data"]) == (200, {"subject": [], "_subject_count": 0})


@pytest.mark.parametrize("body", [b"", b"{", b"5", b'"x"', b"null", b"\xff", b'{"query": 5}', b'{"query": null}', b"{}", b'{"query": "{a}", "query": "{b}"}',
                                  b'{"query":' + b"[" * 100_000, b"query={subject{id}}", b'{"query": "\\ud800"}'])
def test_a_body_that_is_no_query_is_400(stand, nothing_written, body):
    answer = stand.call("POST", f"{SUBMISSION}/graphql", data=body)
    assert answer.status_code == 400, answer.text[:300]
    assert set(answer.json()) in ({"message"}, {"data", "errors"})


# --- the neighbours --------------------------------------------------------------------------------------------------

BODIES = {
    "nothing": b"", "half": b"{", "a number": b"5", "a text": b'"x"', "null": b"null", "a list": b"[]", "no UTF-8": b"\xff\xfe", "100,000 levels": b"[" * 100_000,
    "100,000 objects": b'{"a":' * 100_000, "a byte order mark": b"\xef\xbb\xbf{}", "NaN": b'{"size": NaN}', "a key of a megabyte": b'{"' + b"k" * MEGABYTE + b'": 1}',
    "wrong types": b'{"name": {}, "path": [], "size": "x", "file_name": 5, "hashes": [], "urls": {}, "form": "object", "method": 1, "requests": 5, "api_key": 5}',
    "NUL": b'{"name": "a\\u0000b", "path": "/a\\u0000b", "file_name": "a\\u0000b", "form": "object", "size": 1, "urls": ["a\\u0000b"], "hashes": {"md5": "'
           + b"0" * 32 + b'"}, "api_key": "a\\u0000b", "id": "a\\u0000b"}',
    "1e400": b'{"form": "object", "size": 1e400, "hashes": {}, "urls": [], "expires_in": 1e400}',
    "a size beyond 64 bits": b'{"form": "object", "size": 99999999999999999999999, "urls": [], "hashes": {"md5": "' + b"0" * 32 + b'"}, "expires_in": 99999999999999999999}',
    "a negative size": b'{"form": "object", "size": -1, "urls": [], "hashes": {"md5": "' + b"0" * 32 + b'"}, "expires_in": -1}',
    "half a surrogate pair": b'{"name": "\\ud800", "path": "/\\ud800", "file_name": "\\ud800"}',
}
TAKERS = {
    "indexd": ("POST", "/index/index/"), "indexd blank": ("POST", "/index/index/blank"), "indexd alias": ("POST", "/index/index/x/aliases"), "indexd bundle": ("POST", "/index/bundle/"),
    "indexd bulk": ("POST", "/index/bulk/documents"), "drs": ("POST", "/ga4gh/drs/v1/objects/x/access/s3"), "fence upload": ("POST", "/user/data/upload"),
    "fence multipart": ("POST", "/user/data/multipart/init"), "fence part": ("POST", "/user/data/multipart/upload"), "fence key": ("POST", "/user/credentials/api"),
    "fence token": ("POST", "/user/credentials/api/access_token"), "fence token endpoint": ("POST", "/user/oauth2/token"),
    "arborist user": ("POST", "arborist:/user"), "arborist resource": ("POST", "arborist:/resource"), "arborist role": ("POST", "arborist:/role"),
    "arborist policy": ("POST", "arborist:/policy"), "arborist group": ("POST", "arborist:/group"), "arborist client": ("POST", "arborist:/client"),
    "arborist request": ("POST", "arborist:/auth/request"), "arborist mapping": ("POST", "arborist:/auth/mapping"), "arborist resources": ("POST", "arborist:/auth/resources"),
    "arborist grant": ("POST", "arborist:/user/nobody/policy"), "guppy": ("POST", "/guppy/graphql"),
}
# Words of the database, of its driver and of this language.
INSIDE = r"(?i)invalid byte sequence|encoding \"UTF8\"|violates|SQLSTATE|sqlx|relation \"|syntax error at|panicked|src/|\\.rs\\b|unsupported Unicode"


@pytest.mark.parametrize("case", BODIES)
@pytest.mark.parametrize("taker", TAKERS)
def test_any_body_is_answered_without_a_word_of_the_inside(stand, taker, case):
    method, path = TAKERS[taker]
    url = stand.url + path
    if ":" in path:
        service, path = path.split(":", 1)
        url = stand.commons.services[service].rstrip("/") + path
    answer = requests.request(method, url, data=BODIES[case], headers={**stand.headers, "Content-Type": JSON}, timeout=60)
    assert answer.status_code < 500, answer.text[:300]
    assert not re.search(INSIDE, answer.text[:5_000]), answer.text[:500]


QUERIES = ["%00", "a%00b", "x" * 5_000, "%ff", "-1", "1e400", "99999999999999999999", "NaN", "'", "%27%20or%201=1--", "%2527", "[]", "%7b%7d", "%", ",,,"]


@pytest.mark.parametrize("value", QUERIES)
@pytest.mark.parametrize("path", [
    "/index/index?limit={}", "/index/index?start={}", "/index/index?size={}", "/index/index?hash={}", "/index/index?hash=md5:{}", "/index/index?url={}", "/index/index?authz={}",
    "/index/index?acl={}", "/index/index?metadata=a:{}", "/index/index?urls_metadata={}", "/index/index?page={}", "/index/index?ids={}", "/index/index?file_name={}",
    "/index/urls/?ids={}", "/index/_query/urls/q?include={}", "/ga4gh/drs/v1/objects?limit={}", "/ga4gh/drs/v1/objects?page={}", "/user/data/download/x?protocol={}",
    "/user/data/download/x?expires_in={}", "/user/login?redirect={}", "/user/login/fence?idp={}", "/user/logout?next={}", "/user/oauth2/authorize?client_id={}",
    "/api/v0/submission/BAD/input/export?node_label={}", "/api/v0/submission/BAD/input/export?ids={}", "/api/v0/submission/BAD/input/export?ids=x&format={}",
    "/api/v0/submission/BAD/input/manifest?ids={}", "/api/v0/submission/template/subject?format={}", "/api/search/datasets?nodes={}", "/authz/resources?{}",
    "/user/user?{}", "/guppy/_status?{}"])
def test_any_query_string_is_answered_without_a_word_of_the_inside(stand, nothing_written, path, value):
    answer = raw(stand, [], method="GET", path=path.format(value))
    assert status(answer) is not None and status(answer) < 500, answer[:400]
    assert not re.search(INSIDE, answer[:5_000].decode(errors="replace")), answer[:600]


def test_a_file_name_with_empty_parts_can_be_uploaded(stand):
    made = stand.call("POST", "/user/data/upload", json={"file_name": "a//b.txt"})
    assert made.status_code == 201, made.text
    sent = requests.put(made.json()["url"], data=b"content", timeout=60)
    assert sent.status_code == 200, sent.text
