//! How deep the selections of a query are. Introspection does not count (graphql-depth-limit, which guppy
//! 0.20.1 uses): the query by which every client reads the schema is deeper than any query for data.

use std::collections::HashMap;

use graphql::ast::{Document, Fragment, Selection};

/// Fragments within fragments make a short query long. One with more fields than this is not looked through.
const FIELDS: usize = 100_000;
/// Fragments that spread one another in a row; it bounds the stack.
const LONGEST_CHAIN: usize = 200;

/// Whether some operation of `document` selects deeper than `most` levels, or more fields than can be looked
/// at. A field without a selection has level 0.
pub(crate) fn is_deeper_than(document: &Document<'_>, most: usize) -> bool {
    let mut fragments = HashMap::new();
    for fragment in document.fragments() {
        fragments.entry(fragment.name).or_insert(fragment);
    }
    let mut walk = Walk { fragments, inside: Vec::new(), seen: 0 };
    document.operations().any(|operation| walk.exceeds(&operation.selections, most))
}

struct Walk<'d, 'a> {
    fragments: HashMap<&'a str, &'d Fragment<'a>>,
    /// The fragments that the walk is in. One inside itself ends the search: that is an error of its own.
    inside: Vec<&'a str>,
    /// Fields and fragments seen so far.
    seen: usize,
}

impl<'d, 'a> Walk<'d, 'a> {
    /// Whether more than `left` levels follow below the fields of `set`.
    fn exceeds(&mut self, set: &'d [Selection<'a>], left: usize) -> bool {
        set.iter().any(|selection| match selection {
            Selection::Field(field) => {
                self.seen += 1;
                let below = field.selections.as_deref().unwrap_or_default();
                let counts = !field.name.starts_with("__") && !below.is_empty();
                self.seen > FIELDS || counts && (left == 0 || self.exceeds(below, left - 1))
            }
            Selection::Inline { selections, .. } => self.exceeds(selections, left),
            Selection::Spread { name, .. } => self.spread_exceeds(name, left),
        })
    }

    fn spread_exceeds(&mut self, name: &'a str, left: usize) -> bool {
        self.seen += 1;
        let Some(fragment) = self.fragments.get(name).copied().filter(|_| !self.inside.contains(&name))
        else {
            return false;
        };
        self.inside.push(name);
        let is_too_long = self.seen > FIELDS || self.inside.len() > LONGEST_CHAIN;
        let exceeds = is_too_long || self.exceeds(&fragment.selections, left);
        self.inside.pop();
        exceeds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deeper(query: &str, most: usize) -> bool {
        is_deeper_than(&graphql::parse(query, 50).unwrap(), most)
    }

    #[test]
    fn levels_are_counted_through_fragments() {
        let query = "{ a { ...F } } fragment F on X { b { ... on Y { c { d } } } }";
        assert_eq!([2, 3].map(|most| deeper(query, most)), [true, false]);
    }

    #[test]
    fn introspection_has_no_depth() {
        assert!(!deeper("{ __schema { types { ofType { ofType { name } } } } }", 0));
    }

    #[test]
    fn a_fragment_in_itself_comes_to_an_end() {
        assert!(!deeper("{ ...F } fragment F on X { ...F }", 0));
        assert!(deeper("{ ...F } fragment F on X { a { ...F } }", 0));
    }

    #[test]
    fn fragments_that_double_are_given_up_soon() {
        let doubling =
            (0..40).map(|n| format!(" fragment F{n} on X {{ ...F{next} ...F{next} }}", next = n + 1));
        let query = format!("{{ ...F0 }}{} fragment F40 on X {{ a }}", doubling.collect::<String>());
        assert!(deeper(&query, 10));
    }
}
