//! Visas that are believed, and the rights that they give.

use policystore::{Earlier, SimpleRole, Timed, TimedRights};

use super::{
    jws::Refused,
    rights::{StudyPolicy, studies, study_policies},
    visa::{Accepted, Visa},
};
use crate::{clock::now, error::Error, service::Fence, store::visas};

/// Under which label rights of visas are kept, in the words of the original.
const LABEL: &str = "GA4GH";
/// The most visas of one passport.
pub(crate) const MOST_VISAS: usize = 100;

/// What does not count is no failure, but an operator may look for it.
pub(crate) fn left_out(what: &'static str, reason: &Refused) {
    tracing::debug!(what, error = reason as &dyn std::error::Error, "it does not count");
}

impl Fence {
    /// Those of `texts` that are visas which count now.
    pub(crate) async fn believed_visas(&self, texts: &[String], more_types: &[String]) -> Vec<Visa> {
        let fields = &self.config.visas.ga4gh_visa_v1_claim_required_fields;
        let accepted = Accepted { fields, more_types };
        let mut found = Vec::new();
        for text in texts {
            let read = self.visas.read(text, &self.keys).await;
            match read.and_then(|signed| Visa::read(text, &signed, &accepted, now())) {
                Ok(visa) => found.push(visa),
                Err(refused) => left_out("visa", &refused),
            }
        }
        found
    }

    /// The policies that visas give, until `longest` at most.
    pub(crate) async fn study_policies(
        &self,
        found: &[Visa],
        longest: i64,
    ) -> Result<Vec<StudyPolicy>, Error> {
        let settings = self.config.visas.dbgap.first().cloned().unwrap_or_default();
        let studies = studies(found, &settings);
        if studies.is_empty() {
            return Ok(Vec::new());
        }
        let known = visas::projects(&mut *self.pool.acquire().await?, &studies).await?;
        Ok(study_policies(found, &settings, &known, now(), longest))
    }

    /// Gives a user policies until they end; those that do not exist yet are made.
    pub(crate) async fn give_study_rights(
        &self,
        username: &str,
        policies: Vec<StudyPolicy>,
        earlier: Earlier,
    ) -> Result<(), Error> {
        let store = self.rights()?;
        let timed = policies
            .iter()
            .map(|study| Timed { name: study.policy.id.clone(), until: study.until })
            .collect();
        let rights = TimedRights { earlier, policies: Some(timed), groups: None };
        let missing = store.set_timed(username, LABEL, &rights).await?;
        if missing.policies.is_empty() {
            return Ok(());
        }
        let roles = store.roles().await?;
        for method in dbgap::METHODS.into_iter().filter(|method| !roles.iter().any(|role| role == method)) {
            let role = SimpleRole { id: method, permission: method, service: "*", method };
            store.ensure_role(&role).await?;
        }
        for study in policies.iter().filter(|study| missing.policies.contains(&study.policy.id)) {
            store.ensure_policy(&study.policy, "access to a study, by dbGaP").await?;
        }
        store.set_timed(username, LABEL, &rights).await?;
        Ok(())
    }
}
