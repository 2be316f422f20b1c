//! What a request may look like before the protocol library sees it. Pure.
//!
//! The library hands numbers on as they are and takes more than a commons needs; what it does with odd values
//! is not to be found out by whoever holds a signed URL.

use std::collections::HashSet;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};

/// The longest life of a signed URL in seconds (Amazon S3).
const LONGEST_LIFE: u64 = 7 * 24 * 3600;
/// A longer head of a range has no meaning.
const LAST_BYTE: u64 = i64::MAX as u64;
/// Headers that begin so change what a request does.
const MEANINGFUL: &str = "x-amz-";
/// Of those, headers that can only make a request fail: what they say is compared with the body.
const HARMLESS: [&str; 3] = ["x-amz-content-sha256", "x-amz-checksum-", "x-amz-sdk-checksum-algorithm"];

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// As in the error document of S3.
    pub(super) code: &'static str,
    pub(super) message: &'static str,
}

/// Checks the head of a request, and writes its range as the library should see it.
///
/// # Errors
/// When the request is refused.
pub(super) fn admit(head: &mut Parts) -> Result<(), Refusal> {
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let value = |name: &str| query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let authorization = head.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    // The whole form would be held in memory before anybody asks for a signature.
    if is_form(&head.method, &head.headers) {
        return Err(Refusal {
            status: StatusCode::METHOD_NOT_ALLOWED,
            code: "MethodNotAllowed",
            message: "Uploads by form are not supported.",
        });
    }
    let life = value("X-Amz-Expires").map(|life| life.parse::<u64>().ok());
    if life.is_some_and(|life| !life.is_some_and(|life| (1..=LONGEST_LIFE).contains(&life))) {
        return Err(Refusal {
            status: StatusCode::BAD_REQUEST,
            code: "AuthorizationQueryParametersError",
            message: "X-Amz-Expires must be a number between 1 and 604800.",
        });
    }
    let signed = match (value("X-Amz-SignedHeaders"), authorization) {
        (Some(signed), _) => Some(signed),
        (None, Some(authorization)) => signed_headers(authorization),
        (None, None) => None,
    };
    // Signature Version 2, which some clients still use for URLs, covers all of these headers.
    let covers_all = value("Signature").is_some()
        || value("X-Amz-Signature").is_none() && authorization.is_some_and(|value| value.starts_with("AWS "));
    if !covers_all && has_unsigned(&head.headers, signed.unwrap_or_default()) {
        return Err(Refusal {
            status: StatusCode::FORBIDDEN,
            code: "AccessDenied",
            message: "There were headers present in the request which were not signed.",
        });
    }
    normalise_range(&mut head.headers);
    Ok(())
}

fn is_form(method: &Method, headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let kind = String::from_utf8_lossy(kind).trim_start().to_ascii_lowercase();
    *method == Method::POST && kind.starts_with("multipart/")
}

/// The list in the header `Authorization` of Signature Version 4.
fn signed_headers(authorization: &str) -> Option<&str> {
    let (_, rest) = authorization.split_once("SignedHeaders=")?;
    rest.split([',', ' ']).next()
}

fn has_unsigned(headers: &HeaderMap, signed: &str) -> bool {
    let signed: HashSet<String> = signed.split(';').map(|name| name.trim().to_ascii_lowercase()).collect();
    headers.keys().any(|name| {
        let name = name.as_str();
        name.starts_with(MEANINGFUL)
            && !HARMLESS.iter().any(|harmless| name.starts_with(harmless))
            && !signed.contains(name)
    })
}

/// Leaves at most one range, of numbers that files can have. Anything else is no range, and a server ignores
/// it (RFC 9110 §14.2); so does Amazon S3 with more than one.
fn normalise_range(headers: &mut HeaderMap) {
    let mut given = headers.get_all(header::RANGE).iter();
    let range = match (given.next(), given.next()) {
        (Some(only), None) => only.to_str().ok().and_then(range),
        (None, _) => return,
        _ => None,
    };
    match range.and_then(|range| HeaderValue::from_str(&range).ok()) {
        Some(range) => drop(headers.insert(header::RANGE, range)),
        None => drop(headers.remove(header::RANGE)),
    }
}

fn range(text: &str) -> Option<String> {
    let (unit, range) = text.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    match (first.trim(), last.trim()) {
        ("", last) => Some(format!("bytes=-{}", number(last)?)),
        (first, "") => Some(format!("bytes={}-", number(first)?)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then(|| format!("bytes={first}-{last}"))
        }
    }
}

