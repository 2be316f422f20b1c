"""Snapshots: records of one commons for another one, without what tells who they are of."""

import collections
import json
import subprocess

import pytest
from pfb.reader import PFBReader

from harness.client import administrator
from harness.commons import Commons

PROJECT = "demo-airways"
RULES = """
leave_out: [imaging_study]
person: subject
properties:
  "*.submitter_id": hash
  study.submitter_id: keep
  "*.file_name": hash
  "*.object_id": drop
  subject.enrolment_year: drop
  subject.consent_codes: hash
  core_metadata_collection.date: {shift: 400}
"""


@pytest.fixture(scope="module")
def source():
    with Commons.up("--demo", "--no-explorer") as running:
        yield running


@pytest.fixture(scope="module")
def stage():
    with Commons.up("--no-explorer") as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("snapshots")
    (folder / "rules.yaml").write_text(RULES)
    return folder


def snapshot(commons, *arguments, state=True, status=0):
    of_state = ("--state", str(commons.state)) if state else ()
    command = [str(commons.program), "snapshot", *map(str, arguments), *of_state]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == status, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def create(commons, folder, place, *more):
    rules = ("--rules", folder / "rules.yaml", "--key-file", folder / "key")
    return json.loads(snapshot(commons, "create", place, *rules, "--json", *more).stdout)


def exported(commons, file):
    """Node type → properties of each record, as pypfb reads them."""
    subprocess.run([str(commons.program), "export", "pfb", "--out", str(file), "--overwrite", "--state", str(commons.state)],
                   check=True, capture_output=True, timeout=300)
    found = collections.defaultdict(dict)
    with PFBReader(str(file)) as reader:
        for entity in reader:
            found[entity["name"]][entity["id"]] = entity["object"]
    return found


def test_a_stage_adopts_what_another_commons_publishes_and_it_tells_nobody_who_it_is_of(source, stage, folder):
    made = create(source, folder, folder / "own")
    assert made["left_out"] == ["imaging_study"] and made["projects"] == [PROJECT]
    key = (folder / "key").read_text().strip()
    assert len(key) == 64 and (folder / "key").stat().st_mode & 0o077 == 0
    snapshot(source, "publish", folder / "own", folder / "published", state=False)
    assert "already" in snapshot(source, "publish", folder / "own", folder / "published", state=False, status=1).stderr
    listed = json.loads(snapshot(source, "list", folder / "published", "--json", state=False).stdout)["snapshots"]
    assert [(one["name"], one["rules"], one["nodes"]) for one in listed] == [(made["snapshot"], RULES, made["nodes"])]
    assert key not in json.dumps(listed)
    adopted = json.loads(snapshot(stage, "adopt", folder / "published", "--json").stdout)
    assert adopted["projects"][PROJECT]["updated"] == 0

    theirs, ours = exported(source, folder / "source.avro"), exported(stage, folder / "stage.avro")
    for node, records in theirs.items():
        if node not in ("program", "project"):
            assert len(ours[node]) == (0 if node in made["left_out"] else len(records)), node
            assert not set(records) & set(ours[node]), "no id is kept"
    whole = (folder / "stage.avro").read_bytes()
    hidden = {record[name] for node in ("subject", "sample") for record in theirs[node].values()
              for name in ("submitter_id",)} | {record["object_id"] for record in theirs["sequencing_file"].values()}
    assert len(hidden) > 20 and not [value for value in hidden if value.encode() in whole]
    assert all(record["enrolment_year"] is None for record in ours["subject"].values())
    dates = {record["date"] for record in ours["core_metadata_collection"].values()}
    assert dates and not dates & {record["date"] for record in theirs["core_metadata_collection"].values()}
    studies = {record["study_title"] for record in theirs["study"].values()}
    assert studies == {record["study_title"] for record in ours["study"].values()}, "what no rule names stays"
    # The graph is whole: what a subject has below it is as much as before.
    query = f'{{ subject(first: 0, project_id: "{PROJECT}") {{ _samples_count _diagnoses_count }} }}'
    counts = [collections.Counter(tuple(subject.values()) for subject in administrator(commons).graphql(query)["subject"])
              for commons in (source, stage)]
    assert counts[0] == counts[1] and len(counts[0]) > 1


def test_the_same_key_makes_the_same_pseudonyms_so_that_a_later_snapshot_updates(source, stage, folder):
    create(source, folder, folder / "own")
    adopted = json.loads(snapshot(stage, "adopt", folder / "own", "--json").stdout)
    assert adopted["projects"][PROJECT]["created"] == 0 < adopted["projects"][PROJECT]["updated"]
    (folder / "key").rename(folder / "old key")
    create(source, folder, folder / "other")
    first = json.loads(snapshot(source, "list", folder / "own", "--json", state=False).stdout)["snapshots"]
    other = json.loads(snapshot(source, "list", folder / "other", "--json", state=False).stdout)["snapshots"]
    assert first[0]["key"] == first[1]["key"] != other[0]["key"]


def test_wrong_rules_damaged_snapshots_and_dry_runs_leave_nothing(source, stage, folder, tmp_path):
    (tmp_path / "rules.yaml").write_text("properties: {subject.submitter_id: drop, sample.colour: drop}\n")
    refused = snapshot(source, "create", tmp_path / "none", "--rules", tmp_path / "rules.yaml", "--key-file",
                       tmp_path / "key", status=4)
    assert "is required; `hash` it" in refused.stderr and "sample.colour" in refused.stderr and "2 problems" in refused.stderr
    assert not (tmp_path / "none").exists() and not (tmp_path / "key").exists()
    (tmp_path / "rules.yaml").write_text(RULES)
    rules = ("--rules", tmp_path / "rules.yaml", "--key-file", tmp_path / "key")
    assert "nothing was kept" in snapshot(source, "create", "--dry-run", *rules).stdout
    assert not (tmp_path / "key").exists()
    create(source, tmp_path, tmp_path / "place")
    piece = max((tmp_path / "place" / "pieces").rglob("*"), key=lambda path: path.stat().st_size)
    kept = piece.read_bytes()
    piece.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    assert "other bytes than it had" in snapshot(stage, "adopt", tmp_path / "place", status=4).stderr
    assert "no place of snapshots" in snapshot(stage, "adopt", tmp_path, status=3).stderr
