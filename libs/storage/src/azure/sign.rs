//! Shared access signatures of Azure's blobs, by the key of the storage account.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use url::Url;

use super::address::{address, parts_of};
use crate::{
    Location, StorageError,
    encoded::{query, unix_lines},
};

/// The version of the service whose form of signatures this is.
const VERSION: &str = "2021-12-02";
const SUFFIX: &str = "core.windows.net";

/// Why a connection string cannot be used. The string itself is a secret and is not told.
#[derive(Debug, thiserror::Error)]
pub enum AzureKeyError {
    /// A part is missing.
    #[error("it has no {0}")]
    Missing(&'static str),
    /// The key is no base64.
    #[error("its AccountKey is not base64")]
    Key,
    /// The address of the blobs cannot be used.
    #[error("its BlobEndpoint is no address")]
    Endpoint,
}

/// What a signed URL of a blob lets anybody do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Permissions {
    /// Get it.
    Read,
    /// Put it, and get it afterwards.
    ReadWrite,
}

impl Permissions {
    fn letters(self) -> &'static str {
        match self {
            Self::Read => "r",
            Self::ReadWrite => "rw",
        }
    }
}

/// What a connection string says.
pub(super) struct Connection {
    pub(super) account: String,
    /// In base64; `None` where an identity opens the account.
    pub(super) key: Option<String>,
    /// Where the account's blobs are, without a slash at the end.
    pub(super) endpoint: String,
}

impl Connection {
    /// Reads `DefaultEndpointsProtocol=https;AccountName=...;AccountKey=...`.
    ///
    /// # Errors
    /// When it has no account, and when it has neither a key nor `Credential=Identity`.
    pub(super) fn read(text: &str) -> Result<Self, AzureKeyError> {
        let part = |name: &str| {
            let found = text.split(';').filter_map(|part| part.trim().split_once('='));
            let mut found = found.filter(|(key, _)| key.eq_ignore_ascii_case(name));
            found.next().map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
        };
        let account = part("AccountName").ok_or(AzureKeyError::Missing("AccountName"))?;
        let by_identity = part("Credential").is_some_and(|kind| kind.eq_ignore_ascii_case("Identity"));
        let key = match part("AccountKey") {
            Some(key) => Some(key.to_owned()),
            None if by_identity => None,
            None => return Err(AzureKeyError::Missing("AccountKey")),
        };
        let suffix = part("EndpointSuffix").unwrap_or(SUFFIX);
        let scheme = part("DefaultEndpointsProtocol").unwrap_or("https");
        let endpoint =
            part("BlobEndpoint").map_or_else(|| format!("{scheme}://{account}.blob.{suffix}"), str::to_owned);
        let is_address = Url::parse(&endpoint).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !is_address {
            return Err(AzureKeyError::Endpoint);
        }
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        Ok(Self { account: account.to_ascii_lowercase(), key, endpoint })
    }
}

/// Signs URLs of the blobs of one account.
pub(super) struct KeySigner {
    account: String,
    key: hmac::Key,
    /// Where the account's blobs are, without a slash at the end.
    endpoint: String,
}

// Written by hand so that the key can never reach a log.
impl std::fmt::Debug for KeySigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeySigner").field("account", &self.account).finish_non_exhaustive()
    }
}

impl KeySigner {
    /// Signs by the key `key`, in base64.
    ///
    /// # Errors
    /// When the key is none.
    pub(super) fn new(account: String, key: &str, endpoint: String) -> Result<Self, AzureKeyError> {
        let key = STANDARD.decode(key).map_err(|_| AzureKeyError::Key)?;
        Ok(Self { account, key: hmac::Key::new(hmac::HMAC_SHA256, &key), endpoint })
    }

    /// The account's name.
    pub(super) fn account(&self) -> &str {
        &self.account
    }

