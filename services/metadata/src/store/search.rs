//! Searching studies.

use sql::Sql;
use sqlx::{PgConnection, Row as _};

use crate::{
    access::MayRead,
    document::Document,
    search::{Cursor, JsonPath, Key, Order, Search, Sorting},
};

/// Values of a facet.
pub(crate) const MOST_BUCKETS: i64 = 100;
/// Longest value of a facet, and how much of a text counts in sorting, in characters.
const LONGEST_VALUE: i64 = 200;
/// So long a statement of a search may take. Anybody may search.
const PATIENCE: &str = "10s";

/// A study that was found, and what it was sorted by.
#[derive(Debug)]
pub(crate) struct Hit {
    pub(crate) cursor: Cursor,
    /// Missing if it and those before it are too large together.
    pub(crate) document: Option<Document>,
}

/// Ends each statement of this transaction that takes too long. They are not compiled, which takes longer
/// than most of them run.
pub(crate) async fn limit_time(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select set_config('statement_timeout', $1, true), set_config('jit', 'off', true)")
        .bind(PATIENCE)
        .execute(connection)
        .await
        .map(drop)
}

/// How many studies are found.
pub(crate) async fn count(
    connection: &mut PgConnection,
    _: &MayRead,
    search: &Search,
) -> Result<i64, sqlx::Error> {
    let sql = Sql::raw("select count(*) from metadata").then(condition(search));
    sql.query_once().fetch_one(connection).await?.try_get(0)
}

/// One more than a page of studies, in their order; the last one says that there are more. Their documents
/// have at most `most` bytes together.
pub(crate) async fn page(
    connection: &mut PgConnection,
    _: &MayRead,
    search: &Search,
    most: usize,
) -> Result<Vec<Hit>, sqlx::Error> {
    let rows = selection(search, most).query_once().fetch_all(connection).await?;
    let hit = |row: &sqlx::postgres::PgRow| {
        let key = match search.sorting {
            Sorting::Relevance => Key::Rank(row.try_get(1)?),
            Sorting::Field(..) => Key::Text(row.try_get(1)?),
        };
        Ok(Hit { cursor: Cursor { key, guid: row.try_get(0)? }, document: row.try_get(2)? })
    };
    rows.iter().map(hit).collect()
}

/// `select guid, key, case when fits then document end from (... from (select ... from (<page>) as page join
/// metadata ...) as texts) as measured order by ...`: the documents of the page alone are read, and only
/// those that fit are sent.
fn selection(search: &Search, most: usize) -> Sql {
    let is_ascending = matches!(search.sorting, Sorting::Field(_, Order::Asc));
    let order = if is_ascending { "key, guid" } else { "key desc, guid" };
    Sql::raw(
        "select guid, key, case when fits then document end from (select *, \
              sum(octet_length(document)) over (order by ",
    )
    .text(order)
    .text(") <= ")
    .bind(i64::try_from(most).unwrap_or(i64::MAX))
    .text(" as fits from (select page.guid, key, coalesce(data::text, 'null') as document from (")
    .then(keys(search, is_ascending, order))
    .text(") as page join metadata on metadata.guid = page.guid offset 0) as texts) as measured order by ")
    .text(order)
}

/// `select guid, key from (select ... from metadata where ...) as found where ... order by ... limit $n`
fn keys(search: &Search, is_ascending: bool, order: &'static str) -> Sql {
    let key = match (&search.sorting, search.query()) {
        (Sorting::Relevance, Some(query)) => {
            Sql::raw("ts_rank(commons_words, to_tsquery('simple', ").bind(query).text("))")
        }
        (Sorting::Relevance, None) => Sql::raw("0::float4"),
        (Sorting::Field(path, _), _) => Sql::raw("left(coalesce(jsonb_path_query_first(data, ")
            .bind(path.as_str().to_owned())
            .text("::text::jsonpath) #>> '{}', ''), ")
            .number(LONGEST_VALUE)
            .text(")"),
    };
    let sql = Sql::raw("select guid, key from (select guid, ")
        .then(key)
        .text(" as key from metadata")
        .then(condition(search))
        .text(") as found");
    let sql = match &search.after {
        None => sql,
        Some(Cursor { key, guid }) => {
            let sql = sql.text(if is_ascending { " where (key > " } else { " where (key < " });
            let bound = |sql: Sql| match key {
                Key::Rank(rank) => sql.bind(f64::from(*rank)).text("::float4"),
                Key::Text(text) => sql.bind(text.clone()),
            };
            bound(bound(sql).text(" or key = ")).text(" and guid > ").bind(guid.clone()).text(")")
        }
    };
    sql.text(" order by ").text(order).text(" limit ").bind(i64::from(search.size) + 1)
}

/// ` where commons_kind = ... and commons_words @@ ... and ...`
fn condition(search: &Search) -> Sql {
    let mut sql = Sql::raw(" where commons_kind = ").bind(search.guid_type.clone());
    if let Some(query) = search.query() {
        sql = sql.text(" and commons_words @@ to_tsquery('simple', ").bind(query).text(")");
    }
    for (path, values) in &search.filters {
        sql = sql
            .text(" and exists (select from jsonb_path_query(data, ")
            .bind(path.as_str().to_owned())
            .text("::text::jsonpath) as v where v #>> '{}' = any(")
            .bind(values.clone())
            .text("))");
    }
    sql
}

