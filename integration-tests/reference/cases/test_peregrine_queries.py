"""peregrine's query cases: filters, paths, links, counts, order, access."""

import pytest

from .conftest import made_project
from .study import CHAIN, PROGRAM, SUBMISSION, Client

pytestmark = pytest.mark.reference

CASES = [f"case-{number:02}" for number in range(12)]
SAMPLES = {"blood-1": "Blood Derived Normal", "blood-2": "Blood Derived Normal", "tumour-1": "Primary Tumor"}


@pytest.fixture(scope="module")
def loaded(admin):
    """The chain of records in BLGSP, twelve more cases, three more samples, two of them of one case."""
    study = made_project(admin, "BLGSP")
    study.ids = {**study.with_records("experiment.1", "experiment.2"), **study.with_records(*CHAIN[1:])}
    second = {"submitter_id": "BLGSP-71-experiment-02"}
    study.ids |= zip(CASES, study.stored([
        {"type": "case", "submitter_id": case, "experiments": second, "consent_codes": ["code2", f"own{case[-1]}"]}
        for case in CASES]))
    samples = [{"type": "sample", "submitter_id": name, "sample_type": kind, "cases": {"submitter_id": case},
                "is_ffpe": name == "tumour-1", "days_to_collection": days, "current_weight": days + 0.5}
               for (name, kind), case, days in zip(SAMPLES.items(), [CASES[0], CASES[0], CASES[1]], (7, 30, 100))]
    study.ids |= zip(SAMPLES, study.stored(samples))
    return study


@pytest.fixture(scope="module")
def hidden(admin):
    """The chain of records in a second project, which `reader` may not read."""
    study = made_project(admin, "HIDDEN")
    study.ids = study.with_records(*CHAIN)
    return study


@pytest.fixture
def ask(loaded):
    """Data of a query in which `HERE` stands for the filter on the loaded project."""
    here = f'project_id: "{loaded.project_id}"'
    return lambda query, variables=None: loaded.client.data(query.replace("HERE", here), variables)


def names(rows):
    return [row["submitter_id"] for row in rows]


def test_a_query_without_a_token_is_401(users, admin):
    answer = users[None].graphql("{ case { id } }")
    assert answer.status_code == 401
    assert list(answer.json()) == ["message"]


@pytest.mark.parametrize("token", ["garbage", "a.b.c", ""])
def test_a_query_with_a_broken_token_is_refused(admin, token):
    assert Client(admin.url, token or " ").graphql("{ case { id } }").status_code == 401


def test_those_without_rights_see_nothing_and_no_error(users, loaded):
    for user in ("nobody", "creator"):
        assert users[user].data("{ case { id } _case_count project { code } }") == {
            "case": [], "_case_count": 0, "project": []}


def test_a_reader_sees_the_projects_of_his_own_at_every_level(users, loaded, hidden):
    data = users["reader"].data("""{ project(first: 0) { code } _experiment_count
        program { name projects(first: 0) { code } _projects_count } experiment(first: 0) { project_id } }""")
    assert data == {
        "project": [{"code": "BLGSP"}], "_experiment_count": 2,
        "program": [{"name": PROGRAM, "projects": [{"code": "BLGSP"}], "_projects_count": 1}],
        "experiment": [{"project_id": loaded.project_id}] * 2}


def test_a_filter_on_a_project_that_is_not_readable_finds_nothing(users, hidden):
    query = '{ case(project_id: "%s") { id } _case_count(project_id: "%s") }' % ((hidden.project_id,) * 2)
    assert users["reader"].data(query) == {"case": [], "_case_count": 0}


def test_an_open_project_is_everybodys(admin, users):
    made_project(admin, "OPEN", availability_type="Open").up_to("experiment.1")
    assert users["nobody"].data("{ experiment { project_id } project { code } }") == {
        "experiment": [{"project_id": "CGCI-OPEN"}], "project": [{"code": "OPEN"}]}


def test_every_property_of_a_record_comes_back_as_it_was_submitted(loaded):
    for name in ("aliquot", "read_group", "diagnosis", "submitted_unaligned_reads"):
        record = loaded.record(name)
        fields = [key for key in record if not isinstance(record[key], dict)]
        rows = loaded.client.data('{ %s(id: "%s") { %s } }' % (record["type"], loaded.ids[name], " ".join(fields)))
        assert rows == {record["type"]: [{key: record[key] for key in fields}]}


