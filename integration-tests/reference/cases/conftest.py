"""Fixtures of the ported cases: a commons a module with the reference dictionary, a project a test."""

import itertools

import pytest

from harness.commons import Commons
from harness.paths import reference

from .study import PHS_PROGRAM, PHS_PROJECT, PROGRAM, SUBMISSION, Client, Study

INDEXD_LOGIN = ("gdcapi", "the cases' own")

USERS = """
authz:
  resources:
  - name: services
    subresources:
    - name: sheepdog
      subresources:
      - name: submission
        subresources: [{name: program}, {name: project}]
  - name: programs
    subresources:
    - name: CGCI
      subresources:
      - name: projects
        subresources: [{name: BLGSP}]
  roles:
  - id: writer
    permissions:
    - {id: create, action: {service: sheepdog, method: create}}
    - {id: read, action: {service: sheepdog, method: read}}
    - {id: update, action: {service: sheepdog, method: update}}
    - {id: delete, action: {service: sheepdog, method: delete}}
    - {id: query, action: {service: peregrine, method: read}}
  - id: creator
    permissions: [{id: create, action: {service: sheepdog, method: create}}]
  - id: reader
    permissions:
    - {id: read, action: {service: sheepdog, method: read}}
    - {id: query, action: {service: peregrine, method: read}}
  policies:
  - {id: writer, role_ids: [writer], resource_paths: [/programs/CGCI]}
  - {id: creator, role_ids: [creator], resource_paths: [/programs/CGCI]}
  - {id: reader, role_ids: [reader], resource_paths: [/programs/CGCI/projects/BLGSP]}
users:
  writer: {policies: [writer]}
  creator: {policies: [creator]}
  reader: {policies: [reader]}
  nobody: {policies: []}
"""


def started(folder, dictionary):
    """Options of a commons with these users and this dictionary."""
    users = folder.mktemp("users") / "user.yaml"
    users.write_text(USERS)
    return Commons.up("--dictionary", str(dictionary), "--user-yaml", str(users), "--indexd-login", ":".join(INDEXD_LOGIN),
                      "--service-ports")


def with_program(client):
    made = client.put(f"{SUBMISSION}/", json={"type": "program", "name": PROGRAM, "dbgap_accession_number": PHS_PROGRAM})
    assert made.status_code == 200, made.text


def made_project(client, code, **properties):
    """A study in a new project."""
    made = client.put(f"{SUBMISSION}/{PROGRAM}", json={
        "type": "project", "code": code, "name": f"Study {code}", "dbgap_accession_number": PHS_PROJECT, **properties})
    assert made.status_code == 200, made.text
    return Study(client, code)


@pytest.fixture(scope="module")
def commons(tmp_path_factory):
    with started(tmp_path_factory, reference("data", "dictionaries", "sheepdog-tests.json")) as running:
        yield running


@pytest.fixture(scope="module")
def users(commons):
    """A client of each user."""
    names = ("admin", "writer", "creator", "reader", "nobody")
    return {name: Client(commons.url, commons.token(name)) for name in names} | {None: Client(commons.url, None)}


@pytest.fixture(scope="module")
def admin(users):
    with_program(users["admin"])
    return users["admin"]


@pytest.fixture(scope="module")
def codes():
    """Codes of projects; `BLGSP` itself is left to those who need it."""
    return (f"BLGSP{number}" for number in itertools.count(1))


@pytest.fixture
def study(admin, codes):
    """A project of the test's own, empty."""
    return made_project(admin, next(codes))


@pytest.fixture
def other(admin, codes):
    """A second project of the test's own."""
    return made_project(admin, next(codes))


@pytest.fixture(scope="module")
def index(commons):
    """The file index, for the one who may write to it."""
    client = Client(commons.services["indexd"], None)
    call = client.call
    client.call = lambda method, path, **options: call(method, path, auth=INDEXD_LOGIN, **options)
    return client
