//! The manifest of files of a project.

use std::collections::BTreeMap;

use serde_json::Value;

use super::records;
use crate::{
    Error, Sheepdog,
    auth::ReadPermit,
    forms::{
        layout::{Ids, Layout},
        manifest,
    },
    store,
};

/// The manifest of the files with these ids, as YAML.
///
/// # Errors
/// [`Error::NotFound`] when one is not in the project, [`Error::BadRequest`] when one is not a data file.
pub async fn of(sheepdog: &Sheepdog, permit: &ReadPermit, ids: &[String]) -> Result<String, Error> {
    let entries = entries(sheepdog, permit, ids).await?;
    serde_yaml_ng::to_string(&manifest::of(entries))
        .map_err(|error| Error::internal("writing a manifest", error))
}

async fn entries(sheepdog: &Sheepdog, permit: &ReadPermit, ids: &[String]) -> Result<Vec<Value>, Error> {
    let dictionary = &sheepdog.dictionary;
    let mut connection = store::export::snapshot(&sheepdog.pool).await?;
    let types = store::export::types_of(&mut connection, dictionary, ids).await?;
    let found = records::find(&mut connection, dictionary, permit, &types).await?;
    let mut entries: BTreeMap<&str, Value> = BTreeMap::new();
    for (node, records) in &found {
        let layout = Layout::of(dictionary, node, Ids::Shown);
        for record in records {
            if !node.category.is_data_file() {
                let text = format!("{} {} is not a data file.", node.id, record.id);
                return Err(Error::BadRequest(text));
            }
            entries.insert(&record.id, manifest::entry(layout.complete(record)));
        }
    }
    let missing: Vec<&str> = ids.iter().map(String::as_str).filter(|id| !entries.contains_key(id)).collect();
    if !missing.is_empty() {
        return Err(Error::NotFound(format!("Unable to find {}", missing.join(", "))));
    }
    Ok(entries.into_values().collect())
}
