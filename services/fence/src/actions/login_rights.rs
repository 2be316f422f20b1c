//! What a login gives and takes: memberships that the provider names, and the policy of a second factor.

use chrono::Utc;
use policystore::{Holding, Timed, TimedRights};
use serde::Deserialize;
use sqlx::{Postgres, Transaction};

use crate::{
    clock::now,
    error::Error,
    identity::login::MayLogIn,
    providers::{self, Groups, Person, ProviderError, Renewal, SYNAPSE, SecondFactor, route},
    service::Fence,
    store::{
        users::User,
        visas::{self, Refreshable},
    },
};

/// The policy of those who have logged in with a second factor, in the words of the original.
const SECOND_FACTOR_POLICY: &str = "mfa_policy";

/// Under which label memberships are kept that a provider names. The original has one for Synapse alone.
fn label(idp: &str) -> String {
    if idp == SYNAPSE { SYNAPSE.to_owned() } else { format!("idp:{idp}") }
}

/// The end of a refresh token, where it is one that says it.
#[derive(Deserialize)]
struct Ending {
    exp: Option<i64>,
}

impl Fence {
    /// Gives the user what the provider of `proof` says of them, and takes what it does not say any more.
    ///
    /// # Errors
    /// When arborist does not do it: who logs in has the rights of this login and of no other.
    pub(super) async fn give_login_rights(&self, user: &User, proof: &MayLogIn<'_>) -> Result<(), Error> {
        let (person, username) = (proof.person(), user.username.as_str());
        // Where some providers say it, a login through another one has shown no second factor.
        let asked = self.providers.values().any(|issuer| issuer.upstream.second_factor.is_some());
        if asked {
            self.note_second_factor(username, person.second_factor.unwrap_or(SecondFactor::NotShown)).await?;
        }
        // First what the update of all users looks at: it takes nothing that a later login gives.
        if person.groups.is_some() && person.vouchers.is_none() {
            self.keep_renewal(user, person, proof.idp()).await?;
        }
        if let Some(groups) = &person.groups {
            self.join_named_groups(username, proof.idp(), groups).await?;
        }
        if let Some(vouchers) = &person.vouchers {
            self.take_vouchers(user, vouchers, proof.visas()).await?;
        }
        Ok(())
    }

    /// Keeps by what the provider can be asked for the user's groups again, in place of what was kept before.
    async fn keep_renewal(&self, user: &User, person: &Person, idp: &str) -> Result<(), Error> {
        let upstream = self.providers.get(&route(idp)).map(|issuer| &issuer.upstream);
        let membership = person.groups.as_ref().map_or(0, |groups| groups.life.num_seconds());
        let usual = upstream.and_then(|upstream| upstream.renewable).unwrap_or(membership);
        // Nobody would use it where nobody asks again, as Synapse, which names teams only at a login.
        let is_used = self.config.visas.enable_visa_update_cron.is_on() && idp != SYNAPSE;
        let renewal = person.renewal.as_ref().filter(|_| is_used);
        let mut transaction = self.pool.begin().await?;
        if let Some(Renewal { issuer, subject, .. }) = renewal {
            visas::link(&mut transaction, issuer, subject, user.id).await?;
        }
        let token = renewal.map(|renewal| {
            let said = tokens::unverified::<Ending>(&renewal.refresh_token).and_then(|ending| ending.exp);
            (renewal.refresh_token.as_str(), said.unwrap_or_else(|| now().saturating_add(usual)))
        });
        visas::keep_refresh_token(&mut transaction, user.id, token).await?;
        Ok(transaction.commit().await?)
    }

    /// Asks the provider again for the groups of a user. Somebody who logs in meanwhile keeps what that login
    /// gives.
    ///
    /// # Errors
    /// When it does not say them, and when they cannot be written down. If it does not vouch for the user any
    /// more, the memberships end that it has given.
    pub(super) async fn update_groups_of(
        &self,
        provider: &providers::Issuer,
        user: &Refreshable,
    ) -> Result<(), Error> {
        let idp = provider.upstream.idp.as_str();
        let refreshed = match providers::refresh(provider, &user.refresh_token).await {
            Ok(refreshed) => refreshed,
            Err(error @ ProviderError::Refused { .. }) => {
                let Some(transaction) = self.exchange(user, &user.refresh_token, None).await? else {
                    return Ok(());
                };
                let nothing = TimedRights { groups: Some(Vec::new()), ..TimedRights::default() };
                self.rights()?.set_timed(&user.username, &label(idp), &nothing).await?;
                transaction.commit().await?;
                return Err(error.into());
            }
            Err(error) => return Err(error.into()),
        };
        let next = refreshed.refresh_token.as_str();
        let Some(kept) = self.exchange(user, &user.refresh_token, Some(next)).await? else { return Ok(()) };
        kept.commit().await?;
        // The memberships end in their own time, where it says nothing.
        let silent = || ProviderError::Person(format!("{idp} says nothing of the groups of a user"));
        let groups = refreshed.groups(&user.subject).await?.ok_or_else(silent)?;
        let Some(transaction) = self.exchange(user, next, Some(next)).await? else { return Ok(()) };
        self.join_named_groups(&user.username, idp, &groups).await?;
        Ok(transaction.commit().await?)
    }

    /// Puts `next` in the place of the user's refresh token `last`, or forgets it. `None` when the user does
    /// not have `last` any more: they have logged in meanwhile, and have the rights of that login. Otherwise
    /// nobody logs in as this user until the transaction ends. How long the login can be refreshed counts
    /// from its beginning.
    pub(super) async fn exchange(
        &self,
        user: &Refreshable,
        last: &str,
        next: Option<&str>,
    ) -> Result<Option<Transaction<'static, Postgres>>, Error> {
        let mut transaction = self.pool.begin().await?;
        let had = visas::replace_refresh_token(&mut transaction, user.user_id, last, next).await?;
        Ok(had.then_some(transaction))
    }

    async fn note_second_factor(&self, username: &str, factor: SecondFactor) -> Result<(), Error> {
        let holding = match factor {
            SecondFactor::Shown => Holding::Held,
            SecondFactor::NotShown => Holding::NotHeld,
        };
        if !self.rights()?.set_unlabelled(username, SECOND_FACTOR_POLICY, holding).await? {
            tracing::warn!(
                policy.name = SECOND_FACTOR_POLICY,
                "arborist has no such policy, so a second factor gives nothing"
            );
        }
        Ok(())
    }

    async fn join_named_groups(&self, username: &str, idp: &str, groups: &Groups) -> Result<(), Error> {
        let until = Utc::now() + groups.life;
        let wanted = groups.names.iter().map(|name| Timed { name: name.clone(), until }).collect();
        let rights = TimedRights { groups: Some(wanted), ..TimedRights::default() };
        let missing = self.rights()?.set_timed(username, &label(idp), &rights).await?;
        if !missing.groups.is_empty() {
            tracing::debug!(
                login.idp = idp,
                groups.missing = missing.groups.len(),
                "a provider names groups that arborist does not have"
            );
        }
        Ok(())
    }
}
