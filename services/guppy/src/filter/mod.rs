//! From a filter as clients write it, to a query. Pure.
//!
//! A filter is one JSON object, of which the first key counts: `and`, `or`, `nested`, `search`, or an
//! operator with a field and its value. `null` and `{}` are no filter. Below `/v1` there are also `in_set`
//! and `text`.

mod error;
mod leaf;
mod reader;
mod sets;
mod words;

pub(crate) use error::FilterError;
pub(crate) use leaf::{text_of, true_value};
pub(crate) use reader::Reader;
pub(crate) use sets::{Sets, members_of, named_sets};
