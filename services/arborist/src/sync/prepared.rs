//! A file that is written and not committed yet, so that another database can refuse before anything lasts.

use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use useryaml::UserYaml;

use super::{HeavyLoss, Loss, Options, SyncError, SyncReport, objects, people};
use crate::store::{
    links,
    locks::{self, Lock},
    resource,
};

/// What bringing a file in changes. It is undone when this is dropped.
#[derive(Debug)]
pub struct Prepared {
    transaction: Transaction<'static, Postgres>,
    /// What changes.
    pub report: SyncReport,
}

impl Prepared {
    /// Makes the changes last.
    ///
    /// # Errors
    /// When the database fails; nothing is changed then.
    pub async fn commit(self) -> Result<SyncReport, SyncError> {
        self.transaction.commit().await?;
        Ok(self.report)
    }

    /// Takes the changes back.
    ///
    /// # Errors
    /// When the database fails; nothing is changed then, either.
    pub async fn undo(self) -> Result<SyncReport, SyncError> {
        self.transaction.rollback().await?;
        Ok(self.report)
    }
}

/// Writes `file` as `options` say, in a transaction that is left open.
///
/// # Errors
/// See [`SyncError`].
pub async fn prepare(pool: &PgPool, file: &UserYaml, options: &Options) -> Result<Prepared, SyncError> {
    let mut transaction = pool.begin().await?;
    locks::wait_for(&mut transaction, Lock::Sync).await?;
    let before = links::under(&mut transaction, &options.label, &options.spared).await?;
    let mut report = bring_in(&mut transaction, file, options).await?;
    let after = links::under(&mut transaction, &options.label, &options.spared).await?;
    report.loss = Loss::between(&before, &after);
    report.losers = Loss::losers(&before, &after);
    if options.heavy_loss == HeavyLoss::Refused {
        refuse_heavy(&report, options.most_losers)?;
    }
    Ok(Prepared { transaction, report })
}

fn refuse_heavy(report: &SyncReport, most: Option<usize>) -> Result<(), SyncError> {
    match most {
        Some(most) if report.losers.len() > most => {
            Err(SyncError::TooManyLosers { losers: report.losers.clone(), most })
        }
        _ if report.loss.is_heavy() => Err(SyncError::HeavyLoss(report.loss)),
        _ => Ok(()),
    }
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
