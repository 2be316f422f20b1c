//! Loads the dictionary, from its source or out of the program itself.

use anyhow::Context as _;
use dictionary::Dictionary;
use indexmap::IndexMap;
use serde_json::Value;

include!(concat!(env!("OUT_DIR"), "/dictionary_files.rs"));

/// The dictionary at `source` (folder, merged JSON file, or its address); the built-in one without a source.
///
/// # Errors
/// When it cannot be read or used.
pub(crate) async fn load(source: Option<&str>) -> anyhow::Result<Dictionary> {
    match source {
        Some(source) => Ok(Dictionary::load(source).await?),
        None => built_in().context("the built-in dictionary cannot be used"),
    }
}

/// The files of the dictionary at `source`, or of the built-in one, by name.
///
/// # Errors
/// When they cannot be read.
pub(crate) async fn files(source: Option<&str>) -> anyhow::Result<IndexMap<String, Value>> {
    match source {
        Some(source) => Ok(dictionary::read_files(source).await?),
        None => built_in_files().context("the built-in dictionary cannot be used"),
    }
}

pub(crate) fn built_in() -> anyhow::Result<Dictionary> {
    Ok(Dictionary::from_files(built_in_files()?)?)
}

fn built_in_files() -> anyhow::Result<IndexMap<String, Value>> {
    let parsed = |(name, text): &(&str, &str)| {
        Ok(((*name).to_owned(), yaml::parse(text).with_context(|| (*name).to_owned())?))
    };
    FILES.iter().map(parsed).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_built_in_dictionary_loads() {
        let dictionary = super::built_in().unwrap();
        assert!(
            ["program", "project", "core_metadata_collection"]
                .iter()
                .all(|node| dictionary.nodes.contains_key(*node))
        );
    }
}
