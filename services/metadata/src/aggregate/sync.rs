//! Brings the aggregate up to date.

use reqwest::Client;
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{
    config::SyncConfig,
    mapping::Mapping,
    normalize::{self, Study},
    pull::{self, Records},
    storable::{Storable, storable},
};
use crate::store::aggregate::{self, Changed, Source};

/// The lock of the database under which one process at a time synchronises.
const LOCK: i64 = 0x0061_6767_7265_6761;

/// Whether anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// What was pulled replaces what was there.
    Write,
    /// It is only said what would change.
    DryRun,
}

/// Is told how far it is.
pub trait Progress: Sync {
    /// So many commons are pulled.
    fn total(&self, commons: u64);
    /// The next one is being pulled.
    fn pulling(&self, commons: &str);
    /// It is done.
    fn done(&self, commons: &CommonsReport);
}

/// What became of a commons.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CommonsReport {
    /// Its name in the configuration.
    pub commons: String,
    /// Studies that were pulled.
    pub studies: u64,
    /// Records that are no studies, or not selected.
    pub left_out: u64,
    /// Records that cannot be read or kept: too deep, too large, or with characters that the database does
    /// not take.
    pub unusable: u64,
    /// Studies whose GUID a commons has that stands before it in the configuration.
    pub taken: u64,
    /// Studies that are new here.
    pub added: u64,
    /// Studies that have changed.
    pub changed: u64,
    /// Studies that are gone.
    pub removed: u64,
    /// Why it could not be pulled; what was there stays then.
    pub error: Option<String>,
}

/// What became of all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SyncReport {
    /// In the order of the configuration.
    pub commons: Vec<CommonsReport>,
    /// Commons that the configuration has no more, whose studies are gone.
    pub forgotten: Vec<String>,
    /// DRS prefixes whose hosts are known.
    pub prefixes: u64,
    /// Why the prefixes could not be pulled.
    pub prefixes_error: Option<String>,
}

impl SyncReport {
    /// Whether everything could be pulled.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.prefixes_error.is_none() && self.commons.iter().all(|one| one.error.is_none())
    }
}

