//! Trying a migration on a copy of a database's tables without their rows: what it would change, and whether
//! it can be done at all. The database itself is only read.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    str::FromStr as _,
};

use anyhow::Context as _;
use database::Work;
use postgres::{
    Durability, Options, Postgres,
    clients::{self, Client},
};
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};

use super::{
    backup::{called, complaints, ended},
    migrate,
};
use crate::databases::{self, DatabaseName};

/// Connections of the server on which migrations are tried.
const CONNECTIONS: u16 = 20;
/// What a dump begins with, and what it has to begin with for indexes over functions of the schema.
const NO_SCHEMA: &str = "set_config('search_path', '', false)";
const ITS_SCHEMA: &str = "set_config('search_path', 'public', false)";
/// Tables that say in a row of which version the others are: `alembic_version`, `db_version`,
/// `index_schema_version` and their like.
const VERSIONS: &str = "%version";
/// Of each of these so many rows are shown.
const SHOWN: i64 = 3;

/// A server for tries, which goes with everything on it.
pub(super) struct Rehearsal {
    server: Postgres,
    folder: PathBuf,
}

/// What a try has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    /// Major version of the database's server.
    pub(super) server: u32,
    /// What the tables of versions say, each as `table value`.
    pub(super) versions: Vec<String>,
    /// What the migration does, each as a short sentence without a subject.
    pub(super) changes: Vec<String>,
}

impl Rehearsal {
    /// # Errors
    /// When PostgreSQL cannot be started here.
    pub(super) async fn open() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("commons-rehearsal-").tempdir()?.keep();
        let options = Options {
            data: folder.join("data"),
            log: folder.join("postgres.log"),
            port: None,
            loopback: false,
            password: crate::state::secret(),
            durability: Durability::None,
            remove_afterwards: Some(folder.clone()),
            max_connections: CONNECTIONS,
        };
        let server =
            Postgres::start(options).await.context("migrations are tried on a server of their own")?;
        Ok(Self { server, folder })
    }

    pub(super) async fn close(self) {
        self.server.stop().await;
    }

    /// Tries the migration of the database at `url`.
    ///
    /// # Errors
    /// When the database cannot be read, or the migration fails.
    pub(super) async fn of(
        &self,
        name: DatabaseName,
        url: &str,
        dictionary: Option<&str>,
    ) -> anyhow::Result<Shown> {
        let options = PgConnectOptions::from_str(url).context("its URL is no PostgreSQL URL")?;
        let mut original = database::connect(&options, Work::Maintenance).await?;
        let version: i32 = sqlx::query_scalar("select current_setting('server_version_num')::integer")
            .fetch_one(&mut original)
            .await?;
        let server = u32::try_from(version)? / 10_000;
        let tables = tables_of_versions(&mut original).await?;
        let versions = versions(&mut original, &tables).await?;
        original.close().await?;
        let copy = self.server.url(name.as_str());
        clients::make_anew(&self.server.connect_options("postgres"), name.as_str()).await?;
        self.copy(server, url, &copy, &["--schema-only"]).await?;
        if !tables.is_empty() {
            let rows = tables.iter().map(|table| format!("--table=public.\"{table}\""));
            let arguments: Vec<String> = std::iter::once("--data-only".to_owned()).chain(rows).collect();
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            self.copy(server, url, &copy, &arguments).await?;
        }
        let before = self.catalog(name).await?;
        let pool = databases::tool_pool(&copy)?;
        let tried = migrate::apply(name, &pool, dictionary, Some(&copy)).await;
        pool.close().await;
        tried?;
        let after = self.catalog(name).await?;
        Ok(Shown { server, versions, changes: changes(&before, &after) })
    }

    /// Brings what `pg_dump` writes of `url` with `arguments` into `copy`.
    async fn copy(&self, server: u32, url: &str, copy: &str, arguments: &[&str]) -> anyhow::Result<()> {
        let script = self.folder.join("script.sql");
        let mut dump = called(Client::Dump.find(server)?, url)?;
        dump.args(["--no-owner", "--no-privileges", "--no-comments", "--file"]).arg(&script).args(arguments);
        run("pg_dump", dump).await?;
        let written =
            tokio::fs::read_to_string(&script).await.context("what pg_dump wrote cannot be read")?;
        tokio::fs::write(&script, written.replacen(NO_SCHEMA, ITS_SCHEMA, 1)).await?;
        let psql = called(Client::Script.find(server)?, copy)?;
        run("psql", reading(psql, &script)).await.context("a copy of the tables cannot be made")
    }

    async fn catalog(&self, name: DatabaseName) -> anyhow::Result<BTreeSet<Part>> {
        let options = self.server.connect_options(name.as_str());
        let mut connection = database::connect(&options, Work::Maintenance).await?;
        let parts = sqlx::query_as(CATALOG).fetch_all(&mut connection).await?;
        connection.close().await?;
        Ok(parts.into_iter().map(|(kind, of, said)| Part { kind, of, said }).collect())
    }
}

