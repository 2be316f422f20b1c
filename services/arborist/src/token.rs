//! What arborist reads of a token: who it speaks for, and nothing else.
//!
//! Any issuer is accepted, since only keys of arborist's own key set are. A token that says that it is for
//! another purpose or audience is no access token; one that says nothing of it may be.

use serde_json::Value;
use tokens::{Expect, TokenError, Verifier};

use crate::{Error, decision::Principal};

/// What a token must carry unless the caller wants other scopes.
pub(crate) const OPENID: &[&str] = &["openid"];

/// Verifies `token`, which must have all of `scopes`. It may speak for nobody.
///
/// # Errors
/// [`Error::Unauthenticated`] with the reason, or [`Error::KeysUnavailable`].
pub(crate) async fn read(verifier: &Verifier, token: &str, scopes: &[&str]) -> Result<Principal, Error> {
    let expect = Expect { any_issuer: true, ..Expect::of_access(scopes) };
    let claims = verifier.verify(token, expect).await.map_err(|error| match error {
        TokenError::KeysUnavailable => Error::KeysUnavailable(error),
        error => Error::Unauthenticated(format!("error decoding token: {error}")),
    })?;
    let refuse = |text: &str| Err(Error::Unauthenticated(format!("failed to decode token: {text}")));
    if !scope_is_a_list(token) {
        return refuse("field `scope` has wrong type");
    }
    let Some(context) = &claims.context else { return refuse("missing required field `context`") };
    if let Some(policies) = context.user.as_ref().and_then(|user| user.rest.get("policies"))
        && !is_list_of_strings(policies)
    {
        return refuse("field `policies` has wrong type");
    }
    Ok(Principal {
        user: claims.username().map(str::to_owned),
        client: claims.client_id().map(str::to_owned),
    })
}

/// `tokens` reads a scope of either form, but arborist knows the list only.
fn scope_is_a_list(token: &str) -> bool {
    let claims: Option<Value> = tokens::unverified(token);
    claims.is_some_and(|claims| claims.get("scope").is_some_and(Value::is_array))
}

fn is_list_of_strings(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(Value::is_string))
}
