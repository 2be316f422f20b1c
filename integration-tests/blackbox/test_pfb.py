"""PFB files: what a commons exports another one imports, and the program `pfb` (pypfb) reads and writes the same.

The demo data have nodes of every type, enumerations with blanks and signs, lists, files and links of several levels.
"""

import collections
import csv
import json
import subprocess
import sys

import pytest
import requests
from pfb.importers.gen3dict import write_from_dict
from pfb.reader import PFBReader
from pfb.writer import PFBWriter

from harness.commons import ROOT, Commons

SUBMISSION = "/api/v0/submission"
PROJECT = "demo-airways"
OF_ITS_COMMONS = ("created_datetime", "updated_datetime")


@pytest.fixture(scope="module")
def source():
    with Commons.up("--demo") as running:
        yield running


@pytest.fixture(scope="module")
def target():
    with Commons.up() as running:
        yield running


@pytest.fixture(scope="module")
def exported(source, tmp_path_factory):
    return export(source, tmp_path_factory.mktemp("pfb") / "demo.avro")


def run(commons, *arguments, state=True, status=0):
    """Runs a command on the commons' state folder, and gives back what it says."""
    of_state = ("--state", str(commons.state)) if state else ()
    done = subprocess.run([str(commons.program), *arguments, *of_state], capture_output=True, text=True, timeout=300)
    assert done.returncode == status, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def export(commons, out, *options, state=True):
    run(commons, "export", "pfb", "--out", str(out), *options, state=state)
    return out


def nodes(file):
    """Node type → id → what it is, as pypfb reads it, without what another commons sets by itself."""
    found = collections.defaultdict(dict)
    with PFBReader(str(file)) as reader:
        for entity in reader:
            properties = {name: value for name, value in entity["object"].items()
                          if value is not None and name not in OF_ITS_COMMONS}
            relations = sorted((relation["dst_name"], relation["dst_id"]) for relation in entity["relations"])
            found[entity["name"]][entity["id"]] = (properties, relations)
    return found


def pfb(*arguments):
    """Runs the program of pypfb."""
    code = "from pfb.cli import main; main()"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def graphql(commons, query):
    key = json.loads(commons.api_key_file.read_text())
    answer = requests.post(f"{commons.url}/user/credentials/api/access_token", json=key, timeout=30)
    headers = {"Authorization": f"bearer {answer.json()['access_token']}"}
    answer = requests.post(f"{commons.url}{SUBMISSION}/graphql", json={"query": query}, headers=headers, timeout=60)
    return answer.json()["data"]


def test_pypfb_reads_an_export(source, exported, tmp_path):
    counted = graphql(source, "{ _subject_count _sample_count _sequencing_file_count }")
    found = nodes(exported)
    assert {name: len(found[name]) for name in ("subject", "sample", "sequencing_file")} == {
        "subject": counted["_subject_count"], "sample": counted["_sample_count"],
        "sequencing_file": counted["_sequencing_file_count"]}
    assert {"program", "project", "study"} <= found.keys()
    types = {id: name for name, of_type in found.items() for id in of_type}
    for name, of_type in found.items():
        for _, relations in of_type.values():
            assert all(types[id] == target for target, id in relations), name
    assert set(pfb("show", "-i", exported, "nodes").split()) >= found.keys()
    assert "Total number of nodes" in pfb("show", "-i", exported, "stats")
    metadata = json.loads(pfb("show", "-i", exported, "metadata", "sample"))
    assert {"name": "subjects", "dst": "subject", "multiplicity": "MANY_TO_ONE"} in metadata["links"]
    pfb("to", "-i", exported, "tsv", tmp_path / "tables")
    with open(tmp_path / "tables" / "sample.tsv", newline="") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    assert len(rows) == counted["_sample_count"]
    assert all(row["project_id"] == PROJECT and row["subjects.submitter_id"] for row in rows)


def test_an_import_into_an_empty_commons_gives_the_same_export(source, target, exported, tmp_path):
    refused = run(target, "import", "pfb", str(exported), status=4)
    assert "--create makes it" in refused
    run(target, "import", "pfb", str(exported), "--create")
    copied = export(target, tmp_path / "copy.avro")
    before, after = nodes(exported), nodes(copied)
    for of_both in (before, after):
        # What a project is like is not all submitted: its state is the commons' own.
        of_both["project"] = {id: relations for id, (_, relations) in of_both["project"].items()}
        for of_type in of_both.values():
            for value in of_type.values():
                if isinstance(value, tuple):
                    value[0].pop("state", None)
    assert before == after
    again = json.loads(run(target, "import", "pfb", str(exported), "--json"))
    assert again["projects"][PROJECT]["created"] == 0, "the same import again makes nothing new"


