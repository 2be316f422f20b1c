//! Groups and memberships to be made.

use serde_json::Value;

use super::fields::{self, Fields};
use crate::{
    Error,
    model::{Group, NewMember},
};

impl Group {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        fields::read("could not parse group from JSON", body, Self::from_value)
    }

    fn from_value(value: &Value) -> Result<Self, Error> {
        let fields = Fields::strict("group", value, &["name"], &["users", "policies"])?;
        let name = fields.filled_name("name")?;
        Ok(Self { name, users: fields.names("users")?, policies: fields.names("policies")? })
    }
}

impl NewMember {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        let value = fields::parse("could not parse username in JSON", body)?;
        let fields = Fields::loose("group member", &value)?;
        let username = fields.name("username")?.unwrap_or_default();
        Ok(Self { username, expires_at: fields.expiry("expires_at")? })
    }
}