/// Why nothing could be synchronised.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// Another process does it.
    #[error("another process synchronises the aggregate; wait for its end")]
    Busy,
    /// A dry run makes no tables.
    #[error("the database has no tables of the aggregate yet; the first synchronisation makes them")]
    NoTables,
    /// The database fails.
    #[error("the database of metadata")]
    Database(#[from] sqlx::Error),
    /// No request can be made.
    #[error("no client for HTTP can be made")]
    Client(#[from] reqwest::Error),
}

/// Pulls all commons of the configuration and replaces their studies, each commons in one transaction, in
/// tables that [`migrate`](crate::migrate) has made.
///
/// # Errors
/// When the database fails. A commons that does not answer is no error: it is in the report.
pub async fn sync(
    pool: &PgPool,
    config: &SyncConfig,
    mode: Mode,
    progress: &dyn Progress,
) -> Result<SyncReport, SyncError> {
    // A connection of its own, so that the lock is gone with it whatever happens.
    let mut lock = pool.acquire().await?.detach();
    if !aggregate::lock(&mut lock, LOCK).await? {
        return Err(SyncError::Busy);
    }
    if !aggregate::is_made(&mut lock).await? {
        return Err(SyncError::NoTables);
    }
    let report = all(pool, config, mode, progress).await?;
    // The server takes its time to notice that a connection has ended, and the next run may begin at once.
    aggregate::unlock(&mut lock, LOCK).await?;
    Ok(report)
}

async fn all(
    pool: &PgPool,
    config: &SyncConfig,
    mode: Mode,
    progress: &dyn Progress,
) -> Result<SyncReport, SyncError> {
    let client = pull::client()?;
    let names: Vec<String> =
        config.gen3_commons.keys().chain(config.adapter_commons.keys()).cloned().collect();
    progress.total(names.len() as u64);
    let mut report = SyncReport::default();
    for (place, name) in names.iter().enumerate() {
        progress.pulling(name);
        let pulled = pulled(&client, config, name).await;
        let before = names.get(..place).unwrap_or_default();
        let one = replaced(pool, config, &Source { name, before }, pulled, mode).await?;
        progress.done(&one);
        report.commons.push(one);
    }
    report.forgotten = aggregate::forget(pool, &names, mode == Mode::Write).await?;
    if mode == Mode::Write {
        aggregate::write_info(pool, "global", &config.info()).await?;
    }
    prefixes(pool, &client, config, mode, &mut report).await?;
    Ok(report)
}

/// The studies of a commons, and how many records are none.
#[derive(Default)]
struct Pulled {
    studies: Vec<Storable>,
    left_out: u64,
    unusable: u64,
}

impl Pulled {
    fn of(records: Records, study: &dyn Fn(String, Value) -> Option<Study>) -> Self {
        let mut pulled = Self::default();
        for (guid, record) in records {
            match serde_json::from_str(record.get()).map(|record| study(guid, record)) {
                Ok(None) => pulled.left_out += 1,
                Ok(Some(study)) => match storable(study) {
                    Some(study) => pulled.studies.push(study),
                    None => pulled.unusable += 1,
                },
                Err(_) => pulled.unusable += 1,
            }
        }
        pulled
    }
}

async fn pulled(client: &Client, config: &SyncConfig, name: &str) -> Result<Pulled, String> {
    if let Some(commons) = config.gen3_commons.get(name) {
        let records = pull::of_gen3(client, commons).await?;
        return Ok(Pulled::of(records, &|guid, record| normalize::of_gen3(name, commons, guid, record)));
    }
    let Some(commons) = config.adapter_commons.get(name) else {
        return Err("it is not configured".to_owned());
    };
    let mapping = Mapping::of(commons, config.schema())?;
    let records = pull::of_adapter(client, commons).await?;
    Ok(Pulled::of(records, &|guid, record| normalize::of_adapter(name, commons, &mapping, guid, record)))
}

async fn replaced(
    pool: &PgPool,
    config: &SyncConfig,
    source: &Source<'_>,
    pulled: Result<Pulled, String>,
    mode: Mode,
) -> Result<CommonsReport, SyncError> {
    let name = source.name;
    let mut one = CommonsReport { commons: name.to_owned(), ..CommonsReport::default() };
    let Pulled { studies, left_out, unusable } = match pulled {
        Ok(pulled) => pulled,
        Err(reason) => return Ok(CommonsReport { error: Some(reason), ..one }),
    };
    (one.left_out, one.unusable) = (left_out, unusable);
    // A service that has lost its studies and one that has none look alike.
    if studies.is_empty() {
        return Ok(CommonsReport {
            error: Some("it has no studies; what was there stays".to_owned()),
            ..one
        });
    }
    let url = config.gen3_commons.get(name).map(|commons| &commons.commons_url);
    let url = url.or_else(|| config.adapter_commons.get(name).map(|commons| &commons.commons_url));
    let info = json!({ "commons_url": url });
    match aggregate::replace(pool, source, &studies, &info, mode == Mode::Write).await {
        Ok(Changed { added, changed, removed, taken }) => {
            let studies = studies.len() as u64 - taken;
            one = CommonsReport { studies, added, changed, removed, taken, ..one };
        }
        Err(error) if is_of_data(&error) => {
            one.error = Some(format!("the database does not take its studies: {error}"));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(one)
}

/// Whether the database refuses values, as against failing: then the other commons are not concerned.
fn is_of_data(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| ["22", "23", "54"].iter().any(|class| code.starts_with(class)))
}

async fn prefixes(
    pool: &PgPool,
    client: &Client,
    config: &SyncConfig,
    mode: Mode,
    report: &mut SyncReport,
) -> Result<(), SyncError> {
    let Some(index) = config.prefixes() else { return Ok(()) };
    match pull::prefixes(client, index).await {
        Err(reason) => report.prefixes_error = Some(reason),
        Ok(found) => {
            report.prefixes = found.len() as u64;
            if mode == Mode::Write {
                let rows: Vec<(String, Value)> = found.into_iter().collect();
                aggregate::write_info(pool, "prefix", &rows).await?;
            }
        }
    }
    Ok(())
}
