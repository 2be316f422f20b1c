//! Dynamic SQL text, made in one place.
//!
//! Static statements are written with `sqlx::query("...")`. Where tables or columns come from a data
//! dictionary, or the shape comes from a user's query, the text is made here from pieces that cannot be
//! confused: [`Sql::text`] takes string constants only, names are quoted by [`Sql::ident`], and values are
//! numbered binds. User data therefore never becomes SQL text.
//!
//! ```
//! use sql::{Condition, Select, Sql};
//! let mut select = Select::from(Sql::ident("node_case").text(" n"));
//! select.column(Sql::column("n", "node_id"), "id");
//! select.filter(Condition::any(Sql::property("n", "submitter_id"), vec!["C1".to_owned()]));
//! let (text, binds) = select.sql().render();
//! assert_eq!(
//!     text,
//!     r#"select n."node_id" as "id" from "node_case" n where n._props ->> 'submitter_id' = any($1)"#
//! );
//! assert_eq!(binds.len(), 1);
//! ```

mod bind;
pub mod copy;
mod select;

use std::fmt::Write as _;

use sqlx::{
    Postgres,
    postgres::PgArguments,
    query::{Query, QueryScalar},
};

pub use bind::Bind;
pub use select::{Condition, Order, Select};

/// Bytes of a statement that [`Sql::query_if_short`] keeps.
const SHORT: usize = 1000;

/// A piece of SQL with its values. Pieces are put together in any order; rendering numbers their binds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sql {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    /// Text that is SQL already: constants, and names and literals after quoting.
    Text(String),
    Bind(Bind),
}

impl Sql {
    /// An empty piece.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts with SQL text, which is a constant: what a user sends has to be a bind.
    pub fn raw(text: &'static str) -> Self {
        Self::new().text(text)
    }

    /// Starts with a quoted name of a table or column.
    pub fn ident(name: &str) -> Self {
        Self::new().then_ident(name)
    }

    /// Starts with `alias."column"`; `alias` is a constant or one made by [`alias`].
    pub fn column(alias: &str, column: &str) -> Self {
        let mut sql = Self::new();
        sql.write_alias(alias);
        sql.then(Self::raw(".")).then_ident(column)
    }

    /// `alias._props ->> 'name'`: a property of a node as text. The name is a literal and not a bind, so that
    /// the expression indexes of the node tables apply.
    pub fn property(alias: &str, name: &str) -> Self {
        let mut sql = Self::new();
        sql.write_alias(alias);
        sql.text("._props ->> ").literal(name)
    }

    /// Starts with a bind.
    pub fn value(value: impl Into<Bind>) -> Self {
        Self::new().bind(value)
    }

    /// Appends SQL text (a constant).
    #[must_use]
    pub fn text(mut self, text: &'static str) -> Self {
        self.write(text);
        self
    }

    /// Appends a quoted name.
    #[must_use]
    pub fn then_ident(mut self, name: &str) -> Self {
        let quoted = format!("\"{}\"", without_nul(name).replace('"', "\"\""));
        self.write(&quoted);
        self
    }

    /// Appends an alias such as `p12` as it is; anything but letters, digits and `_` is left out.
    #[must_use]
    pub fn then_alias(mut self, alias: &str) -> Self {
        self.write_alias(alias);
        self
    }

    /// Appends a quoted string literal, for places that do not take a bind: DDL, indexed expressions, and
    /// what is copied out.
    #[must_use]
    pub fn literal(mut self, value: &str) -> Self {
        let escaped = without_nul(value).replace('\'', "''");
        // With standard_conforming_strings off a backslash would escape in `''` too; in `E''` it always does.
        let quoted = if escaped.contains('\\') {
            format!("E'{}'", escaped.replace('\\', "\\\\"))
        } else {
            format!("'{escaped}'")
        };
        self.write(&quoted);
        self
    }

    /// Appends a list of texts (`text[]`) as a literal.
    #[must_use]
    pub fn literals(self, values: &[String]) -> Self {
        let item = |value: &String| format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
        let items: Vec<String> = values.iter().map(item).collect();
        self.literal(&format!("{{{}}}", items.join(","))).text("::text[]")
    }

    /// Appends a whole number.
    #[must_use]
    pub fn number(mut self, value: i64) -> Self {
        self.write(&value.to_string());
        self
    }

