//! A list as it is stored and answered.

use chrono::{DateTime, SecondsFormat, Utc};
use indexmap::IndexMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, value::RawValue};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

/// The items of a list, by what their user calls them.
pub(crate) type Items = serde_json::Map<String, Value>;

/// A list.
#[derive(Debug, Serialize, FromRow)]
pub(crate) struct StoredList {
    /// Its id.
    pub(crate) id: Uuid,
    #[serde(flatten)]
    #[sqlx(flatten)]
    pub(crate) shown: ShownList,
}

/// A list where its id stands elsewhere.
#[derive(Debug, Serialize, FromRow)]
pub(crate) struct ShownList {
    /// How often it was changed.
    pub(crate) version: i32,
    /// fence's id of the user.
    pub(crate) creator: String,
    /// The resource that it is, for those who ask arborist.
    pub(crate) authz: Json<Box<RawValue>>,
    /// Its name.
    pub(crate) name: String,
    /// When it was made.
    #[serde(serialize_with = "write_time")]
    pub(crate) created_time: DateTime<Utc>,
    /// When it was changed last.
    #[serde(serialize_with = "write_time")]
    pub(crate) updated_time: DateTime<Utc>,
    /// Its items.
    pub(crate) items: Json<Box<RawValue>>,
}

/// Lists by id.
#[derive(Debug, Serialize)]
pub(crate) struct Lists {
    lists: IndexMap<Uuid, ShownList>,
}

impl FromIterator<StoredList> for Lists {
    fn from_iter<I: IntoIterator<Item = StoredList>>(lists: I) -> Self {
        Self { lists: lists.into_iter().map(|list| (list.id, list.shown)).collect() }
    }
}

/// RFC 3339 as Python writes it.
fn write_time<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    let format =
        if time.timestamp_subsec_micros() == 0 { SecondsFormat::Secs } else { SecondsFormat::Micros };
    serializer.serialize_str(&time.to_rfc3339_opts(format, false))
}
