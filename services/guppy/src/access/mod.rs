//! Who may see which documents: the tiers. Pure, but for asking arborist.
//!
//! A condition for access is never a part of the filter of a caller: it is joined to the query that the
//! filter became. Only this module makes a [`Scope`], and only a scope can be searched.

mod accessible;
mod readable;
mod user;

pub(crate) use accessible::{Accessible, Known, may_refresh};
pub(crate) use readable::{Accessibility, Counts, NoSensitiveField, Readable, Rows, Scope};
pub(crate) use user::User;
