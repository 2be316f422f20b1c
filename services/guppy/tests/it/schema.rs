//! The schema that mappings make.

use graphql::INTROSPECTION_QUERY;
use serde_json::{Value, json};

use crate::support::{ask, data, of_tier};

fn shown(ty: &Value) -> String {
    match ty["kind"].as_str().unwrap() {
        "LIST" => format!("[{}]", shown(&ty["ofType"])),
        "NON_NULL" => format!("{}!", shown(&ty["ofType"])),
        _ => ty["name"].as_str().unwrap().to_owned(),
    }
}

fn field_line(field: &Value) -> String {
    let args = field["args"].as_array().unwrap().iter().map(|arg| {
        let default = arg["defaultValue"].as_str().map(|text| format!(" = {text}")).unwrap_or_default();
        format!("{}: {}{default}", arg["name"].as_str().unwrap(), shown(&arg["type"]))
    });
    let args = args.collect::<Vec<_>>().join(", ");
    let args = if args.is_empty() { args } else { format!("({args})") };
    let description = field["description"].as_str().map(|text| format!("  # {text}")).unwrap_or_default();
    format!("  {}{args}: {}{description}\n", field["name"].as_str().unwrap(), shown(&field["type"]))
}

#[actix_web::test]
async fn the_schema_of_a_mapping_is_golden() {
    let guppy = of_tier("regular").await;
    let answer = data(&guppy, "", INTROSPECTION_QUERY).await;
    let mut text = String::new();
    for ty in answer["__schema"]["types"].as_array().unwrap() {
        let name = ty["name"].as_str().unwrap();
        text += &format!("{} {name}", ty["kind"].as_str().unwrap());
        for word in ty["enumValues"].as_array().into_iter().flatten() {
            text += &format!(" {}", word["name"].as_str().unwrap());
        }
        text += "\n";
        text += &ty["fields"].as_array().into_iter().flatten().map(field_line).collect::<String>();
    }
    insta::assert_snapshot!(text);
}

#[actix_web::test]
async fn the_prefix_of_regular_access_comes_with_the_level_of_the_index_itself() {
    let indices = json!({"indices": [
        {"index": "subject", "type": "subject", "tier_access_level": "regular"},
    ]});
    let engine = crate::support::engine((0..3).map(crate::support::subject)).await;
    let guppy = crate::support::guppy(crate::support::config("private", indices), engine).await;
    let query = "{__type(name: \"SubjectAggregation\") {fields {name type {name}}}}";
    let answer = data(&guppy, "", query).await.to_string();
    assert!(answer.contains("RegularAccessHistogramForString"), "{answer}");
}

#[actix_web::test]
async fn names_are_found_by_expressions() {
    let guppy = of_tier("private").await;
    let query = "{_mapping {all: subject(searchInput: \"^visits\") none: subject(searchInput: \"XYZ\")}}";
    let visits = ["visits.site", "visits.tests.name", "visits.tests.score", "visits.weight"];
    assert_eq!(data(&guppy, "", query).await, json!({"_mapping": {"all": visits, "none": []}}));
    let query = "{_mapping {subject(searchInput: null)}}";
    assert_eq!(data(&guppy, "", query).await, data(&guppy, "", "{_mapping {subject}}").await);
    let (status, body) = ask(&guppy, "", "{_mapping {subject(searchInput: \"(\")}}").await;
    assert_eq!((status, &body["data"]["_mapping"]["subject"]), (200, &Value::Null));
    assert!(body["errors"][0]["message"].as_str().unwrap().starts_with("Invalid regular expression: /(/"));
}
