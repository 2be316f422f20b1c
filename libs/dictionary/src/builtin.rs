//! The three files that every dictionary has: the metaschema and the node types `root` and `data_release`.

use indexmap::IndexMap;
use serde_json::{Value, json};

const DRAFT_4: &str = "http://json-schema.org/draft-04/schema#";

/// Puts the built-in files before `files`; a file of the same name in `files` takes the built-in's place.
pub(crate) fn with_builtins(files: IndexMap<String, Value>) -> IndexMap<String, Value> {
    let mut all = IndexMap::new();
    all.insert("metaschema.yaml".to_owned(), metaschema());
    all.insert("root.yaml".to_owned(), root());
    all.insert("data_release.yaml".to_owned(), data_release(files.get("_definitions.yaml")));
    all.extend(files);
    all
}

/// The type above all others. It has one record, whose id is `root`.
fn root() -> Value {
    json!({
        "$schema": DRAFT_4,
        "id": "root",
        "title": "Root",
        "type": "object",
        "category": "internal",
        "program": "*",
        "project": "*",
        "root": "*",
        "constraints": null,
        "submittable": false,
        "additionalProperties": false,
        "validators": null,
        "systemProperties": ["id"],
        "required": ["type"],
        "uniqueKeys": [["id"]],
        "links": [],
        "properties": {
            "id": {"enum": ["root"]},
            "type": {"type": "string"},
            "schema_version": {"type": "string"},
        },
    })
}

/// A release of the data. Where the dictionary has the usual definitions, they are used.
fn data_release(definitions: Option<&Value>) -> Value {
    let usual = |name: &str, otherwise: Value| match definitions.and_then(|all| all.get(name)) {
        Some(_) => json!({"$ref": format!("_definitions.yaml#/{name}")}),
        None => otherwise,
    };
    let datetime =
        || usual("datetime", json!({"oneOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}));
    let version = |part: &str| {
        let description = format!("The number identifying the {part} version.\n");
        json!({"type": "integer", "description": description})
    };
    let mut id = usual("UUID", json!({"type": "string"}));
    id["systemAlias"] = json!("node_id");
    json!({
        "$schema": DRAFT_4,
        "id": "data_release",
        "title": "Data Release",
        "type": "object",
        "namespace": "http://gdc.nci.nih.gov",
        "category": "internal",
        "program": "*",
        "project": "*",
        "description": "Internal node to store different data releases.\n",
        "submittable": false,
        "additionalProperties": false,
        "validators": null,
        "systemProperties": ["id", "created_datetime", "updated_datetime"],
        "required": ["name", "major_version", "minor_version", "type"],
        "uniqueKeys": [["id"]],
        "links": [{
            "name": "roots",
            "backref": "data_releases",
            "label": "describes",
            "target_type": "root",
            "multiplicity": "many_to_one",
            "required": true,
        }],
        "properties": {
            "type": {"enum": ["data_release"]},
            "id": id,
            "created_datetime": datetime(),
            "updated_datetime": datetime(),
            "name": {"type": "string", "description": "String representing release name.\n"},
            "major_version": version("major"),
            "minor_version": version("minor"),
            "release_date": datetime(),
            "released": {
                "type": "boolean",
                "default": false,
                "description": "Indicates if it is the current release.\n",
            },
            "roots": usual("to_one", foreign_key()),
        },
    })
}

fn foreign_key() -> Value {
    let key = json!({
        "type": "object",
        "additionalProperties": true,
        "properties": {"id": {"type": "string"}, "submitter_id": {"type": "string"}},
    });
    json!({"anyOf": [{"type": "array", "items": key}, key]})
}

/// The JSON schema of node schemas. Nothing here uses it; `_dictionary` shows it, so it keeps its historic
/// form.
fn metaschema() -> Value {
    let any_link =
        json!({"oneOf": [{"$ref": "#/definitions/link"}, {"$ref": "#/definitions/link_subgroup"}]});
    let categories = [
        "administrative",
        "analysis",
        "biospecimen",
        "clinical",
        "data",
        "data_bundle",
        "data_file",
        "index_file",
        "metadata_file",
        "notation",
        "qc_bundle",
        "TBD",
    ];
    let required =
        ["category", "program", "project", "uniqueKeys", "links", "validators", "systemProperties", "id"];
    json!({
        "$schema": DRAFT_4,
        "id": "metaschema",
        "title": "GDC JSON schema extension",
        "allOf": [{"$ref": DRAFT_4}],
        "field": {"type": "string", "pattern": "^[_a-zA-Z0-9]*$"},
        "required": required,
        "definitions": definitions(&any_link),
        "properties": {
            "category": {"$ref": "#/field", "enum": categories},
            "links": {"type": "array", "title": "Define a link to other GDC entities", "items": any_link},
            "properties": {
                "type": "object",
                "additionalProperties": false,
                "patternProperties": {"^[_a-zA-Z0-9]*$": {"type": "object"}},
            },
            "submittable": {"type": "boolean"},
            "system_properties": {"type": "array"},
            "unique_keys": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
            "validators": {"type": ["array", "null"], "items": {"$ref": "#/definitions/validator_def"}},
        },
    })
}

/// The definitions of a link, of a group of links and of a validator.
fn definitions(any_link: &Value) -> Value {
    let field = json!({"$ref": "#/field"});
    let multiplicity =
        json!({"type": "string", "enum": ["one_to_one", "one_to_many", "many_to_one", "many_to_many"]});
    json!({
        "link": {
            "type": "object",
            "additionalProperties": false,
            "required": ["name", "target_type", "backref", "label", "multiplicity", "required"],
            "properties": {
                "name": field, "target_type": field, "backref": field, "label": field,
                "multiplicity": multiplicity,
                "required": {"type": "boolean"},
            },
        },
        "link_subgroup": {
            "required": ["exclusive", "required", "subgroup"],
            "properties": {
                "exclusive": {"type": "boolean"},
                "required": {"type": "boolean"},
                "subgroup": {"type": "array", "items": any_link},
            },
        },
        "validator_def": {
            "title": "Define a validator to be used on a property",
            "type": "object",
            "required": ["property", "function"],
            "properties": {"link_to_type": {"type": "string"}, "multiplicity": multiplicity},
        },
    })
}
