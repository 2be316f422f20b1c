//! What is selected of a value.

use graphql::{Selected, Sub};

use crate::schema::Meaning;

pub(super) type Fields<'f, 's> = &'f [Selected<'s, Meaning>];

/// What is selected of an object.
pub(super) fn objects<'f, 's>(field: &'f Selected<'s, Meaning>) -> Fields<'f, 's> {
    match &field.sub {
        Sub::Object(fields) => fields,
        Sub::Interface { common, .. } => common,
        Sub::Leaf => &[],
    }
}

/// What is selected of an object of type `label` where an interface stands.
pub(super) fn fields_of<'f, 's>(field: &'f Selected<'s, Meaning>, label: &str) -> Fields<'f, 's> {
    match &field.sub {
        Sub::Interface { common, special } => special.get(label).unwrap_or(common),
        _ => objects(field),
    }
}
