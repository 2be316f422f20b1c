//! Policies.

use indexmap::IndexMap;

use super::references::References;
use crate::{
    Arborist, Error,
    model::{ExpandedPolicy, Policy},
    store::policy,
};

/// Begins the message also when a policy is overwritten, as in the original.
const FAILED: &str = "failed to create policy";

impl Arborist {
    pub(crate) async fn policies(&self) -> Result<Vec<Policy>, Error> {
        Ok(policy::load(&mut *self.connection().await?, None).await?)
    }

    /// Returns all policies with their roles written out.
    pub(crate) async fn expanded_policies(&self) -> Result<Vec<ExpandedPolicy>, Error> {
        let policies = policy::load_expanded(&mut *self.connection().await?).await?;
        Ok(policies.into_iter().map(ExpandedPolicy::read_back).collect())
    }

    pub(crate) async fn policy(&self, id: &str) -> Result<Policy, Error> {
        let found = policy::load(&mut *self.connection().await?, Some(&[id])).await?.pop();
        found.ok_or_else(|| Error::NotFound(format!("no policy found with id: {id}")))
    }

    pub(crate) async fn create_policy(&self, new: &Policy) -> Result<(), Error> {
        if new.id.is_empty() {
            return Err(id_missing());
        }
        let mut transaction = self.begin().await?;
        References::require_some(new)?;
        let references = References::of(&mut transaction, std::iter::once(new)).await?;
        if policy::create(&mut transaction, &[new]).await?.is_empty() {
            let text = format!("failed to insert policy: policy with this ID already exists: {}", new.id);
            return Err(Error::Conflict(text));
        }
        references.check(new, FAILED)?;
        Ok(transaction.commit().await?)
    }

    /// Overwrites the policies of the given names, whatever names stand in the policies themselves: those
    /// that can be. The error is that of the first that cannot.
    pub(crate) async fn overwrite_policies(&self, policies: &[(&str, &Policy)]) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        let references = References::of(&mut transaction, policies.iter().map(|(_, policy)| *policy)).await?;
        let names: Vec<&str> = policies.iter().map(|(name, _)| *name).collect();
        let existing = policy::existing(&mut transaction, &names).await?;
        let check = |name: &str, policy: &Policy| {
            if name.is_empty() {
                return Err(id_missing());
            }
            References::require_some(policy)?;
            if !existing.contains(name) {
                let text = format!("failed to update policy: no policy found with id: {name}");
                return Err(Error::NotFound(text));
            }
            references.check(policy, FAILED)
        };
        // Of two policies of one name the last counts.
        let mut good: IndexMap<&str, &Policy> = IndexMap::new();
        let mut first_error = None;
        for (name, policy) in policies {
            match check(name, policy) {
                Ok(()) => drop(good.insert(name, policy)),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        let good: Vec<(&str, &Policy)> = good.into_iter().collect();
        policy::overwrite(&mut transaction, &good).await?;
        transaction.commit().await?;
        match first_error {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    pub(crate) async fn delete_policy(&self, id: &str) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        policy::delete(&mut transaction, id).await?;
        Ok(transaction.commit().await?)
    }
}

fn id_missing() -> Error {
    Error::BadRequest("policy ID cannot be absent or empty".into())
}
