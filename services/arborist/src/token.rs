//! What arborist reads of a token: who it speaks for, and nothing else.
//!
//! Any issuer is accepted, since only keys of arborist's own key set are; neither purpose nor audience is looked
//! at (arborist 2026-09 does the same).

use serde_json::Value;
use tokens::{Expect, TokenError, Verifier};

use crate::Error;

/// What a token must carry unless the caller wants other scopes.
pub(crate) const OPENID: &[&str] = &["openid"];

/// Whom a valid token speaks for. Both may be absent.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Bearer {
    /// The user's name.
    pub(crate) user: Option<String>,
    /// The OAuth client that the token was made for.
    pub(crate) client: Option<String>,
}

/// The token of an `Authorization` header. The original removes one `Bearer ` and one `bearer `, takes what is
/// left for the token, and so also takes a header without a scheme.
pub(crate) fn from_header(header: &str) -> &str {
    let rest = header.strip_prefix("Bearer ").unwrap_or(header);
    rest.strip_prefix("bearer ").unwrap_or(rest).trim()
}

/// Verifies `token`, which must have all of `scopes`.
///
/// # Errors
/// [`Error::Unauthenticated`] with the reason, or [`Error::Unavailable`] when the keys cannot be fetched.
pub(crate) async fn read(verifier: &Verifier, token: &str, scopes: &[&str]) -> Result<Bearer, Error> {
    let expect = Expect { scopes, any_issuer: true, ..Expect::default() };
    let claims = verifier.verify(token, expect).await.map_err(|error| match error {
        TokenError::KeysUnavailable => Error::Unavailable(error.to_string()),
        error => Error::Unauthenticated(format!("error decoding token: {error}")),
    })?;
    let refuse = |text: &str| Err(Error::Unauthenticated(format!("failed to decode token: {text}")));
    if !scope_is_a_list(token) {
        return refuse("field `scope` has wrong type");
    }
    let Some(context) = &claims.context else { return refuse("missing required field `context`") };
    if let Some(policies) = context.user.as_ref().and_then(|user| user.rest.get("policies"))
        && !is_list_of_texts(policies)
    {
        return refuse("field `policies` has wrong type");
    }
    Ok(Bearer { user: claims.username().map(str::to_owned), client: claims.client_id().map(str::to_owned) })
}

/// `tokens` reads a scope of either form, but arborist knows the list only.
fn scope_is_a_list(token: &str) -> bool {
    let claims: Option<Value> = tokens::unverified(token);
    claims.is_some_and(|claims| claims.get("scope").is_some_and(Value::is_array))
}

fn is_list_of_texts(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(Value::is_string))
}

#[cfg(test)]
mod tests {
    use super::from_header;

    #[test]
    fn the_token_of_a_header_is_what_the_original_takes_for_it() {
        for header in ["Bearer t", "bearer t", "t", "Bearer  t", "Bearer t ", "Bearer bearer t"] {
            assert_eq!(from_header(header), "t", "{header}");
        }
        for header in ["BEARER t", "Bearer Bearer t", "Basic t", "Bearer"] {
            assert_ne!(from_header(header), "t", "{header}");
        }
    }
}
