//! Signed URLs of Google Cloud Storage (V4 signing process).

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use url::Url;

use crate::{
    Location, StorageError,
    encoded::{path, query, unix_lines},
};

const ALGORITHM: &str = "GOOG4-RSA-SHA256";
/// A week: Google takes no longer ones.
const LONGEST: Duration = Duration::from_secs(604_800);

/// Why the key of a service account cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GoogleKeyError {
    /// It is no such file.
    #[error("it is no key file of a service account")]
    Form(#[source] serde_json::Error),
    /// There is no private key in it that could sign.
    #[error("its private_key is no RSA key in PEM (PKCS #8)")]
    Key,
}

/// The key file of a service account, as Google gives it.
#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    private_key: String,
}

/// Signs texts as a service account, by its key.
pub(super) struct KeySigner {
    email: String,
    key: RsaKeyPair,
}

// Written by hand so that the key can never reach a log.
impl std::fmt::Debug for KeySigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeySigner").field("email", &self.email).finish_non_exhaustive()
    }
}

/// How the parameters are spelled that signing adds. Google takes both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// `x-goog-signature`, as fence has always written them.
    Lower,
    /// `X-Goog-Signature`, as Google documents them.
    #[cfg(test)]
    Google,
}

impl Spelling {
    fn of(self, name: &str) -> String {
        match self {
            Self::Lower => name.to_ascii_lowercase(),
            #[cfg(test)]
            Self::Google => name.to_owned(),
        }
    }
}

impl KeySigner {
    /// Reads the key file of a service account.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn from_key_file(json: &str) -> Result<Self, GoogleKeyError> {
        let KeyFile { client_email, private_key } =
            serde_json::from_str(json).map_err(GoogleKeyError::Form)?;
        let decoded = pem::parse(&private_key).map_err(|_| GoogleKeyError::Key)?;
        let key = RsaKeyPair::from_pkcs8(decoded.contents()).map_err(|_| GoogleKeyError::Key)?;
        Ok(Self { email: client_email, key })
    }

    /// The account's e-mail address.
    pub(super) fn account(&self) -> &str {
        &self.email
    }

    /// The signature of a text, in hexadecimal digits.
    ///
    /// # Errors
    /// When the key does not sign.
    pub(super) fn signature(&self, text: &str) -> Result<String, StorageError> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .map_err(|_| StorageError::Unavailable("the key of the service account does not sign".into()))?;
        Ok(hex::encode(signature))
    }
}

/// A URL that lacks its signature.
pub(super) struct Unsigned<'a> {
    location: &'a Location,
    url: String,
    text: String,
    spelling: Spelling,
}

impl<'a> Unsigned<'a> {
    /// A URL below `endpoint` with which anybody may do `method` for `life` from `now`, a week at most, as
    /// `account` may. `extra` are further parameters of the query, covered by the signature.
    ///
    /// # Errors
    /// For a bucket that is none.
    pub(super) fn new(
        endpoint: &str,
        method: &str,
        location: &'a Location,
        time: (Duration, DateTime<Utc>),
        account: &str,
        extra: &[(&str, &str)],
    ) -> Result<Self, StorageError> {
        Self::spelled(Spelling::Lower, endpoint, method, location, time, account, extra)
    }

    fn spelled(
        spelling: Spelling,
        endpoint: &str,
        method: &str,
        location: &'a Location,
        (life, now): (Duration, DateTime<Utc>),
        account: &str,
        extra: &[(&str, &str)],
    ) -> Result<Self, StorageError> {
        let object = object_path(location)?;
        let (day, time) = (now.format("%Y%m%d").to_string(), now.format("%Y%m%dT%H%M%SZ").to_string());
        let scope = format!("{day}/auto/storage/goog4_request");
        let credential = format!("{account}/{scope}");
        let seconds = life.min(LONGEST).as_secs().max(1).to_string();
        let own = [
            ("X-Goog-Algorithm", ALGORITHM),
            ("X-Goog-Credential", &credential),
            ("X-Goog-Date", &time),
            ("X-Goog-Expires", &seconds),
            ("X-Goog-SignedHeaders", "host"),
        ];
        let own = own.into_iter().map(|(name, value)| (spelling.of(name), value));
        let all = own.chain(extra.iter().map(|(name, value)| ((*name).to_owned(), *value)));
        let mut pairs: Vec<String> =
            all.map(|(name, value)| format!("{}={}", query(&name), query(value))).collect();
        pairs.sort_unstable();
        let canonical_query = pairs.join("&");
        let (_, host) = endpoint.split_once("://").unwrap_or(("", endpoint));
        let host = format!("host:{host}");
        let request = unix_lines(&[method, &object, &canonical_query, &host, "", "host", "UNSIGNED-PAYLOAD"]);
        let digest = hex::encode(Sha256::digest(request.as_bytes()));
        let text = unix_lines(&[ALGORITHM, &time, &scope, &digest]);
        Ok(Self { location, url: format!("{endpoint}{object}?{canonical_query}"), text, spelling })
    }

