"""boto3 against the embedded object store: what clients of every day do, and what signed URLs refuse."""

import hashlib
import os
import random
import time

import botocore.exceptions
import pytest
import requests

from s3.conftest import BUCKET

MIB = 1024 * 1024


@pytest.fixture
def s3(endpoint):
    return endpoint.client()


def read(s3, key, **options):
    return s3.get_object(Bucket=BUCKET, Key=key, **options)["Body"].read()


def refused(call, *args, **options) -> str:
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call(*args, **options)
    return error.value.response["Error"]["Code"]


@pytest.mark.parametrize("size", [0, 1, 100, 8 * MIB + 1])
def test_what_is_put_is_read_whole_and_in_ranges(s3, size):
    content = os.urandom(size)
    put = s3.put_object(Bucket=BUCKET, Key="whole", Body=content, ContentType="text/x", Metadata={"a": "1"})
    assert put["ETag"] == f'"{hashlib.md5(content).hexdigest()}"'
    head = s3.head_object(Bucket=BUCKET, Key="whole")
    assert (head["ContentLength"], head["ETag"], head["ContentType"]) == (size, put["ETag"], "text/x")
    assert head["Metadata"] == {"a": "1"}
    assert read(s3, "whole") == content
    if size > 1:
        assert read(s3, "whole", Range="bytes=1-9") == content[1:10]
        assert read(s3, "whole", Range="bytes=-7") == content[-7:]
        assert read(s3, "whole", Range=f"bytes={size - 1}-") == content[-1:]
    assert refused(s3.get_object, Bucket=BUCKET, Key="whole", Range=f"bytes={size}-") == "InvalidRange"


def test_a_hundred_parts_that_come_in_any_order_with_gaps_are_one_object(s3, endpoint):
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="parts")["UploadId"]
    whole, parts = hashlib.sha256(), {}
    numbers = [index * 97 + 3 for index in range(100)]
    content = {number: bytes([number % 251]) * (5 * MIB if number != numbers[-1] else 12345) for number in numbers}
    for number in random.sample(numbers, len(numbers)):
        part = s3.upload_part(Bucket=BUCKET, Key="parts", UploadId=upload, PartNumber=number, Body=content[number])
        parts[number] = part["ETag"]
    # One comes again: the later one counts.
    content[numbers[1]] = b"z" * (5 * MIB)
    again = s3.upload_part(Bucket=BUCKET, Key="parts", UploadId=upload, PartNumber=numbers[1], Body=content[numbers[1]])
    old, parts[numbers[1]] = parts[numbers[1]], again["ETag"]
    listed = s3.list_parts(Bucket=BUCKET, Key="parts", UploadId=upload, MaxParts=40)
    assert [part["PartNumber"] for part in listed["Parts"]] == numbers[:40] and listed["IsTruncated"]

    def end(chosen):
        document = {"Parts": [{"PartNumber": number, "ETag": etag} for number, etag in chosen]}
        return s3.complete_multipart_upload(Bucket=BUCKET, Key="parts", UploadId=upload, MultipartUpload=document)

    in_order = sorted(parts.items())
    assert refused(end, [(numbers[0], parts[numbers[0]]), (numbers[1], old)]) == "InvalidPart"
    assert refused(end, [(4, parts[numbers[0]])]) == "InvalidPart"
    assert refused(end, in_order[::-1]) == "InvalidPartOrder"
    assert refused(end, [in_order[0], (9999, '"x"')]) == "InvalidPart"
    assert refused(end, [in_order[-1], *in_order[:1]]) == "InvalidPartOrder"
    tag = end(in_order)["ETag"]
    digests = b"".join(bytes.fromhex(etag.strip('"')) for _, etag in in_order)
    assert tag == f'"{hashlib.md5(digests).hexdigest()}-100"'
    for number in numbers:
        whole.update(content[number])
    found = hashlib.sha256()
    for piece in s3.get_object(Bucket=BUCKET, Key="parts")["Body"].iter_chunks(MIB):
        found.update(piece)
    assert found.digest() == whole.digest()
    assert read(s3, "parts", Range=f"bytes={5 * MIB - 2}-{5 * MIB + 1}") == content[numbers[0]][:2] + b"zz"
    assert s3.head_object(Bucket=BUCKET, Key="parts", PartNumber=1)["PartsCount"] == 100
    endpoint.stop()
    endpoint.start()
    assert s3.head_object(Bucket=BUCKET, Key="parts")["ETag"] == tag, "it is there after a restart"