def test_an_export_over_http_is_that_of_the_tables(source, exported, tmp_path):
    credentials = ("--endpoint", source.url, "--credentials", str(source.api_key_file))
    remote = export(source, tmp_path / "remote.avro", "--project", PROJECT, *credentials, state=False)
    before, after = nodes(exported), nodes(remote)
    of_system = ("state", "file_state", "error_type", "project_state")
    for of_both in (before, after):
        for of_type in of_both.values():
            for properties, _ in of_type.values():
                for name in of_system:
                    properties.pop(name, None)
    for name in before.keys() - {"project", "program"}:
        assert before[name] == after[name], name
    assert before["project"].keys() == after["project"].keys()


def test_a_cohort_has_all_below_and_above_it(source, exported, tmp_path):
    whole = nodes(exported)
    wanted = sorted(whole["subject"])[:3]
    (tmp_path / "cohort.txt").write_text("submitter_id\n" + "\n".join(
        whole["subject"][id][0]["submitter_id"] for id in wanted) + "\nnobody\n")
    options = ("--cohort", str(tmp_path / "cohort.txt"), "--node", "subject")
    found = nodes(export(source, tmp_path / "cohort.avro", *options))
    assert sorted(found["subject"]) == wanted
    parents = {id: {target for _, target in relations} for of_type in whole.values()
               for id, (_, relations) in of_type.items()}
    below = set(wanted)
    while more := {id for id, above in parents.items() if id not in below and above & below}:
        below |= more
    everything = set(below)
    while more := {target for id in everything for target in parents[id]} - everything:
        everything |= more
    assert {id for of_type in found.values() for id in of_type} == everything
    assert found["program"] and found["project"] and found["sample"]


def test_files_of_pypfb_are_imported(target, tmp_path):
    """A dictionary, as `pfb from dict` makes a model of it, with records that pypfb writes under their names."""
    schema, file = tmp_path / "schema.avro", tmp_path / "theirs.avro"
    with PFBWriter(str(schema)) as writer:
        write_from_dict(writer, str(ROOT / "dictionary" / "gdcdictionary" / "schemas"))
    empty = run(target, "import", "pfb", str(schema), "--json")
    assert json.loads(empty)["projects"] == {}

    def entity(node, name, relations, **properties):
        with PFBReader(str(schema)) as reader:
            fields = next(known["fields"] for known in reader.schema if known["name"] == node)
        values = {field["name"]: None for field in fields} | {"submitter_id": name, **properties}
        return {"id": name, "name": node, "object": values,
                "relations": [{"dst_name": node, "dst_id": name} for node, name in relations]}

    with PFBReader(str(schema)) as reader, PFBWriter(str(file)) as writer:
        writer.copy_schema(reader)
        # Children before their parents.
        writer.write([
            entity("subject", "theirs-1", [("study", "theirs")], lost_to_follow_up="Unknown"),
            entity("study", "theirs", [("project", "theirs")], study_title="Written by another program"),
        ])
    run(target, "import", "pfb", str(file), "--project", "PY-theirs", "--create")
    fields = "submitter_id lost_to_follow_up studies { study_title }"
    found = graphql(target, f'{{ subject(project_id: "PY-theirs") {{ {fields} }} }}')
    assert found["subject"] == [{"submitter_id": "theirs-1", "lost_to_follow_up": "Unknown",
                                 "studies": [{"study_title": "Written by another program"}]}]


def test_what_cannot_be_imported_is_told_and_nothing_is_written(source, target, exported, tmp_path):
    whole = exported.read_bytes()
    for name, content, told in (("cut", whole[:len(whole) // 2], "cut off or damaged after"),
                                ("zip", b"PK\x03\x04", "not an Avro file"), ("empty", b"", "not an Avro file")):
        (tmp_path / name).write_bytes(content)
        assert told in run(target, "import", "pfb", str(tmp_path / name), status=4)
    assert "nobody" in run(source, "export", "pfb", "--out", str(tmp_path / "x"), "--project", "P-nobody", status=4)
    assert not list(tmp_path.glob("x*"))
    (tmp_path / "there").write_text("mine")
    assert "--overwrite" in run(source, "export", "pfb", "--out", str(tmp_path / "there"), status=3)
    assert (tmp_path / "there").read_text() == "mine"
    before = graphql(target, "{ _subject_count }")
    checked = json.loads(run(target, "import", "pfb", str(exported), "--project", "PY-theirs", "--new-ids", "--dry-run",
                             "--json"))
    assert checked["dry_run"] and checked["projects"]["PY-theirs"]["created"] > 0
    assert graphql(target, "{ _subject_count }") == before
