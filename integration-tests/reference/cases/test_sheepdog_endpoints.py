"""sheepdog's endpoint cases: programs, projects, records, deletion, export, transactions."""

import pytest

from .conftest import made_project
from .study import CHAIN, PHS_PROGRAM, PHS_PROJECT, PROGRAM, SUBMISSION, errors_of, messages_of

pytestmark = pytest.mark.reference

MISSING = "00000000-0000-0000-0000-000000000000"



def test_the_ids_of_program_and_project_follow_from_their_names(admin):
    program = admin.put(f"{SUBMISSION}/", json={"type": "program", "name": PROGRAM, "dbgap_accession_number": PHS_PROGRAM})
    project = admin.put(f"{SUBMISSION}/{PROGRAM}", json={
        "type": "project", "code": "BLGSP", "name": "Lymphoma", "dbgap_accession_number": PHS_PROJECT})
    assert program.json() == {
        "id": "d339a424-ad52-5351-a499-493973249414", "name": "CGCI", "message": "Program is updated!"}
    assert project.json()["entities"][0]["id"] == "daa208a7-f57a-562c-a04a-7a7c77542c98"


def test_programs_are_listed_once_created(admin):
    before = admin.get(f"{SUBMISSION}/").json()["links"]
    made = admin.put(f"{SUBMISSION}/", json={"type": "program", "name": "OTHERS", "dbgap_accession_number": "phs1"})
    assert (made.status_code, made.json()["message"]) == (200, "Program registered.")
    assert sorted(admin.get(f"{SUBMISSION}/").json()["links"]) == sorted([*before, "/v0/submission/OTHERS"])


@pytest.mark.parametrize("user, status", [(None, 401), ("nobody", 403), ("writer", 403)])
def test_only_administrators_of_programs_create_programs(admin, users, user, status):
    answer = users[user].put(f"{SUBMISSION}/", json={"type": "program", "name": "REFUSED", "dbgap_accession_number": "phs2"})
    assert answer.status_code == status
    assert "/v0/submission/REFUSED" not in admin.get(f"{SUBMISSION}/").json()["links"]


def test_the_answer_to_a_new_project_is_a_transaction_of_one_entity(admin, codes):
    code = next(codes)
    answer = admin.put(f"{SUBMISSION}/{PROGRAM}", json={
        "code": code, "name": "A study", "dbgap_accession_number": PHS_PROJECT})
    body = answer.json()
    entity = body["entities"][0]
    assert answer.status_code == 200
    assert body == {
        "code": 200, "success": True, "message": "Transaction successful.", "transaction_id": body["transaction_id"],
        "created_entity_count": 1, "updated_entity_count": 0, "entity_error_count": 0,
        "transactional_error_count": 0, "transactional_errors": [], "entities": [{
            "action": "create", "errors": [], "warnings": [], "valid": True, "type": "project",
            "id": entity["id"], "unique_keys": [{"code": code}]}]}
    assert f"/v0/submission/{PROGRAM}/{code}" in admin.get(f"{SUBMISSION}/{PROGRAM}").json()["links"]


def test_a_property_that_projects_do_not_have_is_refused(admin, study):
    body = {**study.record("project"), "code": "REFUSED"}
    answer = admin.put(f"{SUBMISSION}/{PROGRAM}", json=body)
    assert answer.status_code == 400
    assert "has no property disease_type" in answer.json()["message"]


@pytest.mark.parametrize("user, status", [(None, 401), ("nobody", 403), ("writer", 403)])
def test_only_administrators_of_projects_create_projects(admin, users, user, status):
    answer = users[user].put(f"{SUBMISSION}/{PROGRAM}", json={
        "code": "REFUSED", "name": "x", "dbgap_accession_number": PHS_PROJECT})
    assert answer.status_code == status
    assert f"/v0/submission/{PROGRAM}/REFUSED" not in admin.get(f"{SUBMISSION}/{PROGRAM}").json()["links"]


def test_a_project_of_an_unknown_program_is_404(admin):
    answer = admin.put(f"{SUBMISSION}/NOPE", json={"code": "x", "name": "x", "dbgap_accession_number": "phs3"})
    assert answer.status_code == 404


