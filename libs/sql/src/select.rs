//! Selects and their conditions, as trees.

use crate::{Bind, Sql};

/// A condition. `and` and `or` are put in parentheses where their meaning needs them.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Always true.
    True,
    /// Never true.
    False,
    /// A comparison, or another finished piece of SQL.
    Is(Sql),
    /// All of these hold; true when there are none.
    And(Vec<Condition>),
    /// At least one of these holds; false when there are none.
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

    /// `expression = any($n)`, which is never true without values.
    pub fn any<T>(expression: Sql, values: Vec<T>) -> Self
    where
        Vec<T>: Into<Bind>,
    {
        if values.is_empty() {
            return Self::False;
        }
        Self::Is(expression.text(" = any(").bind(values).text(")"))
    }

    /// The same for strings. A single one is compared by `expression = $n`, which costs less for each row.
    pub fn one_of(expression: Sql, values: Vec<String>) -> Self {
        match <[String; 1]>::try_from(values) {
            Ok([value]) => Self::equals(expression, value),
            Err(values) => Self::any(expression, values),
        }
    }

    /// `left = right`.
    pub fn same(left: Sql, right: Sql) -> Self {
        Self::Is(left.text(" = ").then(right))
    }

    /// `not exists (select ...)`.
    pub fn not_exists(select: Select) -> Self {
        !Self::Exists(Box::new(select))
    }

    /// All of `parts` without constants, so that a part that says nothing leaves no trace in the SQL.
    pub fn all_of(mut parts: Vec<Self>) -> Self {
        if parts.contains(&Self::False) {
            return Self::False;
        }
        parts.retain(|part| *part != Self::True);
        match parts.len() {
            0 => Self::True,
            1 => parts.remove(0),
            _ => Self::And(parts),
        }
    }

    /// At least one of `parts`, without constants.
    pub fn some_of(mut parts: Vec<Self>) -> Self {
        if parts.contains(&Self::True) {
            return Self::True;
        }
        parts.retain(|part| *part != Self::False);
        match parts.len() {
            0 => Self::False,
            1 => parts.remove(0),
            _ => Self::Or(parts),
        }
    }

    /// Both conditions.
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

impl std::ops::Not for Condition {
    type Output = Self;

    /// The opposite; constants are folded.
    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            other => Self::Not(Box::new(other)),
        }
    }
}

/// Direction of an `order by` key; nulls come last in both.
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
        let joined = std::mem::take(&mut self.from).text(" join ").then(source).text(" on ").then(on.sql());
        self.from = joined;
        self
    }

    /// Adds a condition. All that were added must hold.
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

    /// Adds an `order by` key. The first one counts most.
    pub fn order_by(&mut self, expression: Sql, order: Order) -> &mut Self {
        self.order_by.push(match order {
            Order::Ascending => expression,
            Order::Descending => expression.text(" desc nulls last"),
        });
        self
    }

    /// Returns at most this many rows.
    pub fn limit(&mut self, rows: i64) -> &mut Self {
        self.limit = Some(rows);
        self
    }

    /// Skips this many rows.
    pub fn offset(&mut self, rows: i64) -> &mut Self {
        self.offset = Some(rows);
        self
    }

    /// As SQL.
    pub fn sql(self) -> Sql {
        let mut sql = Sql::raw("select ");
        sql = if self.columns.is_empty() { sql.text("1") } else { sql.then(Sql::join(", ", self.columns)) };
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
        let on = Condition::same(Sql::column("s", "case_id"), Sql::column("n", "node_id"));
        let mut select = Select::from(Sql::ident("node_case").text(" n"));
        select
            .column(Sql::column("n", "node_id"), "id")
            .join(Sql::ident("node_sample").text(" s"), on)
            .filter(Condition::any(Sql::property("n", "project_id"), vec!["P-Q".to_owned()]))
            .filter(Condition::not_exists(Select::from(Sql::ident("edge"))))
            .order_by(Sql::column("n", "node_id"), Order::Descending)
            .limit(10)
            .offset(2);
        assert_eq!(
            select.sql().render().0,
            "select n.\"node_id\" as \"id\" from \"node_case\" n \
             join \"node_sample\" s on s.\"case_id\" = n.\"node_id\" \
             where n._props ->> 'project_id' = any($1) and not exists (select 1 from \"edge\") \
             order by n.\"node_id\" desc nulls last limit $2 offset $3"
        );
    }

    #[test]
    fn constants_leave_no_trace() {
        use Condition::{And, False, Or, True};
        let a = || Condition::Is(Sql::raw("a"));
        assert_eq!(Condition::all_of(vec![True, a(), True]), a());
        assert_eq!(Condition::all_of(vec![a(), False]), False);
        assert_eq!(Condition::all_of(vec![a(), a()]), And(vec![a(), a()]));
        assert_eq!(Condition::some_of(vec![False, a()]), a());
        assert_eq!(Condition::some_of(vec![a(), True]), True);
        assert_eq!(Condition::some_of(vec![a(), a()]), Or(vec![a(), a()]));
        assert_eq!([Condition::all_of(vec![]), Condition::some_of(vec![])], [True, False]);
        assert_eq!([!True, !False, !a()], [False, True, Condition::Not(Box::new(a()))]);
    }

    #[test]
    fn an_empty_list_matches_nothing() {
        assert_eq!(Condition::any(Sql::raw("x"), Vec::<String>::new()), Condition::False);
    }
}
