//! Values of a statement.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{Arguments as _, postgres::PgArguments};

/// A value. The variant decides the PostgreSQL type, so a statement needs few casts.
#[derive(Debug, Clone, PartialEq)]
pub enum Bind {
    /// `text`.
    Text(String),
    /// `text`, perhaps null.
    OptionalText(Option<String>),
    /// `text[]`.
    Texts(Vec<String>),
    /// `text[]` with nulls.
    OptionalTexts(Vec<Option<String>>),
    /// `bigint`.
    Int(i64),
    /// `bigint[]`.
    Ints(Vec<i64>),
    /// `bigint[]` with nulls.
    OptionalInts(Vec<Option<i64>>),
    /// `double precision`.
    Float(f64),
    /// `double precision[]`.
    Floats(Vec<f64>),
    /// `boolean`.
    Bool(bool),
    /// `boolean[]`.
    Bools(Vec<bool>),
    /// `jsonb`.
    Json(Value),
    /// `timestamptz`.
    Timestamp(DateTime<Utc>),
    /// `timestamptz[]`.
    Timestamps(Vec<DateTime<Utc>>),
}

impl Bind {
    pub(crate) fn add_to(self, arguments: &mut PgArguments) {
        let added = match self {
            Self::Text(value) => arguments.add(value),
            Self::OptionalText(value) => arguments.add(value),
            Self::Texts(value) => arguments.add(value),
            Self::OptionalTexts(value) => arguments.add(value),
            Self::Int(value) => arguments.add(value),
            Self::Ints(value) => arguments.add(value),
            Self::OptionalInts(value) => arguments.add(value),
            Self::Float(value) => arguments.add(value),
            Self::Floats(value) => arguments.add(value),
            Self::Bool(value) => arguments.add(value),
            Self::Bools(value) => arguments.add(value),
            Self::Json(value) => arguments.add(value),
            Self::Timestamp(value) => arguments.add(value),
            Self::Timestamps(value) => arguments.add(value),
        };
        added.expect("invariant: the types of Bind always encode");
    }
}

macro_rules! from {
    ($($type:ty => $variant:ident),* $(,)?) => {
        $(impl From<$type> for Bind {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}

from! {
    String => Text,
    &str => Text,
    Option<String> => OptionalText,
    Vec<String> => Texts,
    Vec<Option<String>> => OptionalTexts,
    i64 => Int,
    i32 => Int,
    Vec<i64> => Ints,
    Vec<Option<i64>> => OptionalInts,
    f64 => Float,
    Vec<f64> => Floats,
    bool => Bool,
    Vec<bool> => Bools,
    Value => Json,
    DateTime<Utc> => Timestamp,
    Vec<DateTime<Utc>> => Timestamps,
}
