"""sheepdog's upload cases: tables, nulls, links, export and back, deletion."""

import csv
import io
import json

import pytest

from .study import CHAIN, CSV, TSV, Client, errors_of, messages_of

pytestmark = pytest.mark.reference

MISSING = "00000000-0000-0000-0000-000000000000"
NOT_IN_THE_DICTIONARY = "pathology_report_uuid"


def table_of(text, delimiter="\t"):
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def without(text, column, delimiter="\t"):
    """A table without one column, its names and cells otherwise as they are."""
    rows = [line.split(delimiter) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line.strip()]
    at = rows[0].index(column)
    return "\r".join(delimiter.join(row[:at] + row[at + 1:]) for row in rows)


SAMPLE_FILES = [("samples1.tsv", TSV, "\t"), ("samples1.csv", CSV, ","), ("whitespace.tsv", TSV, "\t")]


@pytest.mark.parametrize("file, kind, delimiter", SAMPLE_FILES)
def test_tables_with_any_line_end_and_blanks_around_cells_are_taken(study, file, kind, delimiter):
    study.up_to("case")
    answer = study.table(without(study.text(file), NOT_IN_THE_DICTIONARY, delimiter), kind, method="post")
    assert answer.status_code == 201, answer.text
    stored = study.entities(*[entity["id"] for entity in answer.json()["entities"]])
    assert {(row["submitter_id"], row["sample_type"], row["longest_dimension"], row["oct_embedded"]) for row in stored} == {
        ("BLGSP-71-06-00001-S1", "Primary Tumor", "0.6", None), ("BLGSP-71-06-00008-S1", "Primary Tumor", "0.5", None)}


@pytest.mark.parametrize("file, kind, delimiter", SAMPLE_FILES)
def test_a_column_that_is_no_property_is_an_error_of_every_row(study, file, kind, delimiter):
    study.up_to("case")
    answer = study.table(study.text(file), kind)
    assert messages_of(answer) == [
        f"Additional properties are not allowed ('{NOT_IN_THE_DICTIONARY}' was unexpected)"] * 2


def test_booleans_in_a_table_may_be_in_capitals(study):
    study.up_to("case")
    answer = study.table(without(study.text("samples1.csv"), NOT_IN_THE_DICTIONARY, ","), CSV)
    assert answer.status_code == 200, answer.text
    assert [row["is_ffpe"] for row in study.entities(*[entity["id"] for entity in answer.json()["entities"]])] == [False] * 2


def test_blank_columns_for_id_and_link_id_are_as_if_they_were_not_there(study):
    case = study.up_to("case")["case"]
    answer = study.table(without(study.text("samples2.tsv"), NOT_IN_THE_DICTIONARY))
    assert answer.status_code == 200, answer.text
    stored = study.entities(answer.json()["entities"][0]["id"])[0]
    assert stored["cases"] == [{"id": case, "submitter_id": "BLGSP-71-06-00019"}]


def test_rows_without_a_type_are_told_and_stop_the_table(study):
    # The original leaves them out without a word.
    study.up_to("case")
    table = without(study.text("samples_invalid.csv"), NOT_IN_THE_DICTIONARY, ",")
    answer = study.table(table.replace("BLGSP-71-06-00008,", "BLGSP-71-06-00019,"), CSV)
    assert [entity["unique_keys"][0]["submitter_id"] for entity in answer.json()["entities"]] == ["BLGSP-71-06-00008-S1"]
    assert answer.status_code == 400 and "Every row needs a node type" in answer.json()["transactional_errors"][0]


def test_a_row_with_a_missing_parent_is_an_invalid_link(study):
    study.up_to("case")
    answer = study.table(without(study.text("samples_invalid.csv"), NOT_IN_THE_DICTIONARY, ","), CSV)
    assert errors_of(answer) == [("INVALID_LINK", ["cases"])]


def test_a_table_of_another_project_is_refused(study):
    study.up_to("case")
    assert ("INVALID_PERMISSIONS", ["project_id"]) in errors_of(study.table(study.text("diagnosis.tsv")))


def test_a_table_without_rows_of_known_types_has_nothing_to_submit(study):
    answer = study.table(study.text("files.tsv"))
    assert answer.status_code == 400
    assert [error.split(":")[0] for error in answer.json()["transactional_errors"]] == ["Nothing to submit"]


