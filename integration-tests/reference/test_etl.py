"""Graphs and the documents that the original ETL made of them: ours, with `--compat`, are equal to them."""

import csv
import json
import pathlib
import struct
import subprocess
import tempfile

import psycopg
import pytest

from harness.commons import program
from harness.paths import reference
from harness.postgres import Postgres

# The last step of each index that the original has kept, and the field that holds the id. Of the index of participants
# it is an early one, made with another mapping: only the fields of both are compared.
FRAMES = {
    "midrc": {
        "midrc_case": ("case__2_Translator.translate_final", "_case_id"),
        "midrc_measurement": ("measurement__1_Translator.translate_final", "_measurement_id"),
        "midrc_annotation": ("annotation__1_Translator.translate_final", "_annotation_id"),
        "midrc_imaging_study": ("imaging_study__2_Translator.translate_final", "_imaging_study_id"),
        "midrc_data_file": ("data_file__1_Translator.translate_final__translate_final", "_data_file_id"),
    },
    "parent": {"qa-ibd": ("participant__0", "_participant_id")},
}
# One edge of the participants' graph was moved from the second to the first of these after the frame was made.
MOVED = {"80cc940b-414f-4361-ac9f-24a94279e379", "85ff186f-cb3d-44ed-94c2-3b79219b6221"}
# What the early frame of participants has in common with the mapping.
ONLY_FIELDS = {
    "qa-ibd": {"_participant_id", "submitter_id", "project_id", "country", "name", "investigator_name", "_samples_count"},
}


@pytest.fixture(scope="module")
def server():
    postgres = Postgres()
    yield postgres
    postgres.stop()


def load(connection, graphs):
    """Copies node and edge tables; each line is a row of five or six quoted values."""
    for file in sorted(graphs.glob("*/part-m-00000")):
        table, rows = file.parent.name, list(csv.reader(file.open(newline="")))
        if not rows:
            continue  # Some tables are of an older dictionary.
        columns = ["created", "acl", "_sysan", "_props", "node_id"]
        if table.startswith("edge_"):
            columns[4:] = ["src_id", "dst_id"]
        names = ", ".join(columns)
        with connection.cursor() as cursor:
            cursor.execute(f'alter table "{table}" disable trigger all')
            cursor.execute(f'delete from "{table}"')  # The root is there already.
            with cursor.copy(f'copy "{table}" ({names}) from stdin') as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute(f'alter table "{table}" enable trigger all')
    connection.commit()


@pytest.fixture(scope="module")
def documents(server):
    """The documents of a set of data in one of the two forms, each set loaded once."""
    loaded = {}

    def documents_of(name, *options):
        folder = reference("data", "etl", name)
        if name not in loaded:
            with psycopg.connect(server.url(), autocommit=True) as connection:
                connection.execute(f"create database {name}")
            url = server.url().rsplit("/", 1)[0] + f"/{name}"
            run("migrate", "sheepdog", "--database-url", url, "--dictionary", str(folder / "schema.json"))
            with psycopg.connect(url) as connection:
                load(connection, folder / "graphs")
            loaded[name] = url
        with tempfile.TemporaryDirectory() as out:
            run("etl", "run", str(folder / "etlMapping.yaml"), "--dictionary", str(folder / "schema.json"),
                "--database-url", loaded[name], "--to", out, "--json", *options)
            return {file.stem: [json.loads(line) for line in file.read_text().splitlines()]
                    for file in pathlib.Path(out).glob("*.ndjson")}

    return documents_of


def run(*arguments):
    done = subprocess.run([str(program()), *arguments], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def frame(folder, step):
    parquet = pytest.importorskip("pyarrow.parquet")
    files = sorted((folder / "dataframe" / step).glob("*.parquet"))
    return [row for file in files for row in parquet.read_table(file).to_pylist()]


def single(number):
    """A number in the single precision that the original writes."""
    return struct.unpack("f", struct.pack("f", number))[0]


def plain(value):
    """A value without nulls and without an order of lists: both are left to chance."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return sorted((plain(inner) for inner in value if inner is not None), key=lambda inner: json.dumps(inner, sort_keys=True))
    return single(value) if isinstance(value, float) else value


@pytest.mark.reference
@pytest.mark.parametrize("name, index", [(name, index) for name, frames in FRAMES.items() for index in frames])
def test_documents_are_those_of_the_original(documents, name, index):
    step, key = FRAMES[name][index]
    expected = {row[key]: plain(row) for row in frame(reference("data", "etl", name), step)}
    ours = {}
    for document in documents(name, "--compat")[index]:
        document.pop("auth_resource_path")  # It is added after the last step.
        assert document[key] not in ours, "twice"
        ours[document[key]] = plain(document)
    if only := ONLY_FIELDS.get(index):
        expected, ours = ({id: {field: row[field] for field in row.keys() & only} for id, row in rows.items()}
                          for rows in (expected, ours))
    assert ours.keys() == expected.keys()
    assert expected or index == "midrc_annotation", "there are no annotations in the graph"
    different = [(row.get(field), expected[id].get(field), field, id) for id, row in ours.items() if id not in MOVED
                 for field in row.keys() | expected[id].keys() if row.get(field) != expected[id].get(field)]
    assert different == []


@pytest.mark.reference
def test_the_right_form_differs_only_in_precision_and_in_types_inside_of_sets(documents):
    right, compat = documents("midrc"), documents("midrc", "--compat")

    def same(value):
        if isinstance(value, list):
            return sorted((same(inner) for inner in value), key=str)
        if isinstance(value, dict):
            return {name: same(inner) for name, inner in value.items()}
        return str(single(value)) if isinstance(value, float) else str(value)

    for index in FRAMES["midrc"]:
        assert [same(document) for document in right[index]] == [same(document) for document in compat[index]]
