//! How to bring a file in.

use indexmap::IndexMap;

/// The label of grants that come from a user.yaml.
pub const USER_SYNC: &str = "user-sync";

/// How to bring a file in.
#[derive(Debug, Clone)]
pub struct Options {
    /// The label of the grants, usually [`USER_SYNC`].
    pub label: String,
    /// Identifiers of the OAuth clients of each name. A name has several after a rotation; fence knows them.
    pub clients: IndexMap<String, Vec<String>>,
    /// Find out what would change, and change nothing.
    pub dry_run: bool,
    /// Only add: revoke nothing, delete no group and no user. For a file that is not the whole truth, such as
    /// the built-in administrator of a commons whose users come from elsewhere.
    pub additive: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { label: USER_SYNC.to_owned(), clients: IndexMap::new(), dry_run: false, additive: false }
    }
}
