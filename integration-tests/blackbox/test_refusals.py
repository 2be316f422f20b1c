"""Wrong requests: each gets a precise 4xx in its service's own form, and nothing is written."""

import base64
import json
import uuid

import pytest
import requests

SUBMISSION = "/api/v0/submission"


@pytest.fixture(scope="module")
def project(admin):
    program, code = f"REF{uuid.uuid4().hex[:6]}", f"R{uuid.uuid4().hex[:6]}"
    made = admin.post(f"{SUBMISSION}/", json={"type": "program", "name": program, "dbgap_accession_number": program})
    assert made.status_code == 200, made.text
    made = admin.put(f"{SUBMISSION}/{program}", json={
        "type": "project", "code": code, "name": "Refusals", "dbgap_accession_number": code})
    assert made.status_code == 200, made.text
    made = admin.put(f"{SUBMISSION}/{program}/{code}", json={
        "type": "study", "submitter_id": "study-1", "projects": {"code": code}, "study_title": "Refusals"})
    assert made.status_code == 200, made.text
    return f"{program}/{code}"


@pytest.fixture
def nothing_written(admin, project):
    """Fails the test when the number of subjects changes."""
    query = '{ _subject_count(project_id: "%s") _study_count(project_id: "%s") }' % ((project.replace("/", "-"),) * 2)
    before = admin.graphql(query)
    yield
    assert admin.graphql(query) == before


def subject(**change):
    return {"type": "subject", "submitter_id": f"s-{uuid.uuid4()}", "studies": {"submitter_id": "study-1"}, **change}


def submit(client, project, body, **kw):
    return client.put(f"{SUBMISSION}/{project}", json=body, **kw)


def test_an_unknown_property_is_an_error_of_its_entity(admin, project, nothing_written):
    answer = submit(admin, project, [subject(), subject(bogus=1)])
    assert answer.status_code == 400
    body = answer.json()
    assert (body["success"], body["code"], body["entity_error_count"]) == (False, 400, 1)
    assert [entity["valid"] for entity in body["entities"]] == [True, False]
    assert "bogus" in body["entities"][1]["errors"][0]["message"]


def test_a_missing_required_property_is_named(admin, project, nothing_written):
    record = subject()
    del record["submitter_id"]
    errors = submit(admin, project, record).json()["entities"][0]["errors"]
    assert {"submitter_id"} in [set(error["keys"]) for error in errors]


def test_an_unknown_node_type_is_a_transactional_error(admin, project, nothing_written):
    answer = submit(admin, project, subject(type="nope"))
    assert answer.status_code == 400
    assert "nope" in json.dumps(answer.json()["transactional_errors"])


def test_a_missing_link_target_is_an_invalid_link(admin, project, nothing_written):
    answer = submit(admin, project, subject(studies={"submitter_id": "no such study"}))
    assert answer.status_code == 400
    assert answer.json()["entities"][0]["errors"][0]["type"] == "INVALID_LINK"


@pytest.mark.parametrize("link", [{}, {"code": "x"}, {"submitter_id": None}])
def test_a_link_without_a_key_finds_nothing_instead_of_the_only_row(admin, project, nothing_written, link):
    assert submit(admin, project, subject(studies=link)).status_code == 400


def test_no_token_is_401(anonymous, project, nothing_written):
    answer = submit(anonymous, project, subject())
    assert answer.status_code == 401
    assert "message" in answer.json()


def changed(token, header=None, claims=None, signature=None):
    """The token with parts replaced, not signed again."""
    parts = token.split(".")
    for at, change in ((0, header), (1, claims)):
        if change:
            value = json.loads(base64.urlsafe_b64decode(parts[at] + "=="))
            parts[at] = base64.urlsafe_b64encode(json.dumps({**value, **change}).encode()).rstrip(b"=").decode()
    if signature is not None:
        parts[2] = signature
    return ".".join(parts)


