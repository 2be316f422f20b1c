//! The names that the GraphQL schema of a dictionary can have (peregrine 3.2.6).

/// Names that have another meaning in the schema of every dictionary.
const TAKEN: [&str; 12] = [
    "Root",
    "viewer",
    "Node",
    "DataNode",
    "NodeType",
    "WithPathToInput",
    "GenericEntity",
    "String",
    "Int",
    "Float",
    "Boolean",
    "ID",
];
/// The beginnings of such names.
const TAKEN_STARTS: [&str; 3] = ["__", "NotPropertiesInput_", "Transaction"];

/// Whether `name` is a GraphQL name (October 2021, section 2.1.9).
pub fn is_graphql_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether a node type may have this name in the schema: it is a GraphQL name that no other type has.
pub fn is_graphql_type(name: &str) -> bool {
    is_graphql_name(name)
        && !TAKEN.contains(&name)
        && !TAKEN_STARTS.iter().any(|start| name.starts_with(start))
}
