//! `commons index migrate`: all records from one layout of the tables into the other.
//!
//! It goes through the dids in batches. A batch that is in both layouts already, and equal, is left alone, so
//! that a transfer that was interrupted goes on where it was. Each other batch is written and compared in one
//! transaction. At first the database notes that the old layout counts, and when all batches are equal, that
//! the new one does. The rows of the old one stay where they are.
//!
//! It is not guessed which layout counts: what was moved from the wrong one would wipe the records of the
//! other.

use serde::Serialize;
use sqlx::{Connection as _, PgConnection, PgPool};

use crate::{
    Error, Layout, migrate,
    store::{
        schema::{self, Traces},
        transfer::{self, Range, Whole},
    },
};

/// Records of a batch.
const BATCH: i64 = 1000;
/// So many aliases are named that keep a transfer from happening.
const SHOWN: i64 = 20;

/// Whether a transfer happens, or only looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferMode {
    /// Everything is transferred, and the new layout counts from then on.
    Real,
    /// Nothing is written.
    DryRun,
}

/// What is to be transferred.
#[derive(Debug, Clone, Copy)]
pub struct TransferOptions {
    /// The layout that has the records; `None` leaves it to `setting` and to what the database shows.
    pub from: Option<Layout>,
    /// The layout that they are to be in; `None`: the other one.
    pub to: Option<Layout>,
    /// What `USE_SINGLE_TABLE` says of the layout that counts.
    pub setting: Option<Layout>,
    /// Whether anything happens.
    pub mode: TransferMode,
    /// Whether rows of the new layout may be lost that the old one does not have, or has in an older state.
    pub overwrite: bool,
}

/// What a transfer has done, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Transferred {
    /// The layout that counted before.
    pub from: Layout,
    /// The one that counts now.
    pub to: Layout,
    /// Records that there are.
    pub records: i64,
    /// Records that were written.
    pub written: i64,
    /// Records of batches that were equal in both layouts already.
    pub unchanged: i64,
    /// Rows in the way that were removed from the new layout, among them older states of records.
    pub removed: i64,
    /// Records of the new layout that the old one lacks: with `overwrite` they are removed, without it
    /// nothing is transferred.
    pub only_in_new: i64,
    /// Records that have been changed later in the new layout than in the old one. As before.
    pub newer_in_new: i64,
    /// Urls whose metadata is left behind, because their records do not have these urls.
    pub stray_facts: i64,
}

/// Why records cannot be transferred.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// Either layout may be the one that counts.
    #[error("both layouts have records, and nothing says which of them count; name theirs with --from")]
    Undecided,
    /// The setting and the database contradict each other.
    #[error(
        "USE_SINGLE_TABLE says that the records are in the {setting} layout, and the database that they are \
         in the {found} layout; name theirs with --from"
    )]
    Contradiction {
        /// What the setting says.
        setting: Layout,
        /// What the note or the rows of the database say.
        found: Layout,
    },
    /// What is in the new layout may be what counts.
    #[error(
        "the {to} layout has {only} records that the {from} layout lacks, and {newer} that were changed \
         there later; they would be lost. If the {from} layout is the one that counts, say --overwrite; \
         otherwise name the other one with --from"
    )]
    Ahead {
        /// The layout that was taken for the one that counts.
        from: Layout,
        /// The other one.
        to: Layout,
        /// Records that only the other one has.
        only: i64,
        /// Records that it has in a later state.
        newer: i64,
    },
    /// In the multi-table layout an alias belongs to one record.
    #[error(
        "several records have the same alias, which the multi-table layout does not allow; delete it from \
         all but one: {}", .0.join(", ")
    )]
    SharedAliases(Vec<String>),
    /// What was written is not what was read.
    #[error("the records up to {0} are not the same in both layouts after they were written")]
    NotEqual(String),
    /// The tables differ although each batch was equal: somebody else writes.
    #[error(
        "the index has changed meanwhile: {from:?} records and bytes in the old layout, {to:?} in the new \
         one. Stop everything that writes to it, and try again"
    )]
    Changed {
        /// Records and bytes of the old layout.
        from: (i64, i64),
        /// Records and bytes of the new layout.
        to: (i64, i64),
    },
    /// The database failed.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<sqlx::Error> for TransferError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Other connections to the database, which may be those of a service that writes.
///
/// # Errors
/// When the database fails.
pub async fn other_connections(pool: &PgPool) -> Result<i64, Error> {
    schema::other_connections(&mut *pool.acquire().await?).await
}