    /// A URL with which anybody may do what `permissions` say for `life`.
    ///
    /// # Errors
    /// When the parts make no address, or the time is none.
    pub(super) fn sign(
        &self,
        blob: &Location,
        permissions: Permissions,
        life: Duration,
        now: DateTime<Utc>,
    ) -> Result<Url, StorageError> {
        let life = TimeDelta::from_std(life).ok().and_then(|life| now.checked_add_signed(life));
        let end = life.ok_or_else(|| StorageError::Unavailable("the life of the URL is too long".into()))?;
        let end = end.to_rfc3339_opts(SecondsFormat::Secs, true);
        let ((_, container), name) = (parts_of(blob.place())?, blob.key());
        let resource = format!("/blob/{}/{container}/{name}", self.account);
        let protocol = if self.endpoint.starts_with("https:") { "https" } else { "https,http" };
        let permissions = permissions.letters();
        // What may be said of the answer, of a snapshot, of addresses and of stored policies is not.
        let text = unix_lines(&[
            permissions,
            "",
            &end,
            &resource,
            "",
            "",
            protocol,
            VERSION,
            "b",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
        ]);
        let signature = STANDARD.encode(hmac::sign(&self.key, text.as_bytes()));
        let mut url = address(&self.endpoint, blob)?;
        let pairs = [
            ("se", end.as_str()),
            ("sp", permissions),
            ("spr", protocol),
            ("sv", VERSION),
            ("sr", "b"),
            ("sig", &signature),
        ];
        let pairs: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{name}={}", query(value))).collect();
        url.set_query(Some(&pairs.join("&")));
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ObjectStore as _;

    fn signer() -> KeySigner {
        let text = "AccountName=Acct;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net";
        let Connection { account, key, endpoint } = Connection::read(text).unwrap();
        KeySigner::new(account, &key.unwrap(), endpoint).unwrap()
    }

    fn blob(url: &str) -> Location {
        Location::from_url(url).unwrap().unwrap()
    }

    #[test]
    fn a_signed_url_says_what_it_lets_do_and_until_when() {
        let blob = blob("az://acct.blob.core.windows.net/box/a b/ü?.csv");
        let now = "2026-01-02T03:04:05Z".parse().unwrap();
        let minute = Duration::from_secs(60);
        let url = signer().sign(&blob, Permissions::Read, minute, now).unwrap();
        let start = "https://acct.blob.core.windows.net/box/a%20b/%C3%BC%3F.csv\
                     ?se=2026-01-02T03%3A05%3A05Z&sp=r&spr=https&sv=2021-12-02&sr=b&sig=";
        assert!(url.as_str().starts_with(start), "{url}");
        // Calculated apart from this code.
        assert!(url.as_str().ends_with("sig=ri1MzdN5%2BCJlHISUvVbEgGkCQbyyhnPuJazwF%2FbxGys%3D"), "{url}");
        let other = signer().sign(&blob, Permissions::ReadWrite, minute, now).unwrap();
        assert!(other.as_str().contains("sp=rw"));
    }

    #[tokio::test]
    async fn only_blobs_of_the_own_account_are_signed_for() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let store =
            crate::AzureStore::from_connection_string("AccountName=acct;AccountKey=c2VjcmV0").unwrap();
        let life = Duration::from_secs(60);
        let url = async |text: &str| store.presign(&blob(text), crate::Access::Get, life, &[]).await;
        let own = url("az://ACCT.blob.core.windows.net/box/k").await.unwrap();
        assert!(own.as_str().contains("sig="), "{own}");
        let other = url("az://other.blob.core.windows.net/box/k").await.unwrap();
        assert_eq!(other.as_str(), "https://other.blob.core.windows.net/box/k");
        let refused = store.head(&blob("az://other.blob.core.windows.net/box/k")).await;
        assert!(matches!(refused, Err(StorageError::UnknownBucket(_))));
        for wrong in ["az:///c/k", "az://h@x/c/k", "az://h//k", "az://.h/c/k"] {
            assert!(url(wrong).await.is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_connection_string_without_a_key_is_refused_and_never_shown() {
        let of = |text: &str| crate::AzureStore::from_connection_string(text);
        assert!(matches!(of("AccountKey=c2VjcmV0"), Err(AzureKeyError::Missing("AccountName"))));
        assert!(matches!(of("AccountName=a;AccountKey="), Err(AzureKeyError::Missing("AccountKey"))));
        assert!(matches!(of("AccountName=a;AccountKey=%"), Err(AzureKeyError::Key)));
        let wrong = of("AccountName=a;AccountKey=c2VjcmV0;BlobEndpoint=nowhere");
        assert!(matches!(wrong, Err(AzureKeyError::Endpoint)));
        assert!(of("AccountName=a;Credential=Identity").is_ok());
        assert!(!format!("{:?}", signer()).contains("c2VjcmV0"));
    }
}
