//! `/graphql`: GraphQL over HTTP, as Apollo Server 5 has it.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::ACCEPT},
    web::{Data, Payload, Query},
};
use serde_json::{Map, Value, json};

use super::request::{caller, media_type};
use crate::{
    actions::Question,
    config::BODY_LIMIT,
    error::{Error, JSON},
    service::Guppy,
};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/graphql", |methods| methods.get(by_address).post(by_body));
}

const NO_BODY: &str = "POST body missing, invalid Content-Type, or JSON object has no keys.";
const NO_QUERY: &str = "GraphQL operations must contain a non-empty `query` or a `persistedQuery` extension.";
const CSRF: &str = "This operation has been blocked as a potential Cross-Site Request Forgery (CSRF). Please \
                    either specify a 'content-type' header (with a type that is not one of \
                    application/x-www-form-urlencoded, multipart/form-data, text/plain) or provide a \
                    non-empty value for one of the following headers: x-apollo-operation-name, \
                    apollo-require-preflight\n";
const SIMPLE: [&str; 3] = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];
const PREFLIGHT: [&str; 2] = ["x-apollo-operation-name", "apollo-require-preflight"];
/// The type of answers that newer clients may ask for.
const RESPONSE: &str = "application/graphql-response+json";

async fn by_body(guppy: Data<Guppy>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Error> {
    let body = web::read_body(payload, BODY_LIMIT).await?;
    let is_json = media_type(&request).as_deref() == Some("application/json");
    let sent = if is_json && !body.is_empty() {
        let sent: Value = serde_json::from_slice(&body).map_err(|_| Error::BrokenJson)?;
        match sent {
            Value::Array(_) | Value::Object(_) => sent,
            // The original takes lists and objects only.
            _ => return Err(Error::BrokenJson),
        }
    } else {
        json!({})
    };
    let answer_type = checked(&request)?;
    match &sent {
        Value::Object(fields) if !fields.is_empty() => {
            respond(&guppy, &request, question_of(fields)?, answer_type).await
        }
        Value::Array(_) => Err(Error::bad_request("Operation batching disabled.")),
        _ => Err(Error::bad_request(NO_BODY)),
    }
}

async fn by_address(
    guppy: Data<Guppy>,
    request: HttpRequest,
    parameters: Query<Vec<(String, String)>>,
) -> Result<HttpResponse, Error> {
    let answer_type = checked(&request)?;
    let mut fields = Map::new();
    for (name, text) in parameters.into_inner() {
        let value = match name.as_str() {
            "variables" | "extensions" => serde_json::from_str(&text).map_err(|_| {
                Error::bad_request(format!("The {name} search parameter contains invalid JSON."))
            })?,
            _ => Value::String(text),
        };
        fields.insert(name, value);
    }
    respond(&guppy, &request, question_of(&fields)?, answer_type).await
}

/// Refuses what a page of somebody else could make a browser send, and who takes no JSON. Gives the type of
/// the answer.
fn checked(request: &HttpRequest) -> Result<&'static str, Error> {
    let is_simple = media_type(request).is_none_or(|media_type| SIMPLE.contains(&media_type.as_str()));
    let has_header = |name: &&str| request.headers().get(*name).is_some_and(|value| !value.is_empty());
    if is_simple && !PREFLIGHT.iter().any(has_header) {
        return Err(Error::bad_request(CSRF));
    }
    let Some(accept) = request.headers().get(ACCEPT) else { return Ok(JSON) };
    let accept = accept.to_str().unwrap_or_default().to_lowercase();
    let takes = |media_type: &str| {
        accept.split(',').any(|item| item.split(';').next().unwrap_or_default().trim() == media_type)
    };
    if accept.trim().is_empty() || ["application/json", "application/*", "*/*"].into_iter().any(takes) {
        return Ok(JSON);
    }
    if takes(RESPONSE) {
        return Ok("application/graphql-response+json; charset=utf-8");
    }
    let message = format!(
        "An 'accept' header was provided for this request which does not accept {JSON} or {RESPONSE}; \
         charset=utf-8"
    );
    Err(Error::Request { status: StatusCode::NOT_ACCEPTABLE, code: "BAD_REQUEST", message })
}

/// What a request asks.
fn question_of(fields: &Map<String, Value>) -> Result<Question, Error> {
    let refused = |message: &str| Err(Error::bad_request(message));
    let query = match fields.get("query") {
        Some(Value::String(query)) if !query.is_empty() => query.clone(),
        None | Some(Value::Null | Value::String(_)) => {
            let persisted = fields.get("extensions").and_then(|extensions| extensions.get("persistedQuery"));
            if persisted.is_some() {
                let (status, code) = (StatusCode::OK, "PERSISTED_QUERY_NOT_FOUND");
                return Err(Error::Request { status, code, message: "PersistedQueryNotFound".to_owned() });
            }
            return refused(NO_QUERY);
        }
        Some(_) => return refused("GraphQL queries must be strings."),
    };
    let operation = match fields.get("operationName") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) if name.is_empty() => None,
        Some(Value::String(name)) => Some(name.clone()),
        Some(_) => return refused("`operationName` in a POST body must be a string if provided."),
    };
    let variables = match fields.get("variables") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(variables)) => variables.clone(),
        Some(Value::String(_)) => {
            return refused(
                "`variables` in a POST body should be provided as an object, not a recursively JSON-encoded \
                 string.",
            );
        }
        Some(_) => return refused("`variables` in a POST body must be an object if provided."),
    };
    if !matches!(fields.get("extensions"), None | Some(Value::Null | Value::Object(_))) {
        return refused("`extensions` in a POST body must be an object if provided.");
    }
    Ok(Question { query, operation, variables })
}

async fn respond(
    guppy: &Guppy,
    request: &HttpRequest,
    question: Question,
    answer_type: &'static str,
) -> Result<HttpResponse, Error> {
    let subject = caller(request);
    let _turn = guppy.turn(request, &subject).await?;
    let answer = guppy.query(&subject, &question).await?;
    Ok(HttpResponse::Ok().content_type(answer_type).body(answer))
}
