//! The validation rules, in one walk over the document. Messages are those of the dialect.

mod arguments;
mod documents;
mod fields;
mod walk;

use std::collections::HashMap;

use self::walk::{Uses, Walk};
use crate::{ast::Document, error::Problem, schema::Schema};

/// Everything that is wrong with `document`, up to `most` messages, in the order of the text.
pub(crate) fn validate<M>(schema: &Schema<M>, document: &Document<'_>, most: usize) -> Vec<Problem> {
    let mut fragments = HashMap::new();
    for fragment in document.fragments() {
        fragments.entry(fragment.name).or_insert(fragment);
    }
    let spreads = documents::spreads_of_fragments(document);
    let mut walk =
        Walk { schema, fragments, spreads, problems: Vec::new(), at: 0, most, uses: Uses::default() };
    walk.document(document);
    walk.problems.truncate(most);
    walk.problems
}
