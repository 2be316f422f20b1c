//! What an operator can set.

/// What an operator can set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Lists of a user (`MAX_LISTS`).
    pub max_lists: usize,
    /// Items of a list (`MAX_LIST_ITEMS`).
    pub max_items: usize,
    /// Largest body of a request, and largest list, in bytes.
    pub body_limit: usize,
    /// The version that `/_version` shows.
    pub version: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_lists: 100,
            max_items: 1_000,
            body_limit: 4 << 20,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}
