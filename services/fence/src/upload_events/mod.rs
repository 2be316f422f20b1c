//! What stores tell of uploads over HTTP or in a queue, each in its own form. Pure: a message becomes the
//! URLs of the objects that are new, or a step by which the sender makes sure of the receiver.

mod azure;
mod google;
mod s3;

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

pub(crate) use azure::read as read_azure;
pub(crate) use google::read as read_google;
pub(crate) use s3::{Topics, read as read_s3, read_queued};

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    /// These objects are new: `s3://bucket/key`, `gs://bucket/key`, `az://host/container/blob`. There may be
    /// none, as in a message about something else.
    Uploaded(BTreeSet<String>),
    /// SNS wants this address to be called before it tells of anything.
    Confirm(Url),
    /// Event Grid wants this code to be repeated before it tells of anything.
    Repeat(String),
}

/// Why a message is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// It is not what a store of this kind sends.
    #[error("{0}")]
    Form(String),
    /// It comes from where nobody is expected.
    #[error("{0}")]
    Sender(String),
}

impl Refused {
    fn form(text: impl Into<String>) -> Self {
        Self::Form(text.into())
    }
}

/// A message of a certain form.
fn parsed<T: DeserializeOwned>(value: Value, what: &str) -> Result<T, Refused> {
    serde_json::from_value(value).map_err(|error| Refused::form(format!("this is no {what}: {error}")))
}

/// A body of JSON, whatever its content type says: SNS sends `text/plain`.
fn json(body: &[u8]) -> Result<Value, Refused> {
    serde_json::from_slice(body).map_err(|error| Refused::form(format!("the body is not JSON: {error}")))
}
