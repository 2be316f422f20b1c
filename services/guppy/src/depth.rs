//! How deep the selections of a query are. Introspection does not count (graphql-depth-limit, which guppy
//! 0.20.1 uses): the query by which every client reads the schema is deeper than any query for data.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned,
    parser::types::{ExecutableDocument, FragmentDefinition, Selection, SelectionSet},
};

/// Fragments within fragments make a short query long. One with more fields than this is not looked through.
const FIELDS: usize = 100_000;

/// Whether some operation of `document` selects deeper than `most` levels, or more fields than can be looked
/// at. A field without a selection has level 0.
pub(crate) fn is_deeper_than(document: &ExecutableDocument, most: usize) -> bool {
    let mut walk = Walk { fragments: &document.fragments, inside: Vec::new(), seen: 0 };
    let mut operations = document.operations.iter();
    operations.any(|(_, operation)| walk.exceeds(&operation.node.selection_set.node, most))
}

struct Walk<'d> {
    fragments: &'d HashMap<Name, Positioned<FragmentDefinition>>,
    /// The fragments that the walk is in. One inside itself ends the search: that is an error of its own.
    inside: Vec<&'d Name>,
    /// Fields and fragments seen so far.
    seen: usize,
}

impl<'d> Walk<'d> {
    /// Whether more than `left` levels follow below the fields of `set`.
    fn exceeds(&mut self, set: &'d SelectionSet, left: usize) -> bool {
        set.items.iter().any(|item| match &item.node {
            Selection::Field(field) => {
                self.seen += 1;
                let below = &field.node.selection_set.node;
                let counts = !field.node.name.node.starts_with("__") && !below.items.is_empty();
                self.seen > FIELDS || counts && (left == 0 || self.exceeds(below, left - 1))
            }
            Selection::InlineFragment(inline) => self.exceeds(&inline.node.selection_set.node, left),
            Selection::FragmentSpread(spread) => self.spread_exceeds(&spread.node.fragment_name.node, left),
        })
    }

    fn spread_exceeds(&mut self, name: &'d Name, left: usize) -> bool {
        self.seen += 1;
        let Some(fragment) = self.fragments.get(name).filter(|_| !self.inside.contains(&name)) else {
            return false;
        };
        self.inside.push(name);
        let exceeds = self.seen > FIELDS || self.exceeds(&fragment.node.selection_set.node, left);
        self.inside.pop();
        exceeds
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn deeper(query: &str, most: usize) -> bool {
        is_deeper_than(&parse_query(query).unwrap(), most)
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
