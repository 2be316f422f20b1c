//! A file that is written and not committed yet, so that another database can follow or refuse first.

use std::collections::HashSet;

use sqlx::{PgPool, Postgres, Transaction};
use useryaml::UserYaml;

use super::{
    columns,
    report::{ChangeKind, SyncReport},
};
use crate::{error::Error, store::sync};

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
    pub async fn commit(self) -> Result<SyncReport, Error> {
        self.transaction.commit().await?;
        Ok(self.report)
    }
}

/// Writes `file` in a transaction that is left open.
///
/// # Errors
/// When the database fails; nothing is changed then.
pub async fn prepare(pool: &PgPool, file: &UserYaml) -> Result<Prepared, Error> {
    let users = columns::users(file);
    let projects = columns::projects(file);
    let mut transaction = pool.begin().await?;
    sync::lock(&mut transaction).await?;
    let mut report = SyncReport::default();
    let created = sync::create_users(&mut transaction, &users.names).await?;
    let mut updated = sync::update_users(&mut transaction, &users).await?;
    {
        let created: HashSet<&str> = created.iter().map(String::as_str).collect();
        updated.retain(|name| !created.contains(name.as_str()));
    }
    report.note(ChangeKind::UserCreated, created);
    report.note(ChangeKind::UserUpdated, updated);
    report.note(ChangeKind::UserDemoted, sync::demote_others(&mut transaction, &users.names).await?);
    let tags = sync::replace_tags(&mut transaction, &columns::tags(file)).await?;
    report.note(ChangeKind::TagChanged, tags);
    let created = sync::create_projects(&mut transaction, &projects.listed).await?;
    report.note(ChangeKind::ProjectCreated, created);
    report.note(ChangeKind::ProjectMoved, sync::update_projects(&mut transaction, &projects.mapped).await?);
    let access = sync::replace_access(&mut transaction, &columns::access(file)).await?;
    for kind in [ChangeKind::AccessGranted, ChangeKind::AccessChanged, ChangeKind::AccessRevoked] {
        let of_kind = access.iter().filter(|change| change.what == kind.text());
        report.note(kind, of_kind.map(|change| format!("{}: {}", change.user, change.project)).collect());
    }
    Ok(Prepared { transaction, report })
}