def test_a_project_needs_an_accession_number(admin):
    answer = admin.put(f"{SUBMISSION}/{PROGRAM}", json={"code": "REFUSED", "name": "x"})
    assert (answer.status_code, answer.json()) == (400, {"message": "No dbgap_accession_number specified."})


def test_an_empty_project_can_be_deleted(admin, study):
    assert admin.delete(study.path).status_code == 204
    assert f"/v0/submission/{PROGRAM}/{study.code}" not in admin.get(f"{SUBMISSION}/{PROGRAM}").json()["links"]


def test_a_project_with_records_is_not_deleted(admin, study):
    study.up_to("experiment.1")
    assert admin.delete(study.path).status_code == 400
    assert study.counts("experiment") == {"experiment": 1}


def test_only_administrators_of_projects_delete_projects(users, study):
    assert users["writer"].delete(study.path).status_code == 403


def test_a_program_with_projects_is_not_deleted(admin, study):
    assert admin.delete(f"{SUBMISSION}/{PROGRAM}").status_code == 400
    assert f"/v0/submission/{PROGRAM}" in admin.get(f"{SUBMISSION}/").json()["links"]


def test_every_record_of_the_chain_is_created_by_post(study):
    for name in CHAIN:
        answer = study.post(study.record(name))
        assert (name, answer.status_code, answer.json()["created_entity_count"]) == (name, 201, 1)


def test_every_record_of_the_chain_is_created_by_put_and_then_updated(study):
    created = [study.put(study.record(name)).json() for name in CHAIN]
    updated = [study.put(study.record(name)).json() for name in CHAIN]
    assert [(body["created_entity_count"], body["updated_entity_count"]) for body in created] == [(1, 0)] * len(CHAIN)
    assert [(body["created_entity_count"], body["updated_entity_count"]) for body in updated] == [(0, 1)] * len(CHAIN)
    assert [body["entities"][0]["id"] for body in created] == [body["entities"][0]["id"] for body in updated]


def test_the_chain_is_created_in_one_request_in_any_order(study):
    answer = study.post([study.record(name) for name in reversed(CHAIN)])
    assert (answer.status_code, answer.json()["created_entity_count"]) == (201, len(CHAIN))


def test_a_second_post_of_a_record_is_refused_and_changes_nothing(study):
    stored = study.up_to("experiment.1")["experiment.1"]
    answer = study.post(study.record("experiment.1", data_description="changed"))
    keys = {"project_id": study.project_id, "submitter_id": "BLGSP-71-experiment-01"}
    assert messages_of(answer) == [f"experiment with {keys} already exists in the DB"]
    assert study.entities(stored)[0]["data_description"] is None


def test_a_record_twice_in_one_request_is_not_unique(study):
    answer = study.post([study.record("experiment.1"), study.record("experiment.1")])
    keys = (study.project_id, "BLGSP-71-experiment-01")
    assert answer.status_code == 400
    assert answer.json()["transactional_errors"] == [{"message": f"Entity is not unique, ({keys},)", "type": "NOT_UNIQUE"}]


@pytest.mark.parametrize("user, status", [(None, 401), ("nobody", 403), ("reader", 403)])
def test_records_are_created_by_those_with_the_right_to(users, study, user, status):
    assert study.of(users[user]).post(study.record("experiment.1")).status_code == status
    assert study.counts("experiment") == {"experiment": 0}


def test_the_right_to_create_is_enough_for_post_but_not_for_put(users, study):
    creator = study.of(users["creator"])
    assert creator.post(study.record("experiment.1")).status_code == 201
    assert creator.put(study.record("experiment.2")).status_code == 403


def test_a_record_whose_parent_is_missing_is_an_invalid_link(study):
    study.up_to("aliquot")
    answer = study.put(study.record("read_group_invalid"))
    assert errors_of(answer) == [("INVALID_LINK", ["aliquots"])]


def test_a_file_without_its_hash_misses_a_property(study):
    study.up_to("read_group")
    answer = study.put(study.record("submitted_unaligned_reads_invalid"))
    assert messages_of(answer) == ["'md5sum' is a required property"]
    assert errors_of(answer) == [("MISSING_PROPERTY", [])]  # No key: names with digits have none in these answers.


