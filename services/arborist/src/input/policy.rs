//! Policies to be made, and names of policies to be granted.

use serde_json::Value;

use super::fields::{self, ANY_OBJECT, Fields, Shape};
use crate::{
    Error,
    model::{Policy, PolicyName},
};

const POLICY: Shape = Shape { what: "policy", place: "loader", whole: ANY_OBJECT };
const NAME: Shape =
    Shape { what: "policy", place: "", whole: r#"struct { PolicyName string "json:\"policy\"" }"# };

impl Policy {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        fields::read("could not parse policy from JSON", body, Self::from_value)
    }

    pub(crate) fn read_many(body: &[u8]) -> Result<Vec<Self>, Error> {
        fields::read("could not parse policies from JSON", body, |value| {
            fields::items("[]arborist.Policy", value)?.iter().map(Self::from_value).collect()
        })
    }

    fn from_value(value: &Value) -> Result<Self, Error> {
        let fields = Fields::strict(POLICY, value, &["resource_paths", "role_ids"], &["id", "description"])?;
        Ok(Self {
            id: fields.name("id")?.unwrap_or_default(),
            description: fields.description("description")?.unwrap_or_default(),
            resource_paths: fields.names("resource_paths")?.unwrap_or_default(),
            role_ids: fields.names("role_ids")?.unwrap_or_default(),
        })
    }
}

impl PolicyName {
    /// Reads `{"policy": name}`, where unknown keys do not matter.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        fields::read("could not parse policy name in JSON", body, |value| {
            Ok(Self(Fields::loose(NAME, value)?.name("policy")?.unwrap_or_default()))
        })
    }
}
