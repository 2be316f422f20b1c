//! Reading records. The shape of a query comes from a user, so its SQL is made by `libs/sql`; each row comes
//! as the JSON of the answer.

use auditlog::Category;
use serde_json::value::RawValue;
use sql::{Condition, Order, Select, Sql};
use sqlx::{PgConnection, types::Json};

use crate::{
    access::MayRead,
    query::{Column, Kind, Query, Wanted},
};

const T: &str = "t";

/// Records in the order of time.
#[derive(Debug)]
pub struct Page {
    pub(crate) rows: Vec<Box<RawValue>>,
    /// The second of the first record after them.
    pub(crate) next: Option<i64>,
}

/// Whether the database answers.
pub(crate) async fn ping(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select 1").execute(connection).await.map(drop)
}

/// The first `size` records, and those that are of the same second as the last of them, so that the next page
/// can begin with a later second; at most `most`.
pub async fn page(
    connection: &mut PgConnection,
    permit: &MayRead,
    query: &Query,
    size: i64,
    most: i64,
) -> Result<Page, sqlx::Error> {
    let category = permit.category();
    let end: Option<i64> =
        last_second(category, query, size).scalar().fetch_optional(&mut *connection).await?;
    let end = end.map(|last| last + 1);
    let rows: Vec<Json<Box<RawValue>>> =
        records(category, query, end, most).scalar().persistent(false).fetch_all(&mut *connection).await?;
    let next = match end {
        Some(end) => first_second(category, query, end).scalar().fetch_one(connection).await?,
        None => None,
    };
    Ok(Page { rows: rows.into_iter().map(|row| row.0).collect(), next })
}

