//! How large the tables are.

use std::collections::HashMap;

/// About how many rows each table has. What is not known counts as nothing.
#[derive(Debug, Default)]
pub(crate) struct Sizes(HashMap<String, u64>);

impl Sizes {
    pub(crate) fn rows(&self, table: &str) -> u64 {
        self.0.get(table).copied().unwrap_or_default()
    }
}

impl FromIterator<(String, u64)> for Sizes {
    fn from_iter<T: IntoIterator<Item = (String, u64)>>(tables: T) -> Self {
        Self(tables.into_iter().collect())
    }
}
