//! New records with everything that belongs to them, in one statement whatever their number. A record whose
//! did is taken is left out as a whole.
//!
//! The statement names the tables that it has rows for and no others: opening a table with its indexes costs
//! more than writing a row into it. There are few such shapes, and connections keep them prepared. That of
//! one record has single values where it can, because PostgreSQL keeps the plan of such a statement and makes
//! that of arrays anew each time.

use std::collections::HashSet;

use sql::{Bind, Sql};
use sqlx::PgConnection;

use super::stats::Month;
use crate::{
    Error,
    auth::{Create, May},
    dates::Timestamp,
    guid::Guid,
    new_record::{NewRecord, apart},
};

/// Inserts records with their children and counts them. Returns the dids that exist already or lead to
/// another record, also to one of those that are given: these records are not written.
///
/// # Errors
/// [`Error::Conflict`] when an alias is taken; nothing is written then.
pub async fn insert_records(
    connection: &mut PgConnection,
    permit: May<Create, Vec<NewRecord>>,
) -> Result<Vec<Guid>, Error> {
    let (mut records, others) = apart(permit.into_object());
    // One order in all processes, so that two of them do not wait for each other.
    records.sort_by(|a, b| a.did.cmp(&b.did));
    let inserted: HashSet<Guid> = match records.as_slice() {
        [] => HashSet::new(),
        [record] => run(connection, one(record), &records).await?.into_iter().collect(),
        many_records => run(connection, many(many_records), &records).await?.into_iter().collect(),
    };
    let refused = records.into_iter().map(|record| record.did).filter(|did| !inserted.contains(did));
    Ok(refused.chain(others).collect())
}

/// Inserts one record with its children and counts it. Returns its did if that exists already, or leads to
/// another record; nothing is written then.
///
/// # Errors
/// See [`insert_records`].
pub async fn insert_record(
    connection: &mut PgConnection,
    permit: May<Create, NewRecord>,
) -> Result<Option<Guid>, Error> {
    let record = permit.into_object();
    let inserted = run(connection, one(&record), std::slice::from_ref(&record)).await?;
    Ok(inserted.is_empty().then_some(record.did))
}

async fn run(
    connection: &mut PgConnection,
    statement: Sql,
    records: &[NewRecord],
) -> Result<Vec<Guid>, Error> {
    match statement.scalar::<Guid>().fetch_all(connection).await {
        // Nothing else of a record can be there already when its did is not.
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            let names: Vec<&str> = records.iter().filter_map(|record| record.alias.as_deref()).collect();
            Err(super::aliases::taken(&names))
        }
        other => Ok(other?),
    }
}

const COLUMNS: &str = "insert into index_record (did, baseid, rev, form, size, file_name, version, uploader, \
     description, content_created_date, content_updated_date, created_date, updated_date) ";

/// ```sql
/// with new as (
///     insert into index_record (did, ...)
///     select $1, ...                                                -- or ... from unnest($1, ...), for many
///     where not exists (...)                                        -- the did leads to no other record
///     on conflict (did) do nothing returning did, size),
/// families as (insert into base_version (baseid) select ... from new on conflict do nothing),
/// urls as (insert into index_record_url (did, url) select n.did, c.* from new n, unnest($17) as c(url)),
/// ...                                                               -- each table with something to write
/// counted as (insert into commons_index_stats_delta ...)
/// select did from new
/// ```
fn one(record: &NewRecord) -> Sql {
    let input = &record.input;
    let date = |date: Option<Timestamp>| Bind::OptionalText(date.map(|date| date.to_string()));
    let did = || Bind::from(record.did.as_str());
    let mut sql = Sql::raw("with new as (").text(COLUMNS).text("select ");
    for (value, next) in [
        (did(), ", "),
        (record.baseid.as_str().into(), ", "),
        (record.rev.as_str().into(), ", "),
        (input.form.clone().into(), ", "),
    ] {
        sql = sql.bind(value).text(next);
    }
    sql = match input.size {
        Some(size) => sql.bind(size).text(", "),
        None => sql.text("null::bigint, "),
    };
    for value in [&input.file_name, &input.version, &input.uploader, &input.description] {
        sql = sql.bind(value.clone()).text(", ");
    }
    for value in [input.content_created, input.content_updated()] {
        sql = sql.bind(date(value)).text("::timestamp, ");
    }
    let now = Timestamp::now().to_string();
    sql = sql.bind(now.as_str()).text("::timestamp, ").bind(now).text("::timestamp where ");
    sql = sql.text("not exists (select 1 from index_record r where r.baseid = ").bind(did());
    sql = sql.text(" and r.baseid <> ").bind(record.baseid.as_str());
    sql = sql
        .text(") and not exists (select 1 from index_record_alias a where a.name = ")
        .bind(did())
        .text(")");
    if let Some(other) = &record.other_spelling {
        sql = sql.text(" and not exists (select 1 from index_record r where r.did = ").bind(other.as_str());
        sql = sql.text(")");
    }
    sql = sql
        .text(" on conflict (did) do nothing returning did, size), families as (insert into base_version ");
    sql = sql.text("(baseid) select ").bind(record.baseid.as_str()).text(" from new on conflict do nothing)");
    finish(Children::of(std::slice::from_ref(record)).write(sql, Form::One))
}