def test_a_record_of_an_unknown_type_is_a_transactional_error(study):
    answer = study.put(study.record("file"))
    assert answer.status_code == 400
    assert {"message": 'Unable to parse entity. Details: [400] - Node type "file" not found in dictionary'} in [
        {"message": error["message"]} for error in answer.json()["transactional_errors"] if isinstance(error, dict)]


def test_each_kind_of_wrong_value_has_its_type_and_keys(study):
    study.up_to("case")
    sample = study.record("sample")
    wrong = [
        {**sample, "submitter_id": "1", "is_ffpe": 7},
        {**sample, "submitter_id": "2", "sample_type": "Lemonade"},
        {**sample, "submitter_id": "3", "flavour": "sour"},
        {key: value for key, value in sample.items() if key != "submitter_id"},
    ]
    assert errors_of(study.put(wrong)) == [
        ("INVALID_VALUE", ["is_ffpe"]), ("ERROR", ["sample_type"]), ("ERROR", []), ("MISSING_PROPERTY", ["submitter_id"])]


def test_one_wrong_record_stops_all_and_leaves_the_others_marked_valid(study):
    study.up_to("experiment.1")
    answer = study.put([study.record("case"), {"type": "case", "submitter_id": "no experiment"}])
    assert [entity["valid"] for entity in answer.json()["entities"]] == [True, False]
    assert study.counts("case") == {"case": 0}


