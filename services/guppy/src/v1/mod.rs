//! `/v1`: what pages and programs of today ask, which the original has no routes for. Filters, tiers and
//! limits are those of the graph; answers say as of when the data are; errors are those of RFC 9457.

mod asked;
mod bins;
mod body;
mod columns;
mod compare;
mod crosstab;
mod datedness;
mod download;
mod export;
mod facet;
mod facets;
mod figures;
mod format;
mod indices;
mod join;
mod keys;
mod known;
mod manifest;
mod new_set;
mod pages;
mod parquet;
mod problem;
mod rows;
mod secrecy;
mod sets;
mod ticket;

pub(crate) use new_set::LinesRequest;
pub(crate) use problem::Problem;
pub(crate) use sets::MembersPage;
