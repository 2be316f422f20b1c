"""A commons with a bucket elsewhere: files of it are read and deleted, and uploads go there where a client says so."""

import hashlib
import json
import os
import subprocess

import boto3
import botocore.config
import pytest
import requests

from harness.client import administrator
from harness.commons import Commons, free_port, wait_for_answer
from s3.versitygw import suite

KEY, SECRET, BUCKET = "AKELSEWHERE", "a-secret-elsewhere", "lab-data"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """versitygw over a folder, and what a commons is told of it."""
    if not suite():
        pytest.skip("versitygw is missing: go install github.com/versity/versitygw/cmd/versitygw@v1.8.0")
    folder, port = tmp_path_factory.mktemp("elsewhere"), free_port()
    (folder / BUCKET).mkdir()
    process = subprocess.Popen(
        [suite(), "--port", f"127.0.0.1:{port}", "--quiet", "posix", str(folder)],
        env={**os.environ, "ROOT_ACCESS_KEY": KEY, "ROOT_SECRET_KEY": SECRET},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for_answer(port, process)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(timeout=30)


@pytest.fixture(scope="module")
def store(elsewhere):
    config = botocore.config.Config(s3={"addressing_style": "path"}, signature_version="s3v4")
    return boto3.client("s3", endpoint_url=elsewhere, region_name="us-east-1", config=config,
                        aws_access_key_id=KEY, aws_secret_access_key=SECRET)


def told(elsewhere):
    return {
        "S3_BUCKETS": {BUCKET: {"cred": "LAB", "region": "us-east-1", "endpoint_url": elsewhere}},
        "AWS_CREDENTIALS": {"LAB": {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET}},
        "ALLOWED_DATA_UPLOAD_BUCKETS": [BUCKET],
    }


@pytest.fixture(scope="module")
def commons(elsewhere, tmp_path_factory):
    file = tmp_path_factory.mktemp("told") / "buckets.yaml"
    file.write_text(json.dumps(told(elsewhere)))
    with Commons.up("--buckets", str(file)) as commons:
        yield commons


@pytest.fixture(scope="module")
def admin(commons):
    return administrator(commons)


def record(admin, key, content):
    body = {
        "form": "object", "size": len(content), "urls": [f"s3://{BUCKET}/{key}"], "authz": ["/programs"],
        "hashes": {"md5": hashlib.md5(content).hexdigest()},
    }
    answer = admin.post("/index/index", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["did"]


def test_a_file_elsewhere_is_read_by_a_signed_url_and_deleted_with_its_record(admin, store, elsewhere):
    content = b"bytes of the lab"
    store.put_object(Bucket=BUCKET, Key="study/a b.txt", Body=content)
    guid = record(admin, "study/a b.txt", content)
    answer = admin.get(f"/user/data/download/{guid}")
    assert answer.status_code == 200, answer.text
    url = answer.json()["url"]
    assert url.startswith(f"{elsewhere}/{BUCKET}/")
    assert requests.get(url, timeout=30).content == content
    assert admin.delete(f"/user/data/{guid}").status_code == 204
    assert store.list_objects_v2(Bucket=BUCKET, Prefix="study/")["KeyCount"] == 0
    assert admin.get(f"/index/{guid}").status_code == 404


def test_an_upload_goes_to_the_bucket_that_a_client_names_and_else_to_our_own(admin, store, commons):
    content = b"an upload"
    for body, here in [({"file_name": "f", "bucket": BUCKET}, False), ({"file_name": "f"}, True)]:
        answer = admin.post("/user/data/upload", json=body)
        assert answer.status_code == 201, answer.text
        guid, url = answer.json()["guid"], answer.json()["url"]
        assert url.startswith(commons.url) == here
        assert requests.put(url, data=content, timeout=30).status_code == 200
        listed = store.list_objects_v2(Bucket=BUCKET, Prefix=guid)["KeyCount"]
        assert listed == (0 if here else 1)
    refused = admin.post("/user/data/upload", json={"file_name": "f", "bucket": "other"})
    assert refused.status_code == 403


def test_a_bucket_that_is_the_commons_own_is_refused_at_the_start(elsewhere, tmp_path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(json.dumps({"S3_BUCKETS": {"commons-data": {"cred": "*"}}}))
    with pytest.raises(Exception, match="--buckets cannot be used"):
        Commons.up("--buckets", str(wrong))
