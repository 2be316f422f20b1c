//! `POST /graphql`.

use actix_web::{HttpResponse, http::StatusCode, web};
use async_graphql::{Request, Variables};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Guppy, depth::is_deeper_than};

/// Deeper selections of data are a validation error, as in the original.
const DEPTH: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    query: String,
    #[serde(default)]
    variables: Option<serde_json::Value>,
    #[serde(default)]
    operation_name: Option<String>,
}

pub(crate) async fn post(guppy: web::Data<Guppy>, body: web::Bytes) -> HttpResponse {
    let Ok(body) = serde_json::from_slice::<Body>(&body) else {
        return refused("the body is not a JSON object with a query", "BAD_REQUEST");
    };
    match async_graphql::parser::parse_query(&body.query) {
        Err(error) => return refused(&format!("Syntax Error: {error}"), "GRAPHQL_PARSE_FAILED"),
        Ok(document) if is_deeper_than(&document, DEPTH) => {
            return refused(&format!("the query exceeds the depth of {DEPTH}"), "GRAPHQL_VALIDATION_FAILED");
        }
        Ok(_) => {}
    }
    let variables = body.variables.map(Variables::from_json).unwrap_or_default();
    let mut request = Request::new(body.query).variables(variables);
    if let Some(name) = body.operation_name {
        request = request.operation_name(name);
    }
    let answer = guppy.schema.execute(request).await;
    if answer.errors.is_empty() {
        return HttpResponse::Ok().json(json!({ "data": answer.data }));
    }
    // All root fields are nullable and none of them fails, so errors are those of validation.
    let errors: Vec<Value> = answer
        .errors
        .iter()
        .map(|error| {
            json!({
                "message": error.message,
                "locations": error.locations,
                "extensions": { "code": "GRAPHQL_VALIDATION_FAILED" },
            })
        })
        .collect();
    HttpResponse::build(StatusCode::BAD_REQUEST).json(json!({ "errors": errors }))
}

fn refused(message: &str, code: &str) -> HttpResponse {
    HttpResponse::BadRequest()
        .json(json!({ "errors": [{ "message": message, "extensions": { "code": code } }] }))
}
