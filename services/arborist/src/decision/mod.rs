//! What a decision is about: on whose behalf it is asked for, what is asked, and what is reached. Pure;
//! `store::decision` finds the answers.

mod principal;
mod question;
mod reached;
mod ruling;

pub(crate) use principal::Principal;
pub(crate) use question::{Question, Target};
pub(crate) use reached::Reached;
pub(crate) use ruling::Ruling;