/// As [`one`].
fn many(records: &[NewRecord]) -> Sql {
    let texts = |get: fn(&NewRecord) -> &str| {
        Bind::Texts(records.iter().map(|record| get(record).to_owned()).collect())
    };
    let optional =
        |get: fn(&NewRecord) -> Option<String>| Bind::OptionalTexts(records.iter().map(get).collect());
    let mut sql = Sql::raw("with wanted as materialized (select * from unnest(");
    for values in [
        texts(|record| record.did.as_str()),
        texts(|record| record.baseid.as_str()),
        texts(|record| &record.rev),
        optional(|record| record.input.form.clone()),
        Bind::OptionalInts(records.iter().map(|record| record.input.size).collect()),
        optional(|record| record.input.file_name.clone()),
        optional(|record| record.input.version.clone()),
        optional(|record| record.input.uploader.clone()),
        optional(|record| record.input.description.clone()),
        optional(|record| record.input.content_created.map(|date| date.to_string())),
        optional(|record| record.input.content_updated().map(|date| date.to_string())),
    ] {
        sql = sql.bind(values).text(", ");
    }
    let other = |record: &NewRecord| record.other_spelling.clone().map(String::from);
    let now = Timestamp::now().to_string();
    sql = sql
        .bind(optional(other))
        .text(
            ") as w (did, baseid, rev, form, size, file_name, version, uploader, description, \
             content_created, content_updated, other)), new as (",
        )
        .text(COLUMNS)
        .text(
            "select did, baseid, rev, form, size, file_name, version, uploader, description, \
             content_created::timestamp, content_updated::timestamp, ",
        )
        .bind(now.as_str())
        .text("::timestamp, ")
        .bind(now)
        .text(
            "::timestamp from wanted w \
             where not exists (select 1 from index_record r where r.baseid = w.did and r.baseid <> w.baseid) \
             and not exists (select 1 from index_record_alias a where a.name = w.did) \
             and not exists (select 1 from index_record r where r.did = w.other) \
             on conflict (did) do nothing returning did, size), \
             families as (insert into base_version (baseid) \
             select distinct w.baseid from wanted w join new n on n.did = w.did order by w.baseid \
             on conflict do nothing)",
        );
    finish(Children::of(records).write(sql, Form::Many))
}

fn finish(sql: Sql) -> Sql {
    let Month { month, year } = Month::current();
    sql.text(
        ", counted as (insert into commons_index_stats_delta (records, bytes, month, year) \
         select count(*), coalesce(sum(size), 0), ",
    )
    .bind(i64::from(month))
    .text("::int, ")
    .bind(i64::from(year))
    .text("::int from new having count(*) > 0) select did from new")
}

/// Whether a statement writes one record or many.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    One,
    Many,
}

