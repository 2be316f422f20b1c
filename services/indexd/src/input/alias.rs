//! Bodies of record aliases and of legacy aliases.

use indexmap::IndexMap;
use serde_json::Value;

use super::{
    fields::{Fields, required, shown, wrong},
    record::without_repeats,
};
use crate::{Error, hashes};

/// The names in `{"aliases": [{"value": name}, ...]}`, in the order given. Other keys beside a value are
/// ignored.
pub(crate) fn record_aliases(body: &Value) -> Result<Vec<String>, Error> {
    let fields = Fields::strict(body, &["aliases"])?;
    let name = |item: &Value| {
        let map = item.as_object().ok_or_else(|| wrong("aliases", item, "of type 'object'"))?;
        let fields = Fields::lenient(map);
        required("value", fields.text("value")?)
    };
    required("aliases", fields.array("aliases")?)?.iter().map(name).collect()
}

/// What a request says of a legacy alias: the body of `PUT /alias/{name}`.
#[derive(Debug, Clone, PartialEq)]
pub struct LegacyAliasInput {
    pub(crate) release: String,
    pub(crate) size: i64,
    pub(crate) hashes: IndexMap<String, String>,
    pub(crate) keeper_authority: Option<String>,
    pub(crate) host_authorities: Vec<String>,
    pub(crate) metastring: Option<String>,
}

impl LegacyAliasInput {
    pub(crate) fn parse(body: &Value) -> Result<Self, Error> {
        let fields = Fields::strict(
            body,
            &["release", "size", "hashes", "keeper_authority", "host_authorities", "metastring"],
        )?;
        let input = Self {
            release: required("release", fields.text("release")?)?,
            size: required("size", fields.size("size")?)?,
            hashes: required("hashes", fields.text_map("hashes")?)?,
            keeper_authority: fields.text("keeper_authority")?,
            host_authorities: without_repeats(fields.texts("host_authorities")?.unwrap_or_default()),
            metastring: fields.text("metastring")?,
        };
        if !["public", "private", "controlled"].contains(&input.release.as_str()) {
            let shown = shown(&Value::from(input.release.as_str()));
            return Err(Error::bad(format!("{shown} is not one of ['public', 'private', 'controlled']")));
        }
        hashes::check(&input.hashes)?;
        Ok(input)
    }
}
