//! What a load works with.

use super::{api::Api, progress::Progress, target::Target};
use crate::Study;

/// A study on its way into a commons.
pub(super) struct Work<'a> {
    pub(super) api: &'a Api,
    pub(super) study: &'a Study,
    pub(super) target: &'a Target,
    /// Whether the project did not exist before.
    pub(super) is_new: bool,
    pub(super) progress: &'a dyn Progress,
}
