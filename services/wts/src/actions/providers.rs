//! The providers, and how long the user is logged in there.

use std::collections::HashMap;

use serde::Serialize;

use crate::{access::Caller, clock::now, error::Error, remaining, service::Wts, store::refresh_tokens};

/// A provider in the form of fence's list of logins.
#[derive(Debug, Serialize)]
pub(crate) struct Provider<'c> {
    base_url: &'c str,
    idp: &'c str,
    name: &'c str,
    refresh_token_expiration: Option<String>,
    urls: [LoginPage<'c>; 1],
}

/// Where a user logs in.
#[derive(Debug, Serialize)]
struct LoginPage<'c> {
    name: &'c str,
    url: String,
}

impl Wts {
    /// All providers but the own fence; with `only_living` those at which the user is logged in.
    pub(crate) async fn providers(
        &self,
        caller: Option<&Caller>,
        only_living: bool,
    ) -> Result<Vec<Provider<'_>>, Error> {
        let now = now();
        let mut remaining: HashMap<String, String> = HashMap::new();
        if let Some(caller) = caller {
            let idps: Vec<&str> = self.config.listed.iter().map(|listed| listed.idp.as_str()).collect();
            let living = refresh_tokens::living(&mut *self.pool.acquire().await?, caller, &idps, now).await?;
            let in_words = |seconds| remaining::in_words(seconds);
            remaining = living
                .into_iter()
                .filter_map(|token| Some((token.idp, in_words(token.expires.saturating_sub(now))?)))
                .collect();
        }
        let mut providers = Vec::new();
        for listed in &self.config.listed {
            let left = remaining.remove(&listed.idp);
            if only_living && left.is_none() {
                continue;
            }
            let mut url = self.config.base_url.clone();
            url.set_path(&format!("{}oauth2/authorization_url", url.path()));
            url.query_pairs_mut().append_pair("idp", &listed.idp);
            providers.push(Provider {
                base_url: &listed.base_url,
                idp: &listed.idp,
                name: &listed.name,
                refresh_token_expiration: left,
                urls: [LoginPage { name: &listed.name, url: url.into() }],
            });
        }
        Ok(providers)
    }
}
