//! Authorisation: who may do what to which resource.
//!
//! Services ask through the [`Authz`] trait. It has two forms: arborist's own (in the same process) and
//! [`HttpAuthz`] (arborist elsewhere). A positive answer to `require` is a [`Grant`], which names what was
//! permitted in its type and on which resources in its value. Only this crate can make one.

mod grant;
mod http;
mod model;
mod repeated;
pub mod username;

pub use grant::{Grant, Permission};
pub use http::HttpAuthz;
pub use model::{Action, AuthzError, Mapping, Request, ResourceSpec, Standing, Subject};
pub use repeated::REPEATABLE_HEADER;

use async_trait::async_trait;

/// The questions that services ask arborist. Answers are as of now; a "yes" that came over HTTP may be
/// repeated for a moment, if arborist has said so.
#[async_trait]
pub trait Authz: Send + Sync {
    /// Whether `subject` may do **all** of `requests` (an empty list is an error).
    ///
    /// # Errors
    /// [`AuthzError::Unauthenticated`] for a token that arborist refuses, [`AuthzError::BadRequest`] for
    /// malformed resources, [`AuthzError::Unavailable`] when there is no answer.
    async fn decide(&self, subject: &Subject, requests: &[Request]) -> Result<bool, AuthzError>;

    /// The name of the user for whom `subject` speaks; `None` for nobody and for an OAuth client alone.
    ///
    /// # Errors
    /// As [`Authz::decide`] for a token that arborist refuses.
    async fn user_name(&self, subject: &Subject) -> Result<Option<String>, AuthzError>;

    /// Everything that `subject` may do: resource path to permitted actions.
    async fn mapping(&self, subject: &Subject) -> Result<Mapping, AuthzError>;

    /// Creates the resource `path` with its missing parents; one that exists already is fine.
    async fn ensure_resource(&self, path: &str, spec: &ResourceSpec) -> Result<(), AuthzError>;

    /// Says what the users of these names are from now on, in any letter case, and returns for how many of
    /// them that is something new; none when this arborist knows no standing of users, as the original.
    ///
    /// # Errors
    /// When arborist gives no answer, or for a name that is none.
    async fn set_standing(&self, usernames: &[String], standing: Standing)
    -> Result<Option<u64>, AuthzError>;

    /// Puts a user into a group, for good; both are made where they are missing.
    async fn ensure_member(&self, username: &str, group: &str) -> Result<(), AuthzError>;
}
