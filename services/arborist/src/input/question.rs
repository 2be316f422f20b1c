//! What `POST /auth/request` and its relatives are asked.

use authz::Request;
use serde_json::Value;

use super::{
    asked::{AskedUser, AuthRequest, MAX_TOKEN},
    fields::{self, ANY_OBJECT, Fields, Shape},
    plain,
};
use crate::Error;

/// Begins what is said of a body with a fault.
const FAILED: &str = "could not parse auth request from JSON";

const AUTH_REQUEST: Shape =
    Shape { what: "auth request", place: "AuthRequestJSON", whole: "arborist.AuthRequestJSON" };
const USER: Shape = Shape { what: "auth request", place: "AuthRequestJSON.user", whole: ANY_OBJECT };
/// The key `request`, and where its action stands.
const ONE: (Shape, &str) = (
    Shape { what: "auth request", place: "AuthRequestJSON.request", whole: ANY_OBJECT },
    "AuthRequestJSON.request.action",
);
/// An element of the key `requests`, and where its action stands.
const OF_MANY: (Shape, &str) = (
    Shape { what: "auth request", place: "AuthRequestJSON.requests", whole: ANY_OBJECT },
    "AuthRequestJSON.requests.action",
);
const MAPPING: Shape = Shape {
    what: "mapping request",
    place: "",
    whole: r#"struct { Username string "json:\"username\""; ClientID string "json:\"clientID\"" }"#,
};

impl AuthRequest {
    /// Reads a body of at most `limit` requests.
    pub(crate) fn read(body: &[u8], limit: usize) -> Result<Self, Error> {
        plain::read(body, limit).map_or_else(|| Self::read_any(body, limit), Ok)
    }

    /// As [`read`](Self::read), with all that the original takes.
    pub(super) fn read_any(body: &[u8], limit: usize) -> Result<Self, Error> {
        fields::read(FAILED, body, |value| Self::from_value(value, limit))
    }

    fn from_value(value: &Value, limit: usize) -> Result<Self, Error> {
        let fields = Fields::loose(AUTH_REQUEST, value)?;
        let many = fields.list("requests", "[]arborist.AuthRequestJSON_Request")?.unwrap_or_default();
        if many.len() > limit {
            return Err(Error::BadRequest(format!(
                "auth request asks for more than {limit} resources at once"
            )));
        }
        let mut requests = Vec::with_capacity(many.len() + 1);
        if let Some(one) = fields.get("request") {
            requests.push(read_request(one, ONE)?);
        }
        for one in many {
            requests.push(read_request(one, OF_MANY)?);
        }
        Ok(Self { user: read_user(&fields)?, requests })
    }
}

/// Reads the body of `POST /auth/resources`: only its `user`.
pub(crate) fn read_user_only(body: &[u8]) -> Result<Option<AskedUser>, Error> {
    fields::read(FAILED, body, |value| read_user(&Fields::loose(AUTH_REQUEST, value)?))
}

fn read_request(value: &Value, (shape, action): (Shape, &'static str)) -> Result<Request, Error> {
    let fields = Fields::strict(shape, value, &["resource", "action"], &["constraints"])?;
    fields.strings("constraints")?;
    Ok(Request {
        resource: fields.name("resource")?.unwrap_or_default(),
        action: fields.action("action", action)?,
    })
}

fn read_user(body: &Fields<'_>) -> Result<Option<AskedUser>, Error> {
    if !body.has("user") {
        return Ok(None);
    }
    let value = body.get("user").unwrap_or(&Value::Null);
    let fields = Fields::strict(USER, value, &[], &["token", "user_id", "policies", "scope"])?;
    if !fields.has("token") && !fields.has("user_id") {
        let text = "input auth request is missing the following required fields: `token`";
        return Err(Error::BadRequest(text.into()));
    }
    let not_empty = |value: Option<String>| value.filter(|value| !value.is_empty());
    Ok(Some(AskedUser {
        token: not_empty(fields.string("token", MAX_TOKEN)?),
        user_id: not_empty(fields.name("user_id")?),
        policies: fields.names("policies")?.unwrap_or_default(),
        scope: fields.names("scope")?,
    }))
}

/// Whose mapping `POST /auth/mapping` is to give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MappingOf {
    /// The body is empty.
    Nobody,
    /// A user, known or not.
    User(String),
    /// An OAuth client.
    Client(String),
}

impl MappingOf {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        if body.is_empty() {
            return Ok(Self::Nobody);
        }
        let not_empty = |value: Option<String>| value.filter(|value| !value.is_empty());
        let named = fields::read("could not parse JSON", body, |value| {
            let fields = Fields::loose(MAPPING, value)?;
            Ok((not_empty(fields.name("username")?), not_empty(fields.name("clientID")?)))
        })?;
        match named {
            (Some(user), None) => Ok(Self::User(user)),
            (None, Some(client)) => Ok(Self::Client(client)),
            _ => Err(Error::BadRequest(
                "must provide a token or specify exactly one of `username` or `clientID` in the request body"
                    .into(),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &Value) -> Result<AuthRequest, Error> {
        AuthRequest::read(body.to_string().as_bytes(), 2)
    }

    #[test]
    fn request_and_requests_are_joined() {
        let one = json!({"resource": "/a", "action": {"service": "s", "method": "m"}});
        let read = read(&json!({"request": one, "requests": [one], "other": 1})).unwrap();
        assert_eq!((read.requests.len(), read.user), (2, None));
    }

    #[test]
    fn a_user_needs_a_token_or_a_name_but_either_may_be_null() {
        let one = json!([{"resource": "/a", "action": {}}]);
        for user in [json!(null), json!({}), json!({"policies": ["p"]}), json!({"user_id": "a", "zz": 1})] {
            assert!(read(&json!({"user": user, "requests": one})).is_err(), "{user}");
        }
        let anonymous = read(&json!({"user": {"user_id": null}, "requests": one})).unwrap();
        assert_eq!(anonymous.user, Some(AskedUser::default()));
    }

    #[test]
    fn too_many_requests_are_refused() {
        let one = json!({"resource": "/a", "action": {}});
        assert!(read(&json!({"requests": [one, one, one]})).is_err());
    }
}
