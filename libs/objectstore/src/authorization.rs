//! What an authorization must look like before the protocol library reads it: the library has one code for
//! most mistakes, and does not look at all that Amazon S3 looks at. Whether the signature is right is the
//! library's to say. Pure.

use http::{HeaderMap, StatusCode, header};

use crate::refusal::Refusal;

/// The algorithm of signatures.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// One that Amazon has beside it, and this store has not.
const OTHER_ALGORITHM: &str = "AWS4-ECDSA-P256-SHA256";
/// How a header begins that has a signature of version 2.
const VERSION_2: &str = "AWS";
/// The longest life of a signed URL in seconds (Amazon S3).
const LONGEST_LIFE: u64 = 7 * 24 * 3600;
/// The codes of an authorization that is not well formed.
const IN_HEADER: &str = "AuthorizationHeaderMalformed";
const IN_QUERY: &str = "AuthorizationQueryParametersError";

/// The header with the digest of the body, and what may stand there instead of a digest.
pub(crate) const CONTENT_SHA256: &str = "x-amz-content-sha256";
const NO_DIGESTS: [&str; 6] = [
    "UNSIGNED-PAYLOAD",
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
    "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER",
];

/// The parameters of a signed URL.
#[derive(Debug, Default)]
struct Parameters<'q> {
    algorithm: Option<&'q str>,
    credential: Option<&'q str>,
    date: Option<&'q str>,
    expires: Option<&'q str>,
    signed_headers: Option<&'q str>,
    signature: Option<&'q str>,
    token: Option<&'q str>,
}

impl<'q> Parameters<'q> {
    fn of(query: &'q [(String, String)]) -> Self {
        let mut parameters = Self::default();
        for (name, value) in query {
            let place = match name.as_str() {
                "X-Amz-Algorithm" => &mut parameters.algorithm,
                "X-Amz-Credential" => &mut parameters.credential,
                "X-Amz-Date" => &mut parameters.date,
                "X-Amz-Expires" => &mut parameters.expires,
                "X-Amz-SignedHeaders" => &mut parameters.signed_headers,
                "X-Amz-Signature" => &mut parameters.signature,
                "X-Amz-Security-Token" => &mut parameters.token,
                _ => continue,
            };
            place.get_or_insert(value);
        }
        parameters
    }
}

/// Which headers a signature covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Covered {
    All,
    These(String),
}

/// Checks the authorization of a request with these headers and this query, and says what it covers. A
/// request without one is the library's to refuse.
///
/// # Errors
/// 400 for one that is not well formed, 403 for one without a date.
pub(crate) fn check(headers: &HeaderMap, query: &[(String, String)]) -> Result<Covered, Refusal> {
    let parameters = Parameters::of(query);
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if let Some(digest) = text(CONTENT_SHA256) {
        check_digest(digest)?;
    }
    if parameters.token.or(text("x-amz-security-token")).is_some() {
        return Err(Refusal::bad("InvalidToken", "The provided token is malformed or otherwise invalid."));
    }
    if parameters.signature.is_some() || parameters.algorithm.is_some() || parameters.credential.is_some() {
        check_query(&parameters)?;
        return Ok(Covered::These(parameters.signed_headers.unwrap_or_default().to_owned()));
    }
    if query.iter().any(|(name, _)| name == "Signature") {
        // Signature Version 2, which some clients still use for URLs.
        return Ok(Covered::All);
    }
    match text(header::AUTHORIZATION.as_str()) {
        Some(authorization) => check_header(authorization, text("x-amz-date")),
        None => Ok(Covered::These(String::new())),
    }
}

fn check_digest(digest: &str) -> Result<(), Refusal> {
    let is_digest = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_digest || digest.is_empty() || NO_DIGESTS.contains(&digest) {
        return Ok(());
    }
    let message = "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, \
                   STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, \
                   STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, \
                   STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value.";
    Err(Refusal::argument(message, CONTENT_SHA256, digest))
}

