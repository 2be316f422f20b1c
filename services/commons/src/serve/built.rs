//! A service that was built.

use std::sync::Arc;

use web::Service;

use crate::reload::Reload;

/// A service, and how it gets another dictionary if it has one.
pub(crate) struct Built {
    pub(crate) service: Arc<dyn Service>,
    pub(crate) reload: Option<Reload>,
}
