//! Bringing a user.yaml in.
//!
//! What is in the database afterwards is what the usersync of fence leaves there: resources, roles and policies of
//! the file are created or updated and others stay; groups are those of the file; users and clients have exactly
//! the policies of the file among the grants that carry the label of the sync. Grants under other labels
//! (`requestor`, `GA4GH`, none) are left alone. Unlike there, it happens in one transaction: nobody loses access
//! for a moment, and a failure changes nothing.

mod links;
mod objects;
mod people;
mod report;

use indexmap::IndexMap;
use sqlx::{PgConnection, PgPool};
use useryaml::UserYaml;

use crate::Error;
pub use report::{Change, ChangeKind, SyncReport};

/// The label of grants that come from a user.yaml.
pub const USER_SYNC: &str = "user-sync";

/// Held for the length of a sync, so that two do not mix.
const LOCK: i64 = 0x7573_6572_7379_6e63;

/// How to bring a file in.
#[derive(Debug, Clone)]
pub struct Options {
    /// The label of the grants, usually [`USER_SYNC`].
    pub label: String,
    /// Identifiers of the OAuth clients of each name. A name has several after a rotation; fence knows them.
    pub clients: IndexMap<String, Vec<String>>,
    /// Find out what would change, and change nothing.
    pub dry_run: bool,
    /// Only add: revoke nothing, delete no group and no user. For a file that is not the whole truth, such as the
    /// built-in administrator of a commons whose users come from elsewhere.
    pub additive: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { label: USER_SYNC.to_owned(), clients: IndexMap::new(), dry_run: false, additive: false }
    }
}

/// Why a file could not be brought in. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// Something in the file does not fit into the database.
    #[error("the user.yaml cannot be brought in: {0}")]
    Refused(String),
    /// The database did not do what it was asked.
    #[error("the database refused or could not be reached")]
    Database(#[source] sqlx::Error),
}

impl From<Error> for SyncError {
    fn from(error: Error) -> Self {
        match error {
            Error::Database(source) => Self::Database(source),
            other => Self::Refused(other.to_string()),
        }
    }
}

impl From<sqlx::Error> for SyncError {
    fn from(error: sqlx::Error) -> Self {
        Error::from(error).into()
    }
}

/// Brings `file` in under `label`. OAuth clients are left alone, because only fence knows their identifiers; see
/// [`run`].
///
/// # Errors
/// See [`SyncError`].
pub async fn apply(pool: &PgPool, file: &UserYaml, label: &str) -> Result<SyncReport, SyncError> {
    run(pool, file, &Options { label: label.to_owned(), ..Options::default() }).await
}

/// Brings `file` in as `options` say, and reports what changed.
///
/// # Errors
/// See [`SyncError`].
pub async fn run(pool: &PgPool, file: &UserYaml, options: &Options) -> Result<SyncReport, SyncError> {
    let mut tx = pool.begin().await?;
    sqlx::query("select pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *tx).await?;
    let report = bring_in(&mut tx, file, options).await?;
    match options.dry_run {
        true => tx.rollback().await?,
        false => tx.commit().await?,
    }
    Ok(report)
}

async fn bring_in(
    conn: &mut PgConnection,
    file: &UserYaml,
    options: &Options,
) -> Result<SyncReport, SyncError> {
    let mut report = SyncReport { dry_run: options.dry_run, ..SyncReport::default() };
    objects::bring_in(conn, file, &mut report).await?;
    people::bring_in(conn, file, options, &mut report).await?;
    // The check that parents exist is deferred; it shall speak in a dry run as well.
    sqlx::query("set constraints all immediate").execute(conn).await?;
    Ok(report)
}
