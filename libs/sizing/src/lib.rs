//! What a commons of some size needs: processors, memory and room, from figures that were measured (pure).
//!
//! A [`Load`] says how much there is and how many people work with it; [`Needs::of`] says what it takes in
//! one of the three ways to run a commons. Everything is rounded up, and nothing is below what an empty
//! commons takes. [`figures`] has what the calculation rests on.

mod amount;
pub mod figures;
mod needs;

pub use amount::{amount, gibibytes};
pub use needs::{Load, Mode, Needs, Place, Service};