def test_fields_of_every_node_are_those_of_the_record(loaded, ask):
    row = ask("{ case(HERE, submitter_id: \"BLGSP-71-06-00019\") { id type project_id consent_codes } }")["case"]
    assert row == [{"id": loaded.ids["case"], "type": "case", "project_id": loaded.project_id,
                    "consent_codes": ["code1", "code2"]}]


def test_a_list_has_ten_rows_unless_told_otherwise(ask):
    data = ask("{ ten: case(HERE) { id } three: case(HERE, first: 3) { id } all: case(HERE, first: 0) { id } }")
    assert {name: len(rows) for name, rows in data.items()} == {"ten": 10, "three": 3, "all": 13}


def test_linked_lists_have_ten_rows_too(ask):
    data = ask('{ experiment(HERE, submitter_id: "BLGSP-71-experiment-02") { ten: cases { id } all: cases(first: 0) { id } } }')
    assert [len(data["experiment"][0][name]) for name in ("ten", "all")] == [10, 12]


def test_an_offset_leaves_out_the_first_rows(ask):
    data = ask('{ case(HERE, order_by_asc: "submitter_id", first: 3, offset: 2) { submitter_id } }')
    assert names(data["case"]) == [CASES[number] for number in (1, 2, 3)]


def test_pages_are_a_partition(ask):
    pages = [ask("{ case(HERE, first: 5, offset: %d) { id } }" % offset)["case"] for offset in (0, 5, 10)]
    ids = [row["id"] for page in pages for row in page]
    assert ([len(page) for page in pages], len(set(ids))) == ([5, 5, 3], 13)


def test_rows_are_ordered_in_both_directions(ask):
    data = ask('{ up: sample(HERE, order_by_asc: "submitter_id") { submitter_id } '
               'down: sample(HERE, order_by_desc: "submitter_id") { submitter_id } }')
    assert names(data["up"]) == sorted(names(data["up"])) == names(data["down"])[::-1]


def test_numbers_are_ordered_as_numbers(ask):
    data = ask('{ sample(HERE, is_ffpe: [true, false], not: [{submitter_id: "BLGSP-71-06-00019s"}], '
               'order_by_desc: "days_to_collection") { days_to_collection } }')
    assert [row["days_to_collection"] for row in data["sample"]] == [100, 30, 7]


def test_an_order_by_an_unknown_property_is_an_error(loaded):
    assert loaded.client.errors('{ case(order_by_asc: "flavour") { id } }') == ["Cannot order by flavour on case"]


@pytest.mark.parametrize("argument, found", [
    ('submitter_id: "blood-1"', ["blood-1"]),
    ('submitter_id: ["blood-1", "tumour-1"]', ["blood-1", "tumour-1"]),
    ('submitter_id: "BLOOD-1"', []),
    ('sample_type: "Primary Tumor"', ["tumour-1"]),
    ('is_ffpe: true', ["tumour-1"]),
    ('days_to_collection: 7', ["blood-1"]),
    ('current_weight: 30.5', ["blood-2"]),
    ('days_to_collection: [7, 100]', ["blood-1", "tumour-1"]),
    ('sample_type: "Primary Tumor", is_ffpe: false', []),
    ('not: [{sample_type: "Primary Tumor"}]', ["BLGSP-71-06-00019s", "blood-1", "blood-2"]),
    ('not: [{sample_type: "Primary Tumor"}, {submitter_id: "blood-1"}]', ["BLGSP-71-06-00019s", "blood-2"]),
    ('quick_search: "lood"', ["blood-1", "blood-2"]),
    ('quick_search: "LOOD-2"', ["blood-2"]),
    ('sample_type: []', []),
])
def test_samples_are_found_by_their_properties(ask, argument, found):
    data = ask("{ sample(HERE, first: 0, %s) { submitter_id } _sample_count(HERE, %s) }" % (argument, argument))
    assert (sorted(names(data["sample"])), data["_sample_count"]) == (found, len(found))


