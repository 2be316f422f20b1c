"""The search service over indices from files: what the system tests of Gen3 ask of guppy, on data of our own, and the
SDK's Gen3Query. Everything goes through the gateway."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess

import pytest
import requests
from gen3.query import Gen3Query

from harness.commons import free_port, program, wait_for

COUNT = 100
KEYWORD = {"type": "keyword", "fields": {"analyzed": {"type": "text"}}}
MAPPING = {"mappings": {"properties": {
    "auth_resource_path": KEYWORD,
    "consents": KEYWORD,
    "gender": KEYWORD,
    "project_id": KEYWORD,
    "score": {"type": "double"},
    "submitter_id": KEYWORD,
    "visits": {"type": "nested", "properties": {"site": KEYWORD, "days": {"type": "long"}}},
    "vital_status": KEYWORD,
    "year_of_birth": {"type": "long"},
}}}


def subject(number: int) -> dict:
    made = {
        "submitter_id": f"subject-{number:03}", "project_id": "jnkns-jenkins",
        "auth_resource_path": "/programs/jnkns/projects/jenkins", "gender": ["male", "female"][number % 2],
        "consents": [["GRU"], ["GRU", "HMB"], []][number % 3], "year_of_birth": 1940 + number % 50,
    }
    if number % 3:
        made["visits"] = [{"site": ["home", "clinic"][n % 2], "days": n * 10} for n in range(number % 3)]
    if number % 4:
        made |= {"vital_status": ["Alive", "Dead"][number % 2], "score": number / 4}
    return made


SUBJECTS = [subject(number) for number in range(COUNT)]


def write_indices(folder: pathlib.Path) -> None:
    """The files of the indices, as a dump of Elasticsearch has them."""
    (folder / "ci_subject_1.mapping.json").write_text(json.dumps(MAPPING))
    lines = [line for n, made in enumerate(SUBJECTS) for line in ({"index": {"_id": str(n)}}, made)]
    (folder / "ci_subject_1.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "ci_lists_1.mapping.json").write_text(json.dumps({"mappings": {"properties": {"array": KEYWORD}}}))
    lists = {"array": ["consents", "visits"]}
    (folder / "ci_lists_1.ndjson").write_text(
        json.dumps({"index": {"_id": "ci_subject_alias"}}) + "\n" + json.dumps(lists) + "\n")
    add = [("ci_subject_alias", "ci_subject_1"), ("ci_lists", "ci_lists_1")]
    actions = [{"add": {"alias": alias, "index": index}} for alias, index in add]
    (folder / "aliases.json").write_text(json.dumps({"actions": actions}))


@pytest.fixture(scope="module")
def url(tmp_path_factory) -> str:
    """A gateway in front of a guppy whose index everybody may read."""
    folder = tmp_path_factory.mktemp("guppy")
    (files := folder / "files").mkdir()
    write_indices(files)
    search = folder / "search"
    subprocess.run([str(program()), "search", "load", str(files), "--search-folder", str(search)], check=True,
                   capture_output=True, timeout=120)
    config = folder / "guppy.json"
    config.write_text(json.dumps({"indices": [{"index": "ci_subject_alias", "type": "subject"}],
                                  "config_index": "ci_lists"}))
    ports = {"guppy": free_port(), "gateway": free_port()}
    public = f"http://127.0.0.1:{ports['gateway']}"
    env = {
        "guppy": {"GUPPY_CONFIG_FILEPATH": str(config), "SEARCH_FOLDER": str(search), "TIER_ACCESS_LEVEL": "libre",
                  "GUPPY_PORT": str(ports["guppy"])},
        "gateway": {"PUBLIC_URL": public, "UPSTREAMS": f"guppy=http://127.0.0.1:{ports['guppy']}",
                    "PORT": str(ports["gateway"])},
    }
    processes = [
        subprocess.Popen([str(program()), "serve", name, "--host", "127.0.0.1"], env={**os.environ, **env[name]},
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for name in ("guppy", "gateway")]
    try:
        wait_for(f"{public}/guppy/_status", processes[0])
        yield public
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=30)


@pytest.fixture
def ask(url):
    def ask(query: str, **variables) -> dict:
        answer = requests.post(f"{url}/guppy/graphql", json={"query": query, "variables": variables}, timeout=30)
        assert answer.status_code == 200, answer.text
        assert "errors" not in answer.json(), answer.text
        return answer.json()["data"]
    return ask


def test_the_status_names_the_index_behind_the_alias(url):
    indices = requests.get(f"{url}/guppy/_status", timeout=30).json()["indices"]
    assert "ci_subject_1" in indices
    assert indices["ci_subject_alias"]["arrayFields"] == ["consents", "visits"]


def test_rows_by_a_filter_of_several_parts_in_order(ask):
    wanted = [s for s in SUBJECTS if s["gender"] == "male" and s["year_of_birth"] >= 1980 and s.get("vital_status")]
    wanted.sort(key=lambda s: (-s["year_of_birth"], s["submitter_id"]))
    conditions = {"AND": [{"=": {"gender": "male"}}, {"AND": [{">=": {"year_of_birth": 1980}}]},
                          {"!=": {"vital_status": ["no data"]}}, {"IN": {"vital_status": ["Alive", "Dead"]}}]}
    data = ask("""query ($f: JSON) {
        subject(first: 1000, filter: $f, sort: [{year_of_birth: "desc"}, {submitter_id: "asc"}]) {
            submitter_id visits {site days} consents score }
        _aggregation {subject(filter: $f) {_totalCount}} }""", f=conditions)
    shown = [{key: s.get(key) for key in ("submitter_id", "visits", "consents", "score")} for s in wanted]
    assert data["subject"] == shown
    assert data["_aggregation"]["subject"]["_totalCount"] == len(wanted)


def test_histograms_of_texts_and_numbers(ask):
    data = ask("""{_aggregation {subject {
        vital_status {histogram {key count}} consents {histogram {key count}}
        years: year_of_birth {histogram(rangeStart: 1940, rangeEnd: 1960, rangeStep: 10) {key count}}
        score {all: histogram {min max avg count} far: histogram(rangeStart: 900) {key avg count}}
        visits {site {histogram {key count}} days {histogram(rangeStep: 10) {key sum}}} }}}""")
    counts = data["_aggregation"]["subject"]
    assert counts["vital_status"]["histogram"] == [
        {"key": "Dead", "count": 50}, {"key": "Alive", "count": 25}, {"key": "no data", "count": 25}]
    assert counts["consents"]["histogram"] == [
        {"key": "GRU", "count": 67}, {"key": "HMB", "count": 33}, {"key": "no data", "count": 33}]
    assert counts["years"]["histogram"] == [{"key": [1940, 1950], "count": 20}, {"key": [1950, 1960], "count": 20}]
    scores = [s["score"] for s in SUBJECTS if "score" in s]
    assert counts["score"]["all"] == [{"min": min(scores), "max": max(scores), "count": len(scores),
                                       "avg": pytest.approx(sum(scores) / len(scores))}]
    assert counts["score"]["far"] == [{"key": [900, None], "avg": None, "count": 0}]
    assert counts["visits"]["site"]["histogram"] == [{"key": "home", "count": 66}, {"key": "clinic", "count": 33}]
    assert counts["visits"]["days"]["histogram"] == [{"key": [0, 10], "sum": 0}, {"key": [10, 20], "sum": 330}]


def count_of(ask, conditions: dict) -> int:
    data = ask("query ($f: JSON) {_aggregation {subject(filter: $f) {_totalCount}}}", f=conditions)
    return data["_aggregation"]["subject"]["_totalCount"]


@pytest.mark.parametrize("operator, count", [
    ("CONTAINS_ANY", 67), ("contains_any", 67), ("in", 67), ("contains_all", 67), ("EXCLUDES_ANY", 33),
    ("excludes_all", 33), ("!=", 33)])
def test_operators_in_each_spelling(ask, operator, count):
    assert count_of(ask, {operator: {"consents": ["GRU"]}}) == count


def test_nested_conditions_hold_for_one_object(ask):
    nested = {"nested": {"path": "visits", "AND": [{"=": {"site": "home"}}, {">": {"days": 5}}]}}
    assert count_of(ask, nested) == 0


def test_the_names_of_fields(ask):
    found = ask('{_mapping {subject(searchInput: "visits")}}')
    assert found == {"_mapping": {"subject": ["visits.days", "visits.site"]}}


def test_a_download_has_everything_and_wrong_ones_say_why(url):
    def download(**order):
        return requests.post(f"{url}/guppy/download", json={"type": "subject", **order}, timeout=30)
    whole = download().json()
    assert sorted(whole, key=lambda s: s["submitter_id"]) == SUBJECTS
    some = download(fields=["submitter_id"], filter={"=": {"gender": "male"}}, sort=[{"submitter_id": "desc"}])
    assert some.json()[0] == {"submitter_id": "subject-098"}
    for order, text in [({"fields": ["nope"]}, 'Invalid fields: "nope"'), ({"type": "x"}, 'Invalid es type: "x"')]:
        answer = download(**order)
        assert (answer.status_code, answer.text) == (400, text)


class Nobody:
    """What Gen3Query needs of a login."""

    def __init__(self, endpoint: str):
        self.endpoint = endpoint

    def __call__(self, request):
        return request


def test_the_sdk_queries_and_downloads(url):
    query = Gen3Query(Nobody(url))
    found = query.query(data_type="subject", first=50, fields=["vital_status", "submitter_id"],
                        filters={"vital_status": "Alive"}, sort_object={"submitter_id": "asc"})
    alive = [s for s in SUBJECTS if s.get("vital_status") == "Alive"]
    wanted = [{key: s[key] for key in ("vital_status", "submitter_id")} for s in alive]
    assert found == {"data": {"subject": wanted}}
    rows = query.query(data_type="subject", first=10_001, fields=["submitter_id"], sort_object={"submitter_id": "asc"})
    assert rows["data"]["subject"] == [{"submitter_id": s["submitter_id"]} for s in SUBJECTS]
    raw = query.raw_data_download(data_type="subject", fields=["submitter_id"], first=COUNT)
    assert len(raw) == COUNT
    text = "query ($f: JSON) {subject(filter: $f, first: 1) {submitter_id}}"
    assert query.graphql_query(query_string=text, variables={"f": None})["data"]["subject"]
