//! What an operator can set.

/// One configured index (an entry of `indices` in guppy's configuration file).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Name of the index or of its alias.
    pub index: String,
    /// Name of the root field in GraphQL.
    pub doc_type: String,
}

/// What an operator can set.
#[derive(Debug, Clone)]
pub struct Config {
    /// The indices.
    pub indices: Vec<Index>,
    /// The version that `/_version` shows.
    pub version: String,
    /// The commit that `/_version` shows.
    pub commit: String,
}

impl Default for Config {
    /// The indices that guppy has when it is given no configuration.
    fn default() -> Self {
        let index = |index: &str, doc_type: &str| Index { index: index.into(), doc_type: doc_type.into() };
        Self {
            indices: vec![index("gen3-dev-subject", "subject"), index("gen3-dev-file", "file")],
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: "unknown".to_owned(),
        }
    }
}
