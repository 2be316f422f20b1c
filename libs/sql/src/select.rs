//! Selects and their conditions as trees.

use crate::{Bind, Sql};

/// A condition. `and` and `or` are put in parentheses where they have to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Always true.
    True,
    /// Never true.
    False,
    /// A comparison or another finished piece.
    Is(Sql),
    /// All of them; true when empty.
    And(Vec<Condition>),
    /// One of them; false when empty.
    Or(Vec<Condition>),
    /// The opposite.
    Not(Box<Condition>),
    /// Whether the select has rows.
    Exists(Box<Select>),
}

impl Condition {
    /// `expression = $n`.
    pub fn equals(expression: Sql, value: impl Into<Bind>) -> Self {
        Self::Is(expression.text(" = ").bind(value))
    }

    /// `expression = any($n)`; never true without values.
    pub fn any<T>(expression: Sql, values: Vec<T>) -> Self
    where
        Vec<T>: Into<Bind>,
    {
        match values.is_empty() {
            true => Self::False,
            false => Self::Is(expression.text(" = any(").bind(values).text(")")),
        }
    }

    /// As [`Condition::any`] for texts, but `expression = $n` for a single one, which costs the database less a row.
    pub fn one_of(expression: Sql, mut values: Vec<String>) -> Self {
        match values.len() {
            1 => Self::equals(expression, values.remove(0)),
            _ => Self::any(expression, values),
        }
    }

    /// `left = right`.
    pub fn same(left: Sql, right: Sql) -> Self {
        Self::Is(left.text(" = ").then(right))
    }

    /// `not exists (select ...)`.
    pub fn not_exists(select: Select) -> Self {
        Self::Not(Box::new(Self::Exists(Box::new(select))))
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::True, other) => other,
            (this, Self::True) => this,
            (Self::And(mut all), other) => {
                all.push(other);
                Self::And(all)
            }
            (this, other) => Self::And(vec![this, other]),
        }
    }

    /// As SQL.
    pub fn sql(self) -> Sql {
        match self {
            Self::True => Sql::raw("true"),
            Self::False => Sql::raw("false"),
            Self::Is(sql) => sql,
            Self::And(all) => Self::connect(all, " and ", "true"),
            Self::Or(any) => Self::connect(any, " or ", "false"),
            Self::Not(inner) => match *inner {
                exists @ Self::Exists(_) => Sql::raw("not ").then(exists.sql()),
                other => Sql::raw("not ").then(other.sql().in_parentheses()),
            },
            Self::Exists(select) => Sql::raw("exists ").then(select.sql().in_parentheses()),
        }
    }

    fn connect(mut parts: Vec<Self>, word: &'static str, without_parts: &'static str) -> Sql {
        match parts.len() {
            0 => Sql::raw(without_parts),
            1 => parts.remove(0).sql(),
            _ => Sql::join(word, parts.into_iter().map(Self::operand)),
        }
    }

    fn operand(self) -> Sql {
        match self {
            Self::And(ref parts) | Self::Or(ref parts) if parts.len() > 1 => self.sql().in_parentheses(),
            other => other.sql(),
        }
    }
}

/// Direction of an `order by` key; nulls last in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// A select, put together piece by piece.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Select {
    columns: Vec<Sql>,
    from: Sql,
    filter: Option<Box<Condition>>,
    group_by: Vec<Sql>,
    order_by: Vec<Sql>,
    limit: Option<i64>,
    offset: Option<i64>,
    distinct: bool,
}

impl Select {
    /// Selects from `source`: a table with its alias, for example `Sql::ident("node_case").text(" n")`.
    pub fn from(source: Sql) -> Self {
        Self { from: source, ..Self::default() }
    }

    /// Adds a column called `name`.
    pub fn column(&mut self, expression: Sql, name: &str) -> &mut Self {
        self.columns.push(expression.text(" as ").then_ident(name));
        self
    }

    /// Adds a column as it is (`1`, `count(*)`).
    pub fn expression(&mut self, expression: Sql) -> &mut Self {
        self.columns.push(expression);
        self
    }

    /// `join source on condition`.
    pub fn join(&mut self, source: Sql, on: Condition) -> &mut Self {
        self.add_join(" join ", source, on)
    }

    /// `left join source on condition`.
    pub fn left_join(&mut self, source: Sql, on: Condition) -> &mut Self {
        self.add_join(" left join ", source, on)
    }

    /// `cross join lateral (select ...) alias`: rows that have none in the select drop out.
    pub fn lateral(&mut self, select: Self, alias: &str) -> &mut Self {
        let joined = Sql::raw(" cross join lateral ").then(select.sql().in_parentheses());
        self.add_from(joined.text(" ").then_alias(alias))
    }

