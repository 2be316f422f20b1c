//! What the service does.

mod download;
mod graphql;
mod system;
mod turn;

pub(crate) use download::Order;
pub(crate) use graphql::Question;