/// The header `Authorization`.
fn check_header(authorization: &str, date: Option<&str>) -> Result<Covered, Refusal> {
    let malformed =
        |told: String| Refusal::bad(IN_HEADER, format!("The authorization header is malformed; {told}"));
    let Some((algorithm, rest)) = authorization.trim().split_once(' ') else {
        let message = "Authorization header is invalid -- one and only one ' ' (space) required.";
        return Err(Refusal::argument(message, "Authorization", authorization));
    };
    if algorithm == VERSION_2 {
        return Ok(Covered::All);
    }
    if algorithm != ALGORITHM {
        return Err(Refusal::argument("Unsupported Authorization Type", "Authorization", algorithm));
    }
    let components: Vec<&str> = rest.split(',').map(str::trim).collect();
    if components.len() != 3 {
        let told = "the authorization header requires three components: Credential, SignedHeaders, and \
                    Signature.";
        return Err(malformed(told.into()));
    }
    if let Some(component) = components.iter().find(|component| !component.contains('=')) {
        return Err(malformed(format!("the authorization component {component:?} is malformed.")));
    }
    let component = |name: &str| {
        let value = components.iter().find_map(|component| component.strip_prefix(name)?.strip_prefix('='));
        value.ok_or_else(|| malformed(format!("missing {name}.")))
    };
    let credential = component("Credential")?;
    let signed_headers = component("SignedHeaders")?;
    component("Signature")?;
    let day = credential_day(credential).map_err(malformed)?;
    let Some(date) = date.filter(|date| is_moment(date)) else {
        let message = "AWS authentication requires a valid Date or x-amz-date header.";
        return Err(Refusal::new(StatusCode::FORBIDDEN, "AccessDenied", message));
    };
    if !date.starts_with(day) {
        return Err(malformed("Invalid credential date. Date is not the same as X-Amz-Date.".into()));
    }
    Ok(Covered::These(signed_headers.to_owned()))
}

/// The parameters of a signed URL.
fn check_query(parameters: &Parameters<'_>) -> Result<(), Refusal> {
    let wrong = |told: String| Refusal::bad(IN_QUERY, told);
    let all = (
        parameters.algorithm,
        parameters.credential,
        parameters.date,
        parameters.expires,
        parameters.signed_headers,
        parameters.signature,
    );
    let (Some(algorithm), Some(credential), Some(date), Some(expires), Some(_), Some(_)) = all else {
        let told = "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, \
                    X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.";
        return Err(wrong(told.into()));
    };
    if algorithm == OTHER_ALGORITHM {
        return Err(wrong(format!("X-Amz-Algorithm only supports \"{ALGORITHM}\"")));
    }
    if algorithm != ALGORITHM {
        return Err(wrong(format!("X-Amz-Algorithm only supports \"{ALGORITHM} and {OTHER_ALGORITHM}\"")));
    }
    let day = credential_day(credential)
        .map_err(|told| wrong(format!("Error parsing the X-Amz-Credential parameter; {told}")))?;
    if !is_moment(date) {
        let told = "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"";
        return Err(wrong(told.into()));
    }
    let dated = date.get(..8).unwrap_or_default();
    if dated != day {
        return Err(wrong(format!(
            "Invalid credential date {day:?}. This date is not the same as X-Amz-Date: {dated:?}."
        )));
    }
    wrong_life(expires).map_or(Ok(()), |told| Err(wrong(told.into())))
}

/// The day in a credential, or what is wrong with the credential. Its region is not looked at: clients may
/// have been told of any.
fn credential_day(credential: &str) -> Result<&str, String> {
    let parts: Vec<&str> = credential.split('/').collect();
    let [_, day, _, service, terminal] = parts[..] else {
        let told = "the Credential is mal-formed; expecting \
                    \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".";
        return Err(told.into());
    };
    if terminal != "aws4_request" {
        return Err(format!("incorrect terminal {terminal:?}. This endpoint uses \"aws4_request\"."));
    }
    if service != "s3" {
        return Err(format!("incorrect service {service:?}. This endpoint belongs to \"s3\"."));
    }
    if day.len() != 8 || !day.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!(
            "incorrect date format {day:?}. This date in the credential must be in the format \"yyyyMMdd\"."
        ));
    }
    Ok(day)
}

/// Whether a text has the form `yyyyMMdd'T'HHmmss'Z'`.
fn is_moment(text: &str) -> bool {
    let form = |(at, byte): (usize, u8)| match at {
        8 => byte == b'T',
        15 => byte == b'Z',
        _ => byte.is_ascii_digit(),
    };
    text.len() == 16 && text.bytes().enumerate().all(form)
}

