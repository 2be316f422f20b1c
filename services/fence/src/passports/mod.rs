//! GA4GH passports and their visas: what other issuers say of whose data somebody may read.
//!
//! `jws` and `keys` find out who has signed something, and `visa` what it says; `rights` makes policies of
//! it, purely, and `given` gives them. Whom they are about is not known here.

mod given;
mod jws;
mod keys;
mod rights;
mod visa;

pub(crate) use given::{MOST_VISAS, left_out};
pub(crate) use keys::VisaIssuers;
pub(crate) use rights::StudyPolicy;
pub(crate) use visa::{Visa, visas_of};
