//! Asking all commons at once.

use futures_util::{StreamExt as _, stream};
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::value::RawValue;
use url::Url;
use web::Params;

use crate::{
    access::Caller,
    clock::now,
    error::Error,
    peer::PeerError,
    service::Wts,
    store::refresh_tokens::{self, StoredToken},
};

/// The parameter that is ours; all others are passed on.
const FILTERS: &str = "filters";

/// What a commons has answered.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Gathered {
    /// All of it.
    Whole(Box<RawValue>),
    /// The keys that were asked for; those that it does not have are null.
    Keys(IndexMap<String, Option<Box<RawValue>>>),
}

/// A commons that is asked.
struct Asked<'c> {
    host: &'c str,
    url: Url,
    stored: Option<StoredToken>,
}

impl Wts {
    /// The answers of all commons at `endpoint` by their hosts; null where there is none. Those at which the
    /// user is logged in are asked in the user's name.
    ///
    /// # Errors
    /// 429 and 503 when too much is gathered at once, and when the database fails.
    pub(crate) async fn aggregate(
        &self,
        caller: Option<&Caller>,
        endpoint: &str,
        params: &Params,
    ) -> Result<IndexMap<String, Option<Gathered>>, Error> {
        // All who are nobody share what one caller may have.
        let _place = self.gathering.enter(caller.map_or("", Caller::name)).await?;
        let stored = match caller {
            Some(caller) => self.stored_by_host(caller).await?,
            None => IndexMap::new(),
        };
        let asked = self.asked(endpoint, params, stored);
        let filters: Vec<&str> = params.all(FILTERS).collect();
        let at_once = asked.len().max(1);
        let mut answers: IndexMap<String, Option<Gathered>> =
            asked.iter().map(|asked| (asked.host.to_owned(), None)).collect();
        let mut answering = stream::iter(asked)
            .map(async |asked| (asked.host, self.gathered(&asked, &filters).await))
            .buffer_unordered(at_once);
        while let Some((host, answer)) = answering.next().await {
            answers.insert(host.to_owned(), answer);
        }
        Ok(answers)
    }

    /// The endpoint of which answers are gathered.
    ///
    /// # Errors
    /// 404.
    pub(crate) fn check_endpoint(&self, path: &str) -> Result<String, Error> {
        let endpoint = format!("/{}", path.trim_end_matches('/'));
        if self.config.endpoints.contains(&endpoint) {
            return Ok(endpoint);
        }
        Err(Error::NotFound(
            "supplied endpoint is not configured in the Workspace Token Service aggregate endpoint allowlist",
        ))
    }

    fn asked(
        &self,
        endpoint: &str,
        params: &Params,
        mut stored: IndexMap<String, StoredToken>,
    ) -> Vec<Asked<'_>> {
        // Of a parameter that is given twice the first value counts.
        let mut passed: IndexMap<&str, &str> = IndexMap::new();
        for (name, value) in params.iter().filter(|(name, _)| *name != FILTERS) {
            passed.entry(name).or_insert(value);
        }
        let mut asked = Vec::new();
        for (host, base) in &self.config.commons {
            let mut url = base.clone();
            url.set_path(endpoint);
            if !passed.is_empty() {
                url.query_pairs_mut().extend_pairs(&passed);
            }
            asked.push(Asked { host, url, stored: stored.swap_remove(host) });
        }
        asked
    }

    /// The user's token for each commons, the one that lives longest.
    async fn stored_by_host(&self, caller: &Caller) -> Result<IndexMap<String, StoredToken>, Error> {
        let idps: Vec<&str> = self.config.idps.keys().map(String::as_str).collect();
        let mut living =
            refresh_tokens::living(&mut *self.pool.acquire().await?, caller, &idps, now()).await?;
        living.sort_by_key(|token| token.expires);
        let host = |token: &StoredToken| self.config.idps.get(&token.idp).map(|idp| idp.host.clone());
        Ok(living.into_iter().filter_map(|token| Some((host(&token)?, token))).collect())
    }

    /// What one commons answers; nothing when it does not, which is no reason to withhold the others.
    async fn gathered(&self, asked: &Asked<'_>, filters: &[&str]) -> Option<Gathered> {
        let _place = self.calls.acquire().await.ok()?;
        let token = match &asked.stored {
            Some(stored) => self.token_of(stored, asked.host).await,
            None => None,
        };
        let body = match self.get(asked.url.clone(), token.as_deref()).await {
            Ok(body) => body,
            Err(error) => return tell(&error, asked.host),
        };
        match read(&body, filters) {
            Some(answer) => Some(answer),
            None => tell(&PeerError::Unusable("it is no JSON, or has no keys"), asked.host),
        }
    }

    /// An access token for the commons; without one it is asked in nobody's name.
    async fn token_of(&self, stored: &StoredToken, host: &str) -> Option<String> {
        let idp = self.config.idps.get(&stored.idp)?;
        let refresh_token = match self.opened(&stored.token) {
            Ok(refresh_token) => refresh_token,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, idp = stored.idp, "a refresh token cannot be used");
                return None;
            }
        };
        match self.renew(idp, &refresh_token).await {
            Ok(token) => Some(token),
            Err(error) => tell(&error, host),
        }
    }
}

fn tell<T>(error: &PeerError, host: &str) -> Option<T> {
    let error = error as &dyn std::error::Error;
    tracing::warn!(error, commons.host = host, "a commons is left out of an aggregated answer");
    None
}

fn read(body: &[u8], filters: &[&str]) -> Option<Gathered> {
    if filters.is_empty() {
        return serde_json::from_slice(body).ok().map(Gathered::Whole);
    }
    let mut all: IndexMap<String, Box<RawValue>> = serde_json::from_slice(body).ok()?;
    let key = |name: &&str| ((*name).to_owned(), all.swap_remove(*name));
    Some(Gathered::Keys(filters.iter().map(key).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(body: &str, filters: &[&str]) -> Option<String> {
        read(body.as_bytes(), filters).map(|answer| serde_json::to_string(&answer).unwrap())
    }

    #[test]
    fn an_answer_is_passed_on_as_it_is_or_by_its_keys() {
        let body = r#"{"b": 1.50, "a": {"c": null}}"#;
        assert_eq!(shown(body, &[]).as_deref(), Some(body));
        assert_eq!(shown(body, &["a", "x"]).as_deref(), Some(r#"{"a":{"c": null},"x":null}"#));
        assert_eq!(shown("[1]", &[]).as_deref(), Some("[1]"));
        assert_eq!(shown("[1]", &["a"]), None);
        assert_eq!(shown("<html>", &[]), None);
    }
}
