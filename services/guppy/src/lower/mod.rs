//! From a query, read and checked, to what has to be searched for it, and to the shape of its answer. Pure.

mod counting;
mod failure;
mod lowering;
mod numbers;
mod parts;
mod plan;
mod rows;
mod searches;
mod subs;

pub(crate) use failure::{Failure, OUT_OF_SCOPE};
pub(crate) use lowering::Lowering;
pub(crate) use numbers::{Bins, Numbers, Stage};
pub(crate) use parts::{BINS, FIGURE, Guarded, STATS, VALUES, WITH};
pub(crate) use plan::{Part, Place, Rows, Texts, each_numbers};
pub(crate) use rows::sorting;
pub(crate) use searches::Answers;
pub(crate) use subs::{Subs, missing_name, terms_name};