    /// What is signed.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The whole URL.
    ///
    /// # Errors
    /// When the parts make no address.
    pub(super) fn with(&self, signature: &str) -> Result<Url, StorageError> {
        let name = self.spelling.of("X-Goog-Signature");
        address(&format!("{}&{name}={signature}", self.url), self.location)
    }
}

/// The address of an object at Google for those who are logged in there, without a signature.
///
/// # Errors
/// For a bucket that is none.
pub fn google_url(location: &Location) -> Result<Url, StorageError> {
    address(&format!("https://storage.cloud.google.com{}", object_path(location)?), location)
}

fn object_path(location: &Location) -> Result<String, StorageError> {
    let bucket = location.bucket();
    // Letters, digits, dashes, dots and underlines, and none of the segments that URL parsers resolve.
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if bucket.len() < 3 || bucket.len() > 222 || !bucket.chars().all(is_name) {
        return Err(StorageError::UnknownBucket(bucket.to_owned()));
    }
    Ok(format!("/{bucket}/{}", path(location.key())))
}

fn address(text: &str, location: &Location) -> Result<Url, StorageError> {
    Url::parse(text).map_err(|error| StorageError::Address {
        bucket: location.bucket().to_owned(),
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// A dummy that Google publishes with its conformance tests; it opens nothing.
    const KEY_FILE: &str = include_str!("../../tests/vectors/google-dummy-service-account.json");
    /// Of these tests, those without signed headers.
    const VECTORS: &str = include_str!("../../tests/vectors/google-v4-signatures.json");

    const ENDPOINT: &str = "https://storage.googleapis.com";

    fn signer() -> KeySigner {
        KeySigner::from_key_file(KEY_FILE).unwrap()
    }

    fn signed(unsigned: Unsigned<'_>) -> Url {
        unsigned.with(&signer().signature(unsigned.text()).unwrap()).unwrap()
    }

    #[test]
    fn what_google_expects_of_its_own_clients_is_signed_alike() {
        let vectors: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
        assert!(vectors.len() >= 6);
        for vector in vectors {
            let text = |name: &str| vector[name].as_str().unwrap();
            let location = Location::new(text("bucket"), text("object")).unwrap();
            let life = Duration::from_secs(text("expiration").parse().unwrap());
            let extra: Vec<(&str, &str)> = vector["queryParameters"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
                .collect();
            let now = text("timestamp").parse().unwrap();
            let (signer, spelling) = (signer(), Spelling::Google);
            let (method, account) = (text("method"), signer.account());
            let unsigned =
                Unsigned::spelled(spelling, ENDPOINT, method, &location, (life, now), account, &extra);
            let url = signed(unsigned.unwrap());
            assert_eq!(url.as_str(), text("expectedUrl"), "{}", text("description"));
        }
    }

    #[test]
    fn parameters_are_spelled_as_fence_has_always_spelled_them() {
        let location = Location::new("bucket", "a key/ü+?#").unwrap();
        let now = "2026-01-02T03:04:05Z".parse().unwrap();
        let extra = [("userProject", "our-project")];
        let time = (Duration::from_secs(1_000_000), now);
        let unsigned = Unsigned::new(ENDPOINT, "GET", &location, time, signer().account(), &extra);
        let url = signed(unsigned.unwrap());
        let url = url.as_str();
        let start =
            "https://storage.googleapis.com/bucket/a%20key/%C3%BC%2B%3F%23?userProject=our-project&x-goog-";
        assert!(url.starts_with(start), "{url}");
        for part in ["x-goog-expires=604800", "x-goog-date=20260102T030405Z", "&x-goog-signature="] {
            assert!(url.contains(part), "{part} in {url}");
        }
        let plain = google_url(&location).unwrap();
        assert_eq!(plain.as_str(), "https://storage.cloud.google.com/bucket/a%20key/%C3%BC%2B%3F%23");
    }

    #[test]
    fn what_is_no_bucket_and_no_key_is_refused() {
        for bucket in ["", "..", "a", "a/b", "ü-b", "a b", &"x".repeat(223)] {
            let location = Location::new(bucket, "k").unwrap();
            assert!(google_url(&location).is_err(), "{bucket}");
        }
        let of = KeySigner::from_key_file;
        assert!(matches!(of("{}"), Err(GoogleKeyError::Form(_))));
        assert!(matches!(of(r#"{"client_email": "a", "private_key": "x"}"#), Err(GoogleKeyError::Key)));
        assert!(!format!("{:?}", signer()).contains("PRIVATE"));
    }
}
