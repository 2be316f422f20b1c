//! Requesting.

use authz::Subject;
use policystore::Policy;

use super::follow::Way;
use crate::{
    access::MayRequest,
    error::Error,
    input::{About, NewRequest},
    model::StoredRequest,
    policy::{self, READING},
    service::Requestor,
    store::requests,
};

/// A request, and where its maker is sent to.
pub(crate) type Made = (StoredRequest, Option<String>);

impl Requestor {
    /// Makes a request, or finds the draft of the same.
    ///
    /// # Errors
    /// 400 for roles and policies that do not exist, 403, 409 when the same is requested already, 500 when
    /// what follows its status cannot be done; nothing is made then.
    pub(crate) async fn create(&self, subject: &Subject, new: NewRequest) -> Result<Made, Error> {
        let decides = self.config.updates_access(&new.status);
        let (policy, is_new) = self.policy_of(&new.about).await?;
        let permit = self.may_request(subject, policy.resource_paths.clone(), decides).await?;
        let username = match &new.username {
            Some(username) => username.clone(),
            None => self.own_name(subject).await?,
        };
        authz::username::check(&username).map_err(|error| Error::bad(error.to_string()))?;
        // Only now, so that nobody makes resources and policies who may not.
        if is_new {
            self.make(&new.about, &policy).await?;
        }
        if new.revoke && !self.policies.holds(&username, &policy.id).await? {
            let policy = &policy.id;
            return Err(Error::bad(format!(
                "Unable to revoke access: '{username}' does not have access to policy '{policy}'"
            )));
        }
        let wanted = StoredRequest::new(username, policy.id, new);
        self.store(&permit, wanted).await
    }

    async fn own_name(&self, subject: &Subject) -> Result<String, Error> {
        let caller = self.caller(subject).await?;
        let name = caller.username().map(str::to_owned);
        name.ok_or_else(|| Error::bad("Must provide a username in the request body or token"))
    }

    /// The policy that the request is about, and whether it has to be made.
    ///
    /// Different resources and roles may lead to one name. A policy of this name that is about others must
    /// not be given: it was not asked whether the caller may request it.
    async fn policy_of(&self, about: &About) -> Result<(Policy, bool), Error> {
        let mut known = self.known_policies().await?;
        match about {
            About::Policy(id) => {
                let found = known.remove(id).ok_or_else(|| {
                    Error::bad(format!("Request creation failed. The policy '{id}' does not exist."))
                })?;
                Ok((found, false))
            }
            About::Resources { paths, roles } => {
                self.require_roles(roles).await?;
                let id = policy::name(paths, roles);
                let role_ids = if roles.is_empty() {
                    READING.map(|role| role.id.to_owned()).into()
                } else {
                    roles.clone()
                };
                let wanted =
                    Policy { id, resource_paths: paths.clone(), role_ids, permission_ids: Vec::new() };
                match known.remove(&wanted.id) {
                    None => Ok((wanted, true)),
                    Some(found) if is_same(&found, &wanted) => Ok((found, false)),
                    Some(found) => Err(Error::Conflict(format!(
                        "the policy '{}' exists already and is about something else; request a policy by its \
                         policy_id",
                        found.id
                    ))),
                }
            }
        }
    }

    async fn require_roles(&self, roles: &[String]) -> Result<(), Error> {
        if roles.is_empty() {
            return Ok(());
        }
        let known = self.policies.roles().await?;
        let missing: Vec<String> =
            roles.iter().filter(|role| !known.contains(role)).map(|role| format!("'{role}'")).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let missing = missing.join(", ");
        Err(Error::bad(format!("Request creation failed. The roles [{missing}] do not exist.")))
    }

    async fn make(&self, about: &About, policy: &Policy) -> Result<(), Error> {
        if matches!(about, About::Resources { roles, .. } if roles.is_empty()) {
            for role in &READING {
                self.policies.ensure_role(role).await?;
            }
        }
        Ok(self.policies.ensure_policy(policy, "policy created by requestor").await?)
    }

    /// Writes the request, and does what follows its status.
    async fn store(&self, permit: &MayRequest, wanted: StoredRequest) -> Result<Made, Error> {
        let mut transaction = self.pool.begin().await?;
        requests::lock(&mut transaction, &wanted).await?;
        let open = requests::open(&mut transaction, &wanted, &self.config.final_statuses).await?;
        let draft = open.iter().find(|open| self.config.draft_statuses.contains(&open.status)).cloned();
        if draft.is_none() && !open.is_empty() {
            return Err(Error::Conflict(format!(
                "An open access request for username '{}' and policy_id '{}' already exists. Users can only \
                 request access to a resource once.",
                wanted.username, wanted.policy_id
            )));
        }
        let is_new = draft.is_none();
        let request = match draft {
            Some(draft) => draft,
            None => requests::insert(&mut transaction, permit, &wanted).await?,
        };
        // A draft keeps its status, so that access changes only with a new request.
        let changes = is_new && permit.may_decide() && self.config.updates_access(&request.status);
        if changes {
            self.change_access(&request, Way::Forth).await?;
        }
        if let Err(error) = transaction.commit().await {
            if changes {
                self.restore_access(&request).await;
            }
            return Err(error.into());
        }
        match self.react(&request, permit.resources()).await {
            Ok(address) => Ok((request, address)),
            Err(error) => {
                if is_new {
                    requests::forget(&mut *self.pool.acquire().await?, permit, &request).await?;
                }
                if changes {
                    self.restore_access(&request).await;
                }
                Err(error)
            }
        }
    }
}

/// Whether two policies give the same.
fn is_same(one: &Policy, other: &Policy) -> bool {
    let sorted = |list: &[String]| {
        let mut list: Vec<String> = list.iter().map(|item| item.trim_end_matches('/').to_owned()).collect();
        list.sort_unstable();
        list.dedup();
        list
    };
    sorted(&one.resource_paths) == sorted(&other.resource_paths)
        && sorted(&one.role_ids) == sorted(&other.role_ids)
}
