//! What arborist reads of a token: who it speaks for, and nothing else.
//!
//! Any issuer is accepted, since only keys of arborist's own key set are. A token that says that it is for
//! another purpose or audience is no access token; one that says nothing of it may be.

use serde_json::Value;
use tokens::{Expect, TokenError, Verifier};

use crate::{Error, decision::Principal};

/// What a token must carry unless the caller wants other scopes.
pub(crate) const OPENID: &[&str] = &["openid"];

/// What a token says.
#[derive(Debug)]
pub(crate) struct Bearer {
    /// For whom it speaks, which may be nobody.
    pub(crate) principal: Principal,
    /// When it was issued, in seconds since 1970; 0 when it does not say.
    pub(crate) issued: i64,
}

/// Verifies `token`, which must have all of `scopes`.
///
/// # Errors
/// [`Error::Unauthenticated`] with the reason, or [`Error::KeysUnavailable`].
pub(crate) async fn read(verifier: &Verifier, token: &str, scopes: &[&str]) -> Result<Bearer, Error> {
    let expect = Expect { any_issuer: true, ..Expect::of_access(scopes) };
    let verified = verifier.verify_shared(token, expect).await.map_err(|error| refusal(token, error))?;
    let claims = verified.claims();
    let refuse = |text: &str| Err(Error::Unauthenticated(format!("failed to decode token: {text}")));
    if !verified.scope_is_list() {
        return Err(Error::Unauthenticated(SCOPE_IS_TEXT.into()));
    }
    let Some(context) = &claims.context else { return refuse("missing required field `context`") };
    if let Some(policies) = context.user.as_ref().and_then(|user| user.rest.get("policies"))
        && !is_list_of_strings(policies)
    {
        return refuse("field `policies` has wrong type");
    }
    let principal = Principal {
        user: claims.username().map(str::to_owned),
        client: claims.client_id().map(str::to_owned),
    };
    Ok(Bearer { principal, issued: claims.iat })
}

/// `tokens` reads a scope of either form, but arborist knows the list only.
const SCOPE_IS_TEXT: &str =
    "error decoding token: received value for field `scope` with incorrect type string; expected []string\n";

/// Says why a token is refused, in the words of the original where it has any.
fn refusal(token: &str, error: TokenError) -> Error {
    let said = || tokens::unverified::<Value>(token).unwrap_or_default();
    let told = match &error {
        TokenError::KeysUnavailable => return Error::KeysUnavailable(error),
        TokenError::Expired => format!("expired at time: {}\n", said()["exp"]),
        TokenError::Algorithm | TokenError::Signature => {
            "go-jose/go-jose: error in cryptographic primitive".to_owned()
        }
        TokenError::Scope(missing) => match &said()["scope"] {
            Value::Null => "token missing required field: scope\n".to_owned(),
            Value::String(_) => return Error::Unauthenticated(SCOPE_IS_TEXT.to_owned()),
            scopes => {
                let scopes: Vec<&str> =
                    scopes.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                format!("token missing required scope: {missing}; contains: {}\n", scopes.join(", "))
            }
        },
        TokenError::Malformed(_) if token.split('.').count() != 3 => {
            "go-jose/go-jose: compact JWS format must have three parts".to_owned()
        }
        TokenError::Malformed(_) => {
            let said = said();
            if said.is_object() && said["exp"].is_null() {
                "token missing required field: exp\n".to_owned()
            } else if said["context"].get("user").is_some_and(|user| !user.is_object()) {
                return Error::Unauthenticated("failed to decode token: field `user` has wrong type".into());
            } else {
                error.to_string()
            }
        }
        error => error.to_string(),
    };
    Error::Unauthenticated(format!("error decoding token: {told}"))
}

fn is_list_of_strings(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(Value::is_string))
}
