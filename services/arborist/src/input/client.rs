//! OAuth clients to be made.

use super::fields::{self, Fields};
use crate::{Error, model::Client};

impl Client {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        let value = fields::parse("could not parse client from JSON", body)?;
        let fields = Fields::loose("client", &value)?;
        let client_id = fields.filled_name("clientID")?;
        Ok(Self { client_id, policies: fields.names("policies")? })
    }
}