/// What is wrong with the life of a signed URL.
fn wrong_life(life: &str) -> Option<&'static str> {
    match life.parse::<i128>() {
        Err(_) => Some("X-Amz-Expires should be a number"),
        Ok(..0) => Some("X-Amz-Expires must be non-negative"),
        Ok(0) => Some("X-Amz-Expires must be at least one second"),
        Ok(life) if life > i128::from(LONGEST_LIFE) => Some(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be \
             less than 604800 seconds",
        ),
        Ok(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const MOMENT: &str = "20260102T030405Z";
    const CREDENTIAL: &str = "AK/20260102/us-east-1/s3/aws4_request";

    fn of_header(authorization: &str, date: &str) -> Result<Covered, &'static str> {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_str(authorization).unwrap());
        headers.insert("x-amz-date", HeaderValue::from_str(date).unwrap());
        check(&headers, &[]).map_err(|refusal| refusal.code)
    }

    fn of_query(changes: &[(&str, Option<&str>)]) -> Result<Covered, &'static str> {
        let mut query = vec![
            ("X-Amz-Algorithm", ALGORITHM),
            ("X-Amz-Credential", CREDENTIAL),
            ("X-Amz-Date", MOMENT),
            ("X-Amz-Expires", "604800"),
            ("X-Amz-SignedHeaders", "host"),
            ("X-Amz-Signature", "abc"),
        ];
        for (name, value) in changes {
            query.retain(|(known, _)| known != name);
            query.extend(value.map(|value| (*name, value)));
        }
        let query: Vec<_> = query.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        check(&HeaderMap::new(), &query).map_err(|refusal| refusal.code)
    }

    #[test]
    fn a_header_is_well_formed_or_its_client_hears_what_is_wrong() {
        let header = |credential: &str| {
            format!("{ALGORITHM} Credential={credential}, SignedHeaders=host;x-amz-date, Signature=abc")
        };
        let covered = Covered::These("host;x-amz-date".into());
        assert_eq!(of_header(&header(CREDENTIAL), MOMENT), Ok(covered));
        assert_eq!(of_header("AWS a:b", MOMENT), Ok(Covered::All));
        for (authorization, code) in [
            ("nonsense", "InvalidArgument"),
            (&*header(CREDENTIAL).replace(ALGORITHM, "AWS2-HMAC-SHA1"), "InvalidArgument"),
            (&format!("{ALGORITHM} Credential={CREDENTIAL},Signature=a"), IN_HEADER),
            (&header(CREDENTIAL).replace("SignedHeaders=", "SignedHeaders-"), IN_HEADER),
            (&header(CREDENTIAL).replace("Credential=", "missing="), IN_HEADER),
            (&header(CREDENTIAL).replace("Signature=", "missing="), IN_HEADER),
            (&header("AK/20260102/us-east-1/s3/aws4/request"), IN_HEADER),
            (&header("AK/20260102/us-east-1/s3/aws_request"), IN_HEADER),
            (&header("AK/20260102/us-east-1/ec2/aws4_request"), IN_HEADER),
            (&header("AK/202601/us-east-1/s3/aws4_request"), IN_HEADER),
            (&header("AK/20260103/us-east-1/s3/aws4_request"), IN_HEADER),
        ] {
            assert_eq!(of_header(authorization, MOMENT), Err(code), "{authorization}");
        }
        assert_eq!(of_header(&header(CREDENTIAL), "2026"), Err("AccessDenied"));
    }

    #[test]
    fn the_parameters_of_a_signed_url_are_there_and_well_formed() {
        assert_eq!(of_query(&[]), Ok(Covered::These("host".into())));
        for name in ["Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature"] {
            assert_eq!(of_query(&[(&format!("X-Amz-{name}"), None)]), Err(IN_QUERY), "{name}");
        }
        for (name, value) in [
            ("X-Amz-Algorithm", "AWS4-SHA256"),
            ("X-Amz-Algorithm", OTHER_ALGORITHM),
            ("X-Amz-Credential", "AK/20260102"),
            ("X-Amz-Credential", "AK/20260103/us-east-1/s3/aws4_request"),
            ("X-Amz-Date", "2026-01-02"),
            ("X-Amz-Date", "20260102T030405Ä"),
            ("X-Amz-Expires", "0"),
            ("X-Amz-Expires", "-1"),
            ("X-Amz-Expires", "604801"),
            ("X-Amz-Expires", "99999999999999999999"),
            ("X-Amz-Expires", "x"),
            ("X-Amz-Expires", ""),
        ] {
            assert_eq!(of_query(&[(name, Some(value))]), Err(IN_QUERY), "{name}={value}");
        }
        assert_eq!(of_query(&[("X-Amz-Security-Token", Some("x"))]), Err("InvalidToken"));
        assert_eq!(of_query(&[("X-Amz-Expires", Some("1"))]), Ok(Covered::These("host".into())));
        let of_version_2 = [("Signature".to_owned(), "b".to_owned())];
        assert_eq!(check(&HeaderMap::new(), &of_version_2), Ok(Covered::All));
    }

    #[test]
    fn the_digest_of_a_body_is_one_or_says_that_there_is_none() {
        let code = |digest: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_SHA256, HeaderValue::from_str(digest).unwrap());
            check(&headers, &[]).map(drop).map_err(|refusal| refusal.code)
        };
        for digest in ["a".repeat(64).as_str(), "UNSIGNED-PAYLOAD", ""] {
            assert_eq!(code(digest), Ok(()), "{digest}");
        }
        for digest in ["a".repeat(63).as_str(), "UNSIGNED"] {
            assert_eq!(code(digest), Err("InvalidArgument"), "{digest}");
        }
    }
}
