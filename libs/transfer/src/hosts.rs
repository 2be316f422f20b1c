//! Which commons has an object: hosts of DRS URIs, owners of prefixes, and who the user is there.

use std::{collections::HashMap, sync::Arc};

use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use crate::{
    calls::DrsObject,
    commons::{Commons, origin},
    credentials::Credentials,
    error::TransferError,
    identifiers::in_path,
    retry::Retries,
};

/// Who knows to whom the prefixes of Gen3's data GUIDs belong.
pub const RESOLVER: &str = "https://dataguids.org";

/// The commons that were met so far.
pub(crate) struct Hosts {
    home: Option<Arc<Commons>>,
    /// Further credentials of the user, each for the commons that gave it.
    keys: Vec<Credentials>,
    retries: Retries,
    /// Whom to ask for the host of a prefix that the commons does not know.
    prefixes: Option<String>,
    others: Mutex<HashMap<String, Arc<Commons>>>,
    of_prefixes: Mutex<HashMap<String, Arc<Commons>>>,
    providers: Mutex<Option<Vec<(Url, String)>>>,
}

impl Hosts {
    pub(crate) fn new(
        home: Option<Arc<Commons>>,
        keys: Vec<Credentials>,
        prefixes: Option<String>,
        retries: Retries,
    ) -> Self {
        let (others, of_prefixes, providers) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { home, keys, retries, prefixes, others, of_prefixes, providers }
    }

    /// The commons at a host, with who the user is there.
    pub(crate) async fn at(&self, host: &str) -> Result<Arc<Commons>, TransferError> {
        let base = match origin(&format!("https://{host}"))? {
            base if is_local(&base) => origin(&format!("http://{host}"))?,
            base => base,
        };
        if let Some(home) = &self.home
            && same_host(home.address(), &base)
        {
            return Ok(home.clone());
        }
        let mut others = self.others.lock().await;
        if let Some(known) = others.get(base.as_str()) {
            return Ok(known.clone());
        }
        let own = self.keys.iter().find(|key| key.commons().is_some_and(|url| same_host(&url, &base)));
        let commons = match (own, &self.home) {
            (Some(key), _) => Commons::new(base.as_str(), Some(key.clone()), self.retries)?,
            (None, Some(home)) if home.knows_user() => match self.linked(home, &base).await {
                Some(idp) => Commons::linked(home, base.clone(), idp)?,
                None => Commons::new(base.as_str(), None, self.retries)?,
            },
            _ => Commons::new(base.as_str(), None, self.retries)?,
        };
        let commons = Arc::new(commons);
        others.insert(base.to_string(), commons.clone());
        Ok(commons)
    }

    /// What the workspace token service of `home` calls another commons, if the user could link it there.
    async fn linked(&self, home: &Arc<Commons>, base: &Url) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Answer {
            providers: Vec<Provider>,
        }
        #[derive(serde::Deserialize)]
        struct Provider {
            base_url: String,
            idp: String,
        }
        let mut providers = self.providers.lock().await;
        if providers.is_none() {
            let said: Result<Answer, _> = home.get("looking for linked commons", "/wts/external_oidc/").await;
            let all = said.map(|said| said.providers).unwrap_or_default();
            let parsed = all.into_iter().filter_map(|one| Some((origin(&one.base_url).ok()?, one.idp)));
            *providers = Some(parsed.collect());
        }
        providers.iter().flatten().find(|(url, _)| same_host(url, base)).map(|(_, idp)| idp.clone())
    }

    /// Who has the objects of a prefix, and the object.
    pub(crate) async fn of_prefix(
        &self,
        prefix: &str,
        accession: &str,
        whole: &str,
    ) -> Result<(Arc<Commons>, DrsObject), TransferError> {
        let known = self.of_prefixes.lock().await.get(prefix).cloned();
        if let Some(commons) = known {
            let object = commons.drs_object(whole).await?;
            return Ok((commons, object));
        }
        let mut hosts: Vec<Arc<Commons>> = self.home.iter().cloned().collect();
        hosts.extend(self.host_of(prefix, whole).await?);
        for commons in hosts {
            match commons.drs_object(whole).await {
                Ok(object) => {
                    self.of_prefixes.lock().await.insert(prefix.to_owned(), commons.clone());
                    return Ok((commons, object));
                }
                Err(TransferError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let what = format!("looking for drs://{prefix}:{accession}");
        Err(TransferError::NotFound { what, told: format!("nobody is known who has the prefix {prefix}") })
    }

    /// The host of a prefix: what the commons' aggregate says, its index's list of others, or the public
    /// resolver.
    async fn host_of(&self, prefix: &str, whole: &str) -> Result<Option<Arc<Commons>>, TransferError> {
        if let Some(home) = &self.home {
            let path = format!("/mds/aggregate/info/{prefix}");
            if let Ok(info) = home.get::<Value>("looking for a prefix", &path).await
                && let Some(host) = info.get("host").and_then(Value::as_str)
            {
                return self.at_address(host).await.map(Some);
            }
            if let Some(host) = hinted(home, prefix).await {
                return self.at_address(&host).await.map(Some);
            }
        }
        let Some(resolver) = &self.prefixes else { return Ok(None) };
        let resolver = Commons::new(resolver, None, self.retries)?;
        if let Some(host) = hinted(&resolver, prefix).await {
            return self.at_address(&host).await.map(Some);
        }
        let path = format!("/index/{}", in_path(whole));
        let said = resolver.get::<Value>("looking for a prefix", &path).await;
        let host =
            said.ok().and_then(|said| Some(said.pointer("/from_index_service/host")?.as_str()?.to_owned()));
        match host {
            Some(host) => self.at_address(&host).await.map(Some),
            None => Ok(None),
        }
    }

    async fn at_address(&self, address: &str) -> Result<Arc<Commons>, TransferError> {
        self.at(origin(address)?.authority()).await
    }
}

/// The host that an index's list of others has for a prefix.
async fn hinted(commons: &Commons, prefix: &str) -> Option<String> {
    let said = commons.get::<Value>("looking for a prefix", "/index/_dist").await.ok()?;
    let matches = |hint: &Value| hint.as_str().is_some_and(|hint| prefix_of(hint) == prefix);
    let has = |one: &&Value| {
        one.get("hints").and_then(Value::as_array).is_some_and(|hints| hints.iter().any(matches))
    };
    Some(said.as_array()?.iter().find(has)?.get("host")?.as_str()?.to_owned())
}

/// The prefix that a hint means, which is a pattern: `.*dg\.4503.*`. It counts as a whole: `dg.4` is another
/// commons than `dg.4503`.
fn prefix_of(hint: &str) -> String {
    let plain = hint.replace("\\.", ".").replace(".*", "");
    plain.trim_matches(['^', '$', '/']).to_owned()
}

fn same_host(one: &Url, other: &Url) -> bool {
    one.host_str() == other.host_str() && one.port_or_known_default() == other.port_or_known_default()
        // A loopback address is spoken to without TLS whatever its issuer says.
        || is_local(one) && one.host_str() == other.host_str() && one.port() == other.port()
}

/// This machine, to which `drs://` means http: nobody has a certificate for it.
fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_means_its_whole_prefix_and_no_part_of_it() {
        for (hint, prefix) in [
            (".*dg\\.4503.*", "dg.4503"),
            ("dg.4503", "dg.4503"),
            ("^dg\\.4503/.*", "dg.4503"),
            ("10\\..*", "10."),
        ] {
            assert_eq!(prefix_of(hint), prefix, "{hint}");
        }
    }
}
