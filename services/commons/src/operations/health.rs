//! Whether the services of a commons can serve.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use async_trait::async_trait;
use futures_util::future::join_all;
use operations::{Health, Looked};
use reqwest::Client;
use url::Url;
use web::Service;

/// Who waits for a page does not wait for longer.
const PATIENCE: Duration = Duration::from_secs(3);

/// The services of this process, once they are built. It keeps none of them alive: the one that shows their
/// state is among them.
#[derive(Default)]
pub(crate) struct Services(OnceLock<Vec<(&'static str, Weak<dyn Service>)>>);

impl Services {
    /// These are all.
    pub(crate) fn are(&self, services: &[Arc<dyn Service>]) {
        let known = services.iter().map(|service| (service.name(), Arc::downgrade(service)));
        // Said twice, the first counts.
        let _ = self.0.set(known.collect());
    }
}

#[async_trait]
impl Health for Services {
    async fn look(&self) -> Vec<Looked> {
        let services = self.0.get().map(Vec::as_slice).unwrap_or_default();
        let look = async |(name, service): &(&'static str, Weak<dyn Service>)| {
            let ready = match service.upgrade() {
                Some(service) => tokio::time::timeout(PATIENCE, service.ready()).await,
                None => Ok(Err("it has ended".to_owned())),
            };
            let ready = ready.unwrap_or_else(|_| Err("it does not answer in time".to_owned()));
            Looked { service: (*name).to_owned(), ready }
        };
        join_all(services.iter().map(look)).await
    }
}

/// Services elsewhere, by what answers 2xx when they can serve.
pub(crate) struct Elsewhere {
    pub(crate) services: HashMap<String, Url>,
    pub(crate) client: Client,
}

#[async_trait]
impl Health for Elsewhere {
    async fn look(&self) -> Vec<Looked> {
        let look = async |(name, url): (&String, &Url)| {
            let answer = self.client.get(url.clone()).timeout(PATIENCE).send().await;
            let ready = match answer {
                Ok(answer) if answer.status().is_success() => Ok(()),
                Ok(answer) => Err(format!("it answers {}", answer.status())),
                Err(_) => Err("it does not answer".to_owned()),
            };
            Looked { service: name.clone(), ready }
        };
        let mut looked = join_all(self.services.iter().map(look)).await;
        looked.sort_by(|one, other| one.service.cmp(&other.service));
        looked
    }
}
