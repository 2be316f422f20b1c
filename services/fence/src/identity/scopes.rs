//! Which scopes an API key gets.

use crate::{config::Config, error::Error};

/// The scope that only browser sessions have; a key cannot make keys.
pub(crate) const CREDENTIALS: &str = "credentials";

/// The scopes of a key that the operator makes: all those that users may have.
pub(crate) fn all(config: &Config) -> Vec<String> {
    permitted(config, &config.tokens.user_allowed_scopes)
}

/// The scopes of a key that a request asks for: what it names, what every key has, and what the caller has.
///
/// # Errors
/// 400 for a scope that users cannot have.
pub(crate) fn requested(
    config: &Config,
    requested: Vec<String>,
    held: &[String],
) -> Result<Vec<String>, Error> {
    let allowed = &config.tokens.user_allowed_scopes;
    if let Some(unknown) = requested.iter().find(|scope| !allowed.contains(scope) && *scope != CREDENTIALS) {
        return Err(Error::BadRequest(format!("Scope {unknown} is not supported")));
    }
    let always = ["fence", "openid"].map(str::to_owned);
    let wanted: Vec<String> = requested.into_iter().chain(always).chain(held.iter().cloned()).collect();
    Ok(permitted(config, &wanted))
}

/// Those of `wanted` that users may have, each once and without the one that makes keys.
fn permitted(config: &Config, wanted: &[String]) -> Vec<String> {
    let allowed = &config.tokens.user_allowed_scopes;
    let mut scopes: Vec<String> = Vec::new();
    for scope in wanted.iter().filter(|scope| allowed.contains(scope) && *scope != CREDENTIALS) {
        if !scopes.contains(scope) {
            scopes.push(scope.clone());
        }
    }
    scopes
}
