//! From an index record to a URL from which its bytes can be had.

use std::time::Duration;

use indexclient::Record;
use storage::{Access, Location};

use crate::{Fence, access::Permitted, caller::Caller, error::FenceError};

/// What a download asks for beside the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Which kind of location; any when it is not given.
    pub(crate) protocol: Option<String>,
    pub(crate) life: Duration,
    /// Whether to sign at all.
    pub(crate) sign: bool,
}

/// Whom the bucket's access log will name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reader {
    user_id: String,
    username: String,
    client_id: String,
}

impl Reader {
    /// The caller, if fence believes the token; otherwise nobody in particular.
    pub(crate) async fn of(fence: &Fence, caller: &Caller) -> Self {
        let bearer = caller.believed(fence).await;
        match bearer.as_ref().and_then(|bearer| Some((bearer, bearer.claims.username()?))) {
            Some((bearer, username)) => Self {
                user_id: bearer.claims.sub.clone().unwrap_or_default(),
                username: username.to_owned(),
                client_id: bearer.client_id().to_owned(),
            },
            None => Self { user_id: "-1".into(), username: "anonymous".into(), client_id: String::new() },
        }
    }
}

/// The life of a signed URL, from text or number: positive, and not longer than the configured maximum.
///
/// # Errors
/// 400 for what is no positive integer.
pub(crate) fn url_life(asked: Option<&str>, longest: u32) -> Result<Duration, FenceError> {
    let Some(text) = asked else { return Ok(Duration::from_secs(longest.into())) };
    let seconds: Option<u64> = text.trim().parse().ok().filter(|seconds| *seconds > 0);
    let wrong =
        || FenceError::BadRequest(format!("expires_in must be a positive integer; instead, got '{text}'"));
    Ok(Duration::from_secs(seconds.ok_or_else(wrong)?.min(longest.into())))
}

/// The record of `guid`.
///
/// # Errors
/// 404 when there is none.
pub(crate) async fn record(fence: &Fence, guid: &str) -> Result<Record, FenceError> {
    let found = fence.index.get(guid).await?;
    found.ok_or_else(|| FenceError::NotFound(format!("No indexed document found with id {guid}")))
}

/// The location that `protocol` chooses: the first of that kind, or the first of all.
fn choose<'a>(record: &'a Record, protocol: Option<&str>) -> Result<&'a str, FenceError> {
    let Some(first) = record.urls.first() else {
        return Err(FenceError::NotFound(format!("Can't find a location for the data of {}", record.did)));
    };
    let Some(protocol) = protocol.filter(|protocol| !protocol.is_empty()) else { return Ok(first) };
    let fits = |url: &&String| {
        let scheme = url.split_once("://").map(|(scheme, _)| scheme);
        scheme == Some(protocol) || (protocol == "http" && scheme == Some("https"))
    };
    record.urls.iter().find(fits).map(String::as_str).ok_or_else(|| {
        FenceError::NotFound(format!(
            "File {} does not have a location with specified protocol {protocol}.",
            record.did
        ))
    })
}

/// The URL for a permitted download.
///
/// # Errors
/// 404 without a fitting location, 400 for a kind of location that cannot be signed, 500 for a bucket that is
/// not configured.
pub(crate) fn url(
    fence: &Fence,
    permitted: Permitted<'_>,
    wanted: &Wanted,
    reader: &Reader,
) -> Result<String, FenceError> {
    let location = choose(permitted.record(), wanted.protocol.as_deref())?;
    if ["http://", "https://", "ftp://"].iter().any(|scheme| location.starts_with(scheme)) {
        return Ok(location.to_owned());
    }
    let Some(location) = Location::from_s3_url(location) else {
        let (scheme, _) = location.split_once("://").unwrap_or((location, ""));
        return Err(FenceError::BadRequest(format!("The specified protocol {scheme} is not supported")));
    };
    let location = location?;
    if !wanted.sign {
        return Ok(fence.storage.plain_url(&location)?.into());
    }
    let names = [
        ("user_id", reader.user_id.as_str()),
        ("username", reader.username.as_str()),
        ("client_id", reader.client_id.as_str()),
    ];
    Ok(fence.storage.presign(&location, Access::Get, wanted.life, &names)?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_a_positive_integer_up_to_the_maximum() {
        let seconds = |asked| url_life(asked, 3600).map(|life| life.as_secs()).ok();
        assert_eq!(seconds(None), Some(3600));
        assert_eq!(seconds(Some("60")), Some(60));
        assert_eq!(seconds(Some("3601")), Some(3600));
        for wrong in ["0", "-5", "x", "1.5", ""] {
            assert_eq!(seconds(Some(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn the_protocol_chooses_among_the_locations() {
        let record = Record {
            did: "d".into(),
            urls: ["s3://b/k", "gs://b/k", "https://h/k"].map(String::from).to_vec(),
            ..Record::default()
        };
        let chosen = |protocol| choose(&record, protocol).ok();
        assert_eq!(chosen(None), Some("s3://b/k"));
        assert_eq!(chosen(Some("")), Some("s3://b/k"));
        assert_eq!(chosen(Some("gs")), Some("gs://b/k"));
        assert_eq!(chosen(Some("http")), Some("https://h/k"));
        assert_eq!(chosen(Some("S3")), None);
        assert_eq!(
            choose(&Record::default(), None).unwrap_err().to_string(),
            "Can't find a location for the data of "
        );
    }
}
