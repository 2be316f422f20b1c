//! Users.

use std::collections::BTreeMap;

use serde::Serialize;
use sqlx::{PgConnection, PgPool};

pub use crate::store::users::ListedUser;
use crate::{
    clock,
    error::Error,
    store::{
        administration, api_keys,
        users::{self, User},
    },
};

/// All users, by name.
///
/// # Errors
/// When the database fails.
pub async fn list(pool: &PgPool) -> Result<Vec<ListedUser>, Error> {
    let mut connection = pool.acquire().await?;
    Ok(users::list(&mut connection).await?)
}

/// Names of all users who are not active, for arborist.
///
/// # Errors
/// When the database fails.
pub async fn deactivated(pool: &PgPool) -> Result<Vec<String>, Error> {
    let mut connection = pool.acquire().await?;
    Ok(users::deactivated_names(&mut connection).await?)
}

/// Whether there is a user of this name, in any case.
///
/// # Errors
/// When the database fails.
pub async fn exists(pool: &PgPool, username: &str) -> Result<bool, Error> {
    let mut connection = pool.acquire().await?;
    Ok(users::by_name(&mut connection, username).await?.is_some())
}

/// A user with everything that fence keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownUser {
    /// The name that the user logs in with.
    pub username: String,
    /// The name for people to read.
    pub display_name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone number.
    pub phone_number: Option<String>,
    /// Whether fence's own table says administrator.
    pub is_admin: bool,
    /// Whether the user may log in.
    pub active: bool,
    /// Name of the identity provider of the last login; empty if there was none.
    pub idp: String,
    /// Labels.
    pub tags: BTreeMap<String, Option<String>>,
    /// Legacy access to projects.
    pub project_access: BTreeMap<String, Vec<String>>,
    /// How many API keys the user has.
    pub api_keys: usize,
}

/// The user of this name, in any case.
///
/// # Errors
/// When the database fails.
pub async fn show(pool: &PgPool, username: &str) -> Result<Option<ShownUser>, Error> {
    let mut connection = pool.acquire().await?;
    let Some(user) = users::by_name(&mut connection, username).await? else { return Ok(None) };
    let details = users::details(&mut connection, &user).await?;
    let api_keys = api_keys::of_user(&mut connection, user.id).await?.len();
    Ok(Some(ShownUser {
        username: user.username,
        display_name: user.display_name,
        email: user.email,
        phone_number: user.phone_number,
        is_admin: user.is_admin == Some(true),
        active: user.active,
        idp: user.idp,
        tags: details.tags.0,
        project_access: details.project_access.0,
        api_keys,
    }))
}

/// Shuts the user out: no login, and sessions, API keys and refresh tokens end. Returns the name as it is
/// written; none if there is no such user.
///
/// # Errors
/// When the database fails; nothing has changed then.
pub async fn disable(pool: &PgPool, username: &str) -> Result<Option<String>, Error> {
    let mut transaction = pool.begin().await?;
    let Some(user) = found(&mut transaction, username).await? else { return Ok(None) };
    administration::deactivate(&mut transaction, user.id, clock::now()).await?;
    administration::end_api_keys(&mut transaction, user.id).await?;
    transaction.commit().await?;
    Ok(Some(user.username))
}

/// Lets the user in again; what ended when the user was shut out stays ended.
///
/// # Errors
/// When the database fails; nothing has changed then.
pub async fn enable(pool: &PgPool, username: &str) -> Result<Option<String>, Error> {
    let mut transaction = pool.begin().await?;
    let Some(user) = found(&mut transaction, username).await? else { return Ok(None) };
    administration::activate(&mut transaction, user.id, clock::now()).await?;
    transaction.commit().await?;
    Ok(Some(user.username))
}

async fn found(connection: &mut PgConnection, username: &str) -> Result<Option<User>, Error> {
    Ok(users::by_name(connection, username).await?)
}
