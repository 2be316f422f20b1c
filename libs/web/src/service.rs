//! The one shape that all services have.

use std::sync::Arc;

use actix_web::{
    guard::Guard,
    middleware::{Condition, from_fn},
    web,
};
use async_trait::async_trait;

use crate::{Check, finish::finish_changes, panics::catch_panics};

/// A service of the commons: routes at their native paths, and readiness.
#[async_trait]
pub trait Service: Send + Sync + 'static {
    /// The service's name: the word used for its folder, its log field and its database.
    fn name(&self) -> &'static str;

    /// Registers the service's routes, its middleware and its own answer for unknown routes.
    fn configure(self: Arc<Self>, config: &mut web::ServiceConfig);

    /// `Ok` when requests can be served; otherwise what the service waits for.
    async fn ready(&self) -> Result<(), String>;

    /// What the service itself needs, each thing with its state, asked for side by side: what `/readyz` says.
    /// Without more to say it is [`Service::ready`], by the name of the service.
    async fn checks(&self) -> Vec<Check> {
        vec![Check::new(self.name(), self.ready().await)]
    }

    /// Whether any request may be dropped half-way when its client goes away. Otherwise only safe ones are
    /// (`GET`), and one that may change something runs to its end.
    fn may_be_dropped(&self) -> bool {
        false
    }

    /// Digest of the data dictionary that is served now, of services that have one.
    fn dictionary(&self) -> Option<String> {
        None
    }
}

/// Mounts `service` at the root for the requests that pass `guard`.
pub fn mount(config: &mut web::ServiceConfig, service: Arc<dyn Service>, guard: impl Guard + 'static) {
    let finish = Condition::new(!service.may_be_dropped(), from_fn(finish_changes));
    let scope = web::scope("").guard(guard).wrap(finish).wrap(from_fn(catch_panics));
    config.service(scope.configure(|config| service.configure(config)));
}