FORGERIES = {
    "another signature": lambda t: changed(t, signature=base64.urlsafe_b64encode(b"x" * 256).rstrip(b"=").decode()),
    "no signature": lambda t: changed(t, signature=""),
    "alg none": lambda t: changed(t, header={"alg": "none"}, signature=""),
    "alg HS256": lambda t: changed(t, header={"alg": "HS256"}),
    "another user": lambda t: changed(t, claims={"context": {"user": {"name": "somebody"}}}),
    "an unknown key": lambda t: changed(t, header={"kid": "no-such-key"}),
    "garbage": lambda t: "garbage",
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_tokens_are_401_everywhere(admin, target, project, nothing_written, forgery):
    headers = {"Authorization": f"bearer {FORGERIES[forgery](admin.token)}"}
    calls = [
        requests.put(f"{target.url}{SUBMISSION}/{project}", json=subject(), headers=headers, timeout=30),
        requests.get(f"{target.url}/user/user", headers=headers, timeout=30),
        requests.post(f"{target.url}/user/data/upload", json={"file_name": "x"}, headers=headers, timeout=30),
        requests.post(f"{target.url}{SUBMISSION}/graphql", json={"query": "{ subject { id } }"}, headers=headers, timeout=30),
    ]
    assert [call.status_code for call in calls] == [401] * len(calls)


def test_an_expired_token_is_401(target, project, nothing_written):
    if not target.commons:
        pytest.skip("skipped: needs the command line of the commons under test")
    headers = {"Authorization": f"bearer {target.commons.token('admin', '--expires-in=-10')}"}
    assert requests.put(f"{target.url}{SUBMISSION}/{project}", json=subject(), headers=headers, timeout=30).status_code == 401
    assert requests.get(f"{target.url}/user/user", headers=headers, timeout=30).status_code == 401


def test_a_stranger_may_not_write_into_a_project(target, project, nothing_written):
    if not target.commons:
        pytest.skip("skipped: needs the command line of the commons under test")
    headers = {"Authorization": f"bearer {target.commons.token('a-stranger')}"}
    answer = requests.put(f"{target.url}{SUBMISSION}/{project}", json=subject(), headers=headers, timeout=30)
    assert answer.status_code == 403
    assert "message" in answer.json()


def test_records_of_another_project_are_refused(admin, project, nothing_written):
    assert submit(admin, project, subject(project_id="OTHER-PROJECT")).status_code == 400


@pytest.mark.parametrize("body, kind", [
    (b'type\tsubmitter_id\nsubject\t"unclosed', "text/tab-separated-values"),
    (b"\xff\xfe\x00broken", "text/tab-separated-values"),
    (b"type\tstudies.\nsubject\tx", "text/tab-separated-values"),
    (b'{"type": "subject"', "application/json"),
    (b"5", "application/json"),
    (b"[]", "application/json"),
    (b'[{"type":"subject","submitter_id":"a\\u0000b","studies":{"submitter_id":"study-1"}}]', "application/json"),
    (b'{"type":"subject","type":"subject"}', "application/json"),
    (b"[" * 100_000 + b"]" * 100_000, "application/json"),
    (b"\xff\xff", "application/json"),
])
def test_broken_documents_are_400(admin, project, nothing_written, body, kind):
    answer = admin.put(f"{SUBMISSION}/{project}", data=body, headers={"Content-Type": kind})
    assert answer.status_code == 400, answer.text[:500]
    assert isinstance(answer.json(), dict)


def test_a_document_of_200_megabytes_is_refused_and_the_commons_goes_on(admin, project, nothing_written):
    def blocks():
        yield b'[{"type":"subject","submitter_id":"'
        for _ in range(200):
            yield b"x" * 1_000_000
        yield b'"}]'

    try:
        answer = admin.put(f"{SUBMISSION}/{project}", data=blocks(), headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, answer.text[:200]
        assert "a document is larger than 8388608 bytes" in answer.json()["message"]
    except requests.ConnectionError:
        pass  # Refused while the body was still on its way: the client may see the closed connection first.
    assert admin.get("/_status").status_code == 200


@pytest.mark.parametrize("query", [
    "{ subject { no_such_field } }",
    "{ no_such_type { id } }",
    '{ subject(no_such_argument: 1) { id } }',
    "{ subject { id ",
    "{" + "a" * 10 + "}",
    "{ subject { " + "studies { subjects { " * 250 + "id" + " } }" * 250 + " } }",
    "fragment A on subject { ...B } fragment B on subject { ...A } { subject { ...A } }",
])
def test_wrong_queries_are_400_with_errors_as_plain_strings(admin, query):
    answer = admin.post(f"{SUBMISSION}/graphql", json={"query": query})
    assert answer.status_code == 400, answer.text[:300]
    errors = answer.json()["errors"]
    assert errors and all(isinstance(error, str) for error in errors)


@pytest.mark.parametrize("value", ["' or '1'='1", "\\'; drop table node_subject; --", '"', "%", "\u2028", "{}", "$1"])
def test_sql_in_a_filter_is_a_value(admin, project, value):
    data = admin.graphql("query($v: [String]) { subject(submitter_id: $v) { id } _subject_count(submitter_id: $v) }",
                         {"v": value})
    assert data == {"subject": [], "_subject_count": 0}


def test_a_stale_revision_is_409_and_changes_nothing(admin):
    made = admin.post("/index/index/", json={
        "form": "object", "size": 1, "urls": [], "hashes": {"md5": "1" * 32}, "authz": ["/programs"]})
    assert made.status_code == 200, made.text
    guid = made.json()["did"]
    answer = admin.put(f"/index/index/{guid}?rev=00000000", json={"file_name": "changed"})
    assert (answer.status_code, answer.json()["error"]) == (409, "revision mismatch")
    assert admin.delete(f"/index/index/{guid}?rev=00000000").status_code == 409
    record = admin.get(f"/index/index/{guid}").json()
    assert record["file_name"] is None
    assert admin.delete(f"/index/index/{guid}?rev={record['rev']}").status_code == 200


def test_files_of_others_are_not_given_out(admin, anonymous):
    made = admin.post("/index/index/", json={
        "form": "object", "size": 1, "urls": ["s3://nowhere/key"], "hashes": {"md5": "2" * 32}, "authz": ["/programs/secret"]})
    guid = made.json()["did"]
    assert anonymous.get(f"/user/data/download/{guid}").status_code == 401
    record = admin.get(f"/index/index/{guid}").json()
    admin.delete(f"/index/index/{guid}?rev={record['rev']}")


@pytest.mark.parametrize("header", ["REMOTE_USER", "X-UserId", "X-Remote-User"])
def test_identity_headers_of_a_client_mean_nothing(anonymous, header):
    assert anonymous.get("/user/user", headers={header: "admin"}).status_code == 401


def test_a_cookie_needs_the_csrf_token_for_posts(admin, target):
    cookies = {"access_token": admin.token}
    url = f"{target.url}{SUBMISSION}/graphql"
    refused = requests.post(url, json={"query": "{ subject { id } }"}, cookies=cookies, timeout=30)
    assert (refused.status_code, refused.text.strip()) == (403, "failed csrf check")
    csrf = requests.get(f"{target.url}/_status", timeout=30).json()["csrf"]
    allowed = requests.post(url, json={"query": "{ subject(first: 1) { id } }"}, timeout=30,
                            cookies={**cookies, "csrftoken": csrf}, headers={"x-csrf-token": csrf})
    assert allowed.status_code == 200, allowed.text


