//! The list query as one statement for the dids of a page.
//!
//! Order and comparison of dids both use the column's own collation, which is that of its primary key: any
//! other would sort the whole table for each page.
//!
//! A condition on a list of the record is answered by an index that has the did behind the entry, so that its
//! records come in the order of the page. For that the conditions say themselves behind which did the page
//! begins: the database does not conclude it.

use indexmap::IndexMap;
use sql::{Condition, Order, Select, Sql};
use sqlx::PgConnection;

use crate::{
    Error,
    guid::Guid,
    marks::Mark,
    query::{AccessFilter, Filter, Negation, UrlConditions, Window},
};

/// The dids of a page of records. With `ids` in the filter there are no pages.
pub(crate) async fn dids(
    connection: &mut PgConnection,
    filter: &Filter,
    window: &Window,
) -> Result<Vec<Guid>, Error> {
    Ok(select(filter, window).sql().scalar::<Guid>().persistent(false).fetch_all(connection).await?)
}

/// The dids of a page by its number, which begins `skipped` records behind a mark.
pub(crate) async fn dids_behind(
    connection: &mut PgConnection,
    filter: &Filter,
    limit: i64,
    mark: &Mark,
    skipped: i64,
) -> Result<Vec<Guid>, Error> {
    let statement = select_behind(filter, limit, mark, skipped).sql();
    Ok(statement.scalar::<Guid>().persistent(false).fetch_all(connection).await?)
}

/// Whether there are records without a date of their last change, as no writer of today leaves them.
pub(crate) async fn has_undated(connection: &mut PgConnection) -> Result<bool, Error> {
    Ok(sqlx::query_scalar("select exists (select 1 from index_record where updated_date is null)")
        .fetch_one(connection)
        .await?)
}

/// As [`select`], with `(r.updated_date, r.did) > ($1::text::timestamp, $2)` in the place of most of the
/// offset.
fn select_behind(filter: &Filter, limit: i64, mark: &Mark, skipped: i64) -> Select {
    let window = Window { limit, start: None, page: Some(0) };
    let mut select = select(filter, &window);
    let behind = Sql::raw("(r.updated_date, r.did) > (")
        .bind(mark.updated.to_string())
        .text("::text::timestamp, ")
        .bind(mark.did.as_str())
        .text(")");
    select.filter(Condition::Is(behind)).offset(skipped);
    select
}

/// ```sql
/// select r.did from index_record r
/// where r.size = $1                                -- every filter on a column of the record
///   and exists (select 1 from index_record_ace c   -- on one of its lists
///     where c.did = r.did and c.did > $2 and c.ace = $3)
///   and not exists (...)                           -- what is negated
///   and r.did > $4                                 -- after `start`
/// order by r.did limit $4                          -- or by r.updated_date, r.did, with an offset
/// ```
fn select(filter: &Filter, window: &Window) -> Select {
    let mut select = Select::from(Sql::raw("index_record r"));
    select.expression(Sql::raw("r.did")).filter(condition(filter, window.start.as_ref()));
    if let Some(start) = &window.start {
        select.filter(Condition::Is(Sql::raw("r.did > ").bind(start.as_str())));
    }
    if window.page.is_some() {
        select.order_by(Sql::raw("r.updated_date"), Order::Ascending).offset(window.offset());
    }
    select.order_by(Sql::raw("r.did"), Order::Ascending);
    if filter.ids.is_none() {
        select.limit(window.limit);
    }
    select
}

