//! Trees → JSON of the servers. Pure.

mod aggregation;
mod fit;
mod query;
mod request;

pub(crate) use aggregation::{KEY, PAGE, missing_name, page, part};
pub(crate) use fit::fit;
pub(crate) use query::query;
pub(crate) use request::{WRITTEN, order, search, source};

#[cfg(test)]
mod tests;
