//! The shape of an answer, in which what is found will be put.

use graphql::{Selected, Sub};

use super::{failure::Failure, numbers::Numbers, parts::Guarded, searches::Ticket, subs::Subs};
use crate::schema::{Fields, Meaning};

/// A place in an answer.
#[derive(Debug)]
pub(crate) struct Place<'q> {
    pub(crate) key: &'q str,
    /// Where in the text of the query it was asked for.
    pub(crate) at: usize,
    pub(crate) part: Part<'q>,
}

/// What will stand there.
#[derive(Debug)]
pub(crate) enum Part<'q> {
    Null,
    Failed(Failure),
    /// The name of a type.
    Text(&'q str),
    /// It is known already.
    Json(String),
    Names(Vec<String>),
    Object(Vec<Place<'q>>),
    Rows(Rows<'q>),
    /// How many documents.
    Total(Guarded),
    /// The part `figure` of what was counted; of who may not read them, the documents are the part `with`.
    Figure(Guarded),
    Texts(Texts<'q>),
    Numbers(Box<Numbers<'q>>),
}

/// Rows.
#[derive(Debug)]
pub(crate) struct Rows<'q> {
    /// Or why there is none, which is told only to who may see the rows.
    pub(crate) page: Result<Ticket, Failure>,
    /// If there is any document here, there are no rows.
    pub(crate) forbidden: Option<Ticket>,
    pub(crate) fields: &'q Fields,
    pub(crate) selected: &'q [Selected<'q, Meaning>],
}

/// Counts by value.
#[derive(Debug)]
pub(crate) struct Texts<'q> {
    pub(crate) counted: Guarded,
    pub(crate) subs: Subs,
    pub(crate) selected: &'q [Selected<'q, Meaning>],
}

/// Does something with all counts by bins.
pub(crate) fn each_numbers<'q>(places: &mut [Place<'q>], work: &mut impl FnMut(&mut Numbers<'q>)) {
    for place in places {
        match &mut place.part {
            Part::Object(places) => each_numbers(places, work),
            Part::Numbers(numbers) => work(numbers),
            _ => {}
        }
    }
}

/// What is selected of an object.
pub(super) fn subs_of<'q>(field: &'q Selected<'q, Meaning>) -> &'q [Selected<'q, Meaning>] {
    match &field.sub {
        Sub::Object(selected) => selected,
        _ => &[],
    }
}
