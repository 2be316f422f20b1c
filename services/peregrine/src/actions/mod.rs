//! What the routes ask for.

mod core_metadata;
mod datasets;
mod graphql;
