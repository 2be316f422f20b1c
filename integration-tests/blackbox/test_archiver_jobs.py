"""Jobs as SciCat sends them to its archiver, in the words of its versions 3 and 4: files of a whole commons go into a
folder as the archive and come back; whose fault a failure is; who may; and what does not fit."""

import time
import uuid

import pytest

from harness.client import Client, administrator
from harness.commons import Commons

JOBS = "/archiver/jobs"
TIERS = """
default: tape
tiers:
  tape: {{url: "file://{folder}/tape", grace_days: 0, reserve_mib: 0}}
  full: {{url: "s3://commons-archive/full", capacity_gib: 0}}
"""
USERS = """
authz:
  resources:
    - {name: services, subresources: [{name: ops}, {name: archive}]}
    - {name: programs, subresources: [{name: P, subresources: [{name: projects, subresources: [
        {name: one}, {name: two}]}]}]}
  roles:
    - {id: all, permissions: [{id: all, action: {service: '*', method: '*'}}]}
    - {id: job, permissions: [{id: job, action: {service: gen3-ops, method: create}}]}
  policies:
    - {id: all, role_ids: [all], resource_paths: [/services, /programs]}
    - {id: jobs, role_ids: [job], resource_paths: [/services/ops]}
    - {id: one, role_ids: [all], resource_paths: [/programs/P/projects/one]}
users:
  operator@example.org: {policies: [all]}
  one@example.org: {policies: [jobs, one]}
  other@example.org: {policies: [jobs]}
"""


