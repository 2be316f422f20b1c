"""peregrine's dataset cases: counts and facts of projects."""

import pytest

from .conftest import made_project
from .study import PHS_PROJECT

pytestmark = pytest.mark.reference

DATASETS = "/api/search/datasets"


@pytest.fixture(scope="module")
def projects(admin):
    """Two projects: with a chain down to the read group, and with one experiment."""
    large, small = made_project(admin, "BLGSP"), made_project(admin, "SMALL")
    large.up_to("read_group")
    large.with_records("experiment.2")
    small.up_to("experiment.1")
    return large, small


def test_records_are_counted_by_project_and_type(users, projects):
    answer = users["admin"].get(DATASETS, params={"nodes": "experiment,case,slide"})
    assert (answer.status_code, answer.json()) == (200, {
        "CGCI-BLGSP": {"experiment": 2, "case": 1, "slide": 0}, "CGCI-SMALL": {"experiment": 1, "case": 0, "slide": 0}})


def test_one_type_is_enough(users, projects):
    assert users["admin"].get(DATASETS, params={"nodes": "aliquot"}).json() == {
        "CGCI-BLGSP": {"aliquot": 1}, "CGCI-SMALL": {"aliquot": 0}}


def test_only_readable_projects_are_counted(users, projects):
    assert users["reader"].get(DATASETS, params={"nodes": "case"}).json() == {"CGCI-BLGSP": {"case": 1}}


def test_those_who_may_read_nothing_get_nothing(users, projects):
    answer = users["nobody"].get(DATASETS, params={"nodes": "case"})
    assert (answer.status_code, answer.json()) == (200, {})


def test_counting_needs_a_token(users, projects):
    assert users[None].get(DATASETS, params={"nodes": "case"}).status_code == 401


def test_the_types_must_be_named(users, projects):
    answer = users["admin"].get(DATASETS)
    assert (answer.status_code, answer.json()) == (400, {"message": "Need to provide target nodes in query param"})


def test_an_unknown_type_is_refused(users, projects):
    assert users["admin"].get(DATASETS, params={"nodes": "case,flavour"}).status_code == 400


def test_projects_are_listed_with_their_names(users, projects):
    answer = users["admin"].get(f"{DATASETS}/projects")
    assert answer.status_code == 200
    assert sorted(answer.json()["projects"], key=lambda project: project["code"]) == [
        {"code": code, "name": f"Study {code}", "dbgap_accession_number": PHS_PROJECT} for code in ("BLGSP", "SMALL")]


def test_only_readable_projects_are_listed(users, projects):
    assert [project["code"] for project in users["reader"].get(f"{DATASETS}/projects").json()["projects"]] == ["BLGSP"]


def test_the_path_with_a_version_answers_the_same(users, projects):
    plain = users["admin"].get(DATASETS, params={"nodes": "case"}).json()
    assert users["admin"].get("/api/search/v0/datasets", params={"nodes": "case"}).json() == plain
