//! The databases of a commons that is being restored.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    path::Path,
    process::Stdio,
    str::FromStr as _,
    sync::Arc,
};

use anyhow::Context as _;
use backup::{BackupError, Database, Manifest, Place, copy};
use bytes::Bytes;
use clap::ValueEnum as _;
use database::Work;
use postgres::clients::{self, Client};
use sqlx::{Connection as _, postgres::PgConnectOptions};
use tokio::{io::AsyncWriteExt as _, process::Command};

use super::super::backup::{Progress, called, complaints, ended, rows};
use crate::{
    databases::{DatabaseName, Databases, renamed},
    failure::{Failure, warn},
    state::State,
};

/// Ends the names of databases on a given server while they are being made.
const MAKING: &str = "_restoring";
/// Tables of a database that are read at the same time.
const JOBS: &str = "2";
/// What a dump begins with, and what it has to begin with.
const NO_SCHEMA: &str = "set_config('search_path', '', false)";
const ITS_SCHEMA: &str = "set_config('search_path', 'public', false)";
/// Databases that differ are told of with so many tables.
const SHOWN: usize = 5;

/// Where the databases will be.
pub(super) enum Target {
    /// On the private server of the state folder.
    Private,
    /// On the server of this URL.
    Given(String),
}

impl Target {
    /// Makes sure that there is nothing yet, and that there is the program that it is made with.
    ///
    /// # Errors
    /// When there is a database with tables, or something is missing.
    pub(super) async fn check(manifest: &Manifest, url: Option<&str>) -> anyhow::Result<Self> {
        for database in &manifest.databases {
            for client in [Client::Restore, Client::Script] {
                client.find(database.server / 10_000)?;
            }
            DatabaseName::from_str(&database.name, false).map_err(|_| {
                let name = &database.name;
                BackupError::damaged("the manifest", format!("this program knows no database {name}"))
            })?;
        }
        let Some(url) = url else { return Ok(Self::Private) };
        let target = Self::Given(url.to_owned());
        let there =
            clients::databases(&options(url)?).await.context("the given PostgreSQL cannot be used")?;
        for database in &manifest.databases {
            if !there.contains(&database.name) {
                continue;
            }
            let url = renamed(url, &database.name).context("--database-url is not a URL")?;
            let mut connection = database::connect(&options(&url)?, Work::Maintenance).await?;
            let tables = rows(&mut connection).await?.len();
            connection.close().await?;
            if tables > 0 {
                let told = format!(
                    "the database {} of the given server has {tables} tables; a backup is restored onto a \
                     server that has no such database, or an empty one",
                    database.name
                );
                return Err(Failure::Prerequisite(told).into());
            }
        }
        Ok(target)
    }

    /// The URL of the given server.
    pub(super) fn url(&self) -> Option<&str> {
        match self {
            Self::Private => None,
            Self::Given(url) => Some(url),
        }
    }

    /// Gives the databases their names. Those of the private server have them already.
    ///
    /// # Errors
    /// When the server refuses.
    pub(super) async fn show(&self, manifest: &Manifest) -> anyhow::Result<()> {
        let Self::Given(url) = self else { return Ok(()) };
        for Database { name, .. } in &manifest.databases {
            let told = || format!("the database {name}{MAKING} does not become {name}");
            clients::replace(&elsewhere(url)?, &format!("{name}{MAKING}"), name).await.with_context(told)?;
        }
        Ok(())
    }

    /// Deletes what was made on a given server.
    pub(super) async fn give_up(&self, manifest: &Manifest) {
        let Self::Given(url) = self else { return };
        for Database { name, .. } in &manifest.databases {
            let name = format!("{name}{MAKING}");
            let removed = async { Ok::<_, anyhow::Error>(clients::remove(&elsewhere(url)?, &name).await?) };
            if let Err(error) = removed.await {
                warn(&format!("the database {name} is left and can be deleted: {error:#}"));
            }
        }
    }
}

fn options(url: &str) -> anyhow::Result<PgConnectOptions> {
    PgConnectOptions::from_str(url).context("--database-url is not a PostgreSQL URL")
}

/// A database of the server that is none of those that are made.
fn elsewhere(url: &str) -> anyhow::Result<PgConnectOptions> {
    Ok(options(url)?.database("postgres"))
}

/// Makes all databases, and compares their rows with those of the backup.
///
/// # Errors
/// When one is damaged, or differs from what it was.
pub(super) async fn restore(
    state: &State,
    place: &Place,
    manifest: &Manifest,
    target: &Target,
    progress: &Arc<Progress>,
) -> anyhow::Result<()> {
    let private = match target {
        Target::Private => Some(Databases::open(state, &state.secrets()?, None).await?),
        Target::Given(_) => None,
    };
    let work = async {
        for database in &manifest.databases {
            let url = match (&private, target) {
                (Some(server), _) => {
                    let name = DatabaseName::from_str(&database.name, false);
                    server.url(name.map_err(anyhow::Error::msg)?)?
                }
                (None, Target::Given(url)) => {
                    let name = format!("{}{MAKING}", database.name);
                    clients::make_anew(&elsewhere(url)?, &name).await?;
                    renamed(url, &name).context("--database-url is not a URL")?
                }
                (None, Target::Private) => anyhow::bail!("invariant: a private server was started"),
            };
            let told = || format!("the database {} cannot be restored", database.name);
            one(state, place, database, &url, progress).await.with_context(told)?;
        }
        Ok::<_, anyhow::Error>(())
    };
    let done = work.await;
    if let Some(server) = private {
        server.close().await;
    }
    done
}

