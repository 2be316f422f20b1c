//! Identity providers behind another one, for login pages: their names are read from where they are listed,
//! once a day, and what is not known is left out.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use indexmap::IndexMap;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, BufReader},
    sync::{Mutex, OwnedMutexGuard},
};

use super::{
    federation,
    names::{MOST, Names, shown, sorted},
    transport::{self, FetchError},
};
use crate::config::{Config, Provider};

/// How long a list counts, and how long one is not asked for again that could not be read.
const FRESH: Duration = Duration::from_secs(24 * 3600);
const PATIENCE: Duration = Duration::from_secs(60);
/// Who opens a login page waits at most this long for a list.
const TIMEOUT: Duration = Duration::from_secs(3);
/// The longest list: that of a federation with thousands of providers.
const LONGEST: usize = 16 * 1024 * 1024;
/// Metadata say much more of each of them. They are not kept while they are read.
const LONGEST_METADATA: u64 = 512 * 1024 * 1024;
const METADATA_TYPE: &str = "application/samlmetadata+xml, application/xml;q=0.9";
const PATIENCE_FOR_METADATA: Duration = Duration::from_secs(300);
/// What is behind another provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Identity providers of Shibboleth.
    Shibboleth,
    /// What another provider calls its own providers.
    Option,
}

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The discovery feed of a Shibboleth service.
    Feed,
    /// The login options of another fence.
    Options,
    /// The metadata of a federation (SAML, in XML).
    Metadata,
}

impl Form {
    /// That of `idp_discovery`, in the words of the original.
    fn of(format: &str) -> Option<Self> {
        match format {
            "shibboleth" => Some(Self::Feed),
            "xml-mdq-v1.0" => Some(Self::Metadata),
            _ => None,
        }
    }
}

/// The lists of a commons.
pub(crate) struct Behind {
    client: reqwest::Client,
    lists: IndexMap<(String, Kind), Arc<List>>,
}

struct List {
    url: String,
    form: Form,
    known: RwLock<Option<Arc<Names>>>,
    /// Held by whoever reads the list; when it may be read again.
    next: Arc<Mutex<Option<Instant>>>,
}

impl std::fmt::Debug for Behind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.lists.keys()).finish()
    }
}

impl Behind {
    /// The lists that the login options of `config` need.
    pub(crate) fn new(config: &Config, client: reqwest::Client) -> Self {
        let mut lists = IndexMap::new();
        for option in &config.options() {
            let Some(settings) = config.openid_connect.get(&option.idp) else { continue };
            for (kind, wanted) in
                [(Kind::Shibboleth, &option.shib_idps), (Kind::Option, &option.upstream_idps)]
            {
                if !wanted.is_none()
                    && let Some((url, form)) = source(&option.idp, settings, kind)
                {
                    let list = List { url, form, known: RwLock::default(), next: Arc::default() };
                    lists.insert((option.idp.clone(), kind), Arc::new(list));
                }
            }
        }
        Self { client, lists }
    }

    /// What is known of the providers behind `idp`.
    pub(crate) fn known(&self, idp: &str, kind: Kind) -> Option<Arc<Names>> {
        let list = self.lists.get(&(idp.to_owned(), kind))?;
        list.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the lists that are due, and waits a moment for them: a long one goes on being read. One that
    /// cannot be read changes nothing.
    pub(crate) async fn refresh(&self) {
        let reading = self.lists.values().map(|list| list.refresh(&self.client));
        // What has not come by then, the page does without.
        let _ = tokio::time::timeout(TIMEOUT, join_all(reading)).await;
    }
}

/// Where a list is, and its form. What a provider is known to have of its own counts before `idp_discovery`.
fn source(idp: &str, settings: &Provider, kind: Kind) -> Option<(String, Form)> {
    let is_fence = idp == "fence";
    if is_fence && kind == Kind::Shibboleth && !settings.shibboleth_discovery_url.is_empty() {
        return Some((settings.shibboleth_discovery_url.clone(), Form::Feed));
    }
    let discovery = &settings.idp_discovery;
    if !discovery.url.is_empty() {
        let form = Form::of(&discovery.format);
        if form.is_none() {
            tracing::warn!(
                login.idp = idp,
                format = discovery.format,
                "the list of idp_discovery is not read: its format is neither xml-mdq-v1.0 nor shibboleth"
            );
        }
        return form.map(|form| (discovery.url.clone(), form));
    }
    let base = settings.api_base_url.trim_end_matches('/');
    (is_fence && kind == Kind::Option && !base.is_empty()).then(|| (format!("{base}/login"), Form::Options))
}

impl List {
    /// Reads the list if it is due, in a task of its own.
    async fn refresh(self: &Arc<Self>, client: &reqwest::Client) {
        let is_known = self.known.read().unwrap_or_else(PoisonError::into_inner).is_some();
        match Arc::clone(&self.next).try_lock_owned() {
            Ok(next) if next.is_some_and(|next| next > Instant::now()) => {}
            Ok(next) => {
                let (list, client) = (Arc::clone(self), client.clone());
                // A panic is in the log already.
                let _ = tokio::spawn(async move { list.read_again(&client, next).await }).await;
            }
            // Somebody reads it just now: who knows an older one goes on with that.
            Err(_) if is_known => {}
            Err(_) => drop(self.next.lock().await),
        }
    }