fn reading(mut psql: tokio::process::Command, script: &Path) -> tokio::process::Command {
    psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null", "--file"])
        .arg(script);
    psql
}

async fn run(name: &str, mut command: tokio::process::Command) -> anyhow::Result<()> {
    let mut child = command.spawn().with_context(|| format!("{name} cannot be started"))?;
    let complaints = complaints(&mut child);
    ended(name, child, complaints).await
}

async fn tables_of_versions(connection: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select tablename::text from pg_tables where schemaname = 'public' and tablename like $1 order by 1",
    )
    .bind(VERSIONS)
    .fetch_all(connection)
    .await
}

/// What tables of versions say, as far as it is short.
async fn versions(connection: &mut PgConnection, tables: &[String]) -> Result<Vec<String>, sqlx::Error> {
    let mut said = Vec::new();
    for table in tables {
        let rows = sql::Sql::raw(
            "select array_to_string(array(select value from json_each_text(to_json(t))), ' ') from ",
        )
        .then_ident(table)
        .text(" t limit ")
        .number(SHOWN);
        let rows: Vec<String> = rows.scalar().fetch_all(&mut *connection).await?;
        said.extend(rows.into_iter().map(|row| format!("{table} {row}")));
    }
    Ok(said)
}

/// A part of a database's form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    /// `table`, `column`, `index`, `constraint`, `trigger` or `function`.
    kind: String,
    /// The table that it belongs to.
    of: String,
    said: String,
}

/// All parts of the form of a database, of its own schemas.
const CATALOG: &str = "\
with own as (
    select c.oid, c.relname::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind in ('r', 'p')
)
select 'table', name, name from own
union all
select 'column', own.name, a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
       || case when a.attnotnull then ' not null' else '' end
       || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
from own join pg_attribute a on a.attrelid = own.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = own.oid and d.adnum = a.attnum
union all
select 'constraint', own.name, k.conname || ' ' || pg_get_constraintdef(k.oid)
from own join pg_constraint k on k.conrelid = own.oid
union all
select 'index', own.name, pg_get_indexdef(i.indexrelid)
from own join pg_index i on i.indrelid = own.oid
where not exists (select from pg_constraint k where k.conindid = i.indexrelid)
union all
select 'trigger', own.name, pg_get_triggerdef(g.oid)
from own join pg_trigger g on g.tgrelid = own.oid and not g.tgisinternal
union all
select 'function', '',
       p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ') ' || md5(p.prosrc)
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where n.nspname = 'public'
      and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')";

/// What turns `before` into `after`. Of a table that is new, the table is told and nothing of its parts.
fn changes(before: &BTreeSet<Part>, after: &BTreeSet<Part>) -> Vec<String> {
    let tables = |parts: &BTreeSet<Part>| -> BTreeSet<String> {
        parts.iter().filter(|part| part.kind == "table").map(|part| part.of.clone()).collect()
    };
    let (old, new) = (tables(before), tables(after));
    let told = |word: &str, part: &Part| match part.kind.as_str() {
        "column" | "constraint" => format!("{word} {} {}: {}", part.kind, part.of, part.said),
        "function" => format!("{word} function {}", part.said.rsplit_once(' ').map_or("", |(name, _)| name)),
        kind => format!("{word} {kind} {}", part.said),
    };
    let made = after
        .difference(before)
        .filter(|part| part.kind == "table" || old.contains(&part.of) || part.of.is_empty());
    let gone = before
        .difference(after)
        .filter(|part| part.kind == "table" || new.contains(&part.of) || part.of.is_empty());
    gone.map(|part| told("drops", part)).chain(made.map(|part| told("makes", part))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_table_is_told_without_its_parts_and_parts_of_old_ones_each() {
        let part =
            |kind: &str, of: &str, said: &str| Part { kind: kind.into(), of: of.into(), said: said.into() };
        let before =
            BTreeSet::from([part("table", "a", "a"), part("column", "a", "x text"), part("index", "a", "i")]);
        let after = BTreeSet::from([
            part("table", "a", "a"),
            part("column", "a", "x text not null"),
            part("function", "", "f() 0123"),
            part("table", "b", "b"),
            part("column", "b", "y text"),
        ]);
        assert_eq!(
            changes(&before, &after),
            [
                "drops column a: x text",
                "drops index i",
                "makes column a: x text not null",
                "makes function f()",
                "makes table b",
            ]
        );
        assert_eq!(changes(&after, &after), Vec::<String>::new());
    }
}
