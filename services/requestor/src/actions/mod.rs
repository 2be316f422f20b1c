//! What the service does.

mod change;
mod create;
mod find;
mod follow;

use std::collections::HashMap;

use policystore::Policy;

use crate::{error::Error, service::Requestor, store::requests};

impl Requestor {
    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> Result<(), Error> {
        let mut connection = self.pool.acquire().await?;
        Ok(requests::ping(&mut connection).await?)
    }

    /// All policies of arborist, by name.
    async fn known_policies(&self) -> Result<HashMap<String, Policy>, Error> {
        let policies = self.policies.policies().await?;
        Ok(policies.into_iter().map(|policy| (policy.id.clone(), policy)).collect())
    }

    /// The resources of a policy; none if it does not exist.
    async fn resources_of(&self, policy: &str) -> Result<Vec<String>, Error> {
        let found = self.known_policies().await?.remove(policy);
        Ok(found.map(|policy| policy.resource_paths).unwrap_or_default())
    }
}
