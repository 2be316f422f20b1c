//! The list query as one statement for the dids of a page.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use sql::{Condition, Order, Select, Sql};
use sqlx::PgConnection;

use crate::{
    Error,
    guid::Guid,
    query::{AccessFilter, Filter, Negation, UrlConditions, Window},
    store::filter::prefix_pattern,
};

/// The dids of a page of records. With `ids` in the filter there are no pages.
pub(crate) async fn dids(
    connection: &mut PgConnection,
    filter: &Filter,
    window: &Window,
) -> Result<Vec<Guid>, Error> {
    Ok(select(filter, window).sql().scalar::<Guid>().persistent(false).fetch_all(connection).await?)
}

/// ```sql
/// select r.guid from record r
/// where r.size = $1 and r.acl @> $2::varchar[]     -- every filter on a column, a list or a map
///   and not (...)                                  -- what is negated
///   and r.guid > $3                                -- after `start`
/// order by r.guid limit $4                         -- or by r.updated_date, r.guid, with an offset
/// ```
fn select(filter: &Filter, window: &Window) -> Select {
    let mut select = Select::from(Sql::raw("record r"));
    select.expression(Sql::raw("r.guid")).filter(condition(filter));
    if let Some(start) = &window.start {
        select.filter(Condition::Is(Sql::raw("r.guid > ").bind(start.as_str())));
    }
    if window.page.is_some() {
        select.order_by(Sql::raw("r.updated_date"), Order::Ascending).offset(window.offset());
    }
    select.order_by(Sql::raw("r.guid"), Order::Ascending);
    if filter.ids.is_none() {
        select.limit(window.limit);
    }
    select
}

fn condition(filter: &Filter) -> Condition {
    let mut all = Vec::new();
    if let Some(ids) = &filter.ids {
        let ids: Vec<String> = ids.iter().cloned().map(String::from).collect();
        all.push(Condition::any(Sql::raw("r.guid"), ids));
    }
    if let Some(size) = filter.size {
        all.push(Condition::equals(Sql::raw("r.size"), size));
    }
    all.extend(is("r.file_name = ", filter.file_name.as_deref()));
    all.extend(is("r.version = ", filter.version.as_deref()));
    all.extend(is("r.uploader = ", filter.uploader.as_deref()));
    if !filter.urls.is_empty() {
        all.push(has_all("r.urls", filter.urls.clone()));
    }
    if let Some(prefix) = &filter.url_prefix {
        let mut urls = Select::from(Sql::raw("unnest(r.urls) c (url)"));
        urls.filter(Condition::Is(Sql::raw("c.url like ").bind(prefix_pattern(prefix))));
        all.push(Condition::Exists(Box::new(urls)));
    }
    all.extend(filter.acl.as_ref().map(|wanted| entries("r.acl", wanted)));
    all.extend(filter.authz.as_ref().map(|wanted| entries("r.authz", wanted)));
    for (kind, value) in filter.hashes.iter().flatten() {
        all.push(Condition::Is(Sql::raw("r.hashes @> ").bind(json!({ (kind.as_str()): value }))));
    }
    for (key, value) in &filter.metadata {
        all.push(metadata(key, value));
    }
    all.extend(filter.urls_metadata.as_ref().map(url_conditions));
    all.push(negation(&filter.not));
    Condition::And(all)
}

fn is(comparison: &'static str, value: Option<&str>) -> Option<Condition> {
    value.map(|value| Condition::Is(Sql::raw(comparison).bind(value)))
}

fn has_all(column: &'static str, values: Vec<String>) -> Condition {
    Condition::Is(Sql::raw(column).text(" @> ").bind(values).text("::varchar[]"))
}

fn has_some(column: &'static str, values: Vec<String>) -> Condition {
    Condition::Is(Sql::raw(column).text(" && ").bind(values).text("::varchar[]"))
}

fn has_any_at_all(column: &'static str) -> Condition {
    Condition::Is(Sql::raw("coalesce(cardinality(").text(column).text("), 0) > 0"))
}

fn not(condition: Condition) -> Condition {
    Condition::Not(Box::new(condition))
}

fn entries(column: &'static str, wanted: &AccessFilter) -> Condition {
    match wanted {
        AccessFilter::Nothing => not(has_any_at_all(column)),
        AccessFilter::All(list) => has_all(column, list.clone()),
    }
}