/// A number of digits only, at most the last byte that a file can have.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(LAST_BYTE).min(LAST_BYTE))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn head(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_range_has_numbers_that_files_can_have_or_is_none() {
        let last = "9223372036854775807";
        for (given, wanted) in [
            ("bytes=0-9", Some("bytes=0-9".to_owned())),
            ("Bytes = 5-", Some("bytes=5-".into())),
            ("bytes=-5", Some("bytes=-5".into())),
            ("bytes=-9223372036854775808", Some(format!("bytes=-{last}"))),
            ("bytes=-18446744073709551615", Some(format!("bytes=-{last}"))),
            ("bytes=-99999999999999999999999", Some(format!("bytes=-{last}"))),
            ("bytes=0-18446744073709551615", Some(format!("bytes=0-{last}"))),
            ("bytes=99999999999999999999-", Some(format!("bytes={last}-"))),
            ("bytes=9-0", None),
            ("bytes=--5", None),
            ("bytes=-", None),
            ("bytes=+1-2", None),
            ("bytes=0-1,3-4", None),
            ("bytes=a-b", None),
            ("items=0-1", None),
            ("bytes", None),
            ("", None),
        ] {
            let mut head = head("GET", "/b/k", &[("range", given)]);
            admit(&mut head).unwrap();
            let found = head.headers.get("range").map(|range| range.to_str().unwrap().to_owned());
            assert_eq!(found, wanted, "{given}");
        }
        let mut twice = head("GET", "/b/k", &[("range", "bytes=0-1"), ("range", "bytes=3-4")]);
        admit(&mut twice).unwrap();
        assert!(twice.headers.get("range").is_none());
    }

    #[test]
    fn headers_that_change_what_a_request_does_are_signed() {
        let status = |uri: &str, headers: &[(&str, &str)]| {
            admit(&mut head("PUT", uri, headers)).map_err(|refusal| refusal.status.as_u16())
        };
        let unsigned = "/b/k?X-Amz-SignedHeaders=host";
        assert_eq!(status(unsigned, &[("x-amz-meta-a", "1")]), Err(403));
        assert_eq!(status(unsigned, &[("x-amz-copy-source", "/b/other")]), Err(403));
        assert_eq!(status("/b/k?X-Amz-SignedHeaders=host%3Bx-amz-meta-a", &[("x-amz-meta-a", "1")]), Ok(()));
        assert_eq!(
            status(unsigned, &[("x-amz-checksum-crc32", "AAAA"), ("x-amz-content-sha256", "")]),
            Ok(())
        );
        assert_eq!(status(unsigned, &[("x-amzn-trace-id", "1"), ("content-type", "text/plain")]), Ok(()));
        let authorization = "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host;x-amz-date, Signature=c";
        assert_eq!(status("/b/k", &[("authorization", authorization), ("x-amz-date", "1")]), Ok(()));
        assert_eq!(status("/b/k", &[("authorization", authorization), ("x-amz-acl", "1")]), Err(403));
        let old = "/b/k?AWSAccessKeyId=a&Signature=b&Expires=1";
        assert_eq!(status(old, &[("x-amz-acl", "1")]), Ok(()), "the signature covers it");
        assert_eq!(status("/b/k", &[("authorization", "AWS a:b"), ("x-amz-acl", "1")]), Ok(()));
        let both = format!("{unsigned}&X-Amz-Signature=c");
        assert_eq!(status(&both, &[("authorization", "AWS a"), ("x-amz-acl", "1")]), Err(403));
    }

    #[test]
    fn forms_and_odd_lives_are_refused() {
        let code = |method: &str, uri: &str, headers: &[(&str, &str)]| {
            admit(&mut head(method, uri, headers)).map_err(|refusal| refusal.code).err()
        };
        let form = [("content-type", " Multipart/form-data; boundary=x")];
        assert_eq!(code("POST", "/b", &form), Some("MethodNotAllowed"));
        assert_eq!(code("PUT", "/b/k", &form), None);
        for life in ["0", "-1", "604801", "99999999999999999999", "x", ""] {
            let uri = format!("/b/k?X-Amz-Expires={life}");
            assert_eq!(code("GET", &uri, &[]), Some("AuthorizationQueryParametersError"), "{life}");
        }
        assert_eq!(code("GET", "/b/k?X-Amz-Expires=604800", &[]), None);
    }
}
