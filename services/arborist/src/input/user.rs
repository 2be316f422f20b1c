//! Users to be made or changed, and grants to them.

use serde_json::Value;

use super::fields::{self, Fields};
use crate::{
    Error,
    model::{GrantedPolicy, NewUser, UnmadeGrant, UserChange},
};

/// Grants that were read, and the error of the first that could not be.
pub(crate) struct ReadGrants {
    pub(crate) grants: Vec<GrantedPolicy>,
    pub(crate) first_error: Option<Error>,
}

impl GrantedPolicy {
    /// Reads one grant. Unknown keys do not matter here.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        let value = fields::parse("could not parse policy name in JSON", body)?;
        Self::from_value(&value)
    }

    /// Reads many. A wrong type anywhere refuses all of them; a time that cannot be read only its own grant.
    pub(crate) fn read_many(body: &[u8]) -> Result<ReadGrants, Error> {
        let value = fields::parse("could not parse policy name in JSON", body)?;
        let items = fields::items("policies", &value)?;
        for item in items {
            let fields = Fields::loose("policy grant", item)?;
            fields.name("policy")?;
            fields.name("expires_at")?;
        }
        let mut read = ReadGrants { grants: Vec::new(), first_error: None };
        for item in items {
            match Self::from_value(item) {
                Ok(grant) => read.grants.push(grant),
                Err(error) => read.first_error = read.first_error.or(Some(error)),
            }
        }
        Ok(read)
    }

    fn from_value(value: &Value) -> Result<Self, Error> {
        let fields = Fields::loose("policy grant", value)?;
        Ok(Self {
            policy: fields.name("policy")?.unwrap_or_default(),
            expires_at: fields.expiry("expires_at")?,
        })
    }
}

impl NewUser {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        fields::read("could not parse user from JSON", body, Self::from_value)
    }

    fn from_value(value: &Value) -> Result<Self, Error> {
        let fields = Fields::strict("user", value, &["name"], &["email", "groups", "policies"])?;
        let policies = fields.list("policies")?;
        let policies =
            policies.map(|items| items.iter().map(UnmadeGrant::from_value).collect()).transpose()?;
        let name = fields.filled_name("name")?;
        let email = fields.name("email")?.filter(|email| !email.is_empty());
        Ok(Self { name, email, groups: fields.names("groups")?, policies })
    }
}

impl UnmadeGrant {
    fn from_value(value: &Value) -> Result<Self, Error> {
        let fields = Fields::loose("policy grant", value)?;
        Ok(Self {
            policy: fields.name("policy")?.unwrap_or_default(),
            expires_at: fields.name("expires_at")?,
        })
    }
}

impl UserChange {
    /// Reads a change. Unknown keys do not matter here.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        let value = fields::parse("could not unmarshal body", body)?;
        let fields = Fields::loose("user", &value)?;
        let change = Self { name: fields.name("name")?, email: fields.name("email")? };
        if change.name.is_none() && change.email.is_none() {
            let text =
                r#"body must contain at least one valid field. possible valid fields are "name" and "email""#;
            return Err(Error::BadRequest(text.into()));
        }
        if change.name.is_some() {
            fields.filled_name("name")?;
        }
        Ok(change)
    }
}
