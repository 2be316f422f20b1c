"""Fixtures of the black-box suites.

`--base-url URL --api-key FILE` points them at a commons that runs already; without these a fresh one is started.
"""

import json
import os
import pathlib
import shutil
import types

import pytest
import requests

from harness.client import Client
from harness.commons import Commons


HERE = pathlib.Path(__file__).parent
MEMORY = pathlib.Path("/dev/shm")
"""A file system in memory. The first stop of a commons syncs 3,400 files of its databases: ten seconds on many disks."""
ON_DISK = ("attacks", "crash")
"""Suites that are about disks and memory."""


def in_memory() -> str | None:
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 6 << 30:
        return str(MEMORY)
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    suite = item.path.relative_to(HERE).parts[0]
    Commons.states = None if suite in ON_DISK else in_memory()


def pytest_addoption(parser):
    parser.addoption("--base-url", help="a running commons, for example http://localhost:8080")
    parser.addoption("--api-key", help="the API key file of its administrator")


@pytest.fixture(scope="session")
def target(pytestconfig):
    """The commons under test: `url`, `api_key_file`, and `commons` where we started it ourselves."""
    url, key = pytestconfig.getoption("--base-url"), pytestconfig.getoption("--api-key")
    if url:
        yield types.SimpleNamespace(url=url.rstrip("/"), api_key_file=pathlib.Path(key), commons=None)
        return
    with Commons.up() as commons:
        yield types.SimpleNamespace(url=commons.url, api_key_file=commons.api_key_file, commons=commons)


@pytest.fixture(scope="session")
def admin(target):
    """A session with the administrator's access token; relative paths go to the commons."""
    key = json.loads(target.api_key_file.read_text())
    answer = requests.post(f"{target.url}/user/credentials/api/access_token", json=key, timeout=30)
    assert answer.status_code == 200, answer.text
    return Client(target.url, answer.json()["access_token"])


@pytest.fixture(scope="session")
def anonymous(target):
    return Client(target.url, None)
