//! For whoever operates a commons: what the program's command line asks and does. Nobody calls here, so
//! nobody is asked for a permission.

use authz::Standing;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgPool;

pub use crate::store::holdings::Holding;
use crate::{
    Error,
    actions::{Audience, explain as actions, standing},
    decision::Principal,
    explain::{Asked, Circle, Explanation, History},
    input::Users,
    store::{holdings, user},
};

/// What a user holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Holdings {
    /// The user's groups.
    pub groups: Vec<Holding>,
    /// Policies that the user was granted directly.
    pub policies: Vec<Holding>,
}

/// Returns what the user of this name holds, in any letter case; nothing for somebody unknown.
///
/// # Errors
/// When the database fails.
pub async fn holdings_of(pool: &PgPool, user: &str) -> Result<Holdings, OperatorError> {
    let mut connection = pool.acquire().await.map_err(Error::from)?;
    let groups = holdings::groups(&mut connection, user).await.map_err(Error::from)?;
    let policies = holdings::policies(&mut connection, user).await.map_err(Error::from)?;
    Ok(Holdings { groups, policies })
}

/// Takes everything from the user of this name, in any letter case, and says how much that was.
///
/// # Errors
/// When the database fails; nothing has changed then.
pub async fn take_everything(pool: &PgPool, user: &str) -> Result<usize, OperatorError> {
    let mut transaction = pool.begin().await.map_err(Error::from)?;
    let held = holdings::groups(&mut transaction, user).await.map_err(Error::from)?.len()
        + holdings::policies(&mut transaction, user).await.map_err(Error::from)?.len();
    user::delete_in_any_case(&mut transaction, user).await.map_err(Error::from)?;
    transaction.commit().await.map_err(Error::from)?;
    Ok(held)
}

/// Says what the users of these names are from now on, in any letter case, and returns for how many of them
/// that is something new.
///
/// # Errors
/// For a name that is none, or when the database fails; nothing has changed then.
pub async fn set_standing(
    pool: &PgPool,
    users: Vec<String>,
    standing: Standing,
) -> Result<u64, OperatorError> {
    let users = Users::of(users)?;
    let mut transaction = pool.begin().await.map_err(Error::from)?;
    let changed = standing::change_standing(&mut transaction, &users, standing).await?;
    transaction.commit().await.map_err(Error::from)?;
    Ok(changed)
}

/// Why `user` may or may not do what is asked; of everybody without a user.
///
/// # Errors
/// When the resource is none, or the database fails.
pub async fn explain(pool: &PgPool, user: Option<&str>, asked: Asked) -> Result<Explanation, OperatorError> {
    let principal = user.map_or_else(Principal::anonymous, Principal::user);
    let mut connection = pool.acquire().await.map_err(Error::from)?;
    Ok(actions::explanation(&mut connection, &principal, asked, Audience::Administrator).await?)
}

/// Who may do what is asked.
///
/// # Errors
/// When the resource is none, or the database fails.
pub async fn who_may(pool: &PgPool, asked: &Asked) -> Result<Circle, OperatorError> {
    let mut connection = pool.acquire().await.map_err(Error::from)?;
    Ok(actions::circle(&mut connection, asked).await?)
}

/// What changed for `user` since a point in time.
///
/// # Errors
/// When the database fails.
pub async fn changes(pool: &PgPool, user: &str, since: DateTime<Utc>) -> Result<History, OperatorError> {
    let mut connection = pool.acquire().await.map_err(Error::from)?;
    Ok(actions::history(&mut connection, user, since).await?)
}

/// Why something could not be asked or done.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct OperatorError(#[from] Error);
