//! Bringing a user.yaml in: users with their details and tags, who is an administrator, and the legacy access
//! to projects. Rights on resources are arborist's part of the same file.

mod columns;

use sqlx::PgPool;
use useryaml::UserYaml;

use crate::{error::Error, store::sync};

/// What was changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SyncReport {
    /// Users that did not exist.
    pub created: u64,
    /// Users whose details were changed.
    pub updated: u64,
    /// Users who are administrators no more because the file does not list them.
    pub demoted: u64,
    /// Legacy project accesses that were added.
    pub granted: i64,
    /// Legacy project accesses whose methods were changed.
    pub changed: i64,
    /// Legacy project accesses that the file does not list any more.
    pub revoked: i64,
}

/// Brings `file` in, in one transaction, and reports what changed. Users are never deleted. Bringing a file
/// in again changes nothing.
///
/// User names are matched without regard to case. What the file does not say of a user (an e-mail address,
/// for example) stays as a login has left it.
///
/// # Errors
/// When the database fails; nothing is changed then.
pub async fn run(pool: &PgPool, file: &UserYaml) -> Result<SyncReport, Error> {
    let users = columns::users(file);
    let projects = columns::projects(file);
    let mut transaction = pool.begin().await?;
    sync::lock(&mut transaction).await?;
    let created = sync::create_users(&mut transaction, &users.names).await?;
    let updated = sync::update_users(&mut transaction, &users).await?;
    let demoted = sync::demote_others(&mut transaction, &users.names).await?;
    sync::replace_tags(&mut transaction, &columns::tags(file)).await?;
    sync::create_projects(&mut transaction, &projects.listed).await?;
    sync::update_projects(&mut transaction, &projects.mapped).await?;
    let access = sync::replace_access(&mut transaction, &columns::access(file)).await?;
    transaction.commit().await?;
    Ok(SyncReport {
        created,
        updated,
        demoted,
        granted: access.added,
        changed: access.changed,
        revoked: access.removed,
    })
}