    /// Appends a value as the next `$n`.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Bind>) -> Self {
        self.pieces.push(Piece::Bind(value.into()));
        self
    }

    /// Appends another piece with its binds.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        for piece in other.pieces {
            match piece {
                Piece::Text(text) => self.write(&text),
                bind @ Piece::Bind(_) => self.pieces.push(bind),
            }
        }
        self
    }

    /// `(self)`.
    #[must_use]
    pub fn in_parentheses(self) -> Self {
        Self::raw("(").then(self).text(")")
    }

    /// All `parts` with `separator` between them.
    pub fn join(separator: &'static str, parts: impl IntoIterator<Item = Self>) -> Self {
        let mut joined = Self::new();
        for (position, part) in parts.into_iter().enumerate() {
            joined = if position == 0 { joined } else { joined.text(separator) };
            joined = joined.then(part);
        }
        joined
    }

    /// Whether the piece is empty.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The text with `$1`, `$2`, ... and the values in that order.
    pub fn render(self) -> (String, Vec<Bind>) {
        let (mut text, mut binds) = (String::new(), Vec::new());
        for piece in self.pieces {
            match piece {
                Piece::Text(part) => text.push_str(&part),
                Piece::Bind(bind) => {
                    binds.push(bind);
                    // Writing to a string does not fail.
                    let _ = write!(text, "${}", binds.len());
                }
            }
        }
        (text, binds)
    }

    /// A query that the connection keeps prepared, for shapes that come again and again.
    pub fn query(self) -> Query<'static, Postgres, PgArguments> {
        let (text, arguments) = self.prepare();
        sqlx::query_with(safe(text), arguments)
    }

    /// A query that is prepared for this one run only, for shapes that a user's request makes: keeping them
    /// would fill the statement cache of each connection.
    pub fn query_once(self) -> Query<'static, Postgres, PgArguments> {
        self.query().persistent(false)
    }

    /// A query of a shape that a user's request makes and that may come again: its connection keeps it
    /// prepared if its text is short. What a long one costs to prepare is little beside running it, and what
    /// keeping it takes is much: some 80 times its text in the server, for each connection.
    pub fn query_if_short(self) -> Query<'static, Postgres, PgArguments> {
        let (text, arguments) = self.prepare();
        let is_short = text.len() <= SHORT;
        sqlx::query_with(safe(text), arguments).persistent(is_short)
    }

    /// As [`Sql::query`], for one column.
    pub fn scalar<T>(self) -> QueryScalar<'static, Postgres, T, PgArguments>
    where
        (T,): for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>,
    {
        let (text, arguments) = self.prepare();
        sqlx::query_scalar_with(safe(text), arguments)
    }

    /// Runs statements without binds (DDL) in one round trip. They are one transaction unless the text says
    /// otherwise. The database refuses a piece with binds.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn run_script(self, connection: &mut sqlx::PgConnection) -> Result<(), sqlx::Error> {
        use futures_util::TryStreamExt as _;
        let (text, _) = self.render();
        let mut results = sqlx::raw_sql(safe(text)).execute_many(connection);
        while results.try_next().await?.is_some() {}
        Ok(())
    }

    fn prepare(self) -> (String, PgArguments) {
        let (text, binds) = self.render();
        let mut arguments = PgArguments::default();
        for bind in binds {
            bind.add_to(&mut arguments);
        }
        (text, arguments)
    }

    fn write(&mut self, more: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Text(text)) => text.push_str(more),
            _ => self.pieces.push(Piece::Text(more.to_owned())),
        }
    }

    fn write_alias(&mut self, alias: &str) {
        let clean: String = alias.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        self.write(&clean);
    }
}

/// The alias `prefix` + `number`, for example `l3`.
pub fn alias(prefix: &'static str, number: usize) -> String {
    format!("{prefix}{number}")
}

/// The server reads SQL text up to a NUL, so none may get into it.
fn without_nul(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one door: all text that gets here is constant or was quoted"
)]
fn safe(text: String) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_literals_cannot_end_their_quotes() {
        let sql = Sql::ident("a\"; drop table b; --\0").text(" = ").literal("it's \\ here");
        assert_eq!(sql.render().0, "\"a\"\"; drop table b; --\u{fffd}\" = E'it''s \\\\ here'");
    }

    #[test]
    fn texts_in_a_list_cannot_end_it() {
        let values = ["a", "b\",c}", "it's \\", "", "null"].map(str::to_owned);
        let (text, _) = Sql::new().literals(&values).render();
        assert_eq!(text, r#"E'{"a","b\\",c}","it''s \\\\","","null"}'::text[]"#);
        assert_eq!(Sql::new().literals(&[]).render().0, "'{}'::text[]");
    }

    #[test]
    fn binds_are_numbered_in_the_order_of_the_text() {
        let tail = Sql::raw(" limit ").bind(5_i64);
        let sql = Sql::raw("select ").bind("x").text("::text").then(tail);
        assert_eq!(
            sql.render(),
            ("select $1::text limit $2".to_owned(), vec![Bind::Text("x".into()), Bind::Int(5)])
        );
    }

    #[test]
    fn an_alias_is_letters_digits_and_underscore() {
        assert_eq!(Sql::column("n1; x", "node_id").render().0, "n1x.\"node_id\"");
        assert_eq!(alias("l", 3), "l3");
    }
}
