//! Request bodies and queries, with fence's statuses for malformed ones.

use actix_web::{HttpMessage as _, HttpRequest, web};
use serde_json::{Map, Value};

use crate::error::FenceError;

/// The body as a JSON object that is not empty.
///
/// # Errors
/// 415 for another content type, 400 for broken JSON, another kind of value, and `{}`.
pub(super) fn json_object(
    request: &HttpRequest,
    body: &web::Bytes,
) -> Result<Map<String, Value>, FenceError> {
    if !is_json(request) {
        return Err(FenceError::NotJson);
    }
    let broken = |error: serde_json::Error| FenceError::BadRequest(format!("the body is not JSON: {error}"));
    match serde_json::from_slice(body).map_err(broken)? {
        Value::Object(object) if !object.is_empty() => Ok(object),
        _ => Err(FenceError::BadRequest("the body must be a JSON object with at least one key".into())),
    }
}

/// Whether the body claims to be JSON (`application/json` or a kind of it, RFC 6839).
pub(super) fn is_json(request: &HttpRequest) -> bool {
    let kind = request.content_type();
    let (main, sub) = kind.split_once('/').unwrap_or((kind, ""));
    main.eq_ignore_ascii_case("application")
        && (sub.eq_ignore_ascii_case("json") || sub.to_ascii_lowercase().ends_with("+json"))
}

/// Whether the body claims to be a form.
pub(super) fn is_form(request: &HttpRequest) -> bool {
    request.content_type().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The fields of a form, repeated ones repeatedly.
pub(super) fn form(body: &web::Bytes) -> Vec<(String, String)> {
    url::form_urlencoded::parse(body).into_owned().collect()
}

/// The first value of a query argument, decoded.
pub(super) fn query(request: &HttpRequest, name: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// A text member, or `None` when it is absent or null.
///
/// # Errors
/// 400 for another kind of value.
pub(super) fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, FenceError> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(FenceError::BadRequest(format!("`{name}` must be a text"))),
    }
}

/// A text member that must be there and not be empty.
pub(super) fn required_text<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a str, FenceError> {
    let missing = || FenceError::BadRequest(format!("missing required argument `{name}`"));
    text(object, name)?.filter(|text| !text.is_empty()).ok_or_else(missing)
}

/// A list of texts, empty when it is absent or null.
pub(super) fn texts(object: &Map<String, Value>, name: &str) -> Result<Vec<String>, FenceError> {
    let wrong = || FenceError::BadRequest(format!("`{name}` must be a list of texts"));
    match object.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(list)) => {
            list.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        }
        Some(_) => Err(wrong()),
    }
}
