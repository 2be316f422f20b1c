//! Roles to be made.

use serde_json::Value;

use super::fields::{self, ANY_OBJECT, Fields, Shape};
use crate::{
    Error,
    model::{Permission, Role},
};

const ROLE: Shape = Shape { what: "role", place: "loader", whole: ANY_OBJECT };
const PERMISSION: Shape = Shape { what: "permission", place: "loader.permissions", whole: ANY_OBJECT };

impl Role {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        fields::read("could not parse role from JSON", body, Self::from_value)
    }

    fn from_value(value: &Value) -> Result<Self, Error> {
        let fields = Fields::strict(ROLE, value, &["id", "permissions"], &["description"])?;
        let permissions = fields.list("permissions", "[]arborist.Permission")?.unwrap_or_default();
        let permissions: Vec<Permission> =
            permissions.iter().map(Permission::from_value).collect::<Result<_, _>>()?;
        let id = fields.filled_name("id")?;
        Ok(Self { id, description: fields.description("description")?.unwrap_or_default(), permissions })
    }
}

impl Permission {
    fn from_value(value: &Value) -> Result<Self, Error> {
        let fields = Fields::strict(PERMISSION, value, &["id", "action"], &["description", "constraints"])?;
        Ok(Self {
            id: fields.name("id")?.unwrap_or_default(),
            description: fields.description("description")?.unwrap_or_default(),
            action: fields.action("action", "loader.permissions.action")?,
            constraints: fields.strings("constraints")?,
        })
    }
}