/// Groups with their counts, the largest first; at most `most`.
pub(crate) async fn groups(
    connection: &mut PgConnection,
    permit: &MayRead,
    query: &Query,
    most: i64,
) -> Result<Vec<Box<RawValue>>, sqlx::Error> {
    let select = grouped(permit.category(), query, most);
    let rows: Vec<Json<Box<RawValue>>> = select.scalar().persistent(false).fetch_all(connection).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// How many records, or groups, there are.
pub(crate) async fn count(
    connection: &mut PgConnection,
    permit: &MayRead,
    query: &Query,
) -> Result<i64, sqlx::Error> {
    counted(permit.category(), query).scalar().persistent(false).fetch_one(connection).await
}

/// `select floor(extract(epoch from t."timestamp"))::bigint as "second" from "login" t where ... order by
/// t."timestamp" limit $1 offset $2`: the second of the last record of a page, if the page is full.
fn last_second(category: Category, query: &Query, size: i64) -> Sql {
    let mut select = matching(category, query);
    select.column(second(), "second").order_by(time(), Order::Ascending).limit(1).offset(size - 1);
    select.sql()
}

/// `select json_build_object('id', t."id", ...) as "row" from "login" t where ... and t."timestamp" <
/// to_timestamp($1) at time zone 'utc' order by t."timestamp", t."id" limit $2`.
fn records(category: Category, query: &Query, end: Option<i64>, most: i64) -> Sql {
    let mut select = matching(category, query);
    if let Some(end) = end {
        select.filter(compared(" < ", end));
    }
    let pairs =
        query.shown.iter().map(|column| Sql::new().literal(column.name).text(", ").then(shown(*column)));
    let row = Sql::raw("json_build_object(").then(Sql::join(", ", pairs)).text(")");
    select
        .column(row, "row")
        .order_by(time(), Order::Ascending)
        .order_by(Sql::column(T, "id"), Order::Ascending)
        .limit(most);
    select.sql()
}

/// `select floor(extract(epoch from min(t."timestamp")))::bigint as "second" from "login" t where ... and
/// t."timestamp" >= to_timestamp($1) at time zone 'utc'`.
fn first_second(category: Category, query: &Query, from: i64) -> Sql {
    let mut select = matching(category, query);
    let earliest = Sql::raw("floor(extract(epoch from min(").then(time()).text(")))::bigint");
    select.column(earliest, "second").filter(compared(" >= ", from));
    select.sql()
}

/// `select json_build_object('sub', t."sub", 'count', count(*)) as "row" from "login" t where ... group by
/// t."sub" order by count(*) desc nulls last, t."sub" limit $1`.
fn grouped(category: Category, query: &Query, most: i64) -> Sql {
    let mut select = matching(category, query);
    let pair = |column: &Column| Sql::new().literal(column.name).text(", ").then(shown(*column));
    let pairs = query.groups.iter().map(pair).chain([Sql::raw("'count', count(*)")]);
    let row = Sql::raw("json_build_object(").then(Sql::join(", ", pairs)).text(")");
    select.column(row, "row").order_by(Sql::raw("count(*)"), Order::Descending);
    for column in &query.groups {
        let column = Sql::column(T, column.name);
        select.group_by(column.clone()).order_by(column, Order::Ascending);
    }
    select.limit(most);
    select.sql()
}

/// `select count(*) as "count" from "login" t where ...`, or `... from (select 1 from "login" t where ...
/// group by t."sub") g`.
fn counted(category: Category, query: &Query) -> Sql {
    let mut matching = matching(category, query);
    if !query.groups.is_empty() {
        for column in &query.groups {
            matching.group_by(Sql::column(T, column.name));
        }
        matching = Select::from(matching.sql().in_parentheses().text(" g"));
    }
    matching.column(Sql::raw("count(*)"), "count");
    matching.sql()
}

/// The records of the category's table, months included, that the query is about.
fn matching(category: Category, query: &Query) -> Select {
    let mut select = Select::from(Sql::ident(category.name()).text(" t"));
    for (bound, operator) in [(query.start, " >= "), (query.stop, " < ")] {
        if let Some(second) = bound {
            select.filter(compared(operator, second));
        }
    }
    for (column, wanted) in &query.filters {
        select.filter(has(*column, wanted));
    }
    select
}

fn time() -> Sql {
    Sql::column(T, "timestamp")
}

fn second() -> Sql {
    Sql::raw("floor(extract(epoch from ").then(time()).text("))::bigint")
}

/// The comparison of the record's time with the beginning of a second. Times are stored in UTC without a
/// zone.
fn compared(operator: &'static str, second: i64) -> Condition {
    let bound = Sql::raw("to_timestamp(").bind(second).text(") at time zone 'utc'");
    Condition::Is(time().text(operator).then(bound))
}

/// The condition that the column has one of the values; of a list, that one of its items is one of them.
fn has(column: Column, wanted: &Wanted) -> Condition {
    let value = Sql::column(T, column.name);
    match (column.kind, wanted) {
        (Kind::Texts, Wanted::Texts(texts)) => Condition::Is(value.text("::text[] && ").bind(texts.clone())),
        (Kind::Time, Wanted::Numbers(seconds)) => Condition::any(second(), seconds.clone()),
        (_, Wanted::Texts(texts)) => Condition::one_of(value, texts.clone()),
        (_, Wanted::Numbers(numbers)) => Condition::any(value, numbers.clone()),
    }
}

/// The column as the answer shows it: times as Python writes them.
fn shown(column: Column) -> Sql {
    if column.kind != Kind::Time {
        return Sql::column(T, column.name);
    }
    let written = Sql::raw("to_char(").then(time()).text(r#", 'YYYY-MM-DD"T"HH24:MI:SS.US')"#);
    Sql::raw("replace(").then(written).text(", '.000000', '')")
}

#[cfg(test)]
mod tests {
    use web::Params;

    use super::*;
    use crate::Config;

    fn query(text: &str) -> Query {
        let config = Config { usernames: false, ..Config::default() };
        Query::read(&config, Category::Login, &Params::parse(text), 0).unwrap()
    }

    /// The text with one blank wherever there are several, and line ends.
    fn one_line(text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_statements() {
        let all = "start=1&stop=9&idp=a&idp=b&status_code=200&timestamp=5";
        let conditions = r#"t."timestamp" >= to_timestamp($1) at time zone 'utc'
            and t."timestamp" < to_timestamp($2) at time zone 'utc' and t."idp" = any($3)
            and t."status_code" = any($4)
            and floor(extract(epoch from t."timestamp"))::bigint = any($5)"#;
        let text = |sql: Sql| sql.render().0;
        assert_eq!(
            text(counted(Category::Login, &query(all))),
            one_line(&format!(r#"select count(*) as "count" from "login" t where {conditions}"#))
        );
        assert_eq!(
            text(last_second(Category::Login, &query(all), 10)),
            one_line(&format!(
                r#"select floor(extract(epoch from t."timestamp"))::bigint as "second" from "login" t
                   where {conditions} order by t."timestamp" limit $6 offset $7"#
            ))
        );
        assert_eq!(
            text(first_second(Category::Login, &query("ip=x"), 7)),
            one_line(
                r#"select floor(extract(epoch from min(t."timestamp")))::bigint as "second" from "login" t
                   where t."ip" = $1 and t."timestamp" >= to_timestamp($2) at time zone 'utc'"#
            )
        );
        let time = r#"replace(to_char(t."timestamp", 'YYYY-MM-DD"T"HH24:MI:SS.US'), '.000000', '')"#;
        assert_eq!(
            text(grouped(Category::Login, &query("groupby=timestamp&groupby=idp"), 5)),
            one_line(&format!(
                r#"select json_build_object('timestamp', {time}, 'idp', t."idp", 'count', count(*)) as "row"
                   from "login" t group by t."timestamp", t."idp"
                   order by count(*) desc nulls last, t."timestamp", t."idp" limit $1"#
            ))
        );
        assert_eq!(
            text(counted(Category::Login, &query("groupby=sub"))),
            r#"select count(*) as "count" from (select 1 from "login" t group by t."sub") g"#
        );
        assert_eq!(
            text(records(Category::Login, &query(""), Some(3), 5)),
            one_line(&format!(
                r#"select json_build_object('request_url', t."request_url", 'status_code', t."status_code",
                       'timestamp', {time}, 'sub', t."sub", 'additional_data', t."additional_data",
                       'id', t."id", 'idp', t."idp", 'fence_idp', t."fence_idp", 'shib_idp', t."shib_idp",
                       'client_id', t."client_id", 'ip', t."ip") as "row" from "login" t
                   where t."timestamp" < to_timestamp($1) at time zone 'utc'
                   order by t."timestamp", t."id" limit $2"#
            ))
        );
    }
}