    async fn read_again(&self, client: &reqwest::Client, mut next: OwnedMutexGuard<Option<Instant>>) {
        // A list of nobody would leave nobody a way to log in.
        let names = self.read(client).await.map(|names| Some(names).filter(|names| !names.is_empty()));
        match names {
            Ok(Some(names)) => {
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(names));
                *next = Some(Instant::now() + FRESH);
            }
            outcome => {
                *next = Some(Instant::now() + PATIENCE);
                let error = outcome.err();
                let error = error.as_ref().map(|error| error as &dyn std::error::Error);
                tracing::warn!(
                    list = self.url,
                    error,
                    "a list of identity providers has none, or cannot be read"
                );
            }
        }
    }

    async fn read(&self, client: &reqwest::Client) -> Result<Names, FetchError> {
        if self.form != Form::Metadata {
            let document = transport::get_up_to(client, &self.url, None, LONGEST).await?;
            return Ok(names(self.form, &document));
        }
        let read = async {
            let metadata = transport::open(client, &self.url, METADATA_TYPE).await?;
            let read = federation::providers(BufReader::new(metadata.take(LONGEST_METADATA))).await;
            read.map_err(|source| FetchError::Metadata { url: self.url.clone(), source })
        };
        tokio::time::timeout(PATIENCE_FOR_METADATA, read).await.map_err(|_| FetchError::Slow)?
    }
}

/// The providers of a document, by their names. What cannot be understood is left out.
fn names(form: Form, document: &Value) -> Names {
    let entries = match form {
        Form::Options => document.get("providers").and_then(Value::as_array),
        Form::Feed | Form::Metadata => document.as_array(),
    };
    let entries = entries.map(Vec::as_slice).unwrap_or_default();
    let read = |entry: &Value| match form {
        Form::Options => Some((text(entry.get("idp")?)?, text(entry.get("name")?)?)),
        Form::Feed | Form::Metadata => of_feed(entry),
    };
    sorted(entries.iter().take(MOST).filter_map(read).collect())
}

/// An entry of a discovery feed: its name in English, or else the first, or else its id.
fn of_feed(entry: &Value) -> Option<(String, String)> {
    let id = text(entry.get("entityID")?)?;
    let names = entry.get("DisplayNames").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let is_english = |name: &&Value| name.get("lang").and_then(Value::as_str) == Some("en");
    let name = names.iter().find(is_english).or(names.first());
    let name = name.and_then(|name| text(name.get("value")?));
    Some((id.clone(), name.unwrap_or(id)))
}

fn text(value: &Value) -> Option<String> {
    shown(value.as_str()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(form: Form, document: &Value) -> Vec<(String, String)> {
        names(form, document).into_iter().collect()
    }

    #[test]
    fn a_feed_names_its_providers_in_english_or_as_it_can() {
        let pair = |id: &str, name: &str| (id.to_owned(), name.to_owned());
        let feed = json!([
            {"entityID": "urn:b", "DisplayNames": [{"value": "Universität", "lang": "de"},
                                                   {"value": "University B", "lang": "en"}]},
            {"entityID": "urn:a", "DisplayNames": [{"value": "école a", "lang": "fr"}]},
            {"entityID": "urn:none"}, {"entityID": ""}, {"DisplayNames": []}, 7,
            {"entityID": "urn:odd", "DisplayNames": [{"value": "a\u{7}b"}]},
        ]);
        assert_eq!(
            read(Form::Feed, &feed),
            [
                pair("urn:b", "University B"),
                pair("urn:none", "urn:none"),
                pair("urn:odd", "urn:odd"),
                pair("urn:a", "école a"),
            ]
        );
        let options = json!({"providers": [{"idp": "orcid", "name": "ORCID"}, {"idp": "x"}, null]});
        assert_eq!(read(Form::Options, &options), [pair("orcid", "ORCID")]);
        for wrong in [json!(null), json!({}), json!("x"), json!({"providers": {}})] {
            assert!(read(Form::Feed, &wrong).is_empty() && read(Form::Options, &wrong).is_empty());
        }
    }
}