@pytest.fixture(scope="module")
def commons(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archiver")
    (folder / "tiers.yaml").write_text(TIERS.format(folder=folder))
    (folder / "user.yaml").write_text(USERS)
    with Commons.up("--archive-tiers", str(folder / "tiers.yaml"), "--user-yaml", str(folder / "user.yaml")) as commons:
        yield commons


@pytest.fixture(scope="module")
def operator(commons):
    return Client(commons.url, commons.token("operator@example.org"))


@pytest.fixture(scope="module")
def one(commons):
    return Client(commons.url, commons.token("one@example.org"))


def upload(client: Client, project: str, name: str, content: bytes) -> str:
    """The GUID of a new file of a project, once its record says how large it is."""
    body = {"file_name": name, "authz": [f"/programs/P/projects/{project}"]}
    answer = client.post("/user/data/upload", json=body)
    assert answer.status_code == 201, answer.text
    guid, url = answer.json()["guid"], answer.json()["url"]
    assert client.session.request("PUT", url, data=content, headers={"Authorization": None}).status_code == 200
    for _ in range(100):
        record = client.get(f"/index/index/{guid}").json()
        if record["size"] is not None:
            return guid
        time.sleep(0.1)
    raise AssertionError(record)


def order(client: Client, kind: str, datasets: dict[str, list[str]], **more) -> dict:
    """A job that was begun, as version 3 has it."""
    listed = [{"pid": pid, "files": files} for pid, files in datasets.items()]
    body = {"type": kind, "datasetList": listed, "emailJobInitiator": "ada@example.org", **more}
    answer = client.post(JOBS, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def ended(client: Client, job: dict) -> dict:
    for _ in range(600):
        told = client.get(f"{JOBS}/{job['id']}")
        assert told.status_code == 200, told.text
        if told.json()["statusCode"] != "inProgress":
            return told.json()
        time.sleep(0.1)
    raise AssertionError(told.json())


def test_datasets_go_into_the_archive_and_come_back(operator):
    first = upload(operator, "one", "first.h5", b"first")
    upload(operator, "one", "second.h5", b"second")
    third = upload(operator, "two", "third.h5", b"third")
    named, datasets = str(uuid.uuid4()), {"P-one": ["first.h5"], "P-two": []}
    params = {"username": "ada", "deleteSource": True, "graceDays": 0}
    job = order(operator, "archive", datasets, id=named, jobParams=params)
    assert (job["uuid"], job["statusCode"]) == (named, "inProgress")
    again = order(operator, "archive", datasets, id=named, jobParams=params)
    assert again["uuid"] == named, "the same job again is the one that there is"
    other = operator.post(JOBS, json={"id": named, "type": "retrieve", "datasetList": [{"pid": "P-one"}]})
    assert (other.status_code, other.json()["code"]) == (409, "Conflict")

    told = ended(operator, job)
    assert (told["statusCode"], told["statusMessage"]) == ("finishedSuccessful", "jobFinished"), told
    assert told["jobStatusMessage"] == "finishedSuccessful" and told["emailJobInitiator"] == "ada@example.org"
    result = told["jobResultObject"]
    assert [(one["pid"], one["archiveStatusMessage"], one["retrievable"]) for one in result["datasets"]] == [
        ("P-one", "datasetOnArchiveDisk", True), ("P-two", "datasetOnArchiveDisk", True)]
    assert [(file["datasetId"], file["guid"], file["size"]) for file in result["result"]] == [
        ("P-one", first, 5), ("P-two", third, 5)]
    # The sources go with a second run, as the days of grace are over.
    ended(operator, order(operator, "archive", datasets, jobParams=params))
    assert operator.get(f"/user/data/download/{first}").status_code == 409

    listed = [{"pid": pid, "files": files} for pid, files in datasets.items()]
    body = {"type": "retrieve", "jobParams": {"datasetList": listed}, "contactEmail": "ada@example.org"}
    answer = operator.post(JOBS, json=body)
    assert answer.status_code == 201, answer.text
    told = ended(operator, answer.json())
    assert told["statusCode"] == "finishedSuccessful", told
    assert told["jobResultObject"]["datasets"][0]["retrieveStatusMessage"] == "datasetRetrieved"
    for file, content in zip(told["jobResultObject"]["result"], [b"first", b"third"]):
        signed = operator.get(file["url"]).json()["url"]
        assert operator.session.get(signed, headers={"Authorization": None}).content == content

    ours = operator.get(f"{JOBS}?type=archive&statusCode=finishedSuccessful&limit=1").json()
    assert [job["type"] for job in ours] == ["archive"]
    after = operator.get(f"{JOBS}?type=archive&after={ours[0]['id']}").json()
    assert named in [job["id"] for job in after]


def test_a_users_error_is_not_the_systems(operator):
    good, bad = (upload(operator, "two", name, b"bytes") for name in ("good.h5", "bad.h5"))
    # Somebody writes other bytes where the record's bytes were.
    again = operator.get(f"/user/data/upload/{bad}?file_name=bad.h5")
    assert again.status_code == 200, again.text
    operator.session.put(again.json()["url"], data=b"other", headers={"Authorization": None})
    told = ended(operator, order(operator, "archive", {good: [], bad: []}))
    assert told["statusCode"] == "finishedWithDatasetErrors", told
    fine, wrong = told["jobResultObject"]["datasets"]
    assert (fine["archiveStatusMessage"], fine["fault"]) == ("datasetOnArchiveDisk", None)
    assert (wrong["archiveStatusMessage"], wrong["fault"]) == ("missingFilesError", "user"), wrong
    assert bad in wrong["error"]


@pytest.mark.parametrize("body, place", [
    ({"type": "reset", "datasetList": [{"pid": "P-one"}]}, ["body", "type"]),
    ({"type": "archive"}, ["body", "datasetList"]),
    ({"type": "archive", "datasetList": [{"pid": "P-one", "files": ["none.h5"]}]}, ["body"]),
    ({"type": "archive", "datasetList": [{"pid": "nothing"}]}, ["body"]),
    ({"type": "archive", "datasetList": [{"pid": "P-none"}]}, ["body"]),
    ({"type": "archive", "datasetList": [{"pid": "P-one"}], "jobParams": {"tier": "none"}}, ["body"]),
    ({"type": "retrieve", "datasetList": [{"pid": "P-one"}], "jobParams": {"days": 0}}, ["body"]),
])
def test_what_cannot_be_is_refused_with_its_place(operator, body, place):
    answer = operator.post(JOBS, json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"][0]["loc"] == place and answer.json()["detail"][0]["msg"]


def test_nothing_is_begun_without_room_or_rights(commons, operator, one):
    upload(operator, "one", "more.h5", b"more")
    full = {"type": "archive", "datasetList": [{"pid": "P-one"}], "jobParams": {"tier": "full"}}
    answer = operator.post(JOBS, json=full)
    assert (answer.status_code, answer.json()["code"]) == (507, "Insufficient Storage")
    both = {"type": "archive", "datasetList": [{"pid": "P-one"}, {"pid": "P-two"}]}
    before = len(operator.get("/ops/v1/runs?kind=archive&size=500").json()["runs"])
    answer = one.post(JOBS, json=both)
    assert answer.status_code == 403 and "P-two" in answer.json()["message"], answer.text
    assert len(operator.get("/ops/v1/runs?kind=archive&size=500").json()["runs"]) == before
    nobody = Client(commons.url, None)
    assert nobody.post(JOBS, json=both).status_code == 401
    assert nobody.get(JOBS).status_code == 401
    # A job is its asker's, and the operators'.
    job = order(one, "archive", {"P-one": []})
    assert ended(one, job)["ownerUser"] == "one@example.org"
    other = Client(commons.url, commons.token("other@example.org"))
    assert other.get(f"{JOBS}/{job['id']}").status_code == 403
    assert other.patch(f"{JOBS}/{job['id']}", json={"statusCode": "finishedUnsuccessful"}).status_code == 403
    assert other.get(JOBS).json() == []
    assert operator.get(f"{JOBS}/{job['id']}").status_code == 200
    late = one.patch(f"{JOBS}/{job['id']}", json={"statusCode": "finishedUnsuccessful"})
    assert late.status_code == 409, late.text
    assert one.get(f"{JOBS}/{uuid.uuid4()}").status_code == 404
    assert administrator(commons).get(f"{JOBS}/{job['id']}").status_code == 200
