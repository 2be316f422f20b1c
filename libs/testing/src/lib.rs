//! What the tests of all services share: a real PostgreSQL, cloned databases, and signed tokens.

mod database;
mod identity;

pub use database::TestDatabase;
pub use identity::TestTokens;
