//! The policies of OAuth clients, for whoever operates a commons. Nobody calls here, so nobody is asked for a
//! permission.

use sqlx::PgPool;

use crate::{
    Error,
    model::{Held, Label},
    operator::OperatorError,
    store::{client, links, policy},
};

/// Gives a client these policies and no others; one that is not known yet is made.
///
/// # Errors
/// When a policy does not exist, or the database fails; nothing has changed then.
pub async fn set_policies(pool: &PgPool, id: &str, policies: &[String]) -> Result<(), OperatorError> {
    let names: Vec<&str> = policies.iter().map(String::as_str).collect();
    let mut transaction = pool.begin().await.map_err(Error::from)?;
    client::insert(&mut transaction, &[id]).await.map_err(Error::from)?;
    let known = policy::existing(&mut transaction, &names).await.map_err(Error::from)?;
    let missing: Vec<&str> = names.iter().copied().filter(|name| !known.contains(*name)).collect();
    if !missing.is_empty() {
        return Err(Error::NotFound(format!("policies do not exist: {}", missing.join(", "))).into());
    }
    let label = Label(None);
    links::remove(&mut transaction, &links::CLIENT_POLICIES, id, Held::All, &label)
        .await
        .map_err(Error::from)?;
    client::grant(&mut transaction, id, &names, &label).await.map_err(Error::from)?;
    transaction.commit().await.map_err(Error::from)?;
    Ok(())
}

/// The policies of a client; none of one that is not known.
///
/// # Errors
/// When the database fails.
pub async fn policies(pool: &PgPool, id: &str) -> Result<Vec<String>, OperatorError> {
    let mut connection = pool.acquire().await.map_err(Error::from)?;
    let found = client::load(&mut connection, Some(id)).await.map_err(Error::from)?;
    Ok(found.into_iter().filter_map(|client| client.policies).flatten().collect())
}

/// Takes everything from clients and forgets them.
///
/// # Errors
/// When the database fails; nothing has changed then.
pub async fn forget(pool: &PgPool, ids: &[String]) -> Result<(), OperatorError> {
    let mut transaction = pool.begin().await.map_err(Error::from)?;
    client::delete_all(&mut transaction, ids).await.map_err(Error::from)?;
    transaction.commit().await.map_err(Error::from)?;
    Ok(())
}