def test_records_are_found_by_id_by_ids_and_by_a_part_of_an_id(loaded, ask):
    one, two = loaded.ids["blood-1"], loaded.ids["blood-2"]
    data = ask('{ id: sample(id: "%s") { id } ids: sample(ids: ["%s", "%s"]) { id } quick: sample(quick_search: "%s") { id } }'
               % (one, one, two, one[3:30]))
    assert {name: {row["id"] for row in rows} for name, rows in data.items()} == {
        "id": {one}, "ids": {one, two}, "quick": {one}}


@pytest.mark.parametrize("codes, found", [
    ('["code1"]', ["BLGSP-71-06-00019"]), ('"own3"', [CASES[3]]), ('["code2", "own3"]', [CASES[3]]),
    ('["code1", "own3"]', [])])
def test_a_list_property_is_found_when_it_has_all_of_the_values(ask, codes, found):
    assert names(ask("{ case(HERE, consent_codes: %s) { submitter_id } }" % codes)["case"]) == found


@pytest.mark.parametrize("argument", ["consent_codes: []", "with_links: []", "not: []", "with_path_to: []"])
def test_an_empty_list_is_no_filter(ask, argument):
    assert ask("{ _case_count(HERE, %s) }" % argument) == {"_case_count": 13}


@pytest.mark.parametrize("field", ["created", "updated"])
def test_records_are_found_by_their_times(ask, field):
    data = ask("""{ late: _case_count(HERE, %(f)s_after: "2001-01-01") none: _case_count(HERE, %(f)s_after: "2999-01-01")
        early: _case_count(HERE, %(f)s_before: "2999-01-01T00:00:00") }""" % {"f": field})
    assert data == {"late": 13, "none": 0, "early": 13}


@pytest.mark.parametrize("argument, count", [
    ('with_links: ["samples"]', 3), ('with_links: ["samples", "diagnoses"]', 1), ('without_links: ["samples"]', 10),
    ('with_links_any: ["samples"]', 3), ('without_links: ["samples", "diagnoses"]', 10)])
def test_records_are_found_by_having_links(ask, argument, count):
    data = ask("{ _case_count(HERE, %s) case(HERE, first: 0, %s) { id } }" % (argument, argument))
    assert (data["_case_count"], len(data["case"])) == (count, count)


def test_any_of_several_links_finds_each_record_once_in_a_list(ask):
    rows = ask('{ case(HERE, first: 0, with_links_any: ["samples", "diagnoses"]) { id } }')["case"]
    assert len(rows) == len({row["id"] for row in rows}) == 3


def test_an_unknown_link_is_an_error(loaded):
    assert loaded.client.errors('{ case(with_links: ["flavours"]) { id } }') == ["Invalid link name 'flavours'"]


@pytest.mark.parametrize("argument, count", [
    ('with_path_to: {type: "sample"}', 3),
    ('with_path_to: {type: "sample", submitter_id: "tumour-1"}', 1),
    ('with_path_to: {type: "read_group"}', 1),
    ('with_path_to: [{type: "sample"}, {type: "aliquot"}]', 1),
    ('with_path_to: [{type: "sample", submitter_id: "blood-1"}, {type: "sample", submitter_id: "blood-2"}]', 1),
    ('with_path_to: [{type: "sample", submitter_id: "blood-1"}, {type: "sample", submitter_id: "tumour-1"}]', 0),
    ('with_path_to_any: [{type: "sample", submitter_id: "blood-1"}, {type: "sample", submitter_id: "tumour-1"}]', 2),
    ('without_path_to: {type: "sample"}', 10),
    ('without_path_to: {type: "experiment", submitter_id: "BLGSP-71-experiment-02"}', 1),
    ('with_path_to: {type: "nothing known"}', 0),
])
def test_cases_are_found_by_what_paths_lead_to(ask, argument, count):
    data = ask("{ _case_count(HERE, %s) case(HERE, first: 0, %s) { id } }" % (argument, argument))
    assert (data["_case_count"], len({row["id"] for row in data["case"]}), len(data["case"])) == (count,) * 3


