//! Indices that are not finished.

use super::fields::Fields;
use crate::ir::Body;

/// What is known of an index while the others are looked at.
pub(super) struct Draft {
    pub(super) body: Body,
    pub(super) fields: Fields,
}