fn condition(filter: &Filter, start: Option<&Guid>) -> Condition {
    let exists =
        |table, conditions: Vec<Condition>| Condition::Exists(Box::new(child(table, start, conditions)));
    let mut all = Vec::new();
    if let Some(ids) = &filter.ids {
        let ids: Vec<String> = ids.iter().cloned().map(String::from).collect();
        all.push(Condition::any(Sql::raw("r.did"), ids));
    }
    if let Some(size) = filter.size {
        all.push(Condition::equals(Sql::raw("r.size"), size));
    }
    all.extend(equals("r.file_name = ", filter.file_name.as_deref()));
    all.extend(equals("r.version = ", filter.version.as_deref()));
    all.extend(equals("r.uploader = ", filter.uploader.as_deref()));
    all.extend(filter.urls.iter().map(|url| exists(URLS, vec![is("c.url = ", url)])));
    if let Some(prefix) = &filter.url_prefix {
        all.push(exists(URLS, vec![is("c.url like ", &prefix_pattern(prefix))]));
    }
    for (table, comparison, wanted) in
        [(ACL, "c.ace = ", &filter.acl), (AUTHZ, "c.resource = ", &filter.authz)]
    {
        match wanted {
            None => {}
            Some(AccessFilter::Nothing) => all.push(lacks(table, [])),
            Some(AccessFilter::All(list)) => {
                all.extend(list.iter().map(|entry| exists(table, vec![is(comparison, entry)])));
            }
        }
    }
    for (kind, value) in filter.hashes.iter().flatten() {
        all.push(exists(HASHES, vec![is("c.hash_type = ", kind), is("c.hash_value = ", value)]));
    }
    for (key, value) in &filter.metadata {
        all.push(exists(METADATA, vec![is("c.key = ", key), is("c.value = ", value)]));
    }
    all.extend(filter.urls_metadata.as_ref().map(|conditions| url_conditions(conditions, start)));
    all.push(negation(&filter.not));
    Condition::And(all)
}

const URLS: &str = "index_record_url c";
const URL_FACTS: &str = "index_record_url_metadata c";
const ACL: &str = "index_record_ace c";
const AUTHZ: &str = "index_record_authz c";
const HASHES: &str = "index_record_hash c";
const METADATA: &str = "index_record_metadata c";

fn is(comparison: &'static str, value: &str) -> Condition {
    Condition::Is(Sql::raw(comparison).bind(value))
}

fn equals(comparison: &'static str, value: Option<&str>) -> Option<Condition> {
    value.map(|value| is(comparison, value))
}

/// The url contains the text, in which `%` and `_` are wildcards.
fn like(text: &str) -> Condition {
    Condition::Is(Sql::raw("c.url like '%' || ").bind(text).text(" || '%'"))
}

/// The text at the beginning, in which nothing is a wildcard.
pub(super) fn prefix_pattern(prefix: &str) -> String {
    let escaped = prefix.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    format!("{escaped}%")
}

fn child(
    table: &'static str,
    start: Option<&Guid>,
    conditions: impl IntoIterator<Item = Condition>,
) -> Select {
    let mut select = Select::from(Sql::raw(table));
    select.filter(Condition::Is(Sql::raw("c.did = r.did")));
    if let Some(start) = start {
        select.filter(is("c.did > ", start.as_str()));
    }
    for condition in conditions {
        select.filter(condition);
    }
    select
}

/// There is an entry.
fn has(table: &'static str) -> Condition {
    Condition::Exists(Box::new(child(table, None, [])))
}

fn lacks(table: &'static str, conditions: impl IntoIterator<Item = Condition>) -> Condition {
    Condition::not_exists(child(table, None, conditions))
}

/// For each pattern some url that matches it and has each of the facts; without facts, any at all.
fn url_conditions(conditions: &UrlConditions, start: Option<&Guid>) -> Condition {
    let one = |(pattern, facts): (&String, &IndexMap<String, String>)| {
        let mut select = child(URL_FACTS, start, [like(pattern)]);
        for (key, value) in facts {
            let mut fact = Select::from(Sql::raw("index_record_url_metadata f"));
            fact.filter(Condition::Is(Sql::raw("f.did = c.did and f.url = c.url")))
                .filter(is("f.key = ", key))
                .filter(is("f.value = ", value));
            select.filter(Condition::Exists(Box::new(fact)));
        }
        Condition::Exists(Box::new(select))
    };
    Condition::And(conditions.iter().map(one).collect())
}