@pytest.mark.parametrize("delimiter, kind, separator", [("\t", TSV, ","), (",", CSV, "#")])
def test_one_cell_holds_several_targets(study, delimiter, kind, separator):
    study.with_records("experiment.1", "experiment.2")
    rows = list(csv.reader(io.StringIO(study.text("experimental_metadata.tsv")), delimiter="\t"))[:2]
    table = "\n".join(delimiter.join(row).strip(delimiter) for row in [rows[0][:-1], rows[1]])
    if kind == CSV:
        table = table.replace("-01,BLGSP", "-01#BLGSP")
    answer = study.table(table, kind)
    assert answer.status_code == 200, answer.text
    stored = study.entities(answer.json()["entities"][0]["id"])[0]
    assert {link["submitter_id"] for link in stored["experiments"]} == {"BLGSP-71-experiment-01", "BLGSP-71-experiment-02"}


def test_a_blank_link_cell_keeps_an_optional_link_and_makes_none(study):
    study.with_records("experiment.1", "experiment.2", "experimental_metadata")
    header = "type\tsubmitter_id\tdata_type\tdata_format\tdata_category\tfile_size\tfile_name\tmd5sum\texperiments.submitter_id"
    record = study.record("experimental_metadata")
    cells = [record[key] for key in header.split("\t")[1:-1]]
    answer = study.table("\n".join([header, "\t".join(map(str, ["experimental_metadata", *cells, ""])), ""]))
    assert answer.status_code == 200, answer.text
    assert len(study.entities(answer.json()["entities"][0]["id"])[0]["experiments"]) == 2


def test_numbers_with_a_zero_after_the_point_are_numbers(study):
    study.up_to("sample")
    from_json = study.stored(study.record("aliquot", amount=5.0))[0]
    answer = study.table("type\tsubmitter_id\tsamples.submitter_id\tamount\n"
                         "aliquot\tin-a-table\tBLGSP-71-06-00019s\t5.0")
    assert answer.status_code == 200, answer.text
    stored = study.entities(from_json, answer.json()["entities"][0]["id"])
    assert [record["amount"] for record in stored] == [5, 5]


def test_numbers_with_a_zero_after_the_point_are_no_integers(study):
    study.up_to("aliquot")
    wrong = errors_of(study.put(study.record("read_group", read_length=75.0)))
    assert wrong == [("INVALID_VALUE", ["read_length"])]


def test_an_array_property_comes_back_from_json_and_from_a_table(study):
    study.up_to("experiment.1")
    from_json = study.stored(study.record("case"))[0]
    answer = study.table("type\tsubmitter_id\texperiments.submitter_id\tconsent_codes\n"
                         "case\tin-a-table\tBLGSP-71-experiment-01\tcode1,code2")
    assert answer.status_code == 200, answer.text
    stored = study.entities(from_json, answer.json()["entities"][0]["id"])
    assert [record["consent_codes"] for record in stored] == [["code1", "code2"]] * 2


@pytest.mark.parametrize("null", [None, ""])
def test_an_optional_property_is_set_to_null_by_null_and_by_a_blank_cell(study, null):
    study.up_to("case")
    sample = study.stored(study.record("sample", oct_embedded="true"))[0]
    if null is None:
        answer = study.put(study.record("sample", oct_embedded=None))
    else:
        answer = study.table("type\tsubmitter_id\tcases.submitter_id\toct_embedded\tsample_type\n"
                             "sample\tBLGSP-71-06-00019s\tBLGSP-71-06-00019\t\tBlood Derived Normal")
    assert answer.status_code == 200, answer.text
    stored = study.entities(sample)[0]
    assert (stored["oct_embedded"], stored["sample_type"]) == (None, "Blood Derived Normal")


def test_an_optional_enum_is_set_to_null(study):
    study.up_to("case")
    sample = study.stored(study.record("sample"))[0]
    assert study.put(study.record("sample", sample_type=None)).status_code == 200
    assert study.entities(sample)[0]["sample_type"] is None


def test_a_required_property_is_not_set_to_null(study):
    study.up_to("diagnosis")
    answer = study.put(study.record("diagnosis", vital_status=None))
    assert [keys for _, keys in errors_of(answer)] == [["vital_status"]]


def test_a_property_that_is_not_given_stays(study):
    study.up_to("case")
    sample = study.stored(study.record("sample", days_to_collection=7))[0]
    assert study.put(study.record("sample")).status_code == 200
    assert study.entities(sample)[0]["days_to_collection"] == 7


def test_an_optional_link_is_cleared_by_null(study):
    ids = study.up_to("diagnosis")
    link = {"submitter_id": study.record("diagnosis")["submitter_id"]}
    assert study.put(study.record("sample", diagnoses=link)).status_code == 200
    assert [target["id"] for target in study.entities(ids["sample"])[0]["diagnoses"]] == [ids["diagnosis"]]
    assert study.put(study.record("sample", diagnoses=None)).status_code == 200
    assert "diagnoses" not in study.entities(ids["sample"])[0]


