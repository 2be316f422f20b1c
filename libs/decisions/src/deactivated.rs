//! Users who were deactivated.

use std::collections::HashMap;

/// What counts of a user who was deactivated at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Tokens that were issued before this moment have ended, in seconds since 1970.
    pub tokens_before: i64,
    /// Whether the user still is deactivated: then no token counts, and the name has no rights of a user.
    pub still: bool,
}

impl Ended {
    /// Whether a token that was issued at `issued`, in seconds since 1970, has ended.
    fn ends(self, issued: i64) -> bool {
        self.still || issued < self.tokens_before
    }
}

/// All users who were deactivated at some time, by their names in lower case. They need no rows of users.
#[derive(Debug, Default)]
pub struct Deactivated(HashMap<String, Ended>);

impl Deactivated {
    /// Holds all `users`.
    pub fn new(users: impl IntoIterator<Item = (String, Ended)>) -> Self {
        Self(users.into_iter().collect())
    }

    /// Whether it holds for nobody.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn holds(&self, lower: &str) -> bool {
        self.0.get(lower).is_some_and(|ended| ended.still)
    }

    pub(crate) fn ends(&self, lower: &str, issued: i64) -> bool {
        self.0.get(lower).is_some_and(|ended| ended.ends(issued))
    }
}
