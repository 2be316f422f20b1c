//! What the service does.

mod cohort;
mod download;
mod graphql;
mod system;
mod turn;

pub use cohort::CohortError;
pub(crate) use download::Order;
pub(crate) use graphql::Question;
