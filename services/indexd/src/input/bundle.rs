//! The body of `POST /bundle`.

use serde_json::{Value, json};

use super::fields::{Fields, required};
use crate::{Error, guid::Guid, hashes};

/// What a request says of a new bundle of records and other bundles.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BundleInput {
    pub(crate) bundle_id: Option<Guid>,
    /// Dids, baseids or bundle ids.
    pub(crate) members: Vec<Guid>,
    pub(crate) name: Option<String>,
    /// 0 counts as not given.
    pub(crate) size: Option<i64>,
    /// `[{"checksum": ..., "type": ...}]`; empty when not given.
    pub(crate) checksums: Vec<Value>,
    pub(crate) description: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) aliases: Vec<Value>,
}

impl BundleInput {
    pub(crate) fn parse(body: &Value) -> Result<Self, Error> {
        let fields = Fields::strict(
            body,
            &["bundles", "bundle_id", "name", "size", "checksums", "description", "version", "aliases"],
        )?;
        let input = Self {
            bundle_id: fields.text("bundle_id")?.filter(|id| !id.is_empty()).map(Guid::from),
            members: required("bundles", fields.texts("bundles")?)?.into_iter().map(Guid::from).collect(),
            name: fields.text("name")?,
            size: fields.size("size")?.filter(|size| *size != 0),
            checksums: fields
                .array("checksums")?
                .map(|items| items.iter().map(checksum).collect())
                .transpose()?
                .unwrap_or_default(),
            description: fields.text("description")?,
            version: fields.text("version")?,
            aliases: fields
                .array("aliases")?
                .map(|items| items.iter().map(python::sorted).collect())
                .unwrap_or_default(),
        };
        input.check_members()?;
        Ok(input)
    }

    fn check_members(&self) -> Result<(), Error> {
        let mut sorted: Vec<&Guid> = self.members.iter().collect();
        sorted.sort_unstable();
        if sorted.is_empty() {
            return Err(Error::bad("Bundle data required."));
        }
        if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Error::bad("Duplicate GUID in bundles."));
        }
        match &self.bundle_id {
            Some(id) if self.members.contains(id) => Err(Error::bad("Bundle refers to itself.")),
            _ => Ok(()),
        }
    }
}

fn checksum(item: &Value) -> Result<Value, Error> {
    let map = item.as_object().ok_or_else(|| Error::bad("a checksum is not of type 'object'"))?;
    let fields = Fields::lenient(map);
    let kind = required("type", fields.text("type")?)?;
    let value = required("checksum", fields.text("checksum")?)?;
    match hashes::fits(&kind, &value) {
        Some(true) => Ok(json!({ "checksum": value, "type": kind })),
        Some(false) => Err(hashes::misfit(&kind, &value)),
        None => Err(Error::bad(format!("'{kind}' is no known type of checksum"))),
    }
}
