//! API keys and access tokens of users: the rules, for the routes and for the operator's command line.

use serde::Serialize;
use sqlx::PgConnection;
use tokens::{Claims, Expect, Purpose};

use crate::{
    Fence,
    error::FenceError,
    issue::{AUDIENCE, now},
    store::{
        api_keys::{self, ApiKey},
        denylist,
        users::{self, User},
    },
};

/// The scope that only browser sessions have; a key cannot make keys.
const CREDENTIALS: &str = "credentials";

/// An API key, in the form of the file that Gen3 clients read.
#[derive(Clone, Serialize)]
pub struct ApiKeyFile {
    /// Identifier, to list and delete the key by.
    pub key_id: String,
    /// The key itself, a token.
    pub api_key: String,
}

// Written by hand so that a key can never reach a log.
impl std::fmt::Debug for ApiKeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKeyFile").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// Makes an API key for `username`, who becomes a user if he is none. For operators, not for requests.
///
/// `expires_in` is in seconds; `None` means the longest life that the configuration allows.
///
/// # Errors
/// When the database fails or the key cannot be signed.
pub async fn create_api_key(
    fence: &Fence,
    username: &str,
    expires_in: Option<i64>,
) -> Result<ApiKeyFile, FenceError> {
    let mut transaction = fence.pool.begin().await?;
    let user = ensure_user(&mut transaction, username).await?;
    let scopes = key_scopes(fence, &fence.config.user_allowed_scopes);
    let key = new_api_key(fence, &mut transaction, &user, &scopes, expires_in).await?;
    transaction.commit().await?;
    Ok(key)
}

/// Makes an access token for `username`, who becomes a user if he is none. For operators, not for requests.
///
/// `expires_in` is in seconds and may be negative: such a token has expired already, which tests need.
/// `scopes` `None` means those of a token that an API key makes.
///
/// # Errors
/// When the database fails or the token cannot be signed.
pub async fn access_token(
    fence: &Fence,
    username: &str,
    expires_in: i64,
    scopes: Option<Vec<String>>,
) -> Result<String, FenceError> {
    let mut transaction = fence.pool.begin().await?;
    let user = ensure_user(&mut transaction, username).await?;
    transaction.commit().await?;
    let scopes = scopes.unwrap_or_else(|| key_scopes(fence, &fence.config.user_allowed_scopes));
    Ok(fence.issuer.access(&user, &scopes, expires_in)?.token)
}

async fn ensure_user(connection: &mut PgConnection, username: &str) -> Result<User, FenceError> {
    if let Some(user) = users::by_name(connection, username).await? {
        return Ok(user);
    }
    users::create(connection, username).await?;
    let created = users::by_name(connection, username).await?;
    created.ok_or_else(|| FenceError::NotFound(format!("the user {username} cannot be made")))
}

/// The scopes of a key: those that users may have, without the one that makes keys.
fn key_scopes(fence: &Fence, wanted: &[String]) -> Vec<String> {
    let allowed = &fence.config.user_allowed_scopes;
    let mut scopes: Vec<String> = Vec::new();
    for scope in wanted.iter().filter(|scope| allowed.contains(scope) && *scope != CREDENTIALS) {
        if !scopes.contains(scope) {
            scopes.push(scope.clone());
        }
    }
    scopes
}

/// The scopes of a key that a request asks for: what it names, what every key has, and what the caller has.
///
/// # Errors
/// 400 for a scope that users cannot have.
pub(crate) fn requested_scopes(
    fence: &Fence,
    requested: Vec<String>,
    held: &[String],
) -> Result<Vec<String>, FenceError> {
    let allowed = &fence.config.user_allowed_scopes;
    if let Some(unknown) = requested.iter().find(|scope| !allowed.contains(scope) && *scope != CREDENTIALS) {
        return Err(FenceError::BadRequest(format!("Scope {unknown} is not supported")));
    }
    let always = ["fence", "openid"].map(str::to_owned);
    let wanted: Vec<String> = requested.into_iter().chain(always).chain(held.iter().cloned()).collect();
    Ok(key_scopes(fence, &wanted))
}

/// Makes and remembers an API key.
pub(crate) async fn new_api_key(
    fence: &Fence,
    connection: &mut PgConnection,
    user: &User,
    scopes: &[String],
    expires_in: Option<i64>,
) -> Result<ApiKeyFile, FenceError> {
    let longest = fence.config.max_api_key_ttl;
    let signed = fence.issuer.api_key(user, scopes, expires_in.unwrap_or(longest).min(longest))?;
    let row = ApiKey { jti: signed.jti.clone(), exp: signed.exp };
    api_keys::add(connection, user.id, &row).await?;
    Ok(ApiKeyFile { key_id: signed.jti, api_key: signed.token })
}

/// An access token for the owner of `api_key`. `expires_in` `None` means the longest life allowed.
///
/// # Errors
/// 401 for a key that is not (any more) a valid one, 400 when the key ends before the token would.
pub(crate) async fn exchange(
    fence: &Fence,
    connection: &mut PgConnection,
    api_key: &str,
    expires_in: Option<i64>,
) -> Result<String, FenceError> {
    let expect = Expect {
        audience: Some(AUDIENCE),
        purpose: Some(Purpose::ApiKey),
        scopes: &["fence"],
        any_issuer: false,
    };
    let claims = fence.verifier.verify(api_key, expect).await?;
    must_not_be_revoked(connection, &claims).await?;
    let longest = fence.config.max_access_token_ttl;
    let life = expires_in.unwrap_or(longest).min(longest);
    if claims.exp < now() + life {
        let message = "requested token would outlive the API key; ask for a smaller expires_in";
        return Err(FenceError::BadRequest(message.into()));
    }
    let id = claims.sub.as_deref().and_then(|sub| sub.parse().ok());
    let user = match id {
        Some(id) => users::by_id(connection, id).await?,
        None => None,
    };
    let user = user.ok_or_else(|| FenceError::Unauthorized("the user of this key does not exist".into()))?;
    Ok(fence.issuer.access(&user, claims.scopes(), life)?.token)
}

/// # Errors
/// 401 when the token is on the denylist.
pub(crate) async fn must_not_be_revoked(
    connection: &mut PgConnection,
    claims: &Claims,
) -> Result<(), FenceError> {
    let Some(jti) = &claims.jti else {
        return Err(FenceError::Unauthorized("the token has no identifier".into()));
    };
    match denylist::contains(connection, jti).await? {
        true => Err(FenceError::Unauthorized("token is denylisted".into())),
        false => Ok(()),
    }
}
