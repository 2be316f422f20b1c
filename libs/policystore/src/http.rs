//! arborist in another process.

use std::time::Duration;

use async_trait::async_trait;
use authz::AuthzError;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};
use tracecontext::Traced as _;

use crate::{Policy, PolicyStore, SimpleRole};

const TIMEOUT: Duration = Duration::from_secs(30);
/// The header with the label of grants.
const LABEL: &str = "X-AuthZ-Provider";

/// arborist at a base URL such as `http://arborist-service`.
#[derive(Debug, Clone)]
pub struct HttpPolicies {
    base: String,
    client: reqwest::Client,
}

#[derive(Deserialize)]
struct Policies {
    policies: Vec<Expanded>,
}

#[derive(Deserialize)]
struct Expanded {
    id: String,
    resource_paths: Vec<String>,
    roles: Vec<Role>,
}

#[derive(Deserialize)]
struct Roles {
    roles: Vec<Role>,
}

#[derive(Deserialize)]
struct Role {
    id: String,
    #[serde(default)]
    permissions: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    policies: Option<Vec<Held>>,
}

#[derive(Deserialize)]
struct Held {
    policy: String,
}

impl HttpPolicies {
    /// Works with the arborist at `base`.
    pub fn new(base: &str, client: reqwest::Client) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), client }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).timeout(TIMEOUT)
    }

    /// Sends a request whose good answers are 2xx and `also`.
    pub(crate) async fn send(&self, request: RequestBuilder, also: Option<u16>) -> Result<Value, AuthzError> {
        let unavailable = |error: reqwest::Error| AuthzError::Unavailable(error.without_url().to_string());
        let answer = request.traced().send().await.map_err(unavailable)?;
        let status = answer.status().as_u16();
        let body = answer.bytes().await.map_err(unavailable)?;
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        if (200..300).contains(&status) || Some(status) == also {
            return Ok(body);
        }
        let message = body.pointer("/error/message").unwrap_or(&body);
        let message = message.as_str().map_or_else(|| format!("status {status}"), str::to_owned);
        Err(match status {
            400..=499 => AuthzError::BadRequest(message),
            _ => AuthzError::Unavailable(message),
        })
    }

    async fn read<T: for<'d> Deserialize<'d>>(&self, path: &str) -> Result<T, AuthzError> {
        let body = self.send(self.request(Method::GET, path), None).await?;
        serde_json::from_value(body)
            .map_err(|error| AuthzError::Unavailable(format!("the answer cannot be read: {error}")))
    }
}

/// A name as one segment of a path.
pub(crate) fn segment(name: &str) -> String {
    utf8_percent_encode(name, NON_ALPHANUMERIC).to_string()
}

#[async_trait]
impl PolicyStore for HttpPolicies {
    async fn policies(&self) -> Result<Vec<Policy>, AuthzError> {
        let found: Policies = self.read("/policy?expand").await?;
        let policy = |found: Expanded| Policy {
            id: found.id,
            resource_paths: found.resource_paths,
            permission_ids: found
                .roles
                .iter()
                .flat_map(|role| &role.permissions)
                .map(|named| named.id.clone())
                .collect(),
            role_ids: found.roles.into_iter().map(|role| role.id).collect(),
        };
        Ok(found.policies.into_iter().map(policy).collect())
    }

    async fn roles(&self) -> Result<Vec<String>, AuthzError> {
        let found: Roles = self.read("/role").await?;
        Ok(found.roles.into_iter().map(|role| role.id).collect())
    }

    async fn ensure_role(&self, role: &SimpleRole) -> Result<(), AuthzError> {
        let action = json!({ "service": role.service, "method": role.method });
        let body = json!({ "id": role.id, "permissions": [{ "id": role.permission, "action": action }] });
        let request = self.request(Method::PUT, &format!("/role/{}", segment(role.id))).json(&body);
        self.send(request, None).await.map(drop)
    }

    async fn ensure_policy(&self, policy: &Policy, description: &str) -> Result<(), AuthzError> {
        for path in &policy.resource_paths {
            let body = json!({ "path": path });
            self.send(self.request(Method::POST, "/resource?p").json(&body), Some(409)).await?;
        }
        let body = json!({
            "id": policy.id, "description": description, "role_ids": policy.role_ids,
            "resource_paths": policy.resource_paths,
        });
        self.send(self.request(Method::POST, "/policy").json(&body), Some(409)).await.map(drop)
    }

    async fn holds(&self, username: &str, policy: &str) -> Result<bool, AuthzError> {
        let body =
            self.send(self.request(Method::GET, &format!("/user/{}", segment(username))), Some(404)).await?;
        let user: User = serde_json::from_value(body).unwrap_or(User { policies: None });
        Ok(user.policies.unwrap_or_default().iter().any(|held| held.policy == policy))
    }

    async fn grant(&self, username: &str, policy: &str, label: &str) -> Result<(), AuthzError> {
        let user = json!({ "name": username });
        self.send(self.request(Method::POST, "/user").json(&user), Some(409)).await?;
        let path = format!("/user/{}/policy", segment(username));
        let request =
            self.request(Method::POST, &path).header(LABEL, label).json(&json!({ "policy": policy }));
        self.send(request, None).await.map(drop)
    }

    async fn revoke(&self, username: &str, policy: &str, label: &str) -> Result<(), AuthzError> {
        let path = format!("/user/{}/policy/{}", segment(username), segment(policy));
        self.send(self.request(Method::DELETE, &path).header(LABEL, label), None).await.map(drop)
    }
}
