//! Where inputs come from and outputs go.

use storage::Location;
use url::Url;

/// Where an input comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The task itself.
    Content(String),
    /// A file of the commons, by its GUID.
    File(String),
    /// An object below the user's folder.
    Object(Location),
    /// An address that this commons has signed.
    Signed(Url),
}

/// Where an output goes: below the user's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination(pub(crate) Location);

/// Why a URL is none that a task may have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(String);

/// What a user's tasks may read and write.
#[derive(Debug, Clone)]
pub struct Sources<'a> {
    /// The bucket in which the user has a folder.
    pub bucket: Option<&'a str>,
    /// The name of that folder.
    pub user: &'a str,
    /// The public address of the commons.
    pub public_url: &'a Url,
    /// Where signed URLs of its store lead.
    pub store_url: Option<&'a Url>,
}

/// The longest key of an object in S3.
const LONGEST_KEY: usize = 1_024;
const LONGEST_URL: usize = 8_192;

impl Sources<'_> {
    /// The folder of the user, as the beginning of URLs.
    pub fn folder(&self) -> Option<String> {
        Some(format!("s3://{}/{}/", self.bucket?, self.user))
    }

    /// Where an input at `url` comes from.
    ///
    /// # Errors
    /// With what may be there.
    pub fn source(&self, url: &str) -> Result<Source, SourceError> {
        if url.len() > LONGEST_URL {
            return Err(SourceError(format!("its url is longer than {LONGEST_URL} bytes")));
        }
        match url.split_once("://") {
            Some(("drs", rest)) => self.drs(rest).map(Source::File),
            Some(("s3", _)) => self.own(url).map(Source::Object),
            Some(("http" | "https", _)) => self.signed(url).map(Source::Signed),
            Some(_) => Err(SourceError(
                "its url is none of drs://, s3:// below your folder, and what this commons has signed".into(),
            )),
            None if is_guid(url) => Ok(Source::File(url.to_owned())),
            None => Err(SourceError("its url is neither a URL nor a GUID".into())),
        }
    }

    /// Where an output to `url` goes.
    ///
    /// # Errors
    /// With what may be there.
    pub fn destination(&self, url: &str) -> Result<Destination, SourceError> {
        self.own(url).map(Destination)
    }

    fn own(&self, url: &str) -> Result<Location, SourceError> {
        let folder = self.folder();
        let folder = folder.ok_or_else(|| SourceError("this commons keeps no files of tasks".into()))?;
        let outside = || SourceError(format!("its url is not below your folder {folder}"));
        let rest = url.strip_prefix(&folder).ok_or_else(outside)?;
        let is_part = |part: &str| !matches!(part, "" | "." | "..") && !part.chars().any(char::is_control);
        let rest = rest.trim_end_matches('/');
        if !rest.split('/').all(is_part) || rest.len() > LONGEST_KEY - self.user.len() - 1 {
            return Err(SourceError(
                "its url has a key with an empty part, `.`, `..`, or is too long".into(),
            ));
        }
        let bucket = self.bucket.unwrap_or_default();
        Location::new(bucket, format!("{}/{rest}", self.user)).map_err(|error| SourceError(error.to_string()))
    }

    /// A file by a DRS URI: by the host of this commons, by a compact identifier, or by the bare GUID.
    fn drs(&self, rest: &str) -> Result<String, SourceError> {
        let host = self.public_url.host_str().unwrap_or_default();
        let with_port = self.public_url.port().map(|port| format!("{host}:{port}"));
        let is_ours = |first: &str| first == host || Some(first) == with_port.as_deref();
        let guid = match rest.split_once('/') {
            Some((first, guid)) if is_ours(first) => guid.to_owned(),
            // A prefix such as dg.4503 of GUIDs has no port and is no host of ours.
            _ => rest.replacen(':', "/", 1),
        };
        if is_guid(&guid) {
            Ok(guid)
        } else {
            Err(SourceError("its url names no file of this commons".into()))
        }
    }

    /// The address of something that this commons or its store has.
    ///
    /// # Errors
    /// For any other, to which nobody is to be sent in the name of this machine.
    pub(crate) fn signed(&self, url: &str) -> Result<Url, SourceError> {
        let parsed = Url::parse(url).map_err(|error| SourceError(format!("its url is none: {error}")))?;
        let is_ours = |ours: &Url| ours.origin() == parsed.origin();
        if !(is_ours(self.public_url) || self.store_url.is_some_and(is_ours)) {
            return Err(SourceError(
                "its url leads out of this commons; give a file's drs:// or a URL that this commons has \
                 signed"
                    .into(),
            ));
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(SourceError("its url has a login".into()));
        }
        Ok(parsed)
    }
}

fn is_guid(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte);
    let parts_are = text.split('/').all(|part| !matches!(part, "" | "." | ".."));
    text.len() <= 255 && parts_are && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_read_and_write_nothing_but_what_is_theirs() {
        let public = Url::parse("https://commons.example:8443").unwrap();
        let store = Url::parse("https://store.example").unwrap();
        let sources =
            Sources { bucket: Some("tasks"), user: "7", public_url: &public, store_url: Some(&store) };
        let file = |guid: &str| Ok(Source::File(guid.into()));
        for (url, guid) in [
            ("drs://commons.example:8443/dg.1/a-b", "dg.1/a-b"),
            ("drs://commons.example/a-b", "a-b"),
            ("drs://dg.1/a-b", "dg.1/a-b"),
            ("drs://dg.1:a-b", "dg.1/a-b"),
            ("drs://a-b", "a-b"),
            ("dg.1/a-b", "dg.1/a-b"),
        ] {
            assert_eq!(sources.source(url), file(guid), "{url}");
        }
        let own = Location::new("tasks", "7/x/y").unwrap();
        assert_eq!(sources.source("s3://tasks/7/x/y"), Ok(Source::Object(own.clone())));
        assert_eq!(sources.destination("s3://tasks/7/x/y/"), Ok(Destination(own)));
        for url in ["https://commons.example:8443/a?X-Amz-Signature=1", "https://store.example/b/c"] {
            assert_eq!(sources.source(url), Ok(Source::Signed(Url::parse(url).unwrap())), "{url}");
        }
        for url in [
            "",
            "/etc/passwd",
            "file:///etc/passwd",
            "gs://a/b",
            "drs://",
            "drs://commons.example/../x",
            "drs://commons.example/a%2f..%2fb",
            "http://commons.example:8443/a",
            "https://commons.example/a",
            "https://169.254.169.254/latest",
            "https://commons.example:8443@evil.example/a",
            "https://a:b@commons.example:8443/a",
            "s3://tasks/8/x",
            "s3://tasks/77/x",
            "s3://tasks/7",
            "s3://tasks/7/",
            "s3://tasks/7/../8/x",
            "s3://tasks/7/a//b",
            "s3://other/7/x",
        ] {
            assert!(sources.source(url).is_err(), "{url}");
            assert!(sources.destination(url).is_err(), "{url}");
        }
        let none = Sources { bucket: None, ..sources };
        assert!(none.destination("s3://tasks/7/x").is_err());
    }
}
