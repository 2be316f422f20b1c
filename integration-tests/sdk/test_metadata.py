"""Every call of `Gen3Metadata` of the unmodified `gen3` SDK, and files that have metadata (`Gen3Object`)."""

import asyncio
import contextlib
import time
import uuid

import aiohttp
import pytest
import requests
from gen3.auth import Gen3Auth
from gen3.index import Gen3Index
from gen3.metadata import Gen3Metadata
from gen3.object import Gen3Object


@pytest.fixture(scope="module")
def auth(target):
    return Gen3Auth(refresh_file=str(target.api_key_file))


@pytest.fixture(scope="module")
def metadata(auth):
    return Gen3Metadata(auth_provider=auth)


@pytest.fixture
def name():
    """A text of this test's own, with which its GUIDs begin."""
    return f"sdk-{uuid.uuid4().hex[:8]}"


def test_the_service_is_healthy_and_says_its_version(metadata, target):
    # With the name localhost the SDK asks for a path that is the front's.
    assert Gen3Metadata(endpoint=target.url.replace("localhost", "127.0.0.1")).is_healthy()
    assert metadata.get_version().strip('"').count(".") == 2


def test_a_document_is_created_read_updated_and_deleted(metadata, name):
    guid = f"{name}/a"
    assert metadata.create(guid, {"a": 1, "b": {"c": "d"}}) == {"a": 1, "b": {"c": "d"}}
    with pytest.raises(requests.HTTPError) as refused:
        metadata.create(guid, {"a": 2})
    assert refused.value.response.status_code == 409
    assert metadata.create(guid, {"a": 2}, overwrite=True) == {"a": 2}
    assert metadata.update(guid, {"a": 3, "z": None}) == {"a": 3, "z": None}
    assert metadata.get(guid) == {"a": 3, "z": None}
    assert metadata.delete(guid) == {"a": 3, "z": None}
    with pytest.raises(requests.HTTPError) as refused:
        metadata.get(guid)
    assert refused.value.response.status_code == 404


def test_many_documents_are_created_at_once_and_found_page_by_page(metadata, name):
    documents = [{"guid": f"{name}-{n:02}", "data": {"run": name, "n": n, "deep": {"even": n % 2 == 0}}} for n in range(25)]
    assert len(metadata.batch_create(documents)["created"]) == 25
    assert len(metadata.batch_create(documents)["updated"]) == 25
    assert len(metadata.batch_create(documents, overwrite=False)["conflict"]) == 25
    found = metadata.query(f"run={name}&deep.even=true", limit=100, return_full_metadata=True)
    assert list(found) == [f"{name}-{n:02}" for n in range(0, 25, 2)]
    assert found[f"{name}-04"] == documents[4]["data"]
    pages, offset = [], 0
    while page := metadata.query(f"run={name}", limit=10, offset=offset):
        pages += page
        offset += len(page)
    assert pages == [document["guid"] for document in documents]


def test_documents_are_written_and_read_asynchronously(metadata, name):
    async def run():
        assert await metadata.async_create(name, {"a": 1}) == {"a": 1}
        assert await metadata.async_update(name, {"a": 2}) == {"a": 2}
        return await metadata.async_get(name)
    assert asyncio.run(run()) == {"a": 2}


def test_aliases_lead_to_their_document(metadata, name):
    guid = f"{name}/a"
    metadata.create(guid, {"a": 1})
    one, two, three = (f"{name}-{n}" for n in (1, 2, 3))
    assert metadata.create_aliases(guid, [two, one]) == {"guid": guid, "aliases": [one, two]}
    assert metadata.get(one) == {"a": 1}
    assert metadata.get_aliases(guid) == {"guid": guid, "aliases": [one, two]}
    assert metadata.update_aliases(guid, [three], merge=True)["aliases"] == [one, two, three]
    assert metadata.update_aliases(guid, [two])["aliases"] == [two]
    metadata.delete_alias(guid, two)
    assert metadata.get_aliases(guid)["aliases"] == []
    metadata.update_aliases(guid, [one, two])
    metadata.delete_aliases(guid)
    assert metadata.get_aliases(guid)["aliases"] == []

    async def run():
        await metadata.async_create_aliases(guid, [one])
        await metadata.async_update_aliases(guid, [two], merge=True)
        # The SDK deletes, fails over its own reading of the answer, tries again and finds nothing more to delete.
        with contextlib.suppress(aiohttp.ClientResponseError, TypeError):
            await metadata.async_delete_alias(guid, one)
        listed = metadata.get_aliases(guid)  # the asynchronous one reads the answer when its session is closed
        with contextlib.suppress(aiohttp.ClientResponseError, TypeError):
            await metadata.async_delete_aliases(guid)
        return listed, metadata.get_aliases(guid)
    assert asyncio.run(run()) == ({"guid": guid, "aliases": [two]}, {"guid": guid, "aliases": []})


def test_paths_have_indexes(metadata, name):
    path = f"{name}.b"
    assert metadata.create_index_key_path(path) == path
    assert path in metadata.get_index_key_paths()
    metadata.delete_index_key_path(path)
    assert path not in metadata.get_index_key_paths()


def test_a_file_is_made_with_metadata_and_goes_with_it(auth, metadata, target, name):
    objects = Gen3Object(auth_provider=auth)
    guid, url = objects.create_object("f.bin", {"version": "0", "resource_paths": []}, {"run": name}, [f"{name}-alias"])
    assert metadata.get(guid) == {"run": name, "_upload_status": "not_uploaded"}
    assert requests.put(url, data=b"bytes", timeout=60).status_code == 200
    assert Gen3Index(target.url).get_record(guid)["file_name"] == "f.bin"
    for _ in range(100):
        if metadata.get(guid)["_upload_status"] == "uploaded":
            break
        time.sleep(0.2)
    assert metadata.get(guid) == {"run": name, "_upload_status": "uploaded"}
    assert Gen3Index(target.url).get_record(guid)["size"] == len(b"bytes")
    objects.delete_object(guid)
    assert Gen3Index(target.url).get_record(guid) is None
    with pytest.raises(requests.HTTPError):
        metadata.get(guid)


def test_who_has_no_right_writes_nothing(target, name):
    for path in (f"/mds/metadata/{name}", f"/mds-admin/metadata/{name}"):
        assert requests.post(f"{target.url}{path}", json={"a": 1}, timeout=60).status_code in (401, 403), path
    assert requests.get(f"{target.url}/mds/metadata/{name}", timeout=60).status_code == 404


def test_a_user_keeps_manifests(admin):
    manifest = [{"object_id": str(uuid.uuid4()), "file_name": "it's here"}]
    kept = admin.post("/manifests/", json=manifest)
    assert kept.status_code == 200
    name = kept.json()["filename"]
    assert name in [file["filename"] for file in admin.get("/manifests/").json()["manifests"]]
    assert admin.get(f"/manifests/file/{name}").json() == manifest