def test_a_required_link_is_not_cleared_by_null(study):
    ids = study.up_to("sample")
    answer = study.put(study.record("sample", cases=None))
    assert answer.status_code == 400
    assert [target["id"] for target in study.entities(ids["sample"])[0]["cases"]] == [ids["case"]]


def test_a_record_does_not_move_to_a_second_parent(study):
    study.up_to("sample")
    study.stored({**study.record("case"), "submitter_id": "second"})
    answer = study.put(study.record("sample", cases={"submitter_id": "second"}))
    assert messages_of(answer) == ["'cases' link has to be many_to_one"]


def test_links_and_records_are_found_whatever_the_case_of_the_submitter_id(study):
    ids = study.up_to("sample")
    sample = study.record("sample", submitter_id="blgsp-71-06-00019S", cases={"submitter_id": "blgsp-71-06-00019"})
    answer = study.put(sample)
    assert answer.status_code == 200, answer.text
    assert [(entity["action"], entity["id"]) for entity in answer.json()["entities"]] == [("update", ids["sample"])]
    assert study.entities(ids["sample"])[0]["cases"] == [{"id": ids["case"], "submitter_id": "BLGSP-71-06-00019"}]


def test_what_is_exported_in_tsv_can_be_submitted_again(study):
    study.up_to("treatment")
    study.stored([study.record("sample", oct_embedded=None), study.record("diagnosis", tumor_grade="G1")])
    for node in ("experiment", "case", "sample", "aliquot", "demographic", "diagnosis", "exposure", "treatment"):
        exported = study.export(node_label=node, format="tsv").text
        answer = study.table(exported)
        assert (node, answer.status_code, answer.json()["updated_entity_count"]) == (node, 200, 1), answer.text
        assert study.export(node_label=node, format="tsv").text == exported


def test_an_export_in_tsv_has_the_properties_and_then_the_links(study):
    ids = study.up_to("aliquot")
    answer = study.export(node_label="aliquot", format="tsv")
    rows = table_of(answer.text)
    assert answer.headers["Content-Disposition"] == "attachment; filename=aliquot.tsv"
    assert list(rows[0])[:4] == ["type", "id", "project_id", "submitter_id"]
    assert list(rows[0])[-2:] == ["samples.id", "samples.submitter_id"]
    assert {key: value for key, value in rows[0].items() if value} == {
        "type": "aliquot", "id": ids["aliquot"], "project_id": study.project_id, "concentration": "0.07",
        "submitter_id": "BLGSP-71-06-00019-01A-11D", "source_center": "23",
        "samples.id": ids["sample"], "samples.submitter_id": "BLGSP-71-06-00019s"}


def test_an_export_in_json_is_a_list_of_records_under_data(study):
    ids = study.up_to("aliquot")
    assert study.export(node_label="aliquot", format="json").json() == {"data": [{
        "project_id": study.project_id, "submitter_id": "BLGSP-71-06-00019-01A-11D", "concentration": 0.07,
        "source_center": "23", "samples": [{"node_id": ids["sample"], "submitter_id": "BLGSP-71-06-00019s"}],
        "id": ids["aliquot"], "type": "aliquot"}]}


def test_an_export_without_ids_has_none(study):
    study.up_to("aliquot")
    rows = table_of(study.export(node_label="aliquot", format="tsv", without_id="true").text)
    assert {"id", "samples.id"} & set(rows[0]) == set()


def test_records_are_exported_by_id(study):
    ids = study.up_to("sample")
    rows = table_of(study.export(ids=ids["sample"], format="tsv").text)
    records = study.export(ids=ids["sample"], format="json").json()
    assert [(row["id"], row["cases.submitter_id"]) for row in rows] == [(ids["sample"], "BLGSP-71-06-00019")]
    assert [(record["id"], record["submitter_id"]) for record in records] == [(ids["sample"], "BLGSP-71-06-00019s")]


@pytest.mark.parametrize("letters", ["äöü ß", "日本語", "🧬", "a b  c", "'quoted' \"twice\""])
def test_any_letters_survive_submission_and_export(study, letters):
    study.stored(study.record("experiment.1", data_description=letters))
    exported = study.export(node_label="experiment", format="tsv").text
    assert study.table(exported).status_code == 200
    assert study.export(node_label="experiment", format="json").json()["data"][0]["data_description"] == letters


def test_a_leaf_is_deleted(study):
    ids = study.up_to("aliquot")
    answer = study.client.delete(f"{study.path}/entities/{ids['aliquot']}")
    assert answer.status_code == 200
    assert (answer.json()["message"], answer.json()["deleted_entity_count"]) == ("Successfully deleted 1 entities", 1)
    assert study.counts("aliquot", "sample") == {"aliquot": 0, "sample": 1}


