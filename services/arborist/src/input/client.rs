//! OAuth clients to be made.

use serde_json::Value;

use super::fields::{self, Fields, Shape};
use crate::{Error, model::Client};

const CLIENT: Shape = Shape { what: "client", place: "Client", whole: "arborist.Client" };

impl Client {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        fields::read("could not parse client from JSON", body, Self::from_value)
    }

    fn from_value(value: &Value) -> Result<Self, Error> {
        let fields = Fields::loose(CLIENT, value)?;
        let client_id = fields.filled_name("clientID")?;
        Ok(Self { client_id, policies: fields.names("policies")? })
    }
}