/// How the rows of a table of children are written.
struct Table {
    one: [&'static str; 2],
    many: [&'static str; 2],
}

macro_rules! table {
    ($name:literal into $table:literal ($columns:literal)) => {
        Table {
            one: [
                concat!(
                    ", ",
                    $name,
                    " as (insert into ",
                    $table,
                    " (did, ",
                    $columns,
                    ") select n.did, c.* from new n, unnest("
                ),
                concat!(") as c (", $columns, "))"),
            ],
            many: [
                concat!(
                    ", ",
                    $name,
                    " as (insert into ",
                    $table,
                    " (did, ",
                    $columns,
                    ") select c.* from unnest("
                ),
                concat!(") as c (did, ", $columns, ") join new n on n.did = c.did)"),
            ],
        }
    };
}

const URLS: Table = table!("urls" into "index_record_url" ("url"));
const FACTS: Table = table!("facts" into "index_record_url_metadata" ("url, key, value"));
const ACL: Table = table!("acl" into "index_record_ace" ("ace"));
const AUTHZ: Table = table!("guards" into "index_record_authz" ("resource"));
const HASHES: Table = table!("hashes" into "index_record_hash" ("hash_type, hash_value"));
const METADATA: Table = table!("metadata" into "index_record_metadata" ("key, value"));
const ALIASES: Table = table!("aliases" into "index_record_alias" ("name"));

/// Rows of a table: the dids, and a list for each of the other columns.
#[derive(Default)]
struct Rows {
    dids: Vec<String>,
    columns: Vec<Vec<Option<String>>>,
}

impl Rows {
    fn push<const N: usize>(&mut self, did: &Guid, values: [Option<&str>; N]) {
        self.dids.push(did.as_str().to_owned());
        self.columns.resize(N, Vec::new());
        for (column, value) in self.columns.iter_mut().zip(values) {
            column.push(value.map(str::to_owned));
        }
    }

    fn write(self, sql: Sql, form: Form, table: &Table) -> Sql {
        if self.dids.is_empty() {
            return sql;
        }
        let (dids, [begin, end]) = match form {
            Form::One => (None, table.one),
            Form::Many => (Some(Bind::Texts(self.dids)), table.many),
        };
        let columns = self.columns.into_iter().map(Bind::OptionalTexts);
        let arrays = dids.into_iter().chain(columns).map(Sql::value);
        sql.text(begin).then(Sql::join(", ", arrays)).text(end)
    }
}

/// What records have any number of.
#[derive(Default)]
struct Children {
    urls: Rows,
    facts: Rows,
    acl: Rows,
    authz: Rows,
    hashes: Rows,
    metadata: Rows,
    aliases: Rows,
}

impl Children {
    fn of(records: &[NewRecord]) -> Self {
        let mut all = Self::default();
        for NewRecord { did, input, alias, .. } in records {
            input.urls.iter().for_each(|url| all.urls.push(did, [Some(url.as_str())]));
            for (url, facts) in &input.urls_metadata {
                facts.iter().for_each(|(key, value)| {
                    all.facts.push(did, [Some(url.as_str()), Some(key.as_str()), value.as_deref()]);
                });
            }
            input.acl.iter().for_each(|ace| all.acl.push(did, [Some(ace.as_str())]));
            input.authz.iter().for_each(|resource| all.authz.push(did, [Some(resource.as_str())]));
            input.hashes.iter().for_each(|(kind, value)| {
                all.hashes.push(did, [Some(kind.as_str()), Some(value.as_str())]);
            });
            input.metadata.iter().for_each(|(key, value)| {
                all.metadata.push(did, [Some(key.as_str()), value.as_deref()]);
            });
            alias.iter().for_each(|name| all.aliases.push(did, [Some(name.as_str())]));
        }
        all
    }

    fn write(self, mut sql: Sql, form: Form) -> Sql {
        for (rows, table) in [
            (self.urls, URLS),
            (self.facts, FACTS),
            (self.acl, ACL),
            (self.authz, AUTHZ),
            (self.hashes, HASHES),
            (self.metadata, METADATA),
            (self.aliases, ALIASES),
        ] {
            sql = rows.write(sql, form, &table);
        }
        sql
    }
}
