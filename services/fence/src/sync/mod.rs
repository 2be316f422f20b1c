//! Bringing a user.yaml in: users with their details and tags, who is an administrator, and the legacy access
//! to projects. Rights on resources are arborist's part of the same file.

mod columns;
mod prepared;
mod report;

use sqlx::PgPool;
use useryaml::UserYaml;

use crate::error::Error;
pub use prepared::{Prepared, prepare};
pub use report::{Change, ChangeKind, SyncReport};

/// Brings `file` in, in one transaction, and reports what changed. Users are never deleted. Bringing a file
/// in again changes nothing.
///
/// User names are matched without regard to case. What the file does not say of a user (an e-mail address,
/// for example) stays as a login has left it.
///
/// # Errors
/// When the database fails; nothing is changed then.
pub async fn run(pool: &PgPool, file: &UserYaml) -> Result<SyncReport, Error> {
    prepare(pool, file).await?.commit().await
}