    /// `left join lateral (select ...) alias on true`: rows that have none in the select stay.
    pub fn left_lateral(&mut self, select: Self, alias: &str) -> &mut Self {
        let joined = Sql::raw(" left join lateral ").then(select.sql().in_parentheses());
        self.add_from(joined.text(" ").then_alias(alias).text(" on true"))
    }

    /// Adds a condition; all that are added must hold.
    pub fn filter(&mut self, condition: Condition) -> &mut Self {
        let before = self.filter.take().map_or(Condition::True, |filter| *filter);
        self.filter = Some(Box::new(before.and(condition)));
        self
    }

    /// Adds a `group by` expression.
    pub fn group_by(&mut self, expression: Sql) -> &mut Self {
        self.group_by.push(expression);
        self
    }

    /// Adds an `order by` key; the first added counts most.
    pub fn order_by(&mut self, expression: Sql, order: Order) -> &mut Self {
        self.order_by.push(match order {
            Order::Ascending => expression,
            Order::Descending => expression.text(" desc nulls last"),
        });
        self
    }

    /// At most this many rows.
    pub fn limit(&mut self, rows: i64) -> &mut Self {
        self.limit = Some(rows);
        self
    }

    /// Leaves out the first rows.
    pub fn offset(&mut self, rows: i64) -> &mut Self {
        self.offset = Some(rows);
        self
    }

    /// Each row once.
    pub fn distinct(&mut self) -> &mut Self {
        self.distinct = true;
        self
    }

    /// `select count(*) from (this) counted`: the number of rows this select has.
    pub fn count(self) -> Sql {
        Sql::raw("select count(*) from ").then(self.sql().in_parentheses()).text(" counted")
    }

    /// As SQL.
    pub fn sql(self) -> Sql {
        let mut sql = Sql::raw(if self.distinct { "select distinct " } else { "select " });
        sql = match self.columns.is_empty() {
            true => sql.text("1"),
            false => sql.then(Sql::join(", ", self.columns)),
        };
        if !self.from.is_empty() {
            sql = sql.text(" from ").then(self.from);
        }
        if let Some(filter) = self.filter {
            sql = sql.text(" where ").then(filter.sql());
        }
        if !self.group_by.is_empty() {
            sql = sql.text(" group by ").then(Sql::join(", ", self.group_by));
        }
        if !self.order_by.is_empty() {
            sql = sql.text(" order by ").then(Sql::join(", ", self.order_by));
        }
        if let Some(limit) = self.limit {
            sql = sql.text(" limit ").bind(limit);
        }
        if let Some(offset) = self.offset {
            sql = sql.text(" offset ").bind(offset);
        }
        sql
    }

    fn add_join(&mut self, word: &'static str, source: Sql, on: Condition) -> &mut Self {
        self.add_from(Sql::raw(word).then(source).text(" on ").then(on.sql()))
    }

    fn add_from(&mut self, more: Sql) -> &mut Self {
        self.from = std::mem::take(&mut self.from).then(more);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_tree_keeps_its_meaning_in_text() {
        let a = || Condition::Is(Sql::raw("a"));
        let tree = Condition::And(vec![
            a(),
            Condition::Or(vec![a(), Condition::Not(Box::new(Condition::And(vec![a(), a()])))]),
            Condition::Or(vec![a()]),
            Condition::And(vec![]),
        ]);
        assert_eq!(tree.sql().render().0, "a and (a or not (a and a)) and a and true");
    }

    #[test]
    fn a_select_puts_its_parts_in_order() {
        let mut inner = Select::from(Sql::ident("node_sample").text(" s"));
        inner.column(Sql::raw("count(*)"), "n").filter(Condition::equals(Sql::column("s", "node_id"), "x"));
        let mut select = Select::from(Sql::ident("node_case").text(" n"));
        select
            .column(Sql::column("n", "node_id"), "id")
            .left_lateral(inner, "l1")
            .filter(Condition::any(Sql::property("n", "project_id"), vec!["P-Q".to_owned()]))
            .filter(Condition::not_exists(Select::from(Sql::ident("edge"))))
            .order_by(Sql::column("n", "node_id"), Order::Descending)
            .limit(10)
            .offset(2);
        assert_eq!(
            select.sql().render().0,
            "select n.\"node_id\" as \"id\" from \"node_case\" n left join lateral (select count(*) as \"n\" \
             from \"node_sample\" s where s.\"node_id\" = $1) l1 on true \
             where n._props ->> 'project_id' = any($2) and not exists (select 1 from \"edge\") \
             order by n.\"node_id\" desc nulls last limit $3 offset $4"
        );
    }

    #[test]
    fn an_empty_list_matches_nothing() {
        assert_eq!(Condition::any(Sql::raw("x"), Vec::<String>::new()), Condition::False);
    }
}
