"""Jobs with `Gen3Jobs` of the unmodified `gen3` SDK: a cohort of the explorer is exported, and pypfb reads the file."""

import asyncio
import io
import time
import uuid

import pytest
import requests
from gen3.auth import Gen3Auth
from gen3.jobs import Gen3Jobs
from gen3.submission import Gen3Submission
from pfb.reader import PFBReader


@pytest.fixture(scope="module")
def auth(target):
    return Gen3Auth(refresh_file=str(target.api_key_file))


@pytest.fixture(scope="module")
def jobs(auth):
    return Gen3Jobs(auth_provider=auth)


@pytest.fixture(scope="module")
def subjects(auth):
    """Three subjects of this run's own; the name of a study, by which the explorer finds them, is theirs alone."""
    submission = Gen3Submission(auth)
    program, code = f"JOB{uuid.uuid4().hex[:6]}", f"P{uuid.uuid4().hex[:6]}"
    submission.create_program({"type": "program", "name": program, "dbgap_accession_number": program})
    submission.create_project(program, {"type": "project", "code": code, "name": "Jobs", "dbgap_accession_number": code})
    names = [f"{code}-{n}" for n in range(3)]
    submission.submit_record(program, code, {"type": "study", "submitter_id": "s", "projects": {"code": code}, "study_title": "S"})
    for name in names:
        submission.submit_record(program, code, {"type": "subject", "submitter_id": name, "studies": {"submitter_id": "s"}})
    return f"{program}-{code}", names


def wait_for(check):
    for _ in range(100):
        if check():
            return
        time.sleep(0.2)
    raise AssertionError("it does not come")


def test_a_cohort_is_exported_and_is_a_pfb(jobs, auth, target, subjects):
    project, names = subjects
    query = {"query": '{ _aggregation { subject(filter: {IN: {project_id: ["%s"]}}) { _totalCount } } }' % project}
    guppy = f"{target.url}/guppy/graphql"
    wait_for(lambda: requests.post(guppy, json=query, auth=auth, timeout=30).json()
             .get("data", {}).get("_aggregation", {}).get("subject", {}).get("_totalCount") == 3)
    order = {"filter": {"AND": [{"IN": {"project_id": [project]}}]}, "root_node": "subject"}
    told = asyncio.run(jobs.async_run_job_and_wait("export-files", order))
    answer = requests.get(told["output"], timeout=60)
    assert answer.status_code == 200
    with PFBReader(io.BytesIO(answer.content)) as reader:
        found = {row["object"]["submitter_id"] for row in reader if row["name"] == "subject"}
    assert found == set(names)


def test_a_job_is_listed_with_its_status(jobs, subjects):
    job = jobs.create_job("export", {"filter": {"=": {"project_id": subjects[0]}}, "root_node": "subject"})
    assert set(job) == {"uid", "name", "status"} and job["status"] == "Running"
    wait_for(lambda: jobs.get_status(job["uid"])["status"] == "Completed")
    assert job["uid"] in {listed["uid"] for listed in jobs.list_jobs()}
    assert jobs.get_output(job["uid"])["output"].startswith("http")


def test_an_action_that_is_not_there_is_refused(target, auth):
    answer = requests.post(f"{target.url}/job/dispatch", json={"action": "fly", "input": {}}, auth=auth, timeout=30)
    assert (answer.status_code, answer.text.startswith("there is no action")) == (400, True)
    answer = requests.post(f"{target.url}/job/dispatch", json={"action": "export", "input": {}}, timeout=30)
    assert answer.status_code in (401, 403)


def test_the_service_is_healthy(target, auth):
    # With the name localhost the SDK asks for a path that is the front's.
    where = Gen3Auth(refresh_file=str(target.api_key_file))
    where.endpoint = target.url.replace("localhost", "127.0.0.1")
    assert Gen3Jobs(auth_provider=where).is_healthy()


def test_a_cohort_is_exported_as_a_guid(jobs, auth, target, subjects):
    order = {"filter": {"=": {"project_id": subjects[0]}}, "root_node": "subject"}
    body = {"action": "export", "input": order, "access_format": "guid"}
    job = requests.post(f"{target.url}/job/dispatch", json=body, auth=auth, timeout=30).json()
    wait_for(lambda: jobs.get_status(job["uid"])["status"] == "Completed")
    guid = jobs.get_output(job["uid"])["output"]
    signed = requests.get(f"{target.url}/user/data/download/{guid}", auth=auth, timeout=30).json()
    assert requests.get(signed["url"], timeout=60).content.startswith(b"Obj\x01")
    saved = requests.post(f"{target.url}/manifests/cohorts", json={"guid": guid}, auth=auth, timeout=30)
    assert (saved.status_code, saved.json()) == (200, {"filename": guid})


def test_an_uploaded_manifest_makes_records(jobs, auth, target, subjects):
    program, code = subjects[0].split("-")
    guid, guard = str(uuid.uuid4()), f"/programs/{program}/projects/{code}"
    text = f"guid\tmd5\tsize\turls\tauthz\n{guid}\t{uuid.uuid4().hex}\t7\ts3://elsewhere/{guid}\t{guard}\n"
    upload = requests.post(f"{target.url}/user/data/upload", json={"file_name": "m.tsv"}, auth=auth, timeout=30).json()
    assert requests.put(upload["url"], data=text, timeout=30).status_code == 200
    path = f"{target.url}/user/data/download/{upload['guid']}"
    wait_for(lambda: requests.get(path, auth=auth, timeout=30).status_code == 200)
    order = {"URL": requests.get(path, auth=auth, timeout=30).json()["url"]}
    told = asyncio.run(jobs.async_run_job_and_wait("index-object-manifest", order))
    assert f"1\t{guid}\tcreated\t" in requests.get(told["output"], timeout=60).text
    record = requests.get(f"{target.url}/index/{guid}", timeout=30).json()
    assert (record["size"], record["authz"]) == (7, [guard])
    elsewhere = {"action": "index-object-manifest", "input": {"URL": "http://169.254.169.254/latest"}}
    refused = requests.post(f"{target.url}/job/dispatch", json=elsewhere, auth=auth, timeout=30)
    assert (refused.status_code, "bucket of uploads" in refused.text) == (400, True)
