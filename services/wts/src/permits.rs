//! The proof of who somebody is, with what demands it.

pub use crate::{access::Caller, store::refresh_tokens::forget};