/// Transfers all records to another layout. `progress` is called with the number of records that are done and
/// the number of all.
///
/// # Errors
/// See [`TransferError`]. The old layout still counts then.
pub async fn transfer(
    pool: &PgPool,
    options: TransferOptions,
    mut progress: impl FnMut(i64, i64),
) -> Result<Transferred, TransferError> {
    let TransferOptions { mode, .. } = options;
    if mode == TransferMode::Real {
        migrate(pool).await?;
    }
    let mut connection = pool.acquire().await?;
    let mut done = beginning(&mut connection, options).await?;
    let Transferred { from, to, records: all, .. } = done;
    if from == to {
        done.unchanged = all;
        return Ok(done);
    }
    if mode == TransferMode::Real {
        // Should it be interrupted, nobody is to take what it has written for what counts.
        note(&mut connection, from).await?;
        if to == Layout::Multi {
            transfer::clear_stale_aliases(&mut connection).await?;
        }
    }
    let mut after = None;
    loop {
        // Behind the last record there may be some that only the new layout has.
        let end = transfer::end_of_next(&mut connection, from, after.as_ref(), BATCH).await?;
        let range = Range { after, to: end.clone() };
        batch(&mut connection, &mut done, &range, mode).await?;
        progress(done.written + done.unchanged, all);
        match end {
            Some(end) => after = Some(end),
            None => break,
        }
    }
    if mode == TransferMode::Real {
        finish(&mut connection, from, to).await?;
    }
    Ok(done)
}

/// What is to be done, with nothing of it done.
///
/// # Errors
/// What speaks against it.
async fn beginning(
    connection: &mut PgConnection,
    options: TransferOptions,
) -> Result<Transferred, TransferError> {
    let from = source(&schema::traces(connection).await?, options)?;
    let to = options.to.unwrap_or(from.other());
    let Whole { records, .. } = transfer::whole(connection, from).await?;
    let (written, unchanged, removed) = (0, 0, 0);
    let (only_in_new, newer_in_new) =
        if from == to { (0, 0) } else { transfer::ahead(connection, to).await? };
    if only_in_new + newer_in_new > 0 && options.mode == TransferMode::Real && !options.overwrite {
        return Err(TransferError::Ahead { from, to, only: only_in_new, newer: newer_in_new });
    }
    let mut stray_facts = 0;
    if to == Layout::Multi && from != to {
        let shared = transfer::shared_aliases(connection, SHOWN).await?;
        if !shared.is_empty() {
            return Err(TransferError::SharedAliases(shared));
        }
        stray_facts = transfer::stray_facts(connection).await?;
    }
    Ok(Transferred { from, to, records, written, unchanged, removed, only_in_new, newer_in_new, stray_facts })
}

/// The layout that counts.
fn source(traces: &Traces, options: TransferOptions) -> Result<Layout, TransferError> {
    let found = Layout::evident(traces);
    match (options.from, options.setting, found) {
        (Some(from), ..) => Ok(from),
        (None, Some(setting), Some(found)) if setting != found => {
            Err(TransferError::Contradiction { setting, found })
        }
        (None, Some(layout), _) | (None, None, Some(layout)) => Ok(layout),
        (None, None, None) if traces.multi && traces.single => Err(TransferError::Undecided),
        (None, None, None) => Ok(Layout::Multi),
    }
}

async fn note(connection: &mut PgConnection, layout: Layout) -> Result<(), Error> {
    let mut transaction = connection.begin().await?;
    schema::note_layout(&mut transaction, layout.name()).await?;
    Ok(transaction.commit().await?)
}

async fn batch(
    connection: &mut PgConnection,
    done: &mut Transferred,
    range: &Range,
    mode: TransferMode,
) -> Result<(), TransferError> {
    let wanted = transfer::digest(connection, done.from, range).await?;
    let found = transfer::digest(connection, done.to, range).await?;
    if wanted == found {
        done.unchanged += wanted.records;
        return Ok(());
    }
    done.written += wanted.records;
    done.removed += found.records;
    if mode == TransferMode::DryRun {
        return Ok(());
    }
    let mut transaction = connection.begin().await?;
    transfer::clear(&mut transaction, done.to, range).await?;
    transfer::copy(&mut transaction, done.to, range).await?;
    if transfer::digest(&mut transaction, done.to, range).await? != wanted {
        let end = range.to.as_ref().map_or_else(|| "the end".to_owned(), ToString::to_string);
        return Err(TransferError::NotEqual(end));
    }
    transaction.commit().await?;
    Ok(())
}

/// Compares the whole and notes which layout counts.
async fn finish(connection: &mut PgConnection, from: Layout, to: Layout) -> Result<(), TransferError> {
    let mut transaction = connection.begin().await?;
    schema::lock(&mut transaction).await?;
    let old = transfer::whole(&mut transaction, from).await?;
    let new = transfer::whole(&mut transaction, to).await?;
    if old != new {
        let pair = |whole: Whole| (whole.records, whole.bytes);
        return Err(TransferError::Changed { from: pair(old), to: pair(new) });
    }
    schema::note_layout(&mut transaction, to.name()).await?;
    transaction.commit().await?;
    schema::analyze(connection).await?;
    Ok(())
}
