//! Making and granting policies: what a service that manages access needs of arborist beyond questions.
//!
//! [`PolicyStore`] has two forms, arborist's own in the same process and [`HttpPolicies`]. Whoever has one
//! may give anybody any right, so a service asks [`authz::Authz`] first.

mod http;
mod timed;
mod timed_http;

use async_trait::async_trait;
use authz::AuthzError;

pub use http::HttpPolicies;
pub use timed::{Earlier, Holding, MOST_TIMED, Missing, Timed, TimedRights, TimedStore};

/// A policy as arborist has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub id: String,
    /// The resources that it is about.
    pub resource_paths: Vec<String>,
    /// Its roles.
    pub role_ids: Vec<String>,
    /// The names of all permissions of its roles.
    pub permission_ids: Vec<String>,
}

/// A role with one permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimpleRole {
    /// Its name.
    pub id: &'static str,
    /// The name of its permission.
    pub permission: &'static str,
    /// The service of the permission.
    pub service: &'static str,
    /// The method of the permission.
    pub method: &'static str,
}

/// Policies and who holds them. Grants and revocations are made under a label, so that others leave them
/// alone and that they leave those of others alone.
#[async_trait]
pub trait PolicyStore: Send + Sync {
    /// All policies.
    ///
    /// # Errors
    /// When arborist gives no answer. The same holds for everything here.
    async fn policies(&self) -> Result<Vec<Policy>, AuthzError>;

    /// The names of all roles.
    async fn roles(&self) -> Result<Vec<String>, AuthzError>;

    /// Creates the role, or adds its permission to the one of that name.
    async fn ensure_role(&self, role: &SimpleRole) -> Result<(), AuthzError>;

    /// Creates the policy with the resources that it is about. One of that name stays as it is.
    async fn ensure_policy(&self, policy: &Policy, description: &str) -> Result<(), AuthzError>;

    /// Whether the policy was granted to the user directly.
    async fn holds(&self, username: &str, policy: &str) -> Result<bool, AuthzError>;

    /// Grants the policy to the user, who is created if need be.
    async fn grant(&self, username: &str, policy: &str, label: &str) -> Result<(), AuthzError>;

    /// Takes the policy from the user.
    async fn revoke(&self, username: &str, policy: &str, label: &str) -> Result<(), AuthzError>;
}
