//! For tests: one suite of questions for every `search::Engine`, and a naive engine as its oracle.

mod naive;
mod suite;

pub use naive::Naive;
pub use suite::conform;