async fn one(
    state: &State,
    place: &Place,
    database: &Database,
    url: &str,
    progress: &Progress,
) -> anyhow::Result<()> {
    // pg_restore reads a file by several connections, and only what was compared with its digest.
    let mut dump = tempfile::Builder::new().prefix("dump-").tempfile_in(state.folder())?;
    let of = format!("the database {}", database.name);
    copy(place, &database.dump, &of, async |piece: Bytes| {
        progress.advance(piece.len() as u64);
        dump.write_all(&piece).with_context(|| format!("{of} cannot be written"))
    })
    .await?;
    let major = database.server / 10_000;
    for part in ["pre-data", "data", "post-data"] {
        let told = || format!("the {part} of {of} cannot be restored");
        let done = match part {
            "data" => rows_of(dump.path(), major, url).await,
            part => script(dump.path(), major, url, part).await,
        };
        done.with_context(told)?;
    }
    dump.close()?;
    let mut connection = database::connect(&options(url)?, Work::Maintenance).await?;
    let found = rows(&mut connection).await?;
    // Statistics are in no dump, and the first queries would be slow without them.
    sqlx::query("analyze").execute(&mut connection).await?;
    connection.close().await?;
    match differing(&database.rows, &found) {
        differing if differing.is_empty() => Ok(()),
        differing => Err(BackupError::damaged(&of, format!("rows differ: {}", differing.join(", "))).into()),
    }
}

/// Reads the rows of all tables, by several connections.
async fn rows_of(dump: &Path, major: u32, url: &str) -> anyhow::Result<()> {
    let mut command = called(Client::Restore.find(major)?, url)?;
    command.args(["--section=data", "--exit-on-error", "--jobs", JOBS]).arg(dump).stdout(Stdio::null());
    let mut child = command.spawn().context("pg_restore cannot be started")?;
    let complaints = complaints(&mut child);
    ended("pg_restore", child, complaints).await
}

/// Runs the statements of a part of a dump that has no rows. They name everything with its schema, but for
/// what PostgreSQL cannot write so: `is distinct from` of a type that is not its own finds no operator while
/// no schema is looked into, as dumps have it, and arborist's databases have a trigger with one.
async fn script(dump: &Path, major: u32, url: &str, part: &str) -> anyhow::Result<()> {
    let mut making = Command::new(Client::Restore.find(major)?);
    making.args(["--no-owner", "--no-privileges", "--file=-", "--section", part]).arg(dump);
    let made = making.stdin(Stdio::null()).output().await.context("pg_restore cannot be started")?;
    let told = String::from_utf8_lossy(&made.stderr);
    anyhow::ensure!(made.status.success(), "pg_restore ended with {}: {}", made.status, told.trim());
    let statements = String::from_utf8(made.stdout).context("its statements are not UTF-8")?;
    let statements = statements.replacen(NO_SCHEMA, ITS_SCHEMA, 1);
    let mut command = called(Client::Script.find(major)?, url)?;
    command.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--file=-"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().context("psql cannot be started")?;
    let complaints = complaints(&mut child);
    if let Some(mut input) = child.stdin.take() {
        // A script that breaks off says why at its end.
        let _ = input.write_all(statements.as_bytes()).await;
    }
    ended("psql", child, complaints).await
}

/// The first tables that do not have as many rows as they had.
fn differing(had: &BTreeMap<String, u64>, has: &BTreeMap<String, u64>) -> Vec<String> {
    let tables: BTreeSet<&String> = had.keys().chain(has.keys()).collect();
    let count = |rows: Option<&u64>| rows.map_or("none".to_owned(), u64::to_string);
    let differs = |table: &&String| had.get(*table) != has.get(*table);
    let shown =
        |table: &String| format!("{table} ({} instead of {})", count(has.get(table)), count(had.get(table)));
    tables.into_iter().filter(differs).take(SHOWN).map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_with_other_rows_are_named() {
        let rows =
            |rows: &[(&str, u64)]| rows.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        let had = rows(&[("public.a", 1), ("public.b", 2), ("public.c", 0)]);
        assert!(differing(&had, &had.clone()).is_empty());
        let has = rows(&[("public.a", 1), ("public.b", 3), ("public.d", 0)]);
        let told =
            ["public.b (3 instead of 2)", "public.c (none instead of 0)", "public.d (0 instead of none)"];
        assert_eq!(differing(&had, &has), told);
    }
}
