"""peregrine's transaction-log cases: what was submitted, by whom, with what result."""

import ast
import json

import pytest

from .study import PROGRAM

pytestmark = pytest.mark.reference


@pytest.fixture
def logs(study):
    """The logs of the study that these arguments choose, in the order of their ids."""
    def ask(fields, arguments="", client=None):
        query = '{ transaction_log(project_id: "%s", first: 0, order_by_asc: "id" %s) { %s } }'
        return (client or study.client).data(query % (study.project_id, arguments, fields))["transaction_log"]
    return ask


@pytest.fixture
def some(study):
    """Ids of transactions: a creation, an update, a dry run, a failure, a failed dry run, a deletion, a closed dry run."""
    entity = study.post(study.record("experiment.1")).json()
    answers = {
        "create": entity,
        "update": study.put(study.record("experiment.1", data_description="x")).json(),
        "dry": study.post(study.record("experiment.2"), path="/_dry_run").json(),
        "failed": study.put({"type": "experiment", "submitter_id": "none", "flavour": 1}).json(),
        "dry-failed": study.put({"type": "experiment", "flavour": 1}, path="/_dry_run").json(),
        "delete": study.client.delete(f"{study.path}/entities/{entity['entities'][0]['id']}").json(),
        "closed": study.put(study.record("experiment.2"), path="/_dry_run").json(),
    }
    ids = {name: answer["transaction_id"] for name, answer in answers.items()}
    assert study.client.put(f"{study.path}/transactions/{ids['closed']}/close").status_code == 200
    return ids


def of_entities(some, rows):
    """The names of the transactions with these rows, without the project's own."""
    names = {str(number): name for name, number in some.items()}
    return [names[row["id"]] for row in rows if row["id"] in names]


def test_a_log_tells_who_submitted_what_where(some, logs, study):
    fields = "id is_dry_run closed committed_by state type submitter role program project project_id"
    ours = [row for row in logs(fields) if row["id"] == str(some["create"])]
    assert ours == [{
        "id": str(some["create"]), "is_dry_run": False, "closed": False, "committed_by": None, "state": "SUCCEEDED",
        "type": "upload", "submitter": "admin", "role": "create", "program": PROGRAM, "project": study.code,
        "project_id": study.project_id}]


def test_the_submitter_is_the_user_of_the_token(users, logs, study):
    done = study.of(users["writer"]).put(study.record("experiment.1")).json()
    assert logs("submitter", f', id: {done["transaction_id"]}') == [{"submitter": "writer"}]


@pytest.mark.parametrize("name, state, role, type_", [
    ("create", "SUCCEEDED", "create", "upload"), ("update", "SUCCEEDED", "update", "upload"),
    ("dry", "SUCCEEDED", "create", "upload"), ("failed", "FAILED", "update", "upload"),
    ("dry-failed", "FAILED", "update", "upload"), ("delete", "SUCCEEDED", "delete", "delete")])
def test_state_and_role_are_those_of_the_transaction(some, logs, name, state, role, type_):
    assert logs("state role type", f", id: {some[name]}") == [{"state": state, "role": role, "type": type_}]


@pytest.mark.parametrize("argument, found", [
    ("is_dry_run: true", {"dry", "dry-failed", "closed"}),
    ("is_dry_run: false", {"create", "update", "failed", "delete"}),
    ("closed: true", {"closed"}),
    ("closed: false", {"create", "update", "dry", "failed", "dry-failed", "delete"}),
    ("committable: true", {"dry"}),
    ("committable: false", {"create", "update", "failed", "dry-failed", "delete", "closed"}),
    ('state: "FAILED"', {"failed", "dry-failed"}),
    ('state: "SUCCEEDED"', {"create", "update", "dry", "delete", "closed"}),
    ('type: "delete"', {"delete"}),
    ('type: "upload"', {"create", "update", "dry", "failed", "dry-failed", "closed"}),
    ('state: "FAILED", is_dry_run: true', {"dry-failed"}),
])
def test_logs_are_found_by_their_state(some, logs, argument, found):
    assert set(of_entities(some, logs("id", f", {argument}"))) == found


def test_logs_are_found_by_id_and_by_quick_search(some, logs):
    assert of_entities(some, logs("id", f", id: {some['dry']}")) == ["dry"]
    assert of_entities(some, logs("id", f', quick_search: "{some["dry"]}"')) == ["dry"]


def test_a_quick_search_for_no_number_finds_nothing(some, logs):
    assert logs("id", ', quick_search: "experiment"') == []


def test_logs_are_found_by_project_and_program(some, study):
    data = study.client.data('{ here: transaction_log(project: "%s", first: 0) { project_id } '
                             'there: transaction_log(project: "NOPE") { id } '
                             'program: _transaction_log_count(program: "NOPE") }' % study.code)
    assert {row["project_id"] for row in data["here"]} == {study.project_id}
    assert (data["there"], data["program"]) == ([], 0)


def test_logs_are_counted(some, logs, study):
    data = study.client.data('{ all: _transaction_log_count(project_id: "%s") dry: _transaction_log_count('
                             'project_id: "%s", is_dry_run: true) }' % ((study.project_id,) * 2))
    assert data == {"all": len(logs("id")), "dry": 3}


def test_logs_are_ordered_and_paged(some, study):
    query = '{ transaction_log(project_id: "%s", order_by_%s: "id", first: 2, offset: 1) { id } }'
    every = [str(number) for number in sorted(some.values())]
    down = study.client.data(query % (study.project_id, "desc"))["transaction_log"]
    assert [row["id"] for row in down] == every[::-1][1:3]


def test_the_last_logs_are_the_newest(some, study):
    data = study.client.data('{ transaction_log(project_id: "%s", last: 2) { id } }' % study.project_id)
    newest = sorted(some.values(), reverse=True)[:2]
    assert [row["id"] for row in data["transaction_log"]] == [str(number) for number in newest]