def test_a_parent_is_not_deleted_before_its_children(study):
    ids = study.up_to("aliquot")
    answer = study.client.delete(f"{study.path}/entities/{ids['sample']}")
    error = answer.json()["entities"][0]["errors"][0]
    assert (answer.status_code, error["type"]) == (400, "INVALID_LINK")
    assert error["dependents"] == [{"id": ids["aliquot"], "type": "aliquot"}]
    assert study.counts("sample") == {"sample": 1}


def test_a_parent_is_deleted_together_with_its_children(study):
    ids = study.up_to("aliquot")
    answer = study.client.delete(f"{study.path}/entities/{ids['sample']},{ids['aliquot']}")
    assert (answer.status_code, answer.json()["deleted_entity_count"]) == (200, 2)


def test_a_deletion_may_be_tried_and_then_committed(study):
    ids = study.up_to("aliquot")
    dry = study.client.delete(f"{study.path}/entities/_dry_run/{ids['aliquot']}").json()
    assert (dry["message"], study.counts("aliquot")) == ("Dry run successful. Would have deleted 1 entities", {"aliquot": 1})
    assert study.client.put(f"{study.path}/transactions/{dry['transaction_id']}/commit").status_code == 200
    assert study.counts("aliquot") == {"aliquot": 0}


def test_an_unknown_record_is_not_deleted(study):
    answer = study.client.delete(f"{study.path}/entities/{MISSING}")
    assert answer.status_code == 400
    assert answer.json()["entities"][0]["errors"] == [
        {"id": MISSING, "keys": ["id"], "message": "Entity not found.", "type": "NOT_FOUND"}]


def test_a_record_of_another_project_is_not_deleted(study, other):
    stored = other.up_to("experiment.1")["experiment.1"]
    assert errors_of(study.client.delete(f"{study.path}/entities/{stored}")) == [("NOT_FOUND", ["id"])]


@pytest.mark.parametrize("user, status", [(None, 401), ("nobody", 403), ("creator", 403), ("writer", 200)])
def test_records_are_deleted_by_those_with_the_right_to(users, study, user, status):
    stored = study.up_to("experiment.1")["experiment.1"]
    assert users[user].delete(f"{study.path}/entities/{stored}").status_code == status


@pytest.mark.parametrize("mark, status", [("true", 200), ("false", 200), ("perhaps", 400)])
def test_a_record_is_marked_for_deletion_and_stays(study, mark, status):
    stored = study.up_to("experiment.1")["experiment.1"]
    path = study.path.replace("/submission/", "/submission/admin/")
    assert study.client.delete(f"{path}/entities/{stored}/to_delete/{mark}").status_code == status
    assert study.counts("experiment") == {"experiment": 1}


def test_a_reviewed_project_is_submitted_and_then_released(study):
    study.up_to("experiment.1")
    for transition, status in (("release", 400), ("submit", 400), ("review", 200), ("submit", 200), ("release", 200)):
        answer = study.client.put(f"{study.path}/{transition}")
        assert answer.status_code == status, f"{transition}: {answer.text}"


@pytest.mark.parametrize("path", ["/xml/biospecimen/bcr", "/xml/clinical/bcr"])
def test_what_the_original_cannot_do_is_not_implemented(commons, study, path):
    # Asked of the service itself: the gateway shows every failure of a service as 500.
    sheepdog = Client(commons.services["sheepdog"], commons.token("admin"))
    assert sheepdog.put(f"{study.path.removeprefix('/api')}{path}", data="<x/>").status_code == 501


def test_documents_in_bulk_are_one_transaction(study):
    documents = [{"name": name, "doc_format": "json", "doc": json.dumps(study.record(name))} for name in CHAIN[:4]]
    answer = study.put(documents, path="/bulk")
    assert (answer.status_code, answer.json()["message"]) == (200, "Bulk Transaction succeeded.")
    assert [one["name"] for one in answer.json()["subtransactions"]] == list(CHAIN[:4])
    assert study.counts("experiment", "case", "sample", "aliquot") == {
        "experiment": 1, "case": 1, "sample": 1, "aliquot": 1}


def test_documents_in_bulk_of_another_dictionary_are_refused_as_a_whole(study):
    answer = study.put(study.record("bulk1"), path="/bulk")
    assert (answer.status_code, answer.json()["message"]) == (400, "Bulk Transaction failed.")
    assert answer.json()["document_error_count"] == 9
    assert study.counts("case") == {"case": 0}


def test_what_is_no_list_of_documents_is_refused(study):
    assert study.put(study.record("case"), path="/bulk").status_code == 400
