//! What a download asks for, and which of a record's locations it gets.

use std::time::Duration;

use indexclient::Record;
use web::Params;

use crate::{config::Config, error::Error, identity::caller::Caller, service::Fence};

/// What a download asks for beside the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadOptions {
    /// Which kind of location; any when it is not given.
    pub(crate) protocol: Option<String>,
    pub(crate) life: Duration,
    pub(crate) signing: Signing,
    /// The project at Google that pays.
    pub(crate) user_project: Option<String>,
}

impl DownloadOptions {
    /// What a query asks for; `protocol` may stand elsewhere.
    ///
    /// # Errors
    /// 400 for a life that is not a positive integer.
    pub(crate) fn read(config: &Config, params: &Params, protocol: Option<&str>) -> Result<Self, Error> {
        let plain = params.get("no_force_sign").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        Ok(Self {
            protocol: protocol.map(str::to_owned),
            life: url_life(params.get("expires_in"), config.max_presigned_url_ttl)?,
            signing: if plain { Signing::Plain } else { Signing::Signed },
            user_project: params.get("userProject").filter(|name| is_project(name)).map(str::to_owned),
        })
    }
}

/// Whether this can be the name of a project at Google; another is as none.
fn is_project(name: &str) -> bool {
    let is = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':');
    (1..=128).contains(&name.len()) && name.chars().all(is)
}

/// Whether a URL is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signing {
    Signed,
    Plain,
}

/// Whom the bucket's access log will name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    user_id: String,
    username: String,
    client_id: String,
}

impl Reader {
    /// The caller, if fence believes the token; otherwise nobody in particular.
    pub(crate) async fn of(fence: &Fence, caller: &Caller) -> Self {
        if let Some(user) = caller.vouched() {
            let (user_id, username) = (user.id().to_string(), user.username().to_owned());
            return Self { user_id, username, client_id: String::new() };
        }
        let bearer = caller.believed(fence).await;
        match bearer.as_ref().and_then(|bearer| Some((bearer, bearer.username().ok()?))) {
            Some((bearer, username)) => Self {
                user_id: bearer.claims().sub.clone().unwrap_or_default(),
                username: username.to_owned(),
                client_id: bearer.client_id().to_owned(),
            },
            None => Self { user_id: "-1".into(), username: "anonymous".into(), client_id: String::new() },
        }
    }

    /// The user's name, `anonymous` for nobody in particular.
    pub(crate) fn username(&self) -> &str {
        &self.username
    }

    /// The user's id; none for nobody in particular.
    pub(crate) fn user_id(&self) -> Option<i32> {
        self.user_id.parse().ok().filter(|id| *id >= 0)
    }

    /// The parameters that a signed URL carries.
    pub(crate) fn parameters(&self) -> [(&str, &str); 3] {
        [("user_id", &self.user_id), ("username", &self.username), ("client_id", &self.client_id)]
    }
}

/// The life of a signed URL: a positive number of seconds, not longer than the configured maximum.
///
/// # Errors
/// 400 for anything but a positive integer.
pub(crate) fn url_life(asked: Option<&str>, longest: u32) -> Result<Duration, Error> {
    let Some(text) = asked else { return Ok(Duration::from_secs(longest.into())) };
    let seconds: Option<u64> = text.trim().parse().ok().filter(|seconds| *seconds > 0);
    let wrong = || Error::BadRequest(format!("expires_in must be a positive integer; instead, got '{text}'"));
    Ok(Duration::from_secs(seconds.ok_or_else(wrong)?.min(longest.into())))
}

/// The location that `protocol` chooses: the first of that kind, or the first of all. Those in an archive are
/// none.
///
/// # Errors
/// 404 without a fitting location, 409 when all that fit are in an archive.
pub(crate) fn choose_location<'r>(record: &'r Record, protocol: Option<&str>) -> Result<&'r str, Error> {
    if record.urls.is_empty() {
        return Err(Error::NotFound(format!("Can't find a location for the data of {}", record.did)));
    }
    let protocol = protocol.filter(|protocol| !protocol.is_empty());
    let fits = |url: &&String| {
        let scheme = url.split_once("://").map(|(scheme, _)| scheme);
        protocol.is_none_or(|protocol| {
            scheme == Some(protocol) || (protocol == "http" && scheme == Some("https"))
        })
    };
    let mut fitting = record.urls.iter().filter(fits).peekable();
    if fitting.peek().is_none() {
        return Err(Error::NotFound(format!(
            "File {} does not have a location with specified protocol {}.",
            record.did,
            protocol.unwrap_or_default()
        )));
    }
    fitting.find(|url| !record.is_archived(url)).map(String::as_str).ok_or_else(|| archived(&record.did))
}

fn archived(guid: &str) -> Error {
    let order = serde_json::json!({ "selector": { "guids": [guid] } });
    Error::Conflict(format!(
        "The data of {guid} are in the archive and must be retrieved first: POST /ops/v1/retrieve with \
         {order}"
    ))
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
        let chosen = |protocol| choose_location(&record, protocol).ok();
        assert_eq!(chosen(None), Some("s3://b/k"));
        assert_eq!(chosen(Some("")), Some("s3://b/k"));
        assert_eq!(chosen(Some("gs")), Some("gs://b/k"));
        assert_eq!(chosen(Some("http")), Some("https://h/k"));
        assert_eq!(chosen(Some("S3")), None);
        let mut record = record;
        let facts = [("type", "archive"), ("available", "false")];
        let facts = facts.map(|(name, value)| (name.to_owned(), serde_json::json!(value))).into();
        record.urls_metadata.insert("s3://b/k".into(), facts);
        assert_eq!(choose_location(&record, None).ok(), Some("gs://b/k"));
        let refused = choose_location(&record, Some("s3")).unwrap_err().to_string();
        assert!(refused.contains(r#"POST /ops/v1/retrieve with {"selector":{"guids":["d"]}}"#), "{refused}");
        assert_eq!(
            choose_location(&Record::default(), None).unwrap_err().to_string(),
            "Can't find a location for the data of "
        );
    }
}
