//! What the rules share: what was found so far, and the document that it was found in.

use std::collections::HashMap;

use crate::{
    ast::Fragment,
    error::Problem,
    schema::Schema,
    types::{TypeDef, TypeRef},
};

/// What one operation or fragment refers to.
#[derive(Default)]
pub(super) struct Uses<'s, 'a> {
    pub(super) spreads: Vec<&'a str>,
    /// Variables with the byte of their argument, and the type that their place expects, when it is known.
    pub(super) variables: Vec<(&'a str, usize, Option<&'s TypeRef>)>,
}

pub(super) struct Walk<'s, 'd, 'a, M> {
    pub(super) schema: &'s Schema<M>,
    pub(super) fragments: HashMap<&'a str, &'d Fragment<'a>>,
    /// The fragments that each fragment spreads, each once, in the order of the text.
    pub(super) spreads: HashMap<&'a str, Vec<&'a str>>,
    pub(super) problems: Vec<Problem>,
    /// The byte at which the part begins that is looked at.
    pub(super) at: usize,
    pub(super) most: usize,
    pub(super) uses: Uses<'s, 'a>,
}

impl<'s, 'd, 'a, M> Walk<'s, 'd, 'a, M> {
    pub(super) fn report(&mut self, message: String) {
        if self.problems.len() < self.most {
            self.problems.push(Problem { message, at: Some(self.at) });
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.problems.len() >= self.most
    }

    /// The type of this name. An unknown one is reported.
    pub(super) fn named_type(&mut self, name: &str) -> Option<&'s TypeDef<M>> {
        let schema = self.schema;
        let found = schema.get(name);
        if found.is_none() {
            let known = schema.types().map(|def| def.name.as_str());
            self.report(schema.dialect.unknown_type(name, known));
        }
        found
    }
}
