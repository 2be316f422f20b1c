"""The example queries of our own dictionary on the demonstration study, and what other query editors send."""

import json
import re
import shutil
import subprocess

import pytest
import requests

from harness.commons import ROOT, Commons, program

GRAPHQL = "/api/v0/submission/graphql"
# What graphql-js 16 (GraphiQL, Altair, Apollo, code generators) sends to read a schema.
INTROSPECTION = """query IntrospectionQuery { __schema { queryType { name kind } mutationType { name kind }
  subscriptionType { name kind } types { ...FullType } directives { name description locations args { ...InputValue } } } }
  fragment FullType on __Type { kind name description fields(includeDeprecated: true) { name description
    args { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason } inputFields { ...InputValue }
    interfaces { ...TypeRef } enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
    possibleTypes { ...TypeRef } } fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue }
  fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
    ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }"""
# Examples that find nothing in the demonstration study: nothing in it failed or lacks anything.
FIND_NOTHING = {"failed_submissions"}


@pytest.fixture(scope="module")
def commons():
    with Commons.up("--demo") as commons:
        yield commons


@pytest.fixture(scope="module")
def ask(commons):
    headers = {"Authorization": f"bearer {commons.token('admin')}"}
    return lambda body, path=GRAPHQL: requests.post(commons.url + path, json=body, headers=headers, timeout=60)


def examples(commons, project):
    answer = requests.get(f"{commons.url}/query/examples.json", params={"project": project}, timeout=30)
    assert answer.status_code == 200
    return answer.json()["examples"]


def test_every_example_finds_something_in_the_demonstration_study(commons, ask):
    given = examples(commons, "demo-airways")
    assert len(given) >= 12
    answers = {example["name"]: ask({"query": example["query"]}) for example in given}
    assert {name: answer.text for name, answer in answers.items() if answer.status_code != 200} == {}
    empty = {name for name, answer in answers.items() if not any(answer.json()["data"].values())}
    assert empty == FIND_NOTHING


def test_the_command_prints_the_same_examples(commons):
    command = [str(program()), "dictionary", "examples", str(ROOT / "dictionary"), "--project", "demo-airways", "--json"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert json.loads(printed) == examples(commons, "demo-airways")


@pytest.mark.parametrize("path", [GRAPHQL, "/guppy/graphql"])
def test_the_introspection_of_query_editors_is_answered_by_post(ask, path):
    answer = ask({"query": INTROSPECTION, "operationName": "IntrospectionQuery"}, path)
    assert answer.status_code == 200, answer.text
    types = answer.json()["data"]["__schema"]["types"]
    assert len(types) > 10


def test_about_a_project_that_is_not_there_they_find_nothing_and_fail_not(commons, ask):
    for example in examples(commons, "no-such"):
        answer = ask({"query": example["query"]})
        assert answer.status_code == 200, (example["name"], answer.text)
        if example["name"] not in ("projects", "node_types"):
            assert not any(answer.json()["data"].values()), example["name"]


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_the_pages_are_for_reading(commons, method):
    for path in ("/query", "/query/examples.json"):
        assert requests.request(method, commons.url + path, timeout=30).status_code == 403


def test_examples_follow_the_dictionary_that_is_served(tmp_path):
    folder = tmp_path / "dictionary"
    shutil.copytree(ROOT / "dictionary", folder)
    schemas = next(folder.rglob("demographics.yaml")).parent
    with Commons.up("--dictionary", str(folder)) as commons:
        def counted():
            counts = next(example for example in examples(commons, "a-b") if example["name"] == "counts")
            return set(re.findall(r"_(\w+)_count", counts["query"]))

        before = counted()
        text = (schemas / "demographics.yaml").read_text()
        (schemas / "habits.yaml").write_text(text.replace("demographics", "habits"))
        commons.run("dictionary", "reload")
        assert counted() == before | {"habits"}
