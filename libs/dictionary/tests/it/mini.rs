//! A small dictionary to change and to break.

use dictionary::{Dictionary, LoadError, Problem};
use indexmap::IndexMap;
use serde_json::{Value, json};

pub(crate) type Files = IndexMap<String, Value>;

/// Program, project, case and a file with links of every kind.
pub(crate) fn files() -> Files {
    let files = [
        ("_definitions.yaml", definitions()),
        ("_terms.yaml", json!({"weight": {"description": "How heavy it is."}})),
        ("_settings.yaml", json!({"enable_case_cache": false, "_dict_version": "1.0"})),
        ("program.yaml", program()),
        ("project.yaml", project()),
        ("case.yaml", case()),
        ("scan.yaml", scan()),
    ];
    files.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub(crate) fn dictionary() -> Dictionary {
    Dictionary::from_files(files()).expect("the mini dictionary loads")
}

/// The mini dictionary with `change` made at `pointer` of `file`.
pub(crate) fn changed(file: &str, pointer: &str, change: Value) -> Files {
    let mut files = files();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let parent = files[file].pointer_mut(parent).expect("the parent is there");
    match parent {
        Value::Array(items) => items[key.parse::<usize>().expect("an index")] = change,
        object => object[key] = change,
    }
    files
}

pub(crate) fn without(file: &str, pointer: &str) -> Files {
    let mut files = files();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let parent = files[file].pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
    parent.shift_remove(key).expect("it was there");
    files
}

/// The problems of a dictionary that does not load.
pub(crate) fn problems(files: Files) -> Vec<Problem> {
    match Dictionary::from_files(files) {
        Err(LoadError::Invalid(problems)) => problems,
        other => panic!("expected problems, got {other:?}"),
    }
}

pub(crate) fn only_problem(files: Files) -> String {
    let problems = problems(files);
    assert_eq!(problems.len(), 1, "{problems:?}");
    format!("{} {} {}", problems[0].file, problems[0].path, problems[0].message)
}

fn definitions() -> Value {
    let key = json!({
        "type": "object",
        "additionalProperties": true,
        "properties": {"id": {"$ref": "#/UUID"}, "submitter_id": {"type": "string"}},
    });
    json!({
        "id": "_definitions",
        "UUID": {
            "type": "string",
            "pattern": "^[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$",
        },
        "datetime": {"oneOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
        "foreign_key": key,
        "to_one": {
            "anyOf": [{"type": "array", "items": {"$ref": "#/foreign_key"}}, {"$ref": "#/foreign_key"}],
        },
        "common": {
            "id": {"$ref": "#/UUID"},
            "submitter_id": {"type": "string"},
            "project_id": {"type": "string"},
            "state": {"enum": ["validated", "submitted"], "default": "validated"},
            "created_datetime": {"$ref": "#/datetime"},
            "updated_datetime": {"$ref": "#/datetime"},
        },
        "unused": {"$ref": "_terms.yaml#/nowhere"},
        "also_unused": {"$ref": "#/UUID"},
    })
}

fn program() -> Value {
    json!({
        "id": "program", "title": "Program", "type": "object", "category": "administrative",
        "program": "*", "project": "*", "validators": null, "systemProperties": ["id"],
        "additionalProperties": false, "links": [],
        "required": ["name", "dbgap_accession_number"], "uniqueKeys": [["id"], ["name"]],
        "properties": {
            "id": {"$ref": "_definitions.yaml#/UUID"}, "type": {"type": "string"},
            "name": {"type": "string"}, "dbgap_accession_number": {"type": "string"},
        },
    })
}

fn project() -> Value {
    json!({
        "id": "project", "title": "Project", "type": "object", "category": "administrative",
        "program": "*", "project": "*", "validators": null, "systemProperties": ["id", "state"],
        "additionalProperties": false,
        "links": [{
            "name": "programs", "backref": "projects", "label": "member of", "target_type": "program",
            "multiplicity": "many_to_one", "required": true,
        }],
        "required": ["code", "dbgap_accession_number", "programs"], "uniqueKeys": [["id"], ["code"]],
        "properties": {
            "id": {"$ref": "_definitions.yaml#/UUID"}, "type": {"type": "string"},
            "code": {"type": "string"}, "dbgap_accession_number": {"type": "string"},
            "availability_type": {"enum": ["Open", "Restricted"]},
            "submitter_id": {"type": "string"},
            "state": {"enum": ["open", "review"], "default": "open"},
            "programs": {"$ref": "_definitions.yaml#/to_one"},
        },
    })
}

fn case() -> Value {
    json!({
        "id": "case", "title": "Case", "type": "object", "category": "clinical",
        "program": "*", "project": "*", "validators": [], "systemProperties": ["id", "project_id", "state"],
        "additionalProperties": false,
        "links": [{
            "name": "projects", "backref": "cases", "label": "member_of", "target_type": "project",
            "multiplicity": "many_to_one", "required": true,
        }],
        "required": ["submitter_id", "type", "projects"],
        "uniqueKeys": [["id"], ["project_id", "submitter_id"]],
        "properties": {
            "$ref": "_definitions.yaml#/common",
            "type": {"enum": ["case"]},
            "age": {"type": "integer", "minimum": 0, "maximum": 90},
            "weight": {"term": {"$ref": "_terms.yaml#/weight"}, "type": ["number", "string"]},
            "smoker": {"type": "boolean"},
            "sites": {"type": "array", "items": {"type": "string"}},
            "sex": {"enum": ["Female", "Male"]},
            "visited": {"$ref": "_definitions.yaml#/datetime"},
            "step_2": {"type": "string", "pattern": "^[a-z]+$"},
            "projects": {"$ref": "_definitions.yaml#/to_one"},
        },
    })
}

fn scan() -> Value {
    let link = |name: &str, target: &str, multiplicity: &str| {
        json!({
            "name": name, "backref": format!("{name}_scans"), "label": "data_from", "target_type": target,
            "multiplicity": multiplicity, "required": false,
        })
    };
    json!({
        "id": "scan", "title": "Scan", "type": "object", "category": "data_file",
        "program": "*", "project": "*", "validators": null,
        "systemProperties": ["id", "project_id", "state"], "additionalProperties": false,
        "links": [{
            "exclusive": false, "required": true,
            "subgroup": [
                link("cases", "case", "one_to_many"),
                {"exclusive": true, "required": false, "subgroup": [
                    link("core_metadata_collections", "project", "many_to_many"),
                    link("parents", "scan", "one_to_one"),
                ]},
            ],
        }],
        "required": ["submitter_id", "type", "data_category", "data_format", "data_type"],
        "uniqueKeys": [["id"], ["project_id", "submitter_id"]],
        "properties": {
            "$ref": "_definitions.yaml#/common",
            "type": {"enum": ["scan"]},
            "object_id": {"type": "string"}, "file_size": {"type": "integer"},
            "data_category": {"type": "string"}, "data_format": {"type": "string"},
            "data_type": {"type": "string"},
            "cases": {"$ref": "_definitions.yaml#/to_one"},
            "core_metadata_collections": {"$ref": "_definitions.yaml#/to_one"},
            "parents": {"$ref": "_definitions.yaml#/to_one"},
        },
    })
}
