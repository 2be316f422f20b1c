use dictionary::Severity;
use serde_json::{Value, json};

use crate::mini::{Files, changed, files, without};

/// A mini dictionary that breaks no rule.
fn good() -> Files {
    let mut files = files();
    let definitions = files["_definitions.yaml"].as_object_mut().expect("an object");
    definitions.shift_remove("unused");
    files
}

fn messages(files: &Files) -> Vec<String> {
    dictionary::check(files)
        .into_iter()
        .map(|problem| format!("{}: {}", problem.file, problem.message))
        .collect()
}

fn with(file: &str, pointer: &str, change: Value) -> Vec<String> {
    let mut files = changed(file, pointer, change);
    files["_definitions.yaml"].as_object_mut().expect("an object").shift_remove("unused");
    messages(&files)
}

fn missing(file: &str, pointer: &str) -> Vec<String> {
    let mut files = without(file, pointer);
    files["_definitions.yaml"].as_object_mut().expect("an object").shift_remove("unused");
    messages(&files)
}

#[test]
fn a_good_dictionary_has_no_problem() {
    assert_eq!(messages(&good()), Vec::<String>::new());
}

#[test]
fn a_definition_that_leads_nowhere_is_a_problem_even_when_unused() {
    let expected = "_definitions.yaml: the reference _terms.yaml#/nowhere leads nowhere";
    assert_eq!(messages(&files()), [expected]);
}

#[test]
fn what_does_not_load_is_reported() {
    assert_eq!(missing("case.yaml", "/title"), ["case.yaml: title is missing"]);
}

#[test]
fn keys_that_the_metaschema_wants_are_missed() {
    for key in ["category", "program", "project", "uniqueKeys", "links", "validators", "systemProperties"] {
        let found = missing("program.yaml", &format!("/{key}"));
        assert!(found.contains(&format!("program.yaml: {key} is missing")), "{found:?}");
    }
}

#[test]
fn each_rule_finds_its_breach() {
    let cases = [
        ("case.yaml", "/uniqueKeys", json!([["project_id"]]), "the first unique key is not [id]"),
        ("case.yaml", "/uniqueKeys", json!([["id"], ["nope"]]), "the unique key nope is not a property"),
        (
            "case.yaml",
            "/required",
            json!(["type", "submitter_id", "projects", "nope"]),
            "nope is required, but no property",
        ),
        ("case.yaml", "/properties/2nd", json!({}), "the property 2nd has an unusable name"),
        ("case.yaml", "/properties/a-b", json!({}), "the property a-b has an unusable name"),
        ("case.yaml", "/properties/sex/type", json!("string"), "sex has both enum and type"),
        ("case.yaml", "/properties/sex/enum", json!([true]), "sex has enum values that are not strings"),
        ("case.yaml", "/properties/sites", json!({"type": "array"}), "sites is an array without items"),
        ("case.yaml", "/links/0/extra", json!(1), "a link cannot have the key extra"),
        ("scan.yaml", "/links/0/name", json!("either"), "a subgroup cannot have the key name"),
        ("case.yaml", "/links/0/label", json!("mem-ber"), "the label mem-ber of a link has an unusable form"),
        ("case.yaml", "/links/0/name", json!("homes"), "the link homes is not a property"),
        (
            "case.yaml",
            "/properties/projects",
            json!({"type": "string"}),
            "the link projects has no anyOf/0/items/properties",
        ),
        (
            "case.yaml",
            "/properties/projects",
            json!({"anyOf": [{"items": {"properties": {"nope": {}}}}]}),
            "the link projects names nope, which project lacks",
        ),
        (
            "case.yaml",
            "/required",
            json!(["type", "projects"]),
            "case (category clinical) does not require submitter_id",
        ),
        ("scan.yaml", "/properties/file_size/type", json!("number"), "file_size is not an integer"),
        (
            "scan.yaml",
            "/required",
            json!(["type", "submitter_id", "data_format", "data_type"]),
            "scan (category data_file) does not require data_category",
        ),
        (
            "program.yaml",
            "/required",
            json!([]),
            "program (category administrative) does not require dbgap_accession_number",
        ),
    ];
    for (file, pointer, change, expected) in cases {
        assert_eq!(with(file, pointer, change), [format!("{file}: {expected}")], "{pointer}");
    }
}

#[test]
fn properties_that_a_category_needs_are_missed() {
    let found = missing("scan.yaml", "/properties/object_id");
    assert_eq!(found, ["scan.yaml: scan (category data_file) lacks the property object_id"]);
    let found = missing("project.yaml", "/properties/availability_type");
    assert_eq!(
        found,
        ["project.yaml: project (category administrative) lacks the property availability_type"]
    );
}

#[test]
fn the_id_is_the_name_of_the_file() {
    let mut files = good();
    let case = files.shift_remove("case.yaml").expect("it is there");
    files.insert("Case.yaml".to_owned(), case);
    assert_eq!(messages(&files), ["Case.yaml: the id case differs from the file's name"]);
}

