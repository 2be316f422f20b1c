//! Reading requests.

use std::collections::HashMap;

use authz::Subject;
use indexmap::IndexMap;
use uuid::Uuid;

use crate::{
    access::{Caller, Read},
    error::Error,
    input::{AskedPaths, Filters},
    model::StoredRequest,
    policy::Covered,
    service::Requestor,
    store::requests::{self, Scope},
};

impl Requestor {
    /// The requests that `subject` may read.
    ///
    /// # Errors
    /// 401, 400 when there are too many.
    pub(crate) async fn list(
        &self,
        subject: &Subject,
        filters: &Filters,
    ) -> Result<Vec<StoredRequest>, Error> {
        let caller = self.caller(subject).await?;
        let permit = self.readable(&caller).await?;
        let policies = self.policies.policies().await?;
        let readable: Vec<String> = policies
            .into_iter()
            .filter(|policy| permit.all(&policy.resource_paths))
            .map(|policy| policy.id)
            .collect();
        self.found(&Scope::Policies(readable), filters).await
    }

    /// The caller's own requests.
    ///
    /// # Errors
    /// 401, 403 for the token of a client alone, 400 when there are too many.
    pub(crate) async fn list_own(
        &self,
        subject: &Subject,
        filters: &Filters,
    ) -> Result<Vec<StoredRequest>, Error> {
        let caller = self.caller(subject).await?;
        self.found(&own(&caller)?, filters).await
    }

    /// An answer is whole or refused, and never cut.
    async fn found(&self, scope: &Scope, filters: &Filters) -> Result<Vec<StoredRequest>, Error> {
        let over: &[String] = if filters.active { &self.config.final_statuses } else { &[] };
        let most = self.config.most;
        let mut connection = self.pool.acquire().await?;
        let found = requests::list(&mut connection, scope, filters, over, most + 1).await?;
        if found.len() > most {
            return Err(Error::bad(format!("there are more than {most} such requests; add filters")));
        }
        Ok(found)
    }

    /// One request. Who may not read it learns nothing of it.
    ///
    /// # Errors
    /// 404.
    pub(crate) async fn get(&self, subject: &Subject, id: Uuid) -> Result<StoredRequest, Error> {
        let found = requests::find(&mut *self.pool.acquire().await?, id).await?.ok_or(Error::NotFound)?;
        let resources = self.resources_of(&found.policy_id).await?;
        match self.may::<Read>(subject, found, resources).await {
            Ok(permit) => Ok(permit.into_request()),
            Err(Error::Forbidden(_)) => Err(Error::NotFound),
            Err(error) => Err(error),
        }
    }

    /// For each path, whether the caller has requested these permissions on it or on something above it,
    /// and the request is neither a draft nor over.
    ///
    /// # Errors
    /// 401, 403 for the token of a client alone.
    pub(crate) async fn requested(
        &self,
        subject: &Subject,
        asked: AskedPaths,
    ) -> Result<IndexMap<String, bool>, Error> {
        let caller = self.caller(subject).await?;
        let filters = Filters { active: true, revoke: Some(vec![false]), ..Filters::default() };
        let open = self.found(&own(&caller)?, &filters).await?;
        let policies: HashMap<_, _> = self.known_policies().await?;
        let is_draft = |request: &&StoredRequest| self.config.draft_statuses.contains(&request.status);
        let requested = open.iter().filter(|request| !is_draft(request)).filter_map(|request| {
            let policy = policies.get(&request.policy_id)?;
            let gives = asked.permissions.iter().all(|permission| policy.permission_ids.contains(permission));
            gives.then_some(&policy.resource_paths)
        });
        let covered = Covered::of(requested.flatten().map(String::as_str));
        Ok(asked.paths.into_iter().map(|path| (path.clone(), covered.has(&path))).collect())
    }
}

/// A user may read their own requests.
fn own(caller: &Caller) -> Result<Scope, Error> {
    Ok(Scope::User(caller.user()?.to_owned()))
}
