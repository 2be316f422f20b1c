//! A schema like one of peregrine.

use graphql::{FieldDef, Input, Inputs, Limits, Schema, TypeDef, TypeRef, prepare};
use serde_json::{Value, json};

fn args(list: &[(&str, TypeRef)]) -> Inputs {
    Inputs::new(list.iter().map(|(name, ty)| ((*name).to_owned(), Input::new(ty.clone()))).collect())
}

pub(crate) fn schema() -> Schema<&'static str> {
    let string = || TypeRef::named("String");
    let filters = args(&[
        ("submitter_id", TypeRef::list("String")),
        ("first", TypeRef::named("Int")),
        ("weight", TypeRef::list("Float")),
        ("path", TypeRef::list("Path")),
        ("mixed", TypeRef::List(Box::new(TypeRef::loose("Float")))),
    ]);
    let node = || {
        vec![FieldDef::new("id", TypeRef::named("ID"), "id"), FieldDef::new("submitter_id", string(), "sid")]
    };
    let mut case = node();
    case.push(FieldDef::new("samples", TypeRef::list("sample"), "link").with_args(filters.clone()));
    let mut sample = node();
    sample.push(FieldDef::new("composition", string(), "prop"));
    let root = vec![
        FieldDef::new("case", TypeRef::list("case"), "cases").with_args(filters.clone()),
        FieldDef::new("node", TypeRef::list("Node"), "nodes"),
        FieldDef::new("_case_count", TypeRef::named("Int"), "count").with_args(filters),
    ];
    let path = args(&[("type", TypeRef::required("String")), ("name", string())]);
    Schema::new(
        "Root",
        vec![
            TypeDef::object("Root", root, vec![]),
            TypeDef::interface("Node", node()),
            TypeDef::object("case", case, vec!["Node".into()]),
            TypeDef::object("sample", sample, vec!["Node".into()]),
            TypeDef::input("Path", path),
        ],
    )
    .unwrap()
}

pub(crate) fn problems(query: &str) -> Vec<String> {
    problems_with(query, json!({}))
}

pub(crate) fn problems_with(query: &str, variables: Value) -> Vec<String> {
    let schema = schema();
    let variables = variables.as_object().unwrap().clone();
    prepare(&schema, query, &variables, &Limits::default()).err().unwrap_or_default()
}
