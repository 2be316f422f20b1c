//! Rights that end by themselves, which fence gives at a login or for a passport.

use std::collections::BTreeMap;

use async_trait::async_trait;
use authz::AuthzError;
use policystore::{Holding, MOST_TIMED, Missing, Timed, TimedRights, TimedStore};

use crate::{
    Arborist, Error,
    model::{GrantedPolicy, Label, NewUser, PolicyName},
    store::{timed, user},
};

#[async_trait]
impl TimedStore for Arborist {
    async fn set_timed(
        &self,
        username: &str,
        label: &str,
        rights: &TimedRights,
    ) -> Result<Missing, AuthzError> {
        Ok(self.hold_until(username, label, rights).await?)
    }

    async fn set_unlabelled(
        &self,
        username: &str,
        policy: &str,
        holding: Holding,
    ) -> Result<bool, AuthzError> {
        let done = match holding {
            Holding::Held => {
                let user = NewUser { name: username.to_owned(), email: None, groups: None, policies: None };
                match self.create_user(&user).await {
                    Ok(()) | Err(Error::Conflict(_)) => {}
                    Err(error) => return Err(error.into()),
                }
                let grant = GrantedPolicy { policy: policy.to_owned(), expires_at: None };
                self.grant_to_user(username, grant, &Label(None)).await
            }
            Holding::NotHeld => {
                self.revoke_from_user(username, &PolicyName(policy.to_owned()), &Label(None)).await
            }
        };
        match done.map_err(AuthzError::from) {
            Ok(()) => Ok(true),
            // There is no such policy, or it is not held.
            Err(AuthzError::BadRequest(_)) => Ok(holding == Holding::NotHeld),
            Err(error) => Err(error),
        }
    }
}

impl Arborist {
    /// Gives a user `rights` under `label`; returns what of them does not exist.
    ///
    /// # Errors
    /// 400 for too many, and without a name or a label.
    pub(crate) async fn hold_until(
        &self,
        username: &str,
        label: &str,
        rights: &TimedRights,
    ) -> Result<Missing, Error> {
        if username.is_empty() || label.is_empty() {
            return Err(Error::BadRequest("`username` and `label` must not be empty".into()));
        }
        let [groups, policies] =
            [&rights.groups, &rights.policies].map(|wanted| wanted.as_deref().map(distinct));
        let count = |wanted: &Option<Vec<Timed>>| wanted.as_ref().map_or(0, Vec::len);
        if count(&groups).max(count(&policies)) > MOST_TIMED {
            return Err(Error::BadRequest(format!("at most {MOST_TIMED} groups and policies at once")));
        }
        let mut transaction = self.begin().await?;
        user::insert_missing(&mut transaction, &[username]).await?;
        let ids = user::row_ids(&mut transaction, &[username]).await?;
        let gone = || Error::Conflict("a concurrent request has just deleted this user".into());
        let id = *ids.get(username).ok_or_else(gone)?;
        let mut missing = Missing::default();
        if let Some(groups) = groups {
            missing.groups =
                timed::set(&mut transaction, &timed::GROUPS, id, label, &groups, rights.earlier).await?;
        }
        if let Some(policies) = policies {
            missing.policies =
                timed::set(&mut transaction, &timed::POLICIES, id, label, &policies, rights.earlier).await?;
        }
        transaction.commit().await?;
        Ok(missing)
    }
}

/// One entry for each name, the one that ends last.
fn distinct(wanted: &[Timed]) -> Vec<Timed> {
    let mut ends = BTreeMap::new();
    for Timed { name, until } in wanted {
        let end = ends.entry(name).or_insert(*until);
        *end = (*end).max(*until);
    }
    ends.into_iter().map(|(name, until)| Timed { name: name.clone(), until }).collect()
}
