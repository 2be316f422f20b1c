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
    /// What becomes of a file that takes away more than half of the grants or users, or more than
    /// `most_losers` allows.
    pub heavy_loss: HeavyLoss,
    /// How many users may lose all of their rights; none for no number of its own.
    pub most_losers: Option<usize>,
    /// Users whose grants do not count in this: those whom the caller puts into every file.
    pub spared: Vec<String>,
}

/// What becomes of a file that takes away too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeavyLoss {
    /// It is refused, and nothing changes.
    Refused,
    /// It is brought in.
    Allowed,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            label: USER_SYNC.to_owned(),
            clients: IndexMap::new(),
            dry_run: false,
            additive: false,
            heavy_loss: HeavyLoss::Refused,
            most_losers: None,
            spared: Vec::new(),
        }
    }
}
