//! What the variables of the Gen3 clients say, and those of the tools of Amazon. They are read here and not
//! by the parser, because a key does not follow a variable to another commons.

use std::{env, path::Path};

use indexmap::IndexMap;
use storage::{AwsCredentials, BucketConfig, Buckets, S3Store};
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

/// Who signs the requests to a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signing {
    /// Whoever the tools of Amazon find.
    Found,
    /// Nobody: anybody may read some buckets.
    Nobody,
}

/// A bucket with the credentials, region and endpoint that the tools of Amazon take from the environment.
///
/// # Errors
/// When they cannot be used.
pub(super) fn s3(bucket: &str, signing: Signing) -> anyhow::Result<S3Store> {
    const FOUND: &str = "found";
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let cred = if signing == Signing::Found { FOUND } else { "*" };
    let config = BucketConfig {
        cred: cred.to_owned(),
        region: variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")),
        endpoint_url: variable("AWS_ENDPOINT_URL_S3").or_else(|| variable("AWS_ENDPOINT_URL")),
        ..BucketConfig::default()
    };
    let credentials = IndexMap::from([(FOUND.to_owned(), AwsCredentials::default())]);
    Ok(S3Store::new(Buckets::new(IndexMap::from([(bucket.to_owned(), config)]), &credentials)?))
}
