//! Transaction logs in the schema (peregrine 3.2.6).

use graphql::{FieldDef, TypeDef, TypeRef};

use super::{arguments::Arguments, meaning::Meaning};

pub(super) fn root_fields(arguments: &Arguments) -> [FieldDef<Meaning>; 2] {
    pair("transaction_log", "_transaction_log_count", [Meaning::Logs, Meaning::LogCount], arguments)
}

pub(super) fn node_fields(arguments: &Arguments) -> [FieldDef<Meaning>; 2] {
    pair(
        "_transaction_logs",
        "_transaction_logs_count",
        [Meaning::NodeLogs, Meaning::NodeLogCount],
        arguments,
    )
}

fn pair(list: &str, count: &str, meaning: [Meaning; 2], arguments: &Arguments) -> [FieldDef<Meaning>; 2] {
    let [listed, counted] = meaning;
    [
        FieldDef::new(list, TypeRef::list("TransactionLog"), listed).with_args(arguments.logs.clone()),
        FieldDef::new(count, TypeRef::named("Int"), counted).with_args(arguments.logs.clone()),
    ]
}

/// Object types with their fields, written as `name:type`.
const TYPES: [(&str, &[&str]); 8] = [
    (
        "TransactionLog",
        &[
            "id:ID",
            "is_dry_run:Boolean",
            "closed:Boolean",
            "committed_by:ID",
            "state:String",
            "type:String",
            "submitter:String",
            "role:String",
            "program:String",
            "project:String",
            "created_datetime:String",
            "canonical_json:String",
            "project_id:String",
            "quick_search:ID",
            "snapshots:[TransactionSnapshot]",
            "documents:[TransactionDocument]",
            "related_cases:[TransactionResponseEntityRelatedCases]",
        ],
    ),
    (
        "TransactionSnapshot",
        &["id:ID", "transaction_id:Int", "action:String", "old_props:String", "new_props:String"],
    ),
    (
        "TransactionDocument",
        &[
            "id:ID",
            "transaction_id:ID",
            "doc_format:String",
            "doc:String",
            "name:String",
            "response_json:String",
            "doc_size:Int",
            "response:TransactionResponse",
        ],
    ),
    (
        "TransactionResponse",
        &[
            "transaction_id:ID",
            "success:Boolean",
            "entity_error_count:Int",
            "transactional_error_count:Int",
            "code:Int",
            "message:String",
            "transactional_errors:Int",
            "created_entity_count:Int",
            "updated_entity_count:Int",
            "released_entity_count:Int",
            "cases_related_to_created_entities_count:Int",
            "cases_related_to_updated_entities_count:Int",
            "entities:[TransactionResponseEntity]",
        ],
    ),
    (
        "TransactionResponseEntity",
        &[
            "valid:Boolean",
            "action:String",
            "type:String",
            "id:String",
            "unique_keys:String",
            "related_cases:[TransactionResponseEntityRelatedCases]",
            "errors:[TransactionResponseError]",
            "warnings:String",
        ],
    ),
    ("TransactionResponseEntityRelatedCases", &["id:String", "submitter_id:String"]),
    (
        "TransactionResponseError",
        &["keys:[String]", "dependents:[GenericEntity]", "message:String", "type:String"],
    ),
    ("GenericEntity", &["id:String", "type:String"]),
];

/// What the schema says of the entities that depend on another one.
const DEPENDENTS: &str = "List of entities that depend on this entity such that the transaction failed.";
/// What it says of an entity that is only named.
const GENERIC_ENTITY: &str = "Skeleton properties to reference generic entities";

pub(super) fn types() -> Vec<TypeDef<Meaning>> {
    TYPES.iter().map(|(name, fields)| object(name, fields)).collect()
}

/// An object type; fields as `name:type`.
fn object(name: &str, fields: &[&str]) -> TypeDef<Meaning> {
    let field = |spec: &&str| {
        let (name, ty) = spec.split_once(':').expect("invariant: the lists above are written so");
        let ty = match ty.strip_prefix('[').and_then(|ty| ty.strip_suffix(']')) {
            Some(item) => TypeRef::list(item),
            None => TypeRef::named(ty),
        };
        let field = FieldDef::new(name, ty, Meaning::Key);
        if name == "dependents" { field.described(DEPENDENTS) } else { field }
    };
    let object = TypeDef::object(name, fields.iter().map(field).collect(), vec![]);
    if name == "GenericEntity" { object.described(GENERIC_ENTITY) } else { object }
}