@pytest.mark.parametrize("body", ["{", "[1,", "'type'", "", "{'type': 'case'}"])
def test_what_is_no_json_is_refused_with_a_message(study, body):
    answer = study.client.put(study.path, data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Unable to parse json")


def test_a_record_that_names_another_project_is_refused(study):
    answer = study.put(study.record("experiment.1", project_id="CGCI-ELSEWHERE"))
    assert errors_of(answer) == [("INVALID_PERMISSIONS", ["project_id"])]


def test_a_record_is_not_linked_to_another_project(study, other):
    elsewhere = other.up_to("experiment.1")["experiment.1"]
    answer = study.put(study.record("case", experiments={"id": elsewhere}))
    assert [kind for kind, _ in errors_of(answer)] == ["INVALID_LINK"]


def test_a_records_project_is_that_of_the_address(study, other):
    answer = study.put({**study.record("experiment.1"), "projects": {"code": other.code}})
    assert [kind for kind, _ in errors_of(answer)] == ["INVALID_PERMISSIONS"]


def test_a_dry_run_answers_as_if_and_stores_nothing(study):
    answer = study.put(study.record("experiment.1"), path="/_dry_run")
    body = answer.json()
    assert (answer.status_code, body["success"], body["created_entity_count"]) == (200, True, 1)
    assert study.counts("experiment") == {"experiment": 0}


def test_a_failed_dry_run_is_still_200(study):
    answer = study.put(study.record("case"), path="/_dry_run")
    assert (answer.status_code, answer.json()["success"], answer.json()["code"]) == (200, False, 200)


def test_a_dry_run_can_be_committed_once(study):
    dry = study.put(study.record("experiment.1"), path="/_dry_run").json()["transaction_id"]
    first = study.client.put(f"{study.path}/transactions/{dry}/commit")
    second = study.client.put(f"{study.path}/transactions/{dry}/commit")
    assert (first.status_code, first.json()["created_entity_count"]) == (200, 1)
    assert second.status_code == 400
    assert str(first.json()["transaction_id"]) in second.json()["message"]
    assert study.counts("experiment") == {"experiment": 1}


def test_a_closed_dry_run_cannot_be_committed(study):
    dry = study.put(study.record("experiment.1"), path="/_dry_run").json()["transaction_id"]
    closed = study.client.put(f"{study.path}/transactions/{dry}/close")
    assert closed.json() == {"code": 200, "message": "Closed transaction.", "transaction_id": dry}
    assert study.client.put(f"{study.path}/transactions/{dry}/commit").json() == {
        "message": "Unable to commit closed transaction log."}


def test_an_update_moves_the_time_of_update_alone(study):
    stored = study.up_to("experiment.1")["experiment.1"]
    before = study.entities(stored)[0]
    study.put(study.record("experiment.1", data_description="changed"))
    after = study.entities(stored)[0]
    assert after["created_datetime"] == before["created_datetime"]
    assert after["updated_datetime"] > before["updated_datetime"]


def test_times_in_a_record_are_not_taken(study):
    when = "1999-01-01T00:00:00.000000+00:00"
    stored = study.stored(study.record("experiment.1", created_datetime=when, updated_datetime=when))[0]
    record = study.entities(stored)[0]
    assert when not in (record["created_datetime"], record["updated_datetime"])


def test_a_record_read_by_id_has_all_its_properties_and_links(study):
    ids = study.up_to("aliquot")
    record = study.entities(ids["aliquot"])[0]
    times = {key: record[key] for key in ("created_datetime", "updated_datetime")}
    assert record == {
        "aliquot_quantity": None, "aliquot_volume": None, "amount": None, "analyte_type": None, "analyte_type_id": None,
        "concentration": 0.07, "source_center": "23", "id": ids["aliquot"], "type": "aliquot", "state": "validated",
        "submitter_id": "BLGSP-71-06-00019-01A-11D", "project_id": study.project_id, **times,
        "samples": [{"id": ids["sample"], "submitter_id": "BLGSP-71-06-00019s"}]}


def test_an_unknown_id_is_not_found(study):
    answer = study.client.get(f"{study.path}/entities/{MISSING}")
    assert (answer.status_code, answer.json()) == (400, {"message": f"Not found: {MISSING}"})


def test_records_are_read_by_those_with_the_right_to(users, study):
    stored = study.up_to("experiment.1")["experiment.1"]
    assert [users[user].get(f"{study.path}/entities/{stored}").status_code for user in ("writer", "nobody", None)] == [
        200, 403, 401]


def test_a_state_transition_of_the_project_closes_it_for_records(study):
    moved = study.client.put(f"{study.path}/review")
    refused = study.put(study.record("experiment.1"))
    assert (moved.status_code, moved.json()["message"]) == (200, "Successfully transitioned project state to 'review'")
    assert refused.status_code == 400
    assert refused.json()["message"].startswith("Project is in state 'review', which prevents ")
    assert study.client.put(f"{study.path}/open").status_code == 200
    assert study.put(study.record("experiment.1")).status_code == 200


def test_the_dictionary_is_the_same_at_the_top_and_in_a_project(admin, study):
    top, inner = admin.get(f"{SUBMISSION}/_dictionary").json(), admin.get(f"{study.path}/_dictionary").json()
    ends = [[link.rpartition("/")[2] for link in links["links"]] for links in (top, inner)]
    assert ends[0] == ends[1]
    assert {"case", "program", "submitted_unaligned_reads", "_all"} <= set(ends[0])


@pytest.mark.parametrize("entry", ["aliquot", "_definitions", "_terms", "_all"])
def test_an_entry_of_the_dictionary_is_the_same_for_everybody(users, study, entry):
    shown = users[None].get(f"{SUBMISSION}/_dictionary/{entry}")
    assert shown.status_code == 200
    assert users["admin"].get(f"{study.path}/_dictionary/{entry}").json() == shown.json()


def test_an_unknown_entry_of_the_dictionary_is_404(users, admin):
    assert users[None].get(f"{SUBMISSION}/_dictionary/nope").status_code == 404


def test_a_submission_in_the_background_is_a_transaction_to_wait_for(study):
    answer = study.put(study.record("experiment.1"), params={"async": "true"})
    assert (answer.status_code, answer.json()) == (200, {
        "code": 200, "message": "Transaction submitted.", "transaction_id": answer.json()["transaction_id"]})


def test_a_manifest_lists_the_files_with_their_path(study):
    ids = study.up_to("submitted_unaligned_reads")
    answer = study.client.get(f"{study.path}/manifest", params={"ids": ids["submitted_unaligned_reads"]})
    assert answer.status_code == 200
    assert "local_file_path: C500.CGCI-file1.bam" in answer.text


def test_a_manifest_of_something_else_is_refused(study):
    stored = study.up_to("case")["case"]
    answer = study.client.get(f"{study.path}/manifest", params={"ids": stored})
    assert (answer.status_code, answer.json()) == (400, {"message": f"case {stored} is not a data file."})


def test_two_projects_may_hold_the_same_submitter_ids(study, other):
    ids = [one.up_to("case")["case"] for one in (study, other)]
    assert len(set(ids)) == 2
    assert (study.counts("case"), other.counts("case")) == ({"case": 1}, {"case": 1})