def test_paths_lead_both_ways_between_experiment_and_read_group(loaded, ask):
    data = ask("""{ experiment(HERE, with_path_to: {type: "read_group"}) { submitter_id }
        read_group(HERE, with_path_to: {type: "case", submitter_id: "BLGSP-71-06-00019"}) { submitter_id } }""")
    assert data == {"experiment": [{"submitter_id": "BLGSP-71-experiment-01"}],
                    "read_group": [{"submitter_id": "test-readgroup-1"}]}


def test_a_path_by_id_leads_to_that_record_alone(loaded, ask):
    data = ask('{ case(with_path_to: {type: "sample", id: "%s"}) { submitter_id } }' % loaded.ids["tumour-1"])
    assert names(data["case"]) == [CASES[1]]


def test_a_path_needs_a_type(loaded):
    answer = loaded.client.graphql("{ case(with_path_to: {id: \"x\"}) { id } }")
    assert answer.status_code == 400


def test_the_tree_of_a_case_is_followed_by_its_links_and_back(ask):
    data = ask("""{ case(HERE, submitter_id: "BLGSP-71-06-00019") { experiments { submitter_id projects { code } }
        samples { submitter_id aliquots { submitter_id read_groups { submitted_unaligned_reads_files { file_name } } } }
        diagnoses { treatments { submitter_id } cases { submitter_id } } } }""")
    prefix = "E9EDB78B-6897-4205-B9AA-0CEF8AAB5A1F"
    assert data == {"case": [{
        "experiments": [{"submitter_id": "BLGSP-71-experiment-01", "projects": [{"code": "BLGSP"}]}],
        "samples": [{"submitter_id": "BLGSP-71-06-00019s", "aliquots": [{
            "submitter_id": "BLGSP-71-06-00019-01A-11D",
            "read_groups": [{"submitted_unaligned_reads_files": [{"file_name": "C500.CGCI-file1.bam"}]}]}]}],
        "diagnoses": [{"treatments": [{"submitter_id": f"{prefix}_treatment"}],
                       "cases": [{"submitter_id": "BLGSP-71-06-00019"}]}]}]}


def test_fragments_give_what_the_written_out_query_gives(ask):
    plain = ask('{ case(HERE, order_by_asc: "id") { id samples { id submitter_id aliquots { id } } } }')
    parts = ask("""query { case(HERE, order_by_asc: "id") { id samples { ...sampleParts } } }
        fragment sampleParts on sample { id submitter_id aliquots { ...aliquotParts } } fragment aliquotParts on aliquot { id }""")
    assert parts == plain


def test_neighbours_of_any_type_are_in_links(ask):
    data = ask('{ sample(HERE, submitter_id: "BLGSP-71-06-00019s") { _links { type submitter_id } } }')
    assert sorted(tuple(link.values()) for link in data["sample"][0]["_links"]) == [
        ("aliquot", "BLGSP-71-06-00019-01A-11D"), ("case", "BLGSP-71-06-00019")]


def test_counts_of_links_follow_the_links(ask):
    data = ask('{ case(HERE, submitter_id: "%s") { _samples_count _diagnoses_count '
               'blood: _samples_count(submitter_id: "blood-2") } }' % CASES[0])
    assert data["case"] == [{"_samples_count": 2, "_diagnoses_count": 0, "blood": 1}]


def test_counts_at_the_root_are_of_all_rows(ask):
    assert ask("{ _case_count(HERE) few: _case_count(HERE, first: 2) _sample_count(HERE) _slide_count(HERE) }") == {
        "_case_count": 13, "few": 13, "_sample_count": 4, "_slide_count": 0}


def test_a_project_is_found_by_its_project_id(ask):
    assert ask('{ project(project_id: "CGCI-BLGSP") { code project_id programs { name } } }') == {
        "project": [{"code": "BLGSP", "project_id": "CGCI-BLGSP", "programs": [{"name": PROGRAM}]}]}


def test_nodes_of_any_type_are_one_list(loaded, ask):
    data = ask('{ node(project_id: "CGCI-BLGSP", first: 0, of_type: ["aliquot", "read_group"]) { id type submitter_id } }')
    assert sorted(data["node"], key=lambda row: row["type"]) == [
        {"id": loaded.ids["aliquot"], "type": "aliquot", "submitter_id": "BLGSP-71-06-00019-01A-11D"},
        {"id": loaded.ids["read_group"], "type": "read_group", "submitter_id": "test-readgroup-1"}]


