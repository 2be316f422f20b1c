//! Authorisation: who may do what to which resource.
//!
//! Services ask through the [`Authz`] trait. It has two forms: arborist's own (in the same process) and
//! [`HttpAuthz`] (arborist elsewhere). A positive answer is a [`Grant`], which only this crate can make, so a
//! store function that takes a `Grant` cannot be called for somebody who was never asked about.

mod http;
mod model;

pub use http::HttpAuthz;
pub use model::{Action, AuthzError, Grant, Mapping, Request, ResourceSpec, Subject};

use async_trait::async_trait;

/// The questions that services ask arborist. All answers are as of now; nothing is cached here.
#[async_trait]
pub trait Authz: Send + Sync {
    /// Whether `subject` may do **all** of `requests` (an empty list is an error).
    ///
    /// # Errors
    /// [`AuthzError::Unauthenticated`] for a token that arborist refuses, [`AuthzError::BadRequest`] for
    /// malformed resources, [`AuthzError::Unavailable`] when there is no answer.
    async fn decide(&self, subject: &Subject, requests: &[Request]) -> Result<bool, AuthzError>;

    /// Everything that `subject` may do: resource path to permitted actions.
    async fn mapping(&self, subject: &Subject) -> Result<Mapping, AuthzError>;

    /// Creates the resource `path` with its missing parents; one that exists already is fine.
    async fn ensure_resource(&self, path: &str, spec: &ResourceSpec) -> Result<(), AuthzError>;

    /// Whether arborist answers at all.
    async fn healthy(&self) -> bool;

    /// Asks for every method of `service` on every one of `resources`; a [`Grant`] is the proof of "yes".
    ///
    /// # Errors
    /// [`AuthzError::Denied`] for "no", otherwise as [`Authz::decide`].
    async fn require(
        &self,
        subject: &Subject,
        service: &str,
        methods: &[&str],
        resources: &[String],
    ) -> Result<Grant, AuthzError> {
        let requests: Vec<Request> = resources
            .iter()
            .flat_map(|resource| methods.iter().map(move |method| Request::new(resource, service, method)))
            .collect();
        match self.decide(subject, &requests).await? {
            true => Ok(Grant::new(requests)),
            false => Err(AuthzError::Denied),
        }
    }
}
