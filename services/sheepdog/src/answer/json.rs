//! Answers as JSON.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::{Error, runtime::spool::Spool};

/// An answer, written once and used as it is for the client and the log.
pub(crate) type Answer = Box<RawValue>;

/// `value` as an answer.
///
/// # Errors
/// Never for values that are JSON.
pub(crate) fn written(value: &impl Serialize) -> Result<Answer, Error> {
    serde_json::value::to_raw_value(value).map_err(not_json)
}

impl From<Answer> for Spool {
    fn from(answer: Answer) -> Self {
        let text: Box<str> = answer.into();
        text.into_string().into()
    }
}

/// The answer in a spool.
///
/// # Errors
/// When the file fails.
pub(crate) async fn raw(spool: &Spool) -> Result<Answer, Error> {
    let text = String::from_utf8(spool.whole().await?.into()).map_err(not_json)?;
    RawValue::from_string(text).map_err(not_json)
}

pub(super) fn not_json(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal("writing an answer", error)
}
