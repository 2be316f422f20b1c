//! Files that are written are read again as they were, and what is no PFB is told precisely.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bad_files;
mod dictionaries;
mod round_trip;

use dictionary::Dictionary;
use indexmap::IndexMap;
use serde_json::{Value, json};

/// A dictionary with a property of every kind.
fn dictionary() -> Dictionary {
    let node = |id: &str, category: &str, properties: Value, links: Value| {
        json!({
            "id": id, "title": id, "type": "object", "namespace": "http://example.org", "category": category,
            "program": "*", "project": "*", "description": id, "additionalProperties": false,
            "submittable": true, "validators": null, "systemProperties": [], "links": links,
            "required": [], "uniqueKeys": [["id"], ["project_id", "submitter_id"]], "properties": properties,
        })
    };
    let text = json!({ "type": "string" });
    let heads = json!({ "type": text, "id": text, "name": text, "dbgap_accession_number": text });
    let mut project = heads.clone();
    project["code"] = text.clone();
    project["programs"] = json!({ "type": "object" });
    let link = |name: &str, target: &str, backref: &str| {
        json!([{ "name": name, "backref": backref, "label": "part_of", "target_type": target,
            "multiplicity": "many_to_many", "required": false }])
    };
    let sample = json!({
        "type": text, "id": text, "submitter_id": text, "project_id": text, "studies": { "type": "object" },
        "a_text": { "type": "string", "description": "Said of it" },
        "a_number": { "type": ["number", "null"] },
        "a_whole_number": { "type": "integer" },
        "a_flag": { "type": "boolean" },
        "an_answer": { "enum": ["not reported", "1st", "x_y", "ü – 9", "Yes"],
            "term": { "termDef": { "term": "Answer", "cde_id": 1, "cde_version": 1.5 } } },
        "a_default": { "enum": ["no", "not yet"], "default": "not yet" },
        "some_texts": { "type": "array", "items": { "type": "string" } },
        "some_numbers": { "type": ["array", "null"], "items": { "type": "number" } },
        "some_answers": { "type": "array", "items": { "enum": ["a b", "c"] } },
        "an_object": { "type": "object" },
        "either": { "oneOf": [{ "type": "integer" }, { "enum": ["unknown", "> 89"] }, { "type": "null" }] },
    });
    let study = json!({
        "type": text, "id": text, "submitter_id": text, "project_id": text, "projects": { "type": "object" },
    });
    let files = [
        ("program.yaml", node("program", "administrative", heads, json!([]))),
        ("project.yaml", node("project", "administrative", project, link("programs", "program", "projects"))),
        ("study.yaml", node("study", "administrative", study, link("projects", "project", "studies"))),
        ("sample.yaml", node("sample", "biospecimen", sample, link("studies", "study", "samples"))),
    ];
    let files: IndexMap<String, Value> = files.map(|(name, file)| (name.to_owned(), file)).into();
    Dictionary::from_files(files).unwrap()
}
