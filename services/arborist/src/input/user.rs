//! Users to be made or changed, and grants to them.

use serde_json::Value;

use super::fields::{self, ANY_OBJECT, Fields, Shape};
use crate::{
    Error,
    model::{GrantedPolicy, NewUser, UnmadeGrant, UserChange},
};

const USER: Shape = Shape { what: "user", place: "loader", whole: ANY_OBJECT };
const UNMADE_GRANT: Shape =
    Shape { what: "policy grant", place: "loader.policies", whole: "arborist.UserPolicy" };
const GRANT: Shape = Shape {
    what: "policy grant",
    place: "",
    whole: r#"struct { PolicyName string "json:\"policy\""; ExpiresAt string "json:\"expires_at\"" }"#,
};
const CHANGE: Shape = Shape { what: "user", place: "", whole: ANY_OBJECT };
const FAILED: &str = "could not parse policy name in JSON";

/// Grants that were read, and the error of the first that could not be.
pub(crate) struct ReadGrants {
    pub(crate) grants: Vec<GrantedPolicy>,
    pub(crate) first_error: Option<Error>,
}

impl GrantedPolicy {
    /// Reads one grant. Unknown keys do not matter here.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        fields::read(FAILED, body, GivenGrant::from_value)?.in_time()
    }

    /// Reads many. A wrong type anywhere refuses all of them; a time that cannot be read only its own grant.
    pub(crate) fn read_many(body: &[u8]) -> Result<ReadGrants, Error> {
        let given: Vec<GivenGrant> = fields::read(FAILED, body, |value| {
            let items = fields::items(&format!("[]{}", GRANT.whole), value)?;
            items.iter().map(GivenGrant::from_value).collect()
        })?;
        let mut read = ReadGrants { grants: Vec::new(), first_error: None };
        for given in given {
            match given.in_time() {
                Ok(grant) => read.grants.push(grant),
                Err(error) => read.first_error = read.first_error.or(Some(error)),
            }
        }
        Ok(read)
    }
}

/// A grant whose time nobody has looked at yet.
struct GivenGrant {
    policy: String,
    expires_at: Option<String>,
}

impl GivenGrant {
    fn from_value(value: &Value) -> Result<Self, Error> {
        let fields = Fields::loose(GRANT, value)?;
        Ok(Self {
            policy: fields.name("policy")?.unwrap_or_default(),
            expires_at: fields.name("expires_at")?,
        })
    }

    fn in_time(self) -> Result<GrantedPolicy, Error> {
        let expires_at = fields::expiry("expires_at", self.expires_at.as_deref())?;
        Ok(GrantedPolicy { policy: self.policy, expires_at })
    }
}

impl NewUser {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        fields::read("could not parse user from JSON", body, Self::from_value)
    }

    fn from_value(value: &Value) -> Result<Self, Error> {
        let fields = Fields::strict(USER, value, &["name"], &["email", "groups", "policies"])?;
        let policies = fields.list("policies", "[]arborist.UserPolicy")?;
        let policies =
            policies.map(|items| items.iter().map(UnmadeGrant::from_value).collect()).transpose()?;
        let name = fields.filled_name("name")?;
        let email = fields.name("email")?.filter(|email| !email.is_empty());
        Ok(Self { name, email, groups: fields.names("groups")?, policies })
    }
}

impl UnmadeGrant {
    fn from_value(value: &Value) -> Result<Self, Error> {
        let fields = Fields::loose(UNMADE_GRANT, value)?;
        Ok(Self {
            policy: fields.name("policy")?.unwrap_or_default(),
            expires_at: fields.name("expires_at")?,
        })
    }
}

impl UserChange {
    /// Reads a change. Unknown keys do not matter here.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        let change = fields::read("could not unmarshal body", body, |value| {
            let fields = Fields::loose(CHANGE, value)?;
            Ok(Self { name: fields.name("name")?, email: fields.name("email")? })
        })?;
        if change.name.is_none() && change.email.is_none() {
            let text =
                r#"body must contain at least one valid field. possible valid fields are "name" and "email""#;
            return Err(Error::BadRequest(text.into()));
        }
        if change.name.as_deref() == Some("") {
            return Err(Error::BadRequest("field `name` of user must not be empty".into()));
        }
        Ok(change)
    }
}