def test_nodes_of_a_category_have_types_of_that_category(ask):
    data = ask('{ node(project_id: "CGCI-BLGSP", first: 0, category: "clinical") { type } }')
    assert sorted(row["type"] for row in data["node"]) == ["demographic", "diagnosis", "exposure", "treatment"]


@pytest.mark.parametrize("of_type", ["query { node(id: $id) { id ...parts } } fragment parts on aliquot { source_center }",
                                     "{ node(id: $id) { id ... on aliquot { source_center } } }"])
def test_fields_of_a_type_are_read_from_a_node_by_fragments(loaded, ask, of_type):
    data = ask(of_type.replace("$id", f'"{loaded.ids["aliquot"]}"'))
    assert data == {"node": [{"id": loaded.ids["aliquot"], "source_center": "23"}]}


def test_files_of_any_type_are_data_nodes(loaded, ask):
    data = ask('{ datanode(file_name: "C500.CGCI-file1.bam", project_id: "CGCI-BLGSP") { id type file_size data_format } }')
    assert data == {"datanode": [{"id": loaded.ids["submitted_unaligned_reads"], "type": "submitted_unaligned_reads",
                                  "file_size": 5962718282, "data_format": "BAM"}]}


def test_the_viewer_has_the_fields_of_the_root(ask):
    data = ask("{ viewer { _case_count(HERE) sample(HERE, submitter_id: \"blood-1\") { submitter_id } } }")
    assert data == {"viewer": {"_case_count": 13, "sample": [{"submitter_id": "blood-1"}]}}


def test_node_types_tell_the_dictionary(ask):
    data = ask('{ _node_type(first: -1) { id } one: _node_type(id: "aliquot") { id category title } }')
    assert {"case", "sample", "project", "program"} <= {row["id"] for row in data["_node_type"]}
    assert data["one"] == [{"id": "aliquot", "category": "biospecimen", "title": "Aliquot"}]


def test_aliases_name_the_answers(ask):
    data = ask('{ a: sample(HERE, submitter_id: "blood-1") { name: submitter_id } b: _sample_count(HERE) }')
    assert data == {"a": [{"name": "blood-1"}], "b": 4}


@pytest.mark.parametrize("wrapped", [False, True])
def test_variables_are_an_object_or_its_text(ask, wrapped):
    variables = '{"name": "blood-1"}' if wrapped else {"name": "blood-1"}
    data = ask("query Q($name: [String]) { sample(HERE, submitter_id: $name) { submitter_id } }", variables)
    assert names(data["sample"]) == ["blood-1"]


def test_unreadable_variables_are_an_error(loaded):
    answer = loaded.client.graphql("{ case { id } }", "{broken")
    assert (answer.status_code, answer.json()["errors"][0]) == (400, "Unable to parse variables")


@pytest.mark.parametrize("query, error", [
    ("{ case { flavour } }", 'Cannot query field "flavour" on type "case".'),
    ('{ case(flavour: 1) { id } }', 'Unknown argument "flavour" on field "case" of type "Root".'),
    ("{ nodes @properties }", 'Cannot query field "nodes" on type "Root". Did you mean "node"?'),
])
def test_what_the_schema_does_not_have_is_an_error(loaded, query, error):
    assert error in loaded.client.errors(query)


def test_a_query_must_be_there(loaded):
    answer = loaded.client.post(f"{SUBMISSION}/graphql", json={})
    assert (answer.status_code, answer.json()["errors"]) == (400, ["The query must be a string"])


def test_the_published_schema_is_that_of_the_introspection_without_a_token(users, loaded):
    answer = users[None].get(f"{SUBMISSION}/getschema")
    types = {one["name"] for one in answer.json()["data"]["__schema"]["types"]}
    asked = loaded.client.data("{ __schema { types { name } queryType { name } mutationType { name } } }")["__schema"]
    assert types == {one["name"] for one in asked["types"]}
    assert (asked["queryType"], asked["mutationType"]) == ({"name": "Root"}, None)
