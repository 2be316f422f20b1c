//! Loads the dictionary, from its source or out of the program itself.

use anyhow::Context as _;
use dictionary::Dictionary;
use indexmap::IndexMap;
use serde_json::Value;

/// At most this many warnings are logged one by one.
const LOGGED_WARNINGS: usize = 20;

include!(concat!(env!("OUT_DIR"), "/dictionary_files.rs"));

/// In the place of a source: the dictionary of the program itself.
pub(crate) const BUILT_IN: &str = "built-in";

/// The source by a name that holds in every folder; none for the built-in dictionary.
pub(crate) fn absolute(source: &str) -> Option<String> {
    if source == BUILT_IN {
        return None;
    }
    let path = std::path::absolute(source).ok().filter(|_| !source.contains("://"));
    Some(path.map_or_else(|| source.to_owned(), |path| path.to_string_lossy().into_owned()))
}

/// The dictionary at `source` (folder, merged JSON file, or its address); the built-in one without a source.
///
/// # Errors
/// When it cannot be read or used.
pub(crate) async fn load(source: Option<&str>) -> anyhow::Result<Dictionary> {
    let dictionary = read(source).await?;
    warn(&dictionary);
    Ok(dictionary)
}

/// As [`load`], without a word in the log.
///
/// # Errors
/// See [`load`].
pub(crate) async fn read(source: Option<&str>) -> anyhow::Result<Dictionary> {
    match source {
        Some(source) => Ok(Dictionary::load(source).await?),
        None => built_in().context("the built-in dictionary cannot be used"),
    }
}

/// Logs what is served otherwise than its author may expect.
pub(crate) fn warn(dictionary: &Dictionary) {
    for warning in dictionary.warnings.iter().take(LOGGED_WARNINGS) {
        tracing::warn!(dictionary.problem = %warning, "the dictionary has a problem");
    }
    if let Some(more @ 1..) = dictionary.warnings.len().checked_sub(LOGGED_WARNINGS) {
        tracing::warn!(more, "the dictionary has more problems; `commons dictionary check` lists them");
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
    fn the_built_in_dictionary_loads_and_sources_hold_in_every_folder() {
        let dictionary = super::built_in().unwrap();
        assert_eq!(super::absolute("built-in"), None);
        assert_eq!(super::absolute("http://a/b").as_deref(), Some("http://a/b"));
        assert!(super::absolute("some").unwrap().ends_with("/some"));
        assert!(
            ["program", "project", "core_metadata_collection"]
                .iter()
                .all(|node| dictionary.nodes.contains_key(*node))
        );
    }
}