def test_an_aborted_upload_leaves_nothing(s3):
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="aborted")["UploadId"]
    part = dict(Bucket=BUCKET, Key="aborted", UploadId=upload)
    s3.upload_part(PartNumber=1, Body=b"x", **part)
    uploads = s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]
    assert [(found["Key"], found["UploadId"]) for found in uploads] == [("aborted", upload)]
    s3.abort_multipart_upload(**part)
    assert refused(s3.upload_part, PartNumber=1, Body=b"x", **part) == "NoSuchUpload"
    assert refused(s3.list_parts, **part) == "NoSuchUpload"
    assert refused(s3.abort_multipart_upload, **part) == "NoSuchUpload"
    assert refused(s3.head_object, Bucket=BUCKET, Key="aborted") == "404"
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=BUCKET)


@pytest.mark.parametrize("number", [0, 10_001])
def test_numbers_of_parts_that_cannot_be_are_refused(s3, number):
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="odd")["UploadId"]
    part = dict(Bucket=BUCKET, Key="odd", UploadId=upload, PartNumber=number, Body=b"x")
    assert refused(s3.upload_part, **part) == "InvalidArgument"


def test_boto3_uploads_and_downloads_large_files_with_its_checksums(s3, tmp_path):
    sent, got = tmp_path / "sent", tmp_path / "got"
    sent.write_bytes(os.urandom(21 * MIB))
    s3.upload_file(str(sent), BUCKET, "transfer/file")
    s3.download_file(BUCKET, "transfer/file", str(got))
    assert got.read_bytes() == sent.read_bytes()
    attributes = s3.get_object_attributes(
        Bucket=BUCKET, Key="transfer/file", ObjectAttributes=["ObjectSize", "Checksum", "ObjectParts"])
    assert attributes["ObjectSize"] == 21 * MIB and attributes["ObjectParts"]["TotalPartsCount"] == 3


def test_pages_of_a_list_have_all_keys_once(s3):
    keys = sorted(f"list/{folder}/{name}" for folder in "ab" for name in range(15))
    for key in [*keys, "list/a", "list/a+b c%20"]:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    wanted = sorted([*keys, "list/a", "list/a+b c%20"])
    for name in ("list_objects_v2", "list_objects"):
        pages = s3.get_paginator(name).paginate(Bucket=BUCKET, Prefix="list/", PaginationConfig={"PageSize": 4})
        assert [found["Key"] for page in pages for found in page["Contents"]] == wanted, name
        pages = s3.get_paginator(name).paginate(
            Bucket=BUCKET, Prefix="list/", Delimiter="/", PaginationConfig={"PageSize": 1})
        found = [(page.get("Contents", []), page.get("CommonPrefixes", [])) for page in pages]
        names = [entry.get("Key") or entry["Prefix"] for page in found for entry in (*page[0], *page[1])]
        assert names == ["list/a", "list/a+b c%20", "list/a/", "list/b/"], name


