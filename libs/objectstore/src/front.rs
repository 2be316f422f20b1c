//! What a request may look like before the protocol library sees it. Pure.
//!
//! The library hands numbers on as they are and takes more than a commons needs; what it does with odd values
//! is not to be found out by whoever holds a signed URL.

use std::collections::HashSet;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts};

use crate::{
    authorization::{self, Covered},
    refusal::Refusal,
};

/// A longer head of a range has no meaning.
const LAST_BYTE: u64 = i64::MAX as u64;
/// Headers that begin so change what a request does.
const MEANINGFUL: &str = "x-amz-";
/// Of those, headers that can only make a request fail: what they say is compared with the body.
const HARMLESS: [&str; 3] = ["x-amz-content-sha256", "x-amz-checksum-", "x-amz-sdk-checksum-algorithm"];

/// Headers that say what is to be done with an object, and that nothing here does: whoever is not refused
/// would think that it was done. The library does not hand on all of them.
const NOT_DONE: [&str; 5] = [
    "x-amz-server-side-encryption",
    "x-amz-copy-source-server-side-encryption",
    "x-amz-object-lock-",
    "x-amz-write-offset-bytes",
    "x-amz-if-match-initiated-time",
];

/// The library takes an empty one for none.
const CONTENT_MD5: &str = "content-md5";
const CHECKSUM: &str = "x-amz-checksum-";
/// What there is of checksums. Whoever gives another one wants the body to be compared with it.
const CHECKSUMS: [&str; 8] = ["algorithm", "crc32", "crc32c", "crc64nvme", "mode", "sha1", "sha256", "type"];
/// What of these says how a checksum is made, and is none.
const NO_CHECKSUMS: [&str; 3] = ["algorithm", "mode", "type"];
/// Names the headers that come after the body.
const TRAILER: &str = "x-amz-trailer";
/// Begins the name of a header that an object keeps for its user.
const METADATA: &str = "x-amz-meta-";

/// Checks the head of a request, and writes its range and its metadata as the library should see them.
///
/// # Errors
/// When the request is refused.
pub(crate) fn admit(head: &mut Parts) -> Result<(), Refusal> {
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    // The whole form would be held in memory before anybody asks for a signature.
    if is_form(&head.method, &head.headers) {
        let message = "Uploads by form are not supported.";
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message));
    }
    if let Covered::These(signed) = authorization::check(&head.headers, &query)? {
        check_signed(&head.headers, &signed)?;
    }
    check_version(&head.method, &query)?;
    check_means(&head.headers)?;
    if head.headers.get(CONTENT_MD5).is_some_and(HeaderValue::is_empty) {
        return Err(Refusal::bad("InvalidDigest", "The Content-MD5 you specified is not valid."));
    }
    check_checksums(&head.headers)?;
    combine_metadata(&mut head.headers);
    normalise_range(&mut head.headers);
    Ok(())
}

/// Refuses headers that change what a request does without being covered by its signature.
fn check_signed(headers: &HeaderMap, signed: &str) -> Result<(), Refusal> {
    let unsigned = unsigned(headers, signed);
    if unsigned.is_empty() {
        return Ok(());
    }
    let message = "There were headers present in the request which were not signed";
    let refusal = Refusal::new(StatusCode::FORBIDDEN, "AccessDenied", message);
    Err(refusal.with("HeadersNotSigned", unsigned.join(", ")))
}

/// Refuses a version where nothing is done with one: whoever writes an object cannot choose its version.
fn check_version(method: &Method, query: &[(String, String)]) -> Result<(), Refusal> {
    let has = |wanted: &str| query.iter().any(|(name, _)| name == wanted);
    let is_write = [Method::PUT, Method::POST].contains(method) && !has("tagging");
    if is_write && has("versionId") {
        return Err(Refusal::bad("InvalidArgument", "This operation does not accept a version-id."));
    }
    Ok(())
}

/// Refuses what would be ignored: headers that ask for more than the store can do.
fn check_means(headers: &HeaderMap) -> Result<(), Refusal> {
    let is_not_done = |name: &str| NOT_DONE.iter().any(|beginning| name.starts_with(beginning));
    if headers.keys().any(|name| is_not_done(name.as_str())) {
        let message = "This store neither encrypts nor locks objects, nor adds to them.";
        return Err(Refusal::not_implemented(message));
    }
    Ok(())
}

