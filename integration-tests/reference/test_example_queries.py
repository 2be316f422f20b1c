"""The example queries that are made of real dictionaries, on records made by their rules."""

import pytest
import requests

from harness.commons import Commons
from harness.paths import reference

SUBMISSION = "/api/v0/submission"
DICTIONARIES = ["dcf", "ndh", "kf", "gtex", "midrc"]
PROGRAM, CODE = "EX", "one"


def links_of(schema):
    def flatten(items):
        for item in items:
            yield from flatten(item["subgroup"]) if "subgroup" in item else [item]

    return list(flatten(schema.get("links") or []))


def value(schema):
    """Some value of this schema."""
    for key in ("oneOf", "anyOf"):
        if key in schema:
            return next((made for part in schema[key] if (made := value(part)) is not None), None)
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type", "string")
    kind = next((one for one in kind if one != "null"), "null") if isinstance(kind, list) else kind
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    if kind == "string":
        if schema.get("format") == "date-time":
            return "2024-05-06T07:08:09+00:00"
        return "0123456789abcdef0123456789abcdef" if "pattern" in schema else "text"
    return {"boolean": True, "array": [], "object": {}}.get(kind)


def record(node, schema, keys):
    """A record with what is required, linked to all that `keys` has. None where a required link has no target."""
    made = {"type": node, "submitter_id": f"{node}-1"}
    for link in links_of(schema):
        if link["target_type"] in keys:
            made[link["name"]] = keys[link["target_type"]]
        elif link.get("required"):
            return None
    for name in schema.get("required", []):
        made.setdefault(name, value(schema["properties"].get(name, {})))
    return made


def in_order(schemas):
    """Node types, each after those that it links to."""
    order = []

    def visit(node):
        if node not in order and node in schemas:
            for link in links_of(schemas[node]):
                if link["target_type"] != node:
                    visit(link["target_type"])
            order.append(node)

    for node in schemas:
        visit(node)
    return order


@pytest.mark.reference
@pytest.mark.parametrize("name", DICTIONARIES)
def test_every_example_is_accepted(name):
    folder = reference("data", "dictionaries", name)
    with Commons.up("--dictionary", str(folder)) as commons:
        headers = {"Authorization": f"bearer {commons.token('admin')}"}

        def call(method, path, body):
            return requests.request(method, commons.url + SUBMISSION + path, json=body, headers=headers, timeout=120)

        everything = requests.get(f"{commons.url}{SUBMISSION}/_dictionary/_all", timeout=60).json()
        schemas = {node: schema for node, schema in everything.items()
                   if isinstance(schema, dict) and schema.get("category") not in (None, "internal")
                   and not node.startswith("_") and node != "metaschema"}
        program = record("program", schemas["program"], {}) | {"name": PROGRAM}
        project = record("project", schemas["project"], {"program": {"name": PROGRAM}}) | {"code": CODE}
        assert call("POST", "/", program).status_code == 200
        project.pop("submitter_id"), project.pop("programs", None)
        answer = call("PUT", f"/{PROGRAM}", project)
        assert answer.status_code == 200, answer.text
        keys, stored = {"project": {"code": CODE}}, 0
        for node in in_order(schemas):
            if node in ("program", "project") or not (made := record(node, schemas[node], keys)):
                continue
            if call("PUT", f"/{PROGRAM}/{CODE}", made).status_code == 200:
                keys[node] = {"submitter_id": made["submitter_id"]}
                stored += 1
        assert stored >= 10, f"only {sorted(keys)} could be stored"

        answer = requests.get(f"{commons.url}/query/examples.json", params={"project": f"{PROGRAM}-{CODE}"}, timeout=60)
        examples = answer.json()["examples"]
        assert len(examples) >= 12
        refused = {}
        for example in examples:
            answer = call("POST", "/graphql", {"query": example["query"]})
            if answer.status_code != 200 or "errors" in answer.json():
                refused[example["name"]] = answer.text
        assert refused == {}
        counts = next(example for example in examples if example["name"] == "counts")
        counted = call("POST", "/graphql", {"query": counts["query"]}).json()["data"]
        assert sum(counted.values()) == stored
