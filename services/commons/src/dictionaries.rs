//! Where the dictionary comes from.

use anyhow::Context as _;
use dictionary::Dictionary;
use indexmap::IndexMap;

include!(concat!(env!("OUT_DIR"), "/dictionary_files.rs"));

/// The dictionary at `source` (folder, merged JSON file, or its address); the built-in one without a source.
///
/// # Errors
/// When it cannot be read or is no usable dictionary.
pub(crate) async fn load(source: Option<&str>) -> anyhow::Result<Dictionary> {
    match source {
        Some(source) => Ok(Dictionary::load(source).await?),
        None => built_in().context("the built-in dictionary cannot be used"),
    }
}

pub(crate) fn built_in() -> anyhow::Result<Dictionary> {
    let mut files = IndexMap::new();
    for (name, text) in FILES {
        files.insert((*name).to_owned(), dictionary::yaml::parse(text).with_context(|| (*name).to_owned())?);
    }
    Ok(Dictionary::from_files(files)?)
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
