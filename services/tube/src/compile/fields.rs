//! The fields of a document, each of which has one meaning.

use std::collections::HashMap;

use indexmap::IndexMap;
use yaml::Position;

use crate::{
    outline::{Field, FieldKind, Shape},
    problem::Report,
};

/// Fields that are defined so far.
#[derive(Debug, Default)]
pub(super) struct Fields {
    fields: IndexMap<String, FieldKind>,
}

impl Fields {
    /// Takes a name; if it is taken already, the first meaning counts, and this one is reported.
    pub(super) fn claim(&mut self, name: &str, at: Position, kind: FieldKind, report: &mut Report) -> bool {
        if self.fields.contains_key(name) {
            let message = format!("the field `{name}` is defined already, and the first definition counts");
            report.warning(at, message, "give it another name, or remove one");
            return false;
        }
        self.fields.insert(name.to_owned(), kind);
        true
    }

    /// Takes a name of ours, if it is free.
    pub(super) fn add(&mut self, name: &str, shape: Shape) {
        self.fields.entry(name.to_owned()).or_insert(FieldKind::Values(shape));
    }

    /// Whether there is such a field.
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    /// What fields with values hold.
    pub(super) fn shapes(&self) -> HashMap<String, Shape> {
        let one = |(name, kind): (&String, &FieldKind)| match kind {
            FieldKind::Values(shape) | FieldKind::Untold(shape) => Some((name.clone(), *shape)),
            FieldKind::Objects(_) => None,
        };
        self.fields.iter().filter_map(one).collect()
    }

    pub(super) fn finish(self) -> Vec<Field> {
        self.fields.into_iter().map(|(name, kind)| Field { name, kind }).collect()
    }
}
