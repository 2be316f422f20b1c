//! `POST /graphql`.

use actix_web::{
    HttpResponse,
    http::Method,
    web::{Bytes, Data},
};
use async_graphql::{Request, Variables, parser::parse_query};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{depth::is_deeper_than, error::Error, service::Guppy};

/// Deeper selections of data are a validation error, as in the original.
const DEPTH: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    query: String,
    variables: Option<Value>,
    operation_name: Option<String>,
}

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.endpoint(Method::POST, "/graphql", query);
}

async fn query(guppy: Data<Guppy>, body: Bytes) -> Result<HttpResponse, Error> {
    let body: Body = serde_json::from_slice(&body).map_err(|_| Error::NoQuery)?;
    if is_deeper_than(&parse_query(&body.query).map_err(Error::Syntax)?, DEPTH) {
        return Err(Error::TooDeep(DEPTH));
    }
    let variables = body.variables.map(Variables::from_json).unwrap_or_default();
    let mut request = Request::new(body.query).variables(variables);
    if let Some(name) = body.operation_name {
        request = request.operation_name(name);
    }
    let answer = guppy.schema.execute(request).await;
    if !answer.errors.is_empty() {
        // All root fields are nullable and none of them fails, so these are errors of validation.
        return Err(Error::Invalid(answer.errors));
    }
    Ok(HttpResponse::Ok().json(json!({ "data": answer.data })))
}
