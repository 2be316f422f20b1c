//! Request bodies, with fence's statuses for malformed ones.

use std::time::Duration;

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest,
    dev::{Decompress, Payload},
    web::Bytes,
};
use futures_util::future::LocalBoxFuture;
use serde_json::{Map, Value};
use web::{BodyError, read_body};

use crate::{config::Config, error::Error, files::download::url_life};

/// The longest request body: nothing that fence takes is big.
const LONGEST_BODY: usize = 2 * 1024 * 1024;

/// A body with its content type.
pub(super) struct Body {
    kind: String,
    bytes: Bytes,
}

impl FromRequest for Body {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let kind = request.content_type().to_owned();
        let payload = Decompress::from_headers(payload.take(), request.headers());
        Box::pin(async move {
            let bytes = read_body(payload, LONGEST_BODY).await.map_err(|error| match error {
                BodyError::TooLarge { .. } => Error::TooLarge(error.to_string()),
                BodyError::BrokenOff(_) => Error::BadRequest(error.to_string()),
            })?;
            Ok(Self { kind, bytes })
        })
    }
}

impl Body {
    /// The body as it came.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether this is exactly `{}`.
    pub(super) fn is_empty_object(&self) -> bool {
        self.bytes.as_ref() == b"{}"
    }

    /// Whether there is nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether it claims to be a form.
    pub(super) fn is_form(&self) -> bool {
        self.kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
    }

    /// Whether it claims to be JSON (`application/json` or a kind of it, RFC 6839).
    fn is_json(&self) -> bool {
        let (main, sub) = self.kind.split_once('/').unwrap_or((&self.kind, ""));
        main.eq_ignore_ascii_case("application")
            && (sub.eq_ignore_ascii_case("json") || sub.to_ascii_lowercase().ends_with("+json"))
    }

    /// The body as a JSON object.
    ///
    /// # Errors
    /// 415 for another content type, 400 for broken JSON and another kind of value.
    pub(super) fn any_object(&self) -> Result<Map<String, Value>, Error> {
        if !self.is_json() {
            return Err(Error::NotJson);
        }
        let broken = |error: serde_json::Error| Error::BadRequest(format!("the body is not JSON: {error}"));
        match serde_json::from_slice(&self.bytes).map_err(broken)? {
            Value::Object(object) => Ok(object),
            _ => Err(Error::BadRequest("the body must be a JSON object".into())),
        }
    }

    /// The body as a JSON object that is not empty.
    ///
    /// # Errors
    /// As [`Self::any_object`], and 400 for `{}`.
    pub(super) fn json_object(&self) -> Result<Map<String, Value>, Error> {
        let object = self.any_object()?;
        if object.is_empty() {
            return Err(Error::BadRequest("the body must be a JSON object with at least one key".into()));
        }
        Ok(object)
    }

    /// The fields of a form, repeated ones repeatedly.
    pub(super) fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(&self.bytes).into_owned().collect()
    }

    /// The body as a JSON object whatever its type says; what is broken is empty.
    pub(super) fn lenient_object(&self) -> Map<String, Value> {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    /// A string in a body that is a form or JSON whatever its type says; clients differ.
    pub(super) fn field(&self, name: &str) -> Option<String> {
        let found = if self.is_form() {
            self.form().into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
        } else {
            self.lenient_object().get(name).and_then(Value::as_str).map(str::to_owned)
        };
        found.filter(|text| !text.is_empty())
    }
}

/// A string member, or `None` when it is absent or null.
///
/// # Errors
/// 400 for another kind of value.
pub(super) fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Error> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Error::BadRequest(format!("`{name}` must be a text"))),
    }
}

/// A string member that must be there and not be empty.
pub(super) fn required_text<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a str, Error> {
    let missing = || Error::BadRequest(format!("missing required argument `{name}`"));
    text(object, name)?.filter(|text| !text.is_empty()).ok_or_else(missing)
}

/// A list of strings, empty when it is absent or null.
pub(super) fn texts(object: &Map<String, Value>, name: &str) -> Result<Vec<String>, Error> {
    let wrong = || Error::BadRequest(format!("`{name}` must be a list of texts"));
    match object.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(list)) => {
            list.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        }
        Some(_) => Err(wrong()),
    }
}

/// The life of a signed URL that a body asks for, as a number or a string.
pub(super) fn life(config: &Config, body: &Map<String, Value>) -> Result<Duration, Error> {
    let asked = match body.get("expires_in") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    };
    url_life(asked.as_deref(), config.max_presigned_url_ttl)
}
