//! What the variables of the Gen3 clients say. They are read here and not by the parser, because a key does
//! not follow a variable to another commons.

use std::{env, path::Path};

use transfer::{Credentials, TransferError};
use url::Url;

/// The commons, where the command line does not name it.
pub(super) const ENDPOINT: &str = "GEN3_ENDPOINT";
/// A file with an API key, or the key itself.
const KEY: &str = "GEN3_API_KEY";

pub(super) fn endpoint() -> Option<String> {
    env::var(ENDPOINT).ok().filter(|endpoint| !endpoint.is_empty())
}

/// # Errors
/// When the variable has something, and that is neither a key nor a file with one.
pub(super) fn key() -> Result<Option<Credentials>, TransferError> {
    let Ok(value) = env::var(KEY) else { return Ok(None) };
    if value.trim().is_empty() {
        return Ok(None);
    }
    match Credentials::from_text(&value) {
        Some(key) => Ok(Some(key)),
        None if Path::new(&value).is_file() => Credentials::read(Path::new(&value)).map(Some),
        // The value may be a broken key, so that it is not shown.
        None => Err(TransferError::Unusable(format!("{KEY} is neither a file nor an API key"))),
    }
}

/// Whether the commons at `endpoint` has given the key.
pub(super) fn is_of(key: &Credentials, endpoint: &Url) -> bool {
    key.commons().is_some_and(|commons| commons.origin() == endpoint.origin())
}
