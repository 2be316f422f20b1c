//! What `POST /auth/request` and its relatives are asked.

use authz::Request;
use serde_json::Value;

use super::fields::{self, Fields};
use crate::Error;

/// The body of `POST /auth/request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuthRequest {
    /// On whose behalf; none for anonymous.
    pub(crate) user: Option<AskedUser>,
    /// All of these must be permitted. There may be none, which is refused after the token was looked at.
    pub(crate) requests: Vec<Request>,
}

/// The key `user` of a body.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct AskedUser {
    /// An access token; wins over the name.
    pub(crate) token: Option<String>,
    /// A user name that the caller vouches for.
    pub(crate) user_id: Option<String>,
    /// Only these policies count; empty for all.
    pub(crate) policies: Vec<String>,
    /// Scopes that the token must have in place of `openid`.
    pub(crate) scope: Option<Vec<String>>,
}

// Written by hand so that a token can never reach a log.
impl std::fmt::Debug for AskedUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AskedUser").field("policies", &self.policies).finish_non_exhaustive()
    }
}

/// Longest token, in bytes; fence makes none above 4096 characters.
const MAX_TOKEN: usize = 65_536;

/// Begins what is said of a body with a fault.
const FAILED: &str = "could not parse auth request from JSON";

impl AuthRequest {
    /// Reads a body of at most `limit` requests.
    pub(crate) fn read(body: &[u8], limit: usize) -> Result<Self, Error> {
        fields::read(FAILED, body, |value| Self::from_value(value, limit))
    }

    fn from_value(value: &Value, limit: usize) -> Result<Self, Error> {
        let fields = Fields::loose("auth request", value)?;
        let many = fields.list("requests")?.unwrap_or_default();
        if many.len() > limit {
            return Err(Error::BadRequest(format!(
                "auth request asks for more than {limit} resources at once"
            )));
        }
        let mut requests = Vec::with_capacity(many.len() + 1);
        for one in fields.get("request").into_iter().chain(many) {
            requests.push(read_request(one)?);
        }
        Ok(Self { user: read_user(&fields)?, requests })
    }
}

/// Reads the body of `POST /auth/resources`: only its `user`.
pub(crate) fn read_user_only(body: &[u8]) -> Result<Option<AskedUser>, Error> {
    fields::read(FAILED, body, |value| read_user(&Fields::loose("auth request", value)?))
}

fn read_request(value: &Value) -> Result<Request, Error> {
    let fields = Fields::strict("auth request", value, &["resource", "action"], &["constraints"])?;
    fields.strings("constraints")?;
    Ok(Request { resource: fields.name("resource")?.unwrap_or_default(), action: fields.action("action")? })
}

fn read_user(body: &Fields<'_>) -> Result<Option<AskedUser>, Error> {
    if !body.has("user") {
        return Ok(None);
    }
    let value = body.get("user").unwrap_or(&Value::Null);
    let fields = Fields::strict("auth request", value, &[], &["token", "user_id", "policies", "scope"])?;
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
        let value = fields::parse("could not parse JSON", body)?;
        let fields = Fields::loose("mapping request", &value)?;
        let not_empty = |value: Option<String>| value.filter(|value| !value.is_empty());
        match (not_empty(fields.name("username")?), not_empty(fields.name("clientID")?)) {
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
