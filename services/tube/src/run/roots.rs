//! Documents while they are made.

use serde_json::{Map, Value};

/// A document while it is made, without nulls.
pub(super) type Body = Map<String, Value>;

/// The documents of each root of a window: more than one where children are flattened without an order.
pub(super) struct Roots {
    pub(super) ids: Vec<String>,
    pub(super) documents: Vec<Vec<Body>>,
}

impl Roots {
    /// Sets a field in all documents of a root, unless it is null.
    pub(super) fn set(&mut self, root: usize, name: &str, value: Value) {
        if value.is_null() {
            return;
        }
        let Some((last, others)) = self.documents.get_mut(root).and_then(|all| all.split_last_mut()) else {
            return;
        };
        for document in others {
            document.insert(name.to_owned(), value.clone());
        }
        last.insert(name.to_owned(), value);
    }
}
