//! What a decision is about: on whose behalf it is asked for, and what is asked. Pure; the answer is found by
//! `store::decision`.

mod principal;
mod question;

pub(crate) use principal::Principal;
pub(crate) use question::{Question, Target};