def test_a_commit_is_named_in_the_log_of_its_dry_run(some, logs, study):
    done = study.client.put(f"{study.path}/transactions/{some['dry']}/commit").json()
    assert logs("committed_by state is_dry_run", f", id: {some['dry']}") == [
        {"committed_by": str(done["transaction_id"]), "state": "SUCCEEDED", "is_dry_run": True}]
    assert logs("is_dry_run", f', committed_by: {done["transaction_id"]}') == [{"is_dry_run": True}]
    assert logs("id", ", committable: true") == []


def test_snapshots_have_the_properties_before_and_after(some, logs):
    fields = "snapshots { transaction_id action old_props new_props }"
    snapshots = logs(fields, f", id: {some['update']}")[0]["snapshots"]
    assert [(one["transaction_id"], one["action"]) for one in snapshots] == [(some["update"], "update")]
    old, new = ast.literal_eval(snapshots[0]["old_props"]), ast.literal_eval(snapshots[0]["new_props"])
    assert (old["submitter_id"], old.get("data_description")) == ("BLGSP-71-experiment-01", None)
    assert (new["submitter_id"], new["data_description"]) == ("BLGSP-71-experiment-01", "x")


def test_creation_and_deletion_have_a_snapshot_each(some, logs):
    actions = [[one["action"] for one in logs("snapshots { action }", f", id: {some[name]}")[0]["snapshots"]]
               for name in ("create", "delete", "dry", "failed")]
    assert actions[:2] == [["create"], ["delete"]]
    assert actions[3] == []


def test_the_document_of_a_log_is_what_was_submitted(some, logs, study):
    document = logs("documents { doc_format doc doc_size name }", f", id: {some['create']}")[0]["documents"]
    assert len(document) == 1
    assert (document[0]["doc_format"], json.loads(document[0]["doc"])) == ("json", study.record("experiment.1"))
    assert document[0]["doc_size"] == len(document[0]["doc"])


def test_the_response_of_a_log_is_what_was_answered(some, logs):
    fields = """documents { response_json response { transaction_id success code message created_entity_count
        entity_error_count entities { valid action type id unique_keys errors { keys type message } } } }"""
    document = logs(fields, f", id: {some['create']}")[0]["documents"][0]
    answered = json.loads(document["response_json"])
    entity = answered["entities"][0]
    assert document["response"] == {
        "transaction_id": str(some["create"]), "success": True, "code": 201, "message": "Transaction successful.",
        "created_entity_count": 1, "entity_error_count": 0, "entities": [{
            "valid": True, "action": "create", "type": "experiment", "id": entity["id"], "errors": [],
            "unique_keys": document["response"]["entities"][0]["unique_keys"]}]}
    assert json.loads(document["response"]["entities"][0]["unique_keys"]) == entity["unique_keys"]


def test_the_errors_of_a_failed_submission_are_in_its_log(some, logs):
    fields = "documents { response { success code entity_error_count entities { valid errors { type keys message } } } }"
    response = logs(fields, f", id: {some['failed']}")[0]["documents"][0]["response"]
    assert (response["success"], response["code"], response["entity_error_count"]) == (False, 400, 1)
    assert {"type": "ERROR", "keys": [], "message": "Additional properties are not allowed ('flavour' was unexpected)"} in (
        response["entities"][0]["errors"])


def test_the_dependents_that_stop_a_deletion_are_in_its_log(logs, study):
    ids = study.up_to("case")
    refused = study.client.delete(f"{study.path}/entities/{ids['experiment.1']}").json()
    fields = "documents { response { entities { errors { type dependents { id type } } } } }"
    response = logs(fields, f', id: {refused["transaction_id"]}')[0]["documents"][0]["response"]
    assert response["entities"][0]["errors"] == [
        {"type": "INVALID_LINK", "dependents": [{"id": ids["case"], "type": "case"}]}]


def test_canonical_json_is_what_a_commit_would_submit(some, logs, study):
    text = logs("canonical_json", f", id: {some['dry']}")[0]["canonical_json"]
    assert [record["submitter_id"] for record in ast.literal_eval(text)] == ["BLGSP-71-experiment-02"]


def test_related_cases_are_there_and_empty(some, logs):
    fields = "documents { response { entities { related_cases { id submitter_id } } } }"
    assert logs(fields, f", id: {some['create']}")[0]["documents"][0]["response"]["entities"] == [{"related_cases": []}]


def test_a_record_has_the_logs_of_what_was_done_to_it(some, logs, study):
    study.put(study.record("experiment.2"))
    study.put(study.record("experiment.2"))
    row = study.client.data('{ experiment(project_id: "%s") { _transaction_logs { role } _transaction_logs_count } }'
                            % study.project_id)["experiment"][0]
    assert row == {"_transaction_logs": [{"role": "update"}] * 2, "_transaction_logs_count": 2}


def test_logs_are_found_by_the_record_that_they_touched(some, logs):
    document = logs("documents { response_json }", f", id: {some['create']}")[0]["documents"][0]
    record = json.loads(document["response_json"])["entities"][0]["id"]
    assert of_entities(some, logs("id", f', entities: ["{record}"]')) == ["create", "update", "delete"]


@pytest.mark.parametrize("user", ["nobody", "reader", "creator"])
def test_logs_of_a_project_are_for_those_who_may_read_it(users, some, logs, user):
    assert logs("id", client=users[user]) == []


def test_logs_of_a_bad_order_are_still_logs(some, study):
    data = study.client.data('{ transaction_log(project_id: "%s", order_by_asc: "flavour", first: 0) { id } }' % study.project_id)
    assert len(data["transaction_log"]) >= len(some)
