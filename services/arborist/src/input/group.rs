//! Groups and memberships to be made.

use serde_json::Value;

use super::fields::{self, ANY_OBJECT, Fields, Shape};
use crate::{
    Error,
    model::{Group, NewMember},
};

const GROUP: Shape = Shape { what: "group", place: "loader", whole: ANY_OBJECT };
const MEMBER: Shape = Shape {
    what: "group member",
    place: "",
    whole: r#"struct { Username string "json:\"username\""; ExpiresAt string "json:\"expires_at\"" }"#,
};

impl Group {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        fields::read("could not parse group from JSON", body, Self::from_value)
    }

    fn from_value(value: &Value) -> Result<Self, Error> {
        let fields = Fields::strict(GROUP, value, &["name"], &["users", "policies"])?;
        let name = fields.filled_name("name")?;
        Ok(Self { name, users: fields.names("users")?, policies: fields.names("policies")? })
    }
}

impl NewMember {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        let (username, expiry) = fields::read("could not parse username in JSON", body, |value| {
            let fields = Fields::loose(MEMBER, value)?;
            Ok((fields.name("username")?.unwrap_or_default(), fields.name("expires_at")?))
        })?;
        Ok(Self { username, expires_at: fields::expiry("expires_at", expiry.as_deref())? })
    }
}
