//! `/v1`: what pages and programs of today ask, which the original has no routes for. Filters, tiers and
//! limits are those of the graph; answers say as of when the data are; errors are those of RFC 9457.

mod asked;
mod bins;
mod body;
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
mod manifest;
mod pages;
mod problem;
mod rows;
mod secrecy;
mod ticket;

pub(crate) use problem::Problem;
