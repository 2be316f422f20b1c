//! Bodies that are read whole. Submissions, which may be larger than memory, are read by `documents::read`.

use dictionary::Dictionary;
use serde_json::Value;

pub(crate) use documents::Format;

use crate::Error;

/// The documents of a body.
///
/// # Errors
/// [`Error::BadRequest`]: see [`documents::read`].
pub(crate) fn parse(format: Format, text: &str, dictionary: &Dictionary) -> Result<Vec<Value>, Error> {
    Ok(documents::parse(format, text, dictionary)?)
}

/// Strict JSON.
///
/// # Errors
/// [`Error::BadRequest`]: see [`documents::value`].
pub(crate) fn parse_json(text: &str) -> Result<Value, Error> {
    Ok(documents::value(text)?)
}
