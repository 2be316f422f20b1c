//! Visas: what another issuer says of whose data a user may read is kept, and becomes rights.

use futures_util::{StreamExt as _, stream};
use policystore::Earlier;
use sqlx::{Postgres, Transaction};

use crate::{
    clock::now,
    config::ParseVisas,
    error::Error,
    passports::{MOST_VISAS, StudyPolicy, Visa, left_out, visas_of},
    providers::{self, ProviderError, RAS, SYNAPSE, VisasAsked, Vouchers},
    service::Fence,
    store::{
        users::User,
        visas::{self, KeptVisa, Refreshable},
    },
};

/// Logins that are refreshed at the same time, and users that are read at once.
const REFRESHED_AT_ONCE: usize = 8;
const PAGE: i64 = 500;

/// What [`Fence::update_visas`] did, with visas and with groups.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VisaUpdates {
    /// Users whose visas or groups are those of now.
    pub updated: usize,
    /// Users whose provider does not say anything any more: they have none until they log in again.
    pub ended: usize,
    /// Users who keep what they had, because something did not answer.
    pub failed: usize,
}

impl Fence {
    /// Keeps what a provider says at a login of whose data the user may read.
    ///
    /// # Errors
    /// When the database or arborist fails. A visa that does not count is left out.
    pub(super) async fn take_vouchers(
        &self,
        user: &User,
        vouchers: &Vouchers,
        asked: VisasAsked,
    ) -> Result<(), Error> {
        let found = self.visas_at_login(vouchers).await;
        let mut transaction = self.pool.begin().await?;
        visas::link(&mut transaction, &vouchers.issuer, &vouchers.subject, user.id).await?;
        // Nobody would use it where visas are not updated. It comes first, as in an update of all users, so
        // that the two do not wait for each other.
        let lives = now().saturating_add(self.config.visas.ras_refresh_expiration);
        let token =
            vouchers.refresh_token.as_deref().filter(|_| self.config.visas.enable_visa_update_cron.is_on());
        visas::keep_refresh_token(&mut transaction, user.id, token.map(|token| (token, lives))).await?;
        visas::replace(&mut transaction, user.id, &kept(&found)).await?;
        transaction.commit().await?;
        let parsed = match self.config.visas.global_parse_visas_on_login {
            ParseVisas::Always => true,
            ParseVisas::OnDemand => asked == VisasAsked::Asked,
            ParseVisas::Never => false,
        };
        if parsed {
            let policies = self.study_policies(&found, i64::MAX).await?;
            self.give_study_rights(&user.username, policies, Earlier::Replaced).await?;
        }
        Ok(())
    }

    /// The visas of a login that count: those about the person who has logged in.
    async fn visas_at_login(&self, vouchers: &Vouchers) -> Vec<Visa> {
        let mut texts: Vec<String> = vouchers.visas.clone();
        if let Some(passport) = &vouchers.passport {
            match self.visas.read(passport, &self.keys).await {
                Ok(signed) => match visas_of(&signed, MOST_VISAS, now()) {
                    Ok(more) => texts.extend(more.into_iter().map(str::to_owned)),
                    Err(refused) => left_out("passport", &refused),
                },
                Err(refused) => left_out("passport", &refused),
            }
        }
        texts.truncate(MOST_VISAS);
        let more_types =
            self.config.visas.usersync.visa_types.get(RAS).map(Vec::as_slice).unwrap_or_default();
        let mut found = self.believed_visas(&texts, more_types).await;
        found.retain(|visa| visa.subject == vouchers.subject && visa.issuer == vouchers.issuer);
        found
    }

    /// Asks providers again for everybody who has logged in there lately: that of visas for these, and others
    /// for the groups of their users, where they count.
    ///
    /// # Errors
    /// Without such a provider; for one that does not say where it is, after all others; and when the
    /// database fails.
    pub async fn update_visas(&self) -> Result<VisaUpdates, Error> {
        let all: Vec<&providers::Issuer> = self.vouching().collect();
        if all.is_empty() {
            let told = "OPENID_CONNECT has neither the provider ras nor one whose groups count";
            return Err(Error::BadRequest(told.into()));
        }
        let (mut updates, mut unreachable) = (VisaUpdates::default(), None);
        for provider in all {
            match provider.endpoints().await {
                Ok(endpoints) => {
                    self.update_users_of(provider, &provider.name(&endpoints), &mut updates).await?;
                }
                Err(error) => unreachable = Some(error),
            }
        }
        unreachable.map_or(Ok(updates), |error| Err(error.into()))
    }