fn negation(not: &Negation) -> Condition {
    let mut all = Vec::new();
    all.extend(equals("r.file_name <> ", not.file_name.as_deref()));
    all.extend(equals("r.version <> ", not.version.as_deref()));
    for (table, column, values) in
        [(URLS, "c.url", &not.urls), (ACL, "c.ace", &not.acl), (AUTHZ, "c.resource", &not.authz)]
    {
        let Some(values) = values.as_ref().filter(|values| !values.is_empty()) else { continue };
        all.push(has(table));
        all.push(lacks(table, [Condition::any(Sql::raw(column), values.clone())]));
    }
    for (key, value) in &not.metadata {
        all.push(lacks(METADATA, fact(key, value)));
    }
    if !not.urls_metadata.is_empty() {
        // As in the original, records without any url metadata are not looked at.
        all.push(has(URL_FACTS));
    }
    for (pattern, facts) in &not.urls_metadata {
        if facts.is_empty() {
            all.push(lacks(URLS, [like(pattern)]));
        }
        for (key, value) in facts {
            let mut conditions = fact(key, value);
            conditions.push(like(pattern));
            all.push(lacks(URL_FACTS, conditions));
        }
    }
    Condition::And(all)
}

/// The key with this value; an empty value stands for any.
fn fact(key: &str, value: &str) -> Vec<Condition> {
    let mut conditions = vec![is("c.key = ", key)];
    if !value.is_empty() {
        conditions.push(is("c.value = ", value));
    }
    conditions
}

#[cfg(test)]
mod plans;

#[cfg(test)]
mod tests {
    use web::Params;

    use super::*;
    use crate::query::{Form, ListQuery};

    fn statement(query: &str) -> String {
        let list = ListQuery::parse(&Params::parse(query), Form::Records).expect("a valid query");
        select(&list.filter, &list.window).sql().render().0
    }

    #[test]
    fn a_page_after_a_did_is_a_range_of_the_primary_key() {
        insta::assert_snapshot!(
            statement("start=a&limit=5"),
            @"select r.did from index_record r where true and r.did > $1 order by r.did limit $2"
        );
    }

    #[test]
    fn a_filtered_page_after_a_did_is_a_range_of_the_index_of_its_filter() {
        insta::assert_snapshot!(
            statement("start=a&limit=5&authz=/x&url_prefix=s3://b/50%25_"),
            @"select r.did from index_record r where \
             exists (select 1 from index_record_url c where c.did = r.did and c.did > $1 \
             and c.url like $2) and \
             exists (select 1 from index_record_authz c where c.did = r.did and c.did > $3 \
             and c.resource = $4) and true and r.did > $5 order by r.did limit $6"
        );
        assert_eq!(prefix_pattern(r"s3://b/50%_\"), r"s3://b/50\%\_\\%");
    }

    #[test]
    fn filters_become_semi_joins() {
        insta::assert_snapshot!(
            statement("hash=crc:deadbeef&acl=null&page=2&negate_params={\"urls\":[\"x\"]}"),
            @"select r.did from index_record r where \
             not exists (select 1 from index_record_ace c where c.did = r.did) and \
             exists (select 1 from index_record_hash c where c.did = r.did \
             and c.hash_type = $1 and c.hash_value = $2) and \
             (exists (select 1 from index_record_url c where c.did = r.did) and \
             not exists (select 1 from index_record_url c where c.did = r.did and c.url = any($3))) \
             order by r.updated_date, r.did limit $4 offset $5"
        );
    }

    #[test]
    fn conditions_on_url_metadata_hold_for_one_url() {
        insta::assert_snapshot!(
            statement(
                "ids=a,b&size=1&urls_metadata={\"s3\":{\"a\":\"b\"}}\
                 &negate_params={\"metadata\":{\"k\":\"\"},\"urls_metadata\":{\"gs\":{}}}"
            ),
            @"select r.did from index_record r where r.did = any($1) and r.size = $2 and \
             exists (select 1 from index_record_url_metadata c where c.did = r.did \
             and c.url like '%' || $3 || '%' and \
             exists (select 1 from index_record_url_metadata f where f.did = c.did and f.url = c.url \
             and f.key = $4 and f.value = $5)) and \
             (not exists (select 1 from index_record_metadata c where c.did = r.did and c.key = $6) and \
             exists (select 1 from index_record_url_metadata c where c.did = r.did) and \
             not exists (select 1 from index_record_url c where c.did = r.did \
             and c.url like '%' || $7 || '%')) order by r.did"
        );
    }
}
