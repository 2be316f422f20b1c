//! Which documents are meant.

use std::sync::Arc;

use serde_json::Number;

/// A value of a field.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// Of a keyword.
    Text(String),
    /// Of any numeric field.
    Number(Number),
    /// Of a boolean field.
    Boolean(bool),
}

/// Limits of a numeric field. A limit that is absent does not limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Range {
    /// Greater than.
    pub gt: Option<Number>,
    /// Greater than or equal.
    pub gte: Option<Number>,
    /// Less than.
    pub lt: Option<Number>,
    /// Less than or equal.
    pub lte: Option<Number>,
}

/// Where words are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Words {
    /// In these fields, named as the mapping names them: `name.analyzed`, or the keyword `name` itself, which
    /// must then be equal to the whole text.
    Fields(Vec<String>),
    /// In every sub-field of this name (`analyzed`) of fields outside of nested objects.
    EverySubfield(String),
    /// In every field outside of nested objects, analyzed or not.
    Everywhere,
}

/// Which documents are meant. Nothing scores: a document belongs to the answer or does not.
///
/// Field names are whole paths (`visits.follow_ups.kind`). A field with several values matches if one of
/// them does. A field that no mapping has matches nothing, and does not exist. Fields of nested objects can
/// only be asked for below a [`Query::Nested`] of their path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// Every document.
    All,
    /// No document.
    None,
    /// All of these hold. Of none: every document.
    And(Vec<Query>),
    /// One of these holds. Of none: no document.
    Or(Vec<Query>),
    /// This does not hold; also where the field is absent.
    Not(Box<Query>),
    /// The field has one of these values, whole and with the same case. There may be a million of them,
    /// which queries share rather than copy.
    OneOf {
        /// A keyword, a number or a boolean.
        field: String,
        /// Of none: no document.
        values: Arc<[Scalar]>,
    },
    /// The field has a number within these limits.
    Within {
        /// A number.
        field: String,
        /// The limits; without one, the field must have a value.
        range: Range,
    },
    /// The field has a value; an empty list is none.
    Exists(String),
    /// A nested object of this path fulfils the whole query by itself.
    Nested {
        /// The whole path, also within another nested query.
        path: String,
        /// About one object.
        query: Box<Query>,
    },
    /// One of the words of `text` stands in one of the fields, in any case, cut as the standard analyzer of
    /// Lucene cuts (Unicode word boundaries), or as the index's own analyzer does.
    Text {
        /// Words.
        text: String,
        /// Where.
        words: Words,
    },
    /// The documents with these ids.
    Ids(Vec<String>),
}

impl Query {
    /// All of these hold, without the needless: [`Query::All`] falls away, one alone stands for itself.
    pub fn and(queries: impl IntoIterator<Item = Query>) -> Query {
        let mut queries: Vec<_> = queries.into_iter().filter(|query| *query != Query::All).collect();
        match queries.len() {
            0 => Query::All,
            1 => queries.swap_remove(0),
            _ => Query::And(queries),
        }
    }

    /// This does not hold.
    #[must_use]
    pub fn negated(self) -> Query {
        Query::Not(Box::new(self))
    }

    /// The field has this value.
    pub fn equals(field: impl Into<String>, value: Scalar) -> Query {
        Query::OneOf { field: field.into(), values: [value].into() }
    }
}

impl From<&str> for Scalar {
    fn from(text: &str) -> Self {
        Scalar::Text(text.to_owned())
    }
}

impl From<String> for Scalar {
    fn from(text: String) -> Self {
        Scalar::Text(text)
    }
}

impl From<Number> for Scalar {
    fn from(number: Number) -> Self {
        Scalar::Number(number)
    }
}
