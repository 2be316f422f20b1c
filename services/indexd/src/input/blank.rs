//! Bodies of blank records. The original has no schema for them: null counts as absent, other fields are
//! ignored, and every empty value is an empty object.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::{
    fields::Fields,
    number,
    record::{check_urls, without_repeats},
};
use crate::{Error, guid::Guid};

/// The body of `POST /index/blank` and `POST /index/blank/{guid}`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct BlankInput {
    pub(crate) did: Option<Guid>,
    pub(crate) uploader: Option<String>,
    pub(crate) file_name: Option<String>,
    /// A list that is given is not empty.
    pub(crate) authz: Option<Vec<String>>,
}

impl BlankInput {
    pub(crate) fn parse(body: &Value) -> Result<Self, Error> {
        let map = object(body)?;
        let fields = Fields::lenient(&map);
        Ok(Self {
            did: fields.optional_text("did")?.filter(|did| !did.is_empty()).map(Guid::from),
            uploader: fields.optional_text("uploader")?,
            file_name: fields.optional_text("file_name")?,
            authz: authz(&fields)?,
        })
    }
}

/// The body of `PUT /index/blank/{guid}`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct BlankFill {
    pub(crate) size: Option<i64>,
    pub(crate) hashes: IndexMap<String, String>,
    pub(crate) urls: Vec<String>,
    pub(crate) authz: Option<Vec<String>>,
}

impl BlankFill {
    pub(crate) fn parse(body: &Value) -> Result<Self, Error> {
        let map = object(body)?;
        let fields = Fields::lenient(&map);
        let fill = Self {
            size: fields.optional_size("size")?,
            hashes: fields.optional_text_map("hashes")?.unwrap_or_default(),
            urls: fields.optional_texts("urls")?.unwrap_or_default(),
            authz: authz(&fields)?,
        };
        fill.check()?;
        Ok(fill)
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        match self.size {
            Some(size) if size < 0 => Err(Error::bad(format!("{size} is less than the minimum of 0"))),
            // An upload may lie under any key.
            _ => check_urls(&self.urls),
        }
    }
}

fn authz(fields: &Fields<'_>) -> Result<Option<Vec<String>>, Error> {
    Ok(fields.optional_texts("authz")?.map(without_repeats).filter(|list| !list.is_empty()))
}

/// `{}`, `[]`, `null`, `""`, `0` and `false` all are the empty object.
fn object(body: &Value) -> Result<Map<String, Value>, Error> {
    match body {
        Value::Object(map) if number::constant(body).is_none() => Ok(map.clone()),
        Value::Null | Value::Bool(false) => Ok(Map::new()),
        Value::Array(items) if items.is_empty() => Ok(Map::new()),
        Value::String(text) if text.is_empty() => Ok(Map::new()),
        Value::Number(number) if number.as_f64() == Some(0.0) => Ok(Map::new()),
        _ => Err(Error::bad("the body is not of type 'object'")),
    }
}