/// Refuses checksums that are not computed, and those that say nothing: the library leaves out empty ones.
fn check_checksums(headers: &HeaderMap) -> Result<(), Refusal> {
    let trailers = headers.get(TRAILER).and_then(|names| names.to_str().ok()).unwrap_or_default();
    let names = headers.keys().map(HeaderName::as_str).chain(trailers.split(',').map(str::trim));
    let mut kinds = names.filter_map(|name| name.strip_prefix(CHECKSUM));
    if kinds.any(|kind| !CHECKSUMS.contains(&kind)) {
        return Err(Refusal::not_implemented("This store does not compute this checksum."));
    }
    let is_checksum = |name: &HeaderName| {
        name.as_str().strip_prefix(CHECKSUM).is_some_and(|kind| !NO_CHECKSUMS.contains(&kind))
    };
    if headers.keys().filter(|name| is_checksum(name)).count() > 1 {
        let message = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.";
        return Err(Refusal::bad("InvalidRequest", message));
    }
    match headers.iter().find(|(name, value)| is_checksum(name) && value.is_empty()) {
        Some((name, _)) => {
            Err(Refusal::bad("InvalidRequest", format!("Value for {name} header is invalid.")))
        }
        None => Ok(()),
    }
}

/// Makes one header of those that have the same name, as the signature takes them (and Amazon S3 keeps them).
fn combine_metadata(headers: &mut HeaderMap) {
    let repeated: Vec<HeaderName> = headers
        .keys()
        .filter(|name| name.as_str().starts_with(METADATA) && headers.get_all(*name).iter().count() > 1)
        .cloned()
        .collect();
    for name in repeated {
        let values: Vec<&[u8]> =
            headers.get_all(&name).iter().map(|value| value.as_bytes().trim_ascii()).collect();
        if let Ok(combined) = HeaderValue::from_bytes(&values.join(&b","[..])) {
            headers.insert(name, combined);
        }
    }
}

fn is_form(method: &Method, headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let kind = String::from_utf8_lossy(kind).trim_start().to_ascii_lowercase();
    *method == Method::POST && kind.starts_with("multipart/")
}