#[test]
fn program_and_project_must_be_there() {
    let mut files = good();
    for file in ["project.yaml", "case.yaml", "scan.yaml"] {
        files.shift_remove(file);
    }
    assert_eq!(messages(&files), [": there is no node type project"]);
}

#[test]
fn types_whose_tables_would_be_the_same_are_found() {
    let mut files = good();
    let mut twin = files["case.yaml"].clone();
    twin["id"] = json!("ca_se");
    twin["links"][0]["backref"] = json!("twins");
    files.insert("ca_se.yaml".to_owned(), twin);
    let found = messages(&files);
    assert!(found.contains(&"ca_se.yaml: ca_se and case would share a table".to_owned()), "{found:?}");
}

#[test]
fn types_of_which_no_record_can_be_submitted_are_found() {
    let found = with("scan.yaml", "/links", json!([]));
    assert_eq!(found, ["scan.yaml: no record of scan can be submitted: its links never lead to a program"]);
    let own = json!([{
        "name": "parents", "backref": "children", "label": "of", "target_type": "scan",
        "multiplicity": "many_to_one", "required": true,
    }]);
    assert_eq!(with("scan.yaml", "/links", own), found);
}

#[test]
fn names_that_cannot_be_queried_are_told() {
    let text = json!({"type": "string"});
    let cases = [
        (
            "/properties/first",
            text.clone(),
            "the property first cannot be filtered: queries have an argument of that name",
        ),
        (
            "/properties/__x",
            text.clone(),
            "the property __x cannot be queried: such names belong to GraphQL itself",
        ),
        (
            "/properties/_projects_count",
            text.clone(),
            "the property _projects_count is hidden in queries by the link or backref projects",
        ),
        (
            "/properties/cases_scans",
            text,
            "the property cases_scans is hidden in queries by the link or backref cases_scans",
        ),
    ];
    for (pointer, change, expected) in cases {
        assert_eq!(with("case.yaml", pointer, change), [format!("case.yaml: {expected}")], "{pointer}");
    }
    for (id, expected) in [
        ("node", "lists of node cannot be queried: the field node is about all types"),
        ("viewer", "the type viewer cannot be queried: GraphQL has another meaning for its name"),
    ] {
        let mut files = good();
        let mut scan = files.shift_remove("scan.yaml").expect("it is there");
        scan["id"] = json!(id);
        scan["properties"]["type"] = json!({"enum": [id]});
        scan["links"][0]["subgroup"][1]["subgroup"][1]["target_type"] = json!(id);
        files.insert(format!("{id}.yaml"), scan);
        assert_eq!(messages(&files), [format!("{id}.yaml: {expected}")]);
    }
}

#[test]
fn only_what_keeps_a_dictionary_from_loading_is_an_error() {
    let severities = |files: &Files| -> Vec<Severity> {
        dictionary::check(files).iter().map(|problem| problem.severity).collect()
    };
    assert_eq!(severities(&files()), [Severity::Warning], "an unused definition that leads nowhere");
    let mut broken = changed("case.yaml", "/links/0/target_type", json!("nowhere"));
    broken["scan.yaml"]["properties"]["x"] = json!({"$ref": "_definitions.yaml#/nowhere"});
    assert_eq!(severities(&broken), [Severity::Error, Severity::Error, Severity::Warning]);
    assert!(dictionary::Dictionary::from_files(broken).is_err());
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_folder_is_told_in_one_round() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut all = good();
    all["case.yaml"]["links"][0]["multiplicity"] = json!("many");
    all["project.yaml"]["properties"]["x"] = json!({"type": "strin"});
    let mut texts: Vec<(String, String)> =
        all.iter().map(|(name, file)| (name.clone(), file.to_string())).collect();
    texts.push(("broken.yaml".to_owned(), "id: [broken".to_owned()));
    texts.push((
        "twice.yaml".to_owned(),
        "id: twice\ntitle: a\ntitle: b\nlinks: [{target_type: nowhere}]\n".to_owned(),
    ));
    for (name, text) in &texts {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    let sources = dictionary::read(&folder.path().display().to_string()).await.expect("it reads");
    let problems = dictionary::check_sources(&sources);
    let told = |file: &str, part: &str| {
        problems.iter().any(|problem| problem.file == file && problem.to_string().contains(part))
    };
    assert!(told("broken.yaml", "Correct the YAML"), "{problems:?}");
    assert!(told("case.yaml", "the multiplicity \"many\" is unknown"), "{problems:?}");
    assert!(told("project.yaml", "it is not a JSON schema"), "{problems:?}");
    assert!(
        told("twice.yaml", "/title: title stands twice (lines 2 and 3); the first is lost"),
        "{problems:?}"
    );
    assert!(told("twice.yaml", "properties are missing"), "{problems:?}");
    assert!(
        !problems.iter().any(|problem| problem.message.contains("unknown target_type case")),
        "{problems:?}"
    );
}