/// The key has this value, which other writers may have stored as a number or a boolean.
fn metadata(key: &str, value: &str) -> Condition {
    let entry = |value: Value| {
        let entry = Map::from_iter([(key.to_owned(), value)]);
        Condition::Is(Sql::raw("r.record_metadata @> ").bind(Value::Object(entry)))
    };
    let plain = serde_json::from_str::<Value>(value).ok();
    let plain = plain.filter(|plain| plain.is_number() || plain.is_boolean()).map(entry);
    Condition::some_of(std::iter::once(entry(json!(value))).chain(plain).collect())
}

/// The url contains the text, in which `%` and `_` are wildcards.
fn like(column: &'static str, text: &str) -> Condition {
    Condition::Is(Sql::raw(column).text(" like '%' || ").bind(text).text(" || '%'"))
}

/// Urls of the record with their facts, of which there are some.
fn facts(conditions: impl IntoIterator<Item = Condition>) -> Select {
    let mut select = Select::from(Sql::raw(
        "jsonb_each(case when jsonb_typeof(r.url_metadata) = 'object' then r.url_metadata end) \
         c (url, facts)",
    ));
    select.filter(Condition::Is(Sql::raw("jsonb_typeof(c.facts) = 'object' and c.facts <> '{}'")));
    for condition in conditions {
        select.filter(condition);
    }
    select
}

/// The key with this value; an empty value stands for any.
fn fact(key: &str, value: &str) -> Condition {
    if value.is_empty() {
        return Condition::Is(Sql::raw("jsonb_exists(c.facts, ").bind(key).text(")"));
    }
    Condition::Is(Sql::raw("c.facts ->> ").bind(key).text(" = ").bind(value))
}

/// For each pattern some url that matches it and has each of the facts; without facts, any at all.
fn url_conditions(conditions: &UrlConditions) -> Condition {
    let one = |(pattern, wanted): (&String, &IndexMap<String, String>)| {
        let equals = |(key, value): (&String, &String)| {
            Condition::Is(Sql::raw("c.facts ->> ").bind(key.as_str()).text(" = ").bind(value.as_str()))
        };
        let all = std::iter::once(like("c.url", pattern)).chain(wanted.iter().map(equals));
        Condition::Exists(Box::new(facts(all)))
    };
    Condition::And(conditions.iter().map(one).collect())
}

fn negation(wanted: &Negation) -> Condition {
    let mut all = Vec::new();
    all.extend(is("r.file_name <> ", wanted.file_name.as_deref()));
    all.extend(is("r.version <> ", wanted.version.as_deref()));
    for (column, values) in [("r.urls", &wanted.urls), ("r.acl", &wanted.acl), ("r.authz", &wanted.authz)] {
        let Some(values) = values.as_ref().filter(|values| !values.is_empty()) else { continue };
        all.push(has_any_at_all(column));
        all.push(not(has_some(column, values.clone())));
    }
    for (key, value) in &wanted.metadata {
        let value = (!value.is_empty()).then_some(value.as_str());
        all.push(match value {
            None => {
                let absent = Sql::raw("jsonb_exists(coalesce(r.record_metadata, '{}'), ").bind(key.as_str());
                not(Condition::Is(absent.text(")")))
            }
            Some(value) => {
                let other = Sql::raw("r.record_metadata ->> ").bind(key.as_str());
                Condition::Is(other.text(" is distinct from ").bind(value))
            }
        });
    }
    if !wanted.urls_metadata.is_empty() {
        // As in the original, records without any url metadata are not looked at.
        all.push(Condition::Exists(Box::new(facts([]))));
    }
    for (pattern, unwanted) in &wanted.urls_metadata {
        if unwanted.is_empty() {
            let mut urls = Select::from(Sql::raw("unnest(r.urls) c (url)"));
            urls.filter(like("c.url", pattern));
            all.push(Condition::not_exists(urls));
        }
        for (key, value) in unwanted {
            all.push(Condition::not_exists(facts([like("c.url", pattern), fact(key, value)])));
        }
    }
    Condition::And(all)
}

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
    fn filters_are_conditions_that_indexes_of_the_table_answer() {
        insta::assert_snapshot!(
            statement("hash=crc:deadbeef&acl=a,b&url=u&metadata=k:1&start=x&limit=5"),
            @"select r.guid from record r where r.urls @> $1::varchar[] and r.acl @> $2::varchar[] and \
             r.hashes @> $3 and (r.record_metadata @> $4 or r.record_metadata @> $5) and true and \
             r.guid > $6 order by r.guid limit $7"
        );
    }
}
