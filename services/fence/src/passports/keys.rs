//! The issuers whose passports and visas count, and their keys.

use indexmap::IndexMap;
use openidconnect::core::CoreJsonWebKeySet;
use serde_json::{Map, Value};
use tokens::SigningKeys;

use super::jws::{Refused, Token};
use crate::providers::{FRESH, Kept, PATIENCE, ProviderError, WELL_KNOWN, fetch, kept};

/// The issuers whose passports and visas count.
pub(crate) struct VisaIssuers {
    client: reqwest::Client,
    /// The keys of each.
    keys: IndexMap<String, Kept<CoreJsonWebKeySet>>,
    /// Our own address, whose keys are here.
    own: String,
}

impl std::fmt::Debug for VisaIssuers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.keys.keys()).finish()
    }
}

/// A token that an issuer has signed whose word counts.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) issuer: String,
    pub(crate) claims: Map<String, Value>,
    /// Whether it says itself where its key is.
    pub(crate) names_its_keys: bool,
}

/// What of an issuer's description is needed.
#[derive(serde::Deserialize)]
struct Description {
    jwks_uri: String,
}

impl VisaIssuers {
    pub(crate) fn new(issuers: &[String], own: &str, client: reqwest::Client) -> Self {
        let keys = issuers.iter().map(|issuer| (issuer.clone(), Kept::default())).collect();
        Self { client, keys, own: own.to_owned() }
    }

    /// Reads a token that one of the issuers has signed; `own` are our keys.
    ///
    /// # Errors
    /// For everything else. No address that the token names is ever called.
    pub(crate) async fn read(&self, text: &str, own: &SigningKeys) -> Result<Signed, Refused> {
        let token = Token::parse(text)?;
        let issuer = token.issuer().ok_or(Refused::Issuer)?;
        let known = self.keys.get(issuer).ok_or(Refused::Issuer)?;
        let is_signed = if issuer == self.own {
            let keys = serde_json::to_value(own.jwks()).and_then(serde_json::from_value);
            keys.is_ok_and(|keys| token.is_signed_by(&keys))
        } else {
            let mut is_signed = token.is_signed_by(&*self.keys_of(issuer, known, FRESH).await?);
            if !is_signed {
                // They may have changed.
                is_signed = token.is_signed_by(&*self.keys_of(issuer, known, PATIENCE).await?);
            }
            is_signed
        };
        if !is_signed {
            return Err(Refused::Signature);
        }
        let (issuer, names_its_keys) = (issuer.to_owned(), token.names_its_keys());
        Ok(Signed { issuer, claims: token.claims, names_its_keys })
    }

    async fn keys_of(
        &self,
        issuer: &str,
        known: &Kept<CoreJsonWebKeySet>,
        age: std::time::Duration,
    ) -> Result<std::sync::Arc<CoreJsonWebKeySet>, Refused> {
        let unavailable = |error| ProviderError::unavailable(issuer, error);
        let read = async {
            let address = format!("{}{WELL_KNOWN}", issuer.trim_end_matches('/'));
            let said: Description = fetch(&self.client, &address).await.map_err(unavailable)?;
            fetch(&self.client, &said.jwks_uri).await.map_err(unavailable)
        };
        kept(known, age, read).await.map_err(|error| {
            tracing::warn!(
                issuer,
                error = &error as &dyn std::error::Error,
                "the keys of an issuer of visas cannot be read"
            );
            Refused::NoKeys
        })
    }
}
