//! What requests say in headers.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::AUTHORIZATION};

use crate::{Error, input::MAX_NAME, model::Label};

const PROVIDER: &str = "X-AuthZ-Provider";

/// The label of header `X-AuthZ-Provider`.
impl FromRequest for Label {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(value) = request.headers().get(PROVIDER) else { return ready(Ok(Self(None))) };
        ready(match value.to_str() {
            Ok("") => Ok(Self(None)),
            Ok(label) if label.len() <= MAX_NAME => Ok(Self(Some(label.to_owned()))),
            _ => Err(Error::BadRequest(format!("header {PROVIDER} is not usable as a label"))),
        })
    }
}

/// Returns the token of the `Authorization` header; none when the header is absent or empty.
///
/// The original removes one `Bearer ` and one `bearer `, takes what is left for the token, and so also takes
/// a header without a scheme.
pub(super) fn token(request: &HttpRequest) -> Result<Option<&str>, Error> {
    let Some(value) = request.headers().get(AUTHORIZATION) else { return Ok(None) };
    let header =
        value.to_str().map_err(|_| Error::Unauthenticated("the Authorization header is not text".into()))?;
    Ok((!header.trim().is_empty()).then(|| without_scheme(header)))
}

fn without_scheme(header: &str) -> &str {
    let rest = header.strip_prefix("Bearer ").unwrap_or(header);
    rest.strip_prefix("bearer ").unwrap_or(rest).trim()
}

#[cfg(test)]
mod tests {
    use super::without_scheme;

    #[test]
    fn the_token_of_a_header_is_what_the_original_takes_for_it() {
        for header in ["Bearer t", "bearer t", "t", "Bearer  t", "Bearer t ", "Bearer bearer t"] {
            assert_eq!(without_scheme(header), "t", "{header}");
        }
        for header in ["BEARER t", "Bearer Bearer t", "Basic t", "Bearer"] {
            assert_ne!(without_scheme(header), "t", "{header}");
        }
    }
}
