//! Bringing a user.yaml in.
//!
//! What is in the database afterwards is what the usersync of fence leaves there: resources, roles and
//! policies of the file are created or updated and others stay; groups are those of the file; users and
//! clients have exactly the policies of the file among the grants that carry the label of the sync. Grants
//! under other labels (`requestor`, `GA4GH`, none) are left alone. Unlike there, it happens in one
//! transaction: nobody loses access for a moment, and a failure changes nothing. A file that takes away more
//! than half of the grants or users, or all rights of more users than the caller allows, is refused unless
//! the caller says that it is meant.

mod error;
mod legacy;
mod loss;
mod objects;
mod options;
mod people;
mod prepared;
mod report;

use sqlx::PgPool;
use useryaml::UserYaml;

pub use error::SyncError;
pub use loss::Loss;
pub use options::{HeavyLoss, Options, USER_SYNC};
pub use prepared::{Prepared, prepare};
pub use report::{Change, ChangeKind, SyncReport};

/// Brings `file` in under `label`, however much it takes away. OAuth clients are left alone, because only
/// fence knows their identifiers; see [`run`].
///
/// # Errors
/// See [`SyncError`].
pub async fn apply(pool: &PgPool, file: &UserYaml, label: &str) -> Result<SyncReport, SyncError> {
    let options = Options { label: label.to_owned(), heavy_loss: HeavyLoss::Allowed, ..Options::default() };
    run(pool, file, &options).await
}

/// Brings `file` in as `options` say, and reports what changed.
///
/// # Errors
/// See [`SyncError`].
pub async fn run(pool: &PgPool, file: &UserYaml, options: &Options) -> Result<SyncReport, SyncError> {
    let prepared = prepare(pool, file, options).await?;
    if options.dry_run { prepared.undo().await } else { prepared.commit().await }
}
