//! What follows a status: access is given or taken, other systems are told, people are sent on.

use std::error::Error as StdError;

use crate::{
    config::Reactions,
    error::Error,
    model::StoredRequest,
    policy::Covered,
    redirect,
    service::{LABEL, Requestor},
};

/// Which way access is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// As requested.
    Forth,
    /// Back to how it was.
    Back,
}

impl Requestor {
    /// Gives the user what `request` is about, or takes it.
    pub(super) async fn change_access(&self, request: &StoredRequest, way: Way) -> Result<(), Error> {
        let (user, policy) = (&request.username, &request.policy_id);
        if request.revoke == (way == Way::Forth) {
            let revoked = self.policies.revoke(user, policy, LABEL).await;
            return revoked
                .map_err(|why| Error::not_followed("Something went wrong, unable to revoke access", why));
        }
        let granted = self.policies.grant(user, policy, LABEL).await;
        granted.map_err(|why| Error::not_followed("Something went wrong, unable to grant access", why))
    }

    /// Undoes [`Requestor::change_access`], after something else has failed.
    pub(super) async fn restore_access(&self, request: &StoredRequest) {
        if let Err(error) = self.change_access(request, Way::Back).await {
            let error = &error as &dyn StdError;
            tracing::error!(error, request.id = %request.request_id, "access could not be restored");
        }
    }

    /// Tells other systems what they are to know of `request`, and returns where people are sent to.
    pub(super) async fn react(
        &self,
        request: &StoredRequest,
        resources: &[String],
    ) -> Result<Option<String>, Error> {
        let mut address = None;
        for reactions in self.reactions(request, resources) {
            for call in reactions
                .external_call_configs
                .iter()
                .filter_map(|name| self.config.external_call_configs.get(name))
            {
                let called = self.call(call, request).await;
                called.map_err(|why| {
                    Error::not_followed("Something went wrong during post-status-update actions", why)
                })?;
            }
            let mut redirects = reactions.redirect_configs.iter();
            let found = redirects.find_map(|name| self.config.redirect_configs.get(name));
            address = address.or_else(|| found.map(|found| redirect::address(found, request)));
        }
        Ok(address)
    }

    /// What the operator wants to follow the status of `request`: once for each configured path that one of
    /// the resources is at or below.
    fn reactions<'s>(&'s self, request: &StoredRequest, resources: &[String]) -> Vec<&'s Reactions> {
        let concerns = |path: &str| {
            let covered = Covered::of([path]);
            resources.iter().any(|resource| covered.has(resource))
        };
        let actions = self.config.action_on_update.iter();
        actions
            .filter(|(path, _)| concerns(path))
            .filter_map(|(_, by_status)| by_status.get(&request.status))
            .collect()
    }
}