    /// Whether there is somebody to ask, and it is kept by what one could ask.
    pub fn can_update_visas(&self) -> bool {
        self.config.visas.enable_visa_update_cron.is_on() && self.vouching().next().is_some()
    }

    /// Providers that say more of their users than who they are. Synapse names teams only to those who are
    /// asked at a login.
    fn vouching(&self) -> impl Iterator<Item = &providers::Issuer> {
        self.providers.values().filter(|provider| {
            let upstream = &provider.upstream;
            upstream.idp == RAS || (upstream.groups.is_some() && upstream.idp != SYNAPSE)
        })
    }

    async fn update_users_of(
        &self,
        provider: &providers::Issuer,
        issuer: &str,
        updates: &mut VisaUpdates,
    ) -> Result<(), Error> {
        let (idp, mut after) = (provider.upstream.idp.as_str(), 0);
        loop {
            let mut connection = self.pool.acquire().await?;
            let page = visas::refreshable(&mut connection, (idp, issuer), now(), after, PAGE).await?;
            drop(connection);
            let Some(last) = page.last() else { break };
            after = last.user_id;
            let update = async |user: &Refreshable| match idp {
                RAS => self.update_visas_of(provider, user).await,
                _ => self.update_groups_of(provider, user).await,
            };
            let mut outcomes = stream::iter(page.iter().map(update)).buffer_unordered(REFRESHED_AT_ONCE);
            while let Some(outcome) = outcomes.next().await {
                updates.note(&outcome);
            }
        }
        Ok(())
    }

    /// Asks the provider of visas again for those of a user. Somebody who logs in meanwhile keeps what that
    /// login gives.
    async fn update_visas_of(&self, provider: &providers::Issuer, user: &Refreshable) -> Result<(), Error> {
        let refreshed = match providers::refresh(provider, &user.refresh_token).await {
            Ok(refreshed) => refreshed,
            Err(error @ ProviderError::Refused { .. }) => {
                let gone = self.exchange(user, &user.refresh_token, None).await?;
                let Some(transaction) = gone else { return Ok(()) };
                self.replace_visas(transaction, user, &[], Vec::new()).await?;
                return Err(error.into());
            }
            Err(error) => return Err(error.into()),
        };
        let next = refreshed.refresh_token.as_str();
        let Some(taken) = self.exchange(user, &user.refresh_token, Some(next)).await? else { return Ok(()) };
        taken.commit().await?;
        let vouchers = refreshed.vouchers(&user.subject).await?;
        let found = self.visas_at_login(&vouchers).await;
        let policies = self.study_policies(&found, i64::MAX).await?;
        let Some(transaction) = self.exchange(user, next, Some(next)).await? else { return Ok(()) };
        self.replace_visas(transaction, user, &found, policies).await
    }

    /// Puts visas, and the rights that they give, in the place of those that the user had.
    async fn replace_visas(
        &self,
        mut transaction: Transaction<'static, Postgres>,
        user: &Refreshable,
        found: &[Visa],
        policies: Vec<StudyPolicy>,
    ) -> Result<(), Error> {
        visas::replace(&mut transaction, user.user_id, &kept(found)).await?;
        if self.config.visas.global_parse_visas_on_login != ParseVisas::Never {
            self.give_study_rights(&user.username, policies, Earlier::Replaced).await?;
        }
        Ok(transaction.commit().await?)
    }
}

impl VisaUpdates {
    fn note(&mut self, outcome: &Result<(), Error>) {
        match outcome {
            Ok(()) => self.updated += 1,
            Err(Error::Provider(ProviderError::Refused { .. })) => self.ended += 1,
            Err(error) => {
                self.failed += 1;
                tracing::warn!(
                    error = error as &dyn std::error::Error,
                    "what a provider says of a user could not be updated"
                );
            }
        }
    }
}

fn kept(found: &[Visa]) -> Vec<KeptVisa<'_>> {
    let mut all = Vec::with_capacity(found.len());
    for Visa { text, kind, source, asserted, expires, .. } in found {
        all.push(KeptVisa { text, kind, source, asserted: *asserted, expires: *expires });
    }
    all
}