def test_a_batch_deletes_what_it_names_and_says_what_it_cannot(s3):
    for key in ("batch/a", "batch/a/b", "batch/kept"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    objects = [{"Key": key} for key in ("batch/a", "batch/a/b", "batch/none", "batch/../x")]
    done = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": objects})
    assert [found["Key"] for found in done["Deleted"]] == ["batch/a", "batch/a/b", "batch/none"]
    assert [found["Key"] for found in done["Errors"]] == ["batch/../x"]
    left = s3.list_objects_v2(Bucket=BUCKET, Prefix="batch/")["Contents"]
    assert [found["Key"] for found in left] == ["batch/kept"]
    many = [{"Key": f"k{index}"} for index in range(1001)]
    assert refused(s3.delete_objects, Bucket=BUCKET, Delete={"Objects": many}) == "MalformedXML"


def test_conditions_copies_and_tags(s3):
    s3.put_object(Bucket=BUCKET, Key="once", Body=b"first", IfNoneMatch="*", Tagging="a=1")
    assert refused(s3.put_object, Bucket=BUCKET, Key="once", Body=b"x", IfNoneMatch="*") == "PreconditionFailed"
    s3.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": "once"})
    assert read(s3, "copy") == b"first"
    assert s3.get_object_tagging(Bucket=BUCKET, Key="copy")["TagSet"] == [{"Key": "a", "Value": "1"}]
    tag = s3.head_object(Bucket=BUCKET, Key="copy")["ETag"]
    assert refused(s3.get_object, Bucket=BUCKET, Key="copy", IfNoneMatch=tag) == "304"
    assert refused(s3.get_object, Bucket=BUCKET, Key="copy", IfMatch='"x"') == "PreconditionFailed"


class TestSignedUrls:
    """Each is good but for one thing."""

    @pytest.fixture
    def urls(self, s3):
        s3.put_object(Bucket=BUCKET, Key="signed", Body=b"content")
        where = {"Bucket": BUCKET, "Key": "signed"}
        return {name: s3.generate_presigned_url(name, Params=where, ExpiresIn=600)
                for name in ("get_object", "put_object")}

    def test_a_good_one_does_what_it_says(self, urls):
        assert requests.get(urls["get_object"], timeout=30).content == b"content"
        assert requests.put(urls["put_object"], data=b"new", timeout=30).status_code == 200
        assert requests.get(urls["get_object"], timeout=30).content == b"new"

    def test_a_wrong_signature_is_refused(self, urls, endpoint):
        forged = endpoint.client(secret="guessed").generate_presigned_url(
            "get_object", Params={"Bucket": BUCKET, "Key": "signed"})
        changed = urls["get_object"][:-1] + ("0" if urls["get_object"][-1] != "0" else "1")
        other = urls["get_object"].replace("/signed", "/whole")
        longer = urls["get_object"].replace("X-Amz-Expires=600", "X-Amz-Expires=6000")
        for url in (forged, changed, other, longer):
            answer = requests.get(url, timeout=30)
            assert (answer.status_code, "SignatureDoesNotMatch" in answer.text) == (403, True), url
        assert requests.get(urls["get_object"].split("?")[0], timeout=30).status_code == 403

    def test_an_expired_one_is_refused(self, s3):
        url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "signed"}, ExpiresIn=1)
        time.sleep(2.1)
        assert requests.get(url, timeout=30).status_code == 403

    def test_the_wrong_method_is_refused(self, urls):
        assert requests.put(urls["get_object"], data=b"x", timeout=30).status_code == 403
        assert requests.delete(urls["put_object"], timeout=30).status_code == 403
        assert requests.get(urls["put_object"], timeout=30).status_code == 403
        assert requests.get(urls["get_object"], timeout=30).content == b"content"

    def test_a_changed_or_added_header_is_refused(self, s3, endpoint):
        where = {"Bucket": BUCKET, "Key": "headers", "ContentType": "text/plain", "Metadata": {"owner": "ada"}}
        url = s3.generate_presigned_url("put_object", Params=where)
        good = {"Content-Type": "text/plain", "x-amz-meta-owner": "ada"}
        for headers in (good | {"Content-Type": "text/html"}, good | {"x-amz-meta-owner": "eve"},
                        {"Content-Type": "text/plain"}, good | {"x-amz-meta-other": "1"},
                        good | {"x-amz-copy-source": f"/{BUCKET}/signed"}):
            assert requests.put(url, data=b"x", headers=headers, timeout=30).status_code == 403, headers
        assert requests.put(url, data=b"x", headers=good, timeout=30).status_code == 200
        assert s3.head_object(Bucket=BUCKET, Key="headers")["Metadata"] == {"owner": "ada"}
