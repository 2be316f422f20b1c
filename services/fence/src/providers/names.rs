//! Names of identity providers that others list.

use indexmap::IndexMap;

/// A federation has thousands of them.
pub(super) const MOST: usize = 20_000;
const LONGEST_TEXT: usize = 512;

/// Identity providers, from their ids to their names, in the order of the names.
pub(crate) type Names = IndexMap<String, String>;

/// `names` in their order.
pub(super) fn sorted(mut names: Names) -> Names {
    names.sort_by(|id, name, other_id, other| {
        (name.to_lowercase(), id).cmp(&(other.to_lowercase(), other_id))
    });
    names
}

/// An id or a name that can be shown.
pub(super) fn shown(text: &str) -> Option<String> {
    let text = text.trim();
    let is_good = (1..=LONGEST_TEXT).contains(&text.len()) && !text.chars().any(char::is_control);
    is_good.then(|| text.to_owned())
}