fn unsigned<'h>(headers: &'h HeaderMap, signed: &str) -> Vec<&'h str> {
    let signed: HashSet<String> = signed.split(';').map(|name| name.trim().to_ascii_lowercase()).collect();
    let changes = |name: &&str| {
        name.starts_with(MEANINGFUL)
            && !HARMLESS.iter().any(|harmless| name.starts_with(harmless))
            && !signed.contains(*name)
    };
    let mut unsigned: Vec<&str> = headers.keys().map(HeaderName::as_str).filter(changes).collect();
    unsigned.sort_unstable();
    unsigned
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

    /// A signed URL whose signature covers these headers.
    fn signed(headers: &str) -> String {
        format!(
            "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20260102%2Fr%2Fs3%2Faws4_request\
             &X-Amz-Date=20260102T030405Z&X-Amz-Expires=60&X-Amz-Signature=a&X-Amz-SignedHeaders={headers}"
        )
    }

    #[test]
    fn headers_that_change_what_a_request_does_are_signed() {
        let status = |uri: &str, headers: &[(&str, &str)]| {
            admit(&mut head("PUT", uri, headers)).map_err(|refusal| refusal.status.as_u16())
        };
        let unsigned = &signed("host");
        assert_eq!(status(unsigned, &[("x-amz-meta-a", "1")]), Err(403));
        assert_eq!(status(unsigned, &[("x-amz-copy-source", "/b/other")]), Err(403));
        assert_eq!(status(&signed("host%3Bx-amz-meta-a"), &[("x-amz-meta-a", "1")]), Ok(()));
        assert_eq!(
            status(unsigned, &[("x-amz-checksum-crc32", "AAAA"), ("x-amz-content-sha256", "")]),
            Ok(())
        );
        assert_eq!(status(unsigned, &[("x-amzn-trace-id", "1"), ("content-type", "text/plain")]), Ok(()));
        let authorization = "AWS4-HMAC-SHA256 Credential=AK/20260102/r/s3/aws4_request, \
                             SignedHeaders=host;x-amz-date, Signature=c";
        let by_header = [("authorization", authorization), ("x-amz-date", "20260102T030405Z")];
        assert_eq!(status("/b/k", &by_header), Ok(()));
        assert_eq!(status("/b/k", &[by_header[0], by_header[1], ("x-amz-acl", "1")]), Err(403));
        assert_eq!(status("/b/k", &[("x-amz-acl", "1")]), Err(403), "nothing is signed");
        let old = "/b/k?AWSAccessKeyId=a&Signature=b&Expires=1";
        assert_eq!(status(old, &[("x-amz-acl", "1")]), Ok(()), "the signature covers it");
        assert_eq!(status("/b/k", &[("authorization", "AWS a:b"), ("x-amz-acl", "1")]), Ok(()));
        assert_eq!(status(unsigned, &[("authorization", "AWS a:b"), ("x-amz-acl", "1")]), Err(403));
    }

    #[test]
    fn what_would_be_ignored_is_refused() {
        let code = |uri: &str, name: &str, value: &str| {
            let uri = format!("{uri}{}", signed(&format!("host%3B{name}")).trim_start_matches("/b/k?"));
            admit(&mut head("PUT", &uri, &[(name, value)])).map_err(|refusal| refusal.code).err()
        };
        assert_eq!(code("/b/k?", "x-amz-checksum-crc32", ""), Some("InvalidRequest"));
        assert_eq!(code("/b/k?", "x-amz-checksum-sha512", "AAAA"), Some("NotImplemented"));
        assert_eq!(code("/b/k?", "x-amz-trailer", "a, x-amz-checksum-md5"), Some("NotImplemented"));
        assert_eq!(code("/b/k?", "x-amz-trailer", "x-amz-checksum-crc64nvme"), None);
        assert_eq!(code("/b/k?", "x-amz-checksum-mode", "ENABLED"), None);
        assert_eq!(code("/b/k?", "x-amz-object-lock-mode", "GOVERNANCE"), Some("NotImplemented"));
        assert_eq!(code("/b/k?versionId=1&", "x-amz-acl", "private"), Some("InvalidArgument"));
        assert_eq!(code("/b/k?versionId=1&tagging&", "x-amz-acl", "private"), None);
    }

    #[test]
    fn metadata_that_comes_in_several_headers_is_kept_as_one() {
        let given = [("x-amz-meta-a", "1"), ("x-amz-meta-b", "2"), ("x-amz-meta-a", " 3 ")];
        let mut head = head("PUT", &signed("host%3Bx-amz-meta-a%3Bx-amz-meta-b"), &given);
        admit(&mut head).unwrap();
        let kept = |name| head.headers.get_all(name).iter().map(HeaderValue::as_bytes).collect::<Vec<_>>();
        assert_eq!((kept("x-amz-meta-a"), kept("x-amz-meta-b")), (vec![&b"1,3"[..]], vec![&b"2"[..]]));
    }

    #[test]
    fn forms_are_refused_and_so_are_two_checksums() {
        let code = |method: &str, uri: &str, headers: &[(&str, &str)]| {
            admit(&mut head(method, uri, headers)).map_err(|refusal| refusal.code).err()
        };
        let form = [("content-type", " Multipart/form-data; boundary=x")];
        assert_eq!(code("POST", "/b", &form), Some("MethodNotAllowed"));
        assert_eq!(code("PUT", "/b/k", &form), None);
        assert_eq!(code("PUT", &signed("host"), &[("content-md5", "")]), Some("InvalidDigest"));
        let two = [("x-amz-checksum-crc32", "AAAAAA=="), ("x-amz-checksum-sha1", "")];
        assert_eq!(code("PUT", &signed("host"), &two), Some("InvalidRequest"));
        let kind = [("x-amz-checksum-crc32", "AAAAAA=="), ("x-amz-checksum-type", "FULL_OBJECT")];
        assert_eq!(code("PUT", &signed("host"), &kind), None);
    }
}
