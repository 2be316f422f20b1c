//! Databases as they are at one moment: the rows of their tables, and what `pg_dump` writes of them.
//!
//! All moments are taken one after the other before the first byte is written, so that they are within
//! milliseconds of each other however long the writing takes.

use std::{collections::BTreeMap, path::PathBuf, process::Stdio, str::FromStr as _};

use anyhow::{Context as _, anyhow, bail};
use backup::{Database, FileWriter, Pieces, Snapshot};
use database::Work;
use postgres::clients::{Client, without_password};
use sql::Sql;
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::{io::AsyncReadExt as _, process::Command};

use super::progress::{Told, amount};
use crate::databases::DatabaseName;

/// Bytes that are read at once of what a program writes.
const BUFFER: usize = 256 * 1024;
/// Bytes that are kept of what a program complains of.
const COMPLAINTS: u64 = 8 * 1024;
/// How hard `pg_dump` compresses: most of the gain for a fraction of the time.
const COMPRESSION: &str = "3";
/// A migration holds its tables for less.
const LOCK_WAIT: &str = "120s";

/// A database at one moment.
pub(super) struct Opened {
    name: DatabaseName,
    url: String,
    connection: PgConnection,
    /// The name by which another connection sees the same moment.
    exported: String,
    snapshot: Snapshot,
    server: u32,
}

/// Takes the moments of all databases, in their order.
///
/// # Errors
/// When one does not answer, or `pg_dump` is missing.
pub(super) async fn open(databases: &[(DatabaseName, String)]) -> anyhow::Result<Vec<Opened>> {
    let mut connections = Vec::with_capacity(databases.len());
    for (name, url) in databases {
        let told = || format!("the database {} cannot be used", name.as_str());
        let options = PgConnectOptions::from_str(url).with_context(told)?;
        let mut connection = database::connect(&options, Work::Maintenance).await.with_context(told)?;
        // Nobody ends a transaction that waits for others.
        let limits = "select set_config('idle_in_transaction_session_timeout', '0', false), \
                      set_config('statement_timeout', '0', false)";
        sqlx::query(limits).execute(&mut connection).await.with_context(told)?;
        connections.push((*name, url.clone(), connection));
    }
    let mut opened = Vec::with_capacity(databases.len());
    for (name, url, mut connection) in connections {
        let told = || format!("the database {} gives no snapshot", name.as_str());
        let begin = "begin isolation level repeatable read read only";
        sqlx::query(begin).execute(&mut connection).await.with_context(told)?;
        let (exported, taken, lsn, server) = sqlx::query_as::<_, (String, String, Option<String>, i32)>(
            "select pg_export_snapshot(), \
             to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), \
             case when pg_is_in_recovery() then null else pg_current_wal_lsn()::text end, \
             current_setting('server_version_num')::integer",
        )
        .fetch_one(&mut connection)
        .await
        .with_context(told)?;
        let (snapshot, server) = (Snapshot { taken, lsn }, u32::try_from(server)?);
        opened.push(Opened { name, url, connection, exported, snapshot, server });
    }
    for database in &opened {
        Client::Dump.find(database.server / 10_000)?;
    }
    Ok(opened)
}

impl Opened {
    pub(super) fn name(&self) -> &'static str {
        self.name.as_str()
    }

    /// Writes the database, as it was at its moment.
    ///
    /// # Errors
    /// When it cannot be read, or the place of the backup cannot be written.
    pub(super) async fn dump(mut self, pieces: &Pieces, told: &dyn Told) -> anyhow::Result<Database> {
        let name = self.name.as_str();
        let counting = || format!("the rows of the database {name} cannot be counted");
        let rows = rows(&mut self.connection).await.with_context(counting)?;
        let program = Client::Dump.find(self.server / 10_000)?;
        let mut file = pieces.file();
        let dumping = || format!("the database {name} cannot be dumped");
        run(program, &self.url, &self.exported, &mut file, |bytes| {
            told.step(format!("database {name}: {}", amount(bytes)));
        })
        .await
        .with_context(dumping)?;
        // The transaction has only read.
        self.connection.close().await.with_context(dumping)?;
        let (snapshot, server) = (self.snapshot, self.server);
        Ok(Database { name: name.to_owned(), server, snapshot, rows, dump: file.finish().await? })
    }
}

/// How many rows each table has.
///
/// # Errors
/// When the database fails.
pub(crate) async fn rows(connection: &mut PgConnection) -> Result<BTreeMap<String, u64>, sqlx::Error> {
    let tables: Vec<(String, String)> = sqlx::query_as(
        "select n.nspname::text, c.relname::text from pg_class c \
         join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' \
         and n.nspname <> 'information_schema' and n.nspname not like 'pg\\_%' \
         order by 1, 2",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut rows = BTreeMap::new();
    for (schema, table) in tables {
        let count = Sql::raw("select count(*) from ").then_ident(&schema).text(".").then_ident(&table);
        let count: i64 = count.scalar().fetch_one(&mut *connection).await?;
        rows.insert(format!("{schema}.{table}"), u64::try_from(count).unwrap_or_default());
    }
    Ok(rows)
}

async fn run(
    program: PathBuf,
    url: &str,
    snapshot: &str,
    file: &mut FileWriter<'_>,
    tell: impl Fn(u64),
) -> anyhow::Result<()> {
    let mut command = called(program, url)?;
    command.args(["--format=custom", "--compress", COMPRESSION, "--snapshot", snapshot]);
    command.args(["--lock-wait-timeout", LOCK_WAIT]).stdout(Stdio::piped());
    let mut child = command.spawn().context("pg_dump cannot be started")?;
    let mut out = child.stdout.take().context("invariant: its output is a pipe")?;
    let complaints = complaints(&mut child);
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = out.read(&mut buffer).await.context("pg_dump cannot be read")?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        file.write(bytes).await?;
        tell(file.size());
    }
    ended("pg_dump", child, complaints).await
}

/// A client program on a database, whose password is in no argument.
///
/// # Errors
/// When the URL is none.
pub(crate) fn called(program: PathBuf, url: &str) -> anyhow::Result<Command> {
    let (bare, password) = without_password(url).context("its URL cannot be read")?;
    let mut command = Command::new(program);
    command.arg("--no-password").arg("--dbname").arg(bare).stdin(Stdio::null()).stderr(Stdio::piped());
    command.kill_on_drop(true);
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    Ok(command)
}

pub(crate) type Complaints = tokio::task::JoinHandle<String>;

/// What a program complains of, read while it runs.
pub(crate) fn complaints(child: &mut tokio::process::Child) -> Complaints {
    let error = child.stderr.take();
    tokio::spawn(async move {
        let Some(mut error) = error else { return String::new() };
        let mut told = Vec::new();
        // What cannot be read is not known.
        let _ = (&mut error).take(COMPLAINTS).read_to_end(&mut told).await;
        let _ = tokio::io::copy(&mut error, &mut tokio::io::sink()).await;
        String::from_utf8_lossy(&told).trim().to_owned()
    })
}

/// Waits for the end of a program.
///
/// # Errors
/// When it has failed, with what it said.
pub(crate) async fn ended(
    name: &str,
    mut child: tokio::process::Child,
    complaints: Complaints,
) -> anyhow::Result<()> {
    let status = child.wait().await?;
    let told = complaints.await.map_err(|error| anyhow!(error))?;
    if status.success() {
        return Ok(());
    }
    bail!("{name} ended with {status}: {}", told.lines().next().unwrap_or("it says nothing"))
}
