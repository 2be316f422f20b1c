//! Policies for services in the same process: what the routes do, without HTTP.

use async_trait::async_trait;
use authz::AuthzError;
use policystore::{PolicyStore, SimpleRole};
use serde_json::Map;

use crate::{
    Arborist, Error,
    model::{
        Action, ExpandedPolicy, GrantedPolicy, Label, MissingParents, NewResource, NewUser, Permission,
        Policy, PolicyName, Role,
    },
    path::ResourcePath,
};

#[async_trait]
impl PolicyStore for Arborist {
    async fn policies(&self) -> Result<Vec<policystore::Policy>, AuthzError> {
        let policy = |policy: ExpandedPolicy| policystore::Policy {
            id: policy.id,
            resource_paths: policy.resource_paths,
            permission_ids: policy
                .roles
                .iter()
                .flat_map(|role| &role.permissions)
                .map(|permission| permission.id.clone())
                .collect(),
            role_ids: policy.roles.into_iter().map(|role| role.id).collect(),
        };
        Ok(self.expanded_policies().await?.into_iter().map(policy).collect())
    }

    async fn roles(&self) -> Result<Vec<String>, AuthzError> {
        Ok(Self::roles(self).await?.into_iter().map(|role| role.id).collect())
    }

    async fn ensure_role(&self, role: &SimpleRole) -> Result<(), AuthzError> {
        let permission = Permission {
            id: role.permission.to_owned(),
            description: String::new(),
            action: Action { service: role.service.to_owned(), method: role.method.to_owned() },
            constraints: Map::new(),
        };
        let role = Role { id: role.id.to_owned(), description: String::new(), permissions: vec![permission] };
        Ok(self.put_role(&role.id, &role).await.map(drop)?)
    }

    async fn ensure_policy(&self, policy: &policystore::Policy, description: &str) -> Result<(), AuthzError> {
        for path in &policy.resource_paths {
            there(self.make_resource(path).await)?;
        }
        let new = Policy {
            id: policy.id.clone(),
            description: description.to_owned(),
            resource_paths: policy.resource_paths.clone(),
            role_ids: policy.role_ids.clone(),
        };
        Ok(there(self.create_policy(&new).await)?)
    }

    async fn holds(&self, username: &str, policy: &str) -> Result<bool, AuthzError> {
        match self.user(username).await {
            Ok(user) => Ok(user.policies.unwrap_or_default().iter().any(|held| held.policy == policy)),
            Err(Error::NotFound(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn grant(&self, username: &str, policy: &str, label: &str) -> Result<(), AuthzError> {
        let user = NewUser { name: username.to_owned(), email: None, groups: None, policies: None };
        there(self.create_user(&user).await)?;
        let grant = GrantedPolicy { policy: policy.to_owned(), expires_at: None };
        Ok(self.grant_to_user(username, grant, &Label(Some(label.to_owned()))).await?)
    }

    async fn revoke(&self, username: &str, policy: &str, label: &str) -> Result<(), AuthzError> {
        let policy = PolicyName(policy.to_owned());
        Ok(self.revoke_from_user(username, &policy, &Label(Some(label.to_owned()))).await?)
    }
}

impl Arborist {
    async fn make_resource(&self, path: &str) -> Result<(), Error> {
        let parsed = ResourcePath::parse(&::web::collapse_slashes(path))
            .map_err(|error| Error::BadRequest(format!("cannot use the resource path `{path}`: {error}")))?;
        let new = NewResource { path: parsed, description: None, children: Vec::new() };
        self.create_resource(&new, MissingParents::Create).await.map(drop)
    }
}

/// That it is there already is fine.
fn there(made: Result<(), Error>) -> Result<(), Error> {
    match made {
        Err(Error::ResourceExists(_) | Error::Conflict(_)) => Ok(()),
        other => other,
    }
}
