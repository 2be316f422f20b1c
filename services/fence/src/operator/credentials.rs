//! API keys and access tokens.

use std::sync::Arc;

use authz::username;
use sqlx::{PgConnection, PgPool};
use tokens::SigningKeys;

pub use crate::actions::ApiKeyFile;
use crate::{
    config::Config,
    error::Error,
    identity::{client_tokens::For, issuer::Issuer, scopes},
    service::Fence,
    store::users::{self, User},
};

/// Makes an API key for `username`, creating the user if there is none.
///
/// `expires_in` is in seconds; `None` means the longest life that the configuration allows.
///
/// # Errors
/// When the database fails or the key cannot be signed.
pub async fn create_api_key(
    fence: &Fence,
    username: &str,
    expires_in: Option<i64>,
) -> Result<ApiKeyFile, Error> {
    let mut transaction = fence.pool.begin().await?;
    let user = ensure_user(&mut transaction, username).await?;
    let key = fence.new_api_key(&mut transaction, &user, &scopes::all(&fence.config), expires_in).await?;
    transaction.commit().await?;
    Ok(key)
}

/// Makes an access token for `username`, creating the user if there is none.
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
) -> Result<String, Error> {
    let mut transaction = fence.pool.begin().await?;
    let user = ensure_user(&mut transaction, username).await?;
    transaction.commit().await?;
    let scopes = scopes.unwrap_or_else(|| scopes::all(&fence.config));
    Ok(fence.issuer.access(&user, &scopes, expires_in)?.token)
}

/// Which token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// One that opens something.
    Access,
    /// One with which a client gets others.
    Refresh,
}

/// A token that the operator wants.
#[derive(Debug, Clone)]
pub struct TokenOrder {
    /// Which.
    pub kind: TokenKind,
    /// Whose.
    pub username: String,
    /// With these scopes.
    pub scopes: Vec<String>,
    /// Seconds; `None` is what such a token lives by default.
    pub life: Option<i64>,
    /// The client that it is for.
    pub client_id: Option<String>,
    /// The key that signs it; the newest without one.
    pub kid: Option<String>,
    /// Who issues it.
    pub base_url: String,
}

/// Makes a token where no fence runs, for a user who exists.
///
/// # Errors
/// 404 for an unknown user or key, 400 for a refresh token without a client.
pub async fn ordered(pool: &PgPool, keys: &SigningKeys, order: &TokenOrder) -> Result<String, Error> {
    let user = users::by_name(&mut *pool.acquire().await?, &order.username).await?;
    let user = user.ok_or_else(|| Error::NotFound(format!("there is no user {}", order.username)))?;
    let mut issuer = Issuer::new(Arc::new(keys.clone()), &order.base_url);
    if let Some(kid) = &order.kid {
        let told = || Error::NotFound(format!("there is no key {kid}"));
        issuer = issuer.with_key(kid).ok_or_else(told)?;
    }
    let defaults = Config::default();
    let (access, refresh) =
        (defaults.tokens.access_token_expires_in, defaults.tokens.refresh_token_expires_in);
    let signed = match (order.kind, &order.client_id) {
        (TokenKind::Access, None) => issuer.access(&user, &order.scopes, order.life.unwrap_or(access))?,
        (TokenKind::Access, Some(client_id)) => {
            let to = For { user: &user, client_id, scopes: &order.scopes };
            issuer.access_for_client(to, order.life.unwrap_or(access))?
        }
        (TokenKind::Refresh, Some(client_id)) => {
            let to = For { user: &user, client_id, scopes: &order.scopes };
            issuer.refresh(to, order.life.unwrap_or(refresh))?
        }
        (TokenKind::Refresh, None) => {
            return Err(Error::BadRequest("a refresh token is for a client: name its client_id".into()));
        }
    };
    Ok(signed.token)
}

pub(super) async fn ensure_user(connection: &mut PgConnection, username: &str) -> Result<User, Error> {
    if let Some(user) = users::by_name(connection, username).await? {
        return Ok(user);
    }
    username::check(username).map_err(|error| Error::BadRequest(error.to_string()))?;
    users::create(connection, username).await?;
    let created = users::by_name(connection, username).await?;
    created.ok_or_else(|| Error::NotFound(format!("the user {username} cannot be made")))
}
