//! Signed URLs: Signature Version 4 in the query.

use std::time::{Duration, SystemTime};

use aws::Credentials;
use aws_sigv4::{
    http_request::{
        PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
        UriPathNormalizationMode, sign,
    },
    sign::v4,
};
use url::Url;

use crate::{StorageError, encoded};

/// A week: Amazon takes no longer ones.
const LONGEST: Duration = Duration::from_secs(604_800);

/// What is signed.
pub(super) struct Signable<'a> {
    pub(super) method: &'static str,
    /// The object's address, without a query.
    pub(super) address: Url,
    /// The query, in the order in which it stands in the URL.
    pub(super) query: &'a [(&'a str, &'a str)],
    /// Headers that the request must have, beside `host`.
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) region: &'a str,
}

/// A URL that lets do what `request` says for `life` from `now`, or for as long as the credentials last.
///
/// # Errors
/// When the parts cannot be signed.
pub(super) fn signed(
    request: Signable<'_>,
    credentials: Credentials,
    life: Duration,
    now: SystemTime,
) -> Result<Url, StorageError> {
    let Signable { method, address: mut url, query, headers, region } = request;
    let left = credentials.expiry().map(|expiry| expiry.duration_since(now).unwrap_or_default());
    let life = left.map_or(life, |left| left.min(life)).min(LONGEST).max(Duration::from_secs(1));
    let pair = |(name, value): (&str, &str)| format!("{}={}", encoded::query(name), encoded::query(value));
    let mut pairs: Vec<String> = query.iter().map(|(name, value)| pair((name, value))).collect();
    if !pairs.is_empty() {
        url.set_query(Some(&pairs.join("&")));
    }
    let identity = credentials.into();
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.expires_in = Some(Duration::from_secs(life.as_secs()));
    let unsignable = |reason: String| StorageError::Address {
        bucket: url.host_str().unwrap_or_default().to_owned(),
        reason,
    };
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("s3")
        .time(now)
        .settings(settings)
        .build()
        .map_err(|error| unsignable(error.to_string()))?
        .into();
    let body = SignableBody::UnsignedPayload;
    let request = SignableRequest::new(method, url.as_str(), headers.iter().copied(), body)
        .map_err(|error| unsignable(error.to_string()))?;
    let (instructions, _) =
        sign(request, &parameters).map_err(|error| unsignable(error.to_string()))?.into_parts();
    let (_, added) = instructions.into_parts();
    pairs.extend(added.iter().map(|(name, value)| pair((name, value))));
    url.set_query(Some(&pairs.join("&")));
    Ok(url)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Of the documentation of Amazon S3, and calculated with botocore.
    const VECTORS: &str = include_str!("../../tests/vectors/s3-v4-signatures.json");

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn urls_are_signed_as_amazon_and_its_other_clients_sign_them() {
        let vectors: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
        assert!(vectors.len() >= 6);
        for vector in &vectors {
            let text = |name: &str| vector[name].as_str().unwrap();
            let pairs = |name: &str| -> Vec<(&str, &str)> {
                let pairs = vector[name].as_array().unwrap().iter();
                pairs.map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap())).collect()
            };
            let method = ["GET", "PUT"].into_iter().find(|method| *method == text("method")).unwrap();
            let (query, headers) = (pairs("query"), pairs("headers"));
            let request = Signable {
                method,
                address: text("address").parse().unwrap(),
                query: &query,
                headers: &headers,
                region: text("region"),
            };
            let token = vector["token"].as_str().map(str::to_owned);
            let credentials = Credentials::new(text("id"), text("secret"), token, None, "test");
            let life = Duration::from_secs(vector["life"].as_u64().unwrap());
            let url = signed(request, credentials, life, at(vector["time"].as_u64().unwrap())).unwrap();
            let found: std::collections::BTreeMap<_, _> = url.query_pairs().collect();
            let expected: Url = text("url").parse().unwrap();
            let expected: std::collections::BTreeMap<_, _> = expected.query_pairs().collect();
            assert_eq!(found, expected, "{}", text("about"));
        }
    }

    #[test]
    fn a_url_does_not_say_that_it_lives_longer_than_its_credentials() {
        let life = |expiry: Option<u64>, life| {
            let request = Signable {
                method: "GET",
                address: "https://b.example/k".parse().unwrap(),
                query: &[],
                headers: &[],
                region: "us-east-1",
            };
            let credentials = Credentials::new("A", "S", None, expiry.map(at), "test");
            let url = signed(request, credentials, Duration::from_secs(life), at(1000)).unwrap();
            let (_, life) = url.query_pairs().find(|(name, _)| name == "X-Amz-Expires").unwrap();
            life.parse::<u64>().unwrap()
        };
        assert_eq!(life(None, 3600), 3600);
        assert_eq!(life(Some(1900), 3600), 900);
        assert_eq!(life(Some(9000), 3600), 3600);
        assert_eq!(life(Some(900), 3600), 1);
        assert_eq!(life(None, 9_999_999), 604_800);
    }
}
