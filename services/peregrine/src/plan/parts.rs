//! Parts of statements.

use sql::Sql;

use crate::ir::{Direction, Level, OrderBy, OrderKey, Page};

/// Where more properties of a row than this are read, the document is unpacked once and not for each of them.
const SINGLE_READS: usize = 3;
/// PostgreSQL cuts longer names of columns.
const LONGEST_NAME: usize = 63;

/// `unnest($1::text[]) with ordinality as p(id, n)`
pub(super) fn from_parents(parents: Vec<String>) -> Sql {
    Sql::raw("unnest(").bind(parents).text("::text[]) with ordinality as p(id, n)")
}

fn unpacks(level: &Level) -> bool {
    level.columns.len() > SINGLE_READS
        && level.columns.iter().all(|column| column.property.len() <= LONGEST_NAME)
}

/// ` cross join lateral jsonb_to_record(n._props) as r("a" jsonb, ...)` when there are many properties to
/// read.
pub(super) fn unpack(level: &Level) -> Sql {
    if !unpacks(level) {
        return Sql::new();
    }
    let columns = level.columns.iter().map(|column| Sql::ident(&column.property).text(" jsonb"));
    Sql::raw(" cross join lateral jsonb_to_record(n._props) as r(").then(Sql::join(", ", columns)).text(")")
}

fn column(level: &Level, position: usize) -> Sql {
    match level.columns.get(position) {
        Some(column) if unpacks(level) => Sql::column("r", &column.property),
        Some(column) => Sql::raw("n._props -> ").literal(&column.property),
        None => Sql::raw("null::jsonb"),
    }
}

/// `, first, second, ...`
pub(super) fn columns(level: &Level, width: usize) -> Sql {
    (0..width).fold(Sql::new(), |sql, position| sql.text(", ").then(column(level, position)))
}

/// `, first as c0, second as c1, ...`
pub(super) fn named_columns(level: &Level, width: usize) -> Sql {
    (0..width).fold(Sql::new(), |sql, position| {
        sql.text(", ").then(column(level, position)).text(" as ").then_alias(&sql::alias("c", position))
    })
}

/// `, u.c0, u.c1, ...`
pub(super) fn union_columns(width: usize) -> Sql {
    (0..width).fold(Sql::new(), |sql, position| sql.text(", u.").then_alias(&sql::alias("c", position)))
}

pub(super) fn order_key(order: &OrderBy) -> Sql {
    match &order.key {
        OrderKey::Id => Sql::column("n", "node_id"),
        OrderKey::Property(name) => Sql::raw("n._props -> ").literal(name),
    }
}

pub(super) fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Ascending => "",
        Direction::Descending => " desc",
    }
}

/// ` order by n._props -> 'k' desc`. The order of documents and nulls is PostgreSQL's own: ascending,
/// explicit nulls come first and absent properties last; descending, the other way round (peregrine 3.2.6).
pub(super) fn order_by(order: &[OrderBy]) -> Sql {
    if order.is_empty() {
        return Sql::new();
    }
    let keys = order.iter().map(|order| order_key(order).text(direction(order.direction)));
    Sql::raw(" order by ").then(Sql::join(", ", keys))
}

pub(super) fn limit(page: Page) -> Sql {
    let mut sql = Sql::new();
    if let Some(first) = page.first {
        sql = sql.text(" limit ").bind(first);
    }
    if page.offset > 0 {
        sql = sql.text(" offset ").bind(page.offset);
    }
    sql
}
