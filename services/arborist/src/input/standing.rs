//! Whose standing changes, and to what.

use authz::Standing;
use serde_json::Value;

use super::fields::{self, ANY_OBJECT, Fields, MAX_NAME, Shape};
use crate::Error;

/// Most users of whom one request speaks.
const MOST_USERS: usize = 10_000;

/// Names of users, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Users(Vec<String>);

impl Users {
    /// Takes any number of names, each of which must be one.
    pub(crate) fn of(names: Vec<String>) -> Result<Self, Error> {
        let unusable = |name: &String| name.is_empty() || name.len() > MAX_NAME || name.contains('\0');
        if names.iter().any(unusable) {
            let text =
                format!("names of users have 1 to {MAX_NAME} bytes, and none of them is a NUL character");
            return Err(Error::BadRequest(text));
        }
        Ok(Self(names))
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.0
    }
}

const STANDING: Shape = Shape { what: "standing", place: "standing", whole: ANY_OBJECT };

/// The body of `PUT /v1/standing`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewStanding {
    pub(crate) users: Users,
    pub(crate) standing: Standing,
}

impl NewStanding {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        fields::read("could not parse standing from JSON", body, Self::from_value)
    }

    fn from_value(value: &Value) -> Result<Self, Error> {
        let fields = Fields::strict(STANDING, value, &["users", "standing"], &[])?;
        let users = fields.names("users")?.unwrap_or_default();
        if users.len() > MOST_USERS {
            return Err(Error::BadRequest(format!("one request speaks of {MOST_USERS} users at most")));
        }
        let standing = match fields.name("standing")?.as_deref() {
            Some("deactivated") => Standing::Deactivated,
            Some("active") => Standing::Active,
            Some("deleted") => Standing::Deleted,
            _ => {
                let text = "field `standing` must be one of deactivated, active, deleted";
                return Err(Error::BadRequest(text.into()));
            }
        };
        Ok(Self { users: Users::of(users)?, standing })
    }
}