/// The most frequent values at the paths of some of the facets, by their numbers, among all that is found:
/// number of the facet, value, how many studies.
pub(crate) async fn facets(
    connection: &mut PgConnection,
    _: &MayRead,
    search: &Search,
    facets: &[usize],
) -> Result<Vec<(i32, String, i64)>, sqlx::Error> {
    if facets.is_empty() {
        return Ok(Vec::new());
    }
    let rows = counting(search, facets).query_once().fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect()
}

/// `select facet, value, studies from (select ... count(*) ... from (select data from metadata where ...) as
/// found, lateral (select distinct 0, ... union ...) as t group by ...) as counted where place <= ... order
/// by ...`: a value counts once in a study already, so that nothing is sorted by study, and the table is read
/// once for all facets.
fn counting(search: &Search, facets: &[usize]) -> Sql {
    let wanted = facets.iter().filter_map(|number| Some((*number, search.facets.get(*number)?)));
    let values = |(number, (_, path)): (usize, &(String, JsonPath))| {
        // A union of one removes nothing.
        Sql::raw("select distinct ")
            .number(i64::try_from(number).unwrap_or(i64::MAX))
            .text(", v #>> '{}' from jsonb_path_query(data, ")
            .bind(path.as_str().to_owned())
            .text(
                "::text::jsonpath) as v where jsonb_typeof(v) in ('string', 'number', 'boolean') \
                 and length(v #>> '{}') <= ",
            )
            .number(LONGEST_VALUE)
    };
    Sql::raw(
        "select facet, value, studies from (select facet, value, count(*) as studies, \
         row_number() over (partition by facet order by count(*) desc, value) as place \
         from (select data from metadata",
    )
    .then(condition(search))
    .text(") as found, lateral (")
    .then(Sql::join(" union ", wanted.map(values)))
    .text(") as t (facet, value) group by facet, value) as counted where place <= ")
    .number(MOST_BUCKETS)
    .text(" order by facet, place")
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testing::TestDatabase;

    use super::*;

    fn search(body: &serde_json::Value) -> Search {
        Search::of(serde_json::from_value(body.clone()).unwrap()).unwrap()
    }

    /// How PostgreSQL would run it.
    async fn plan(database: &TestDatabase, sql: Sql) -> String {
        let sql = Sql::raw("explain (costs off) ").then(sql).query_once();
        let rows = sql.fetch_all(&database.pool).await.unwrap();
        rows.iter().map(|row| row.get::<String, _>(0) + "\n").collect()
    }

    #[tokio::test]
    async fn a_search_reads_what_it_finds_and_not_the_table() {
        let database = TestDatabase::new("metadata", async |pool| Ok(crate::migrate(pool).await?)).await;
        sqlx::query(
            "insert into metadata (guid, data, authz)
             select 'g' || i, jsonb_build_object('_guid_type', case when i % 3 = 0 then 'other' else
                        'discovery_metadata' end, 'title', 'word' || i || ' all'), '{}'
             from generate_series(1, 20000) as i",
        )
        .execute(&database.pool)
        .await
        .unwrap();
        sqlx::query("vacuum analyze metadata").execute(&database.pool).await.unwrap();
        let all = search(&json!({}));
        let first = plan(&database, selection(&all, 1000)).await;
        assert!(first.contains("Index Only Scan using commons_metadata_kind"), "{first}");
        assert!(!first.contains("Seq Scan"), "{first}");
        let words = search(&json!({"words": "word123", "guid_type": "other", "facets": ["title", "x"]}));
        for sql in [
            Sql::raw("select count(*) from metadata").then(condition(&words)),
            selection(&words, 1000),
            counting(&words, &[0, 1]),
        ] {
            let found = plan(&database, sql).await;
            assert!(found.contains("commons_metadata_text"), "{found}");
            assert!(!found.contains("Seq Scan"), "{found}");
        }
        // All that is in the table is read once, and never sorted by its GUIDs.
        let counted = plan(&database, counting(&search(&json!({"facets": ["title", "x"]})), &[0, 1])).await;
        assert_eq!(counted.matches("on metadata").count(), 1, "{counted}");
        assert!(!counted.contains("guid"), "{counted}");
    }

    #[test]
    fn the_statement_of_a_page_joins_its_documents_last() {
        let body = json!({"words": "a", "sort": {"field": "t"}, "filters": {"x": "y"}});
        assert_eq!(
            selection(&search(&body), 9).render().0,
            "select guid, key, case when fits then document end from (select *, \
             sum(octet_length(document)) over (order by key, guid) <= $1 as fits from (select page.guid, \
             key, coalesce(data::text, 'null') as document from (select guid, key from (select guid, \
             left(coalesce(jsonb_path_query_first(data, $2::text::jsonpath) #>> '{}', ''), 200) as key \
             from metadata where commons_kind = $3 and commons_words @@ to_tsquery('simple', $4) \
             and exists (select from jsonb_path_query(data, $5::text::jsonpath) as v \
             where v #>> '{}' = any($6))) as found order by key, guid limit $7) as page \
             join metadata on metadata.guid = page.guid offset 0) as texts) as measured order by key, guid"
        );
    }
}
