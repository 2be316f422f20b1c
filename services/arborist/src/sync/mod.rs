//! Bringing a user.yaml in.
//!
//! What is in the database afterwards is what the usersync of fence leaves there: resources, roles and
//! policies of the file are created or updated and others stay; groups are those of the file; users and
//! clients have exactly the policies of the file among the grants that carry the label of the sync. Grants
//! under other labels (`requestor`, `GA4GH`, none) are left alone. Unlike there, it happens in one
//! transaction: nobody loses access for a moment, and a failure changes nothing. A file that takes away more
//! than half of the grants or users is refused unless the caller says that it is meant.

mod error;
mod legacy;
mod loss;
mod objects;
mod options;
mod people;
mod report;

use sqlx::{PgConnection, PgPool};
use useryaml::UserYaml;

use crate::store::{
    links,
    locks::{self, Lock},
    resource,
};
pub use error::SyncError;
pub use loss::Loss;
pub use options::{HeavyLoss, Options, USER_SYNC};
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
    let mut transaction = pool.begin().await?;
    locks::wait_for(&mut transaction, Lock::Sync).await?;
    let before = links::under(&mut transaction, &options.label, &options.spared).await?;
    let mut report = bring_in(&mut transaction, file, options).await?;
    let after = links::under(&mut transaction, &options.label, &options.spared).await?;
    report.loss = Loss::between(&before, &after);
    if options.heavy_loss == HeavyLoss::Refused && report.loss.is_heavy() {
        transaction.rollback().await?;
        return Err(SyncError::HeavyLoss(report.loss));
    }
    if options.dry_run {
        transaction.rollback().await?;
    } else {
        transaction.commit().await?;
    }
    Ok(report)
}

async fn bring_in(
    connection: &mut PgConnection,
    file: &UserYaml,
    options: &Options,
) -> Result<SyncReport, SyncError> {
    let mut report = SyncReport { dry_run: options.dry_run, ..SyncReport::default() };
    objects::bring_in(connection, file, &mut report).await?;
    people::bring_in(connection, file, options, &mut report).await?;
    // Otherwise a dry run would not hear of a parent that is missing.
    resource::check_parents(connection).await?;
    Ok(report)
}
