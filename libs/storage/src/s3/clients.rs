//! Clients of the SDK, made when they are needed and kept.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use aws::{Credentials, DisplayErrorContext, SdkConfig, Sessions};
use aws_sdk_s3::{
    Client,
    config::{
        Builder, Region, RequestChecksumCalculation, ResponseChecksumValidation, SharedCredentialsProvider,
        timeout::TimeoutConfig,
    },
};
use tokio::sync::OnceCell;

use super::{
    address::{DEFAULT_REGION, Style},
    config::{Buckets, Entry},
    regions::Regions,
};
use crate::StorageError;

/// A call without a body of its own is answered within this time.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// Whose requests some entries' are.
struct Identity {
    settings: aws::Settings,
    loaded: OnceCell<Loaded>,
}

struct Loaded {
    config: SdkConfig,
    /// `None` for nobody's requests.
    sessions: Option<Arc<Sessions>>,
}

impl Identity {
    async fn loaded(&self) -> &Loaded {
        let load = async || {
            let config = aws::shared_config(&self.settings).await;
            let sessions = Sessions::of(&config).map(Arc::new);
            Loaded { config, sessions }
        };
        self.loaded.get_or_init(load).await
    }
}

/// What an entry of the configuration has made so far.
struct Made {
    identity: Arc<Identity>,
    /// By region. There are few: Amazon names them, not the caller.
    clients: RwLock<HashMap<String, Client>>,
}

/// The clients of all entries, in their order.
pub(super) struct Clients {
    made: Vec<Made>,
    regions: Regions,
}

impl Clients {
    /// None is made yet. Entries of the same identity share its sessions.
    pub(super) fn of(buckets: &Buckets) -> Self {
        let mut identities: HashMap<aws::Settings, Arc<Identity>> = HashMap::new();
        let made = |entry: &Entry| {
            let settings = &entry.settings;
            let new = || Arc::new(Identity { settings: settings.clone(), loaded: OnceCell::new() });
            let identity = identities.entry(settings.clone()).or_insert_with(new).clone();
            Made { identity, clients: RwLock::default() }
        };
        Self { made: buckets.entries.iter().map(made).collect(), regions: Regions::default() }
    }

    /// Credentials for the bucket `name` that are good for `life`.
    ///
    /// # Errors
    /// When there are none.
    pub(super) async fn credentials(
        &self,
        place: usize,
        name: &str,
        life: Duration,
    ) -> Result<Credentials, StorageError> {
        let without = |reason| StorageError::Credentials { bucket: name.to_owned(), reason };
        let loaded = self.made[place].identity.loaded().await;
        let Some(sessions) = &loaded.sessions else { return Err(without("none are configured".to_owned())) };
        let found = sessions.living(life).await;
        found.map_err(|error| without(DisplayErrorContext(&error).to_string()))
    }

    /// The region of the bucket `name`: as configured; else as Amazon says.
    pub(super) async fn region(&self, place: usize, entry: &Entry, name: &str) -> String {
        match (&entry.config.region, &entry.config.endpoint_url) {
            (Some(region), _) => region.clone(),
            (None, Some(_)) => DEFAULT_REGION.to_owned(),
            (None, None) => {
                let client = self.made[place].client(entry, DEFAULT_REGION).await;
                self.regions.of(name, &client).await
            }
        }
    }

    /// The client for the bucket `name`.
    pub(super) async fn client(&self, place: usize, entry: &Entry, name: &str) -> Client {
        let region = self.region(place, entry, name).await;
        self.made[place].client(entry, &region).await
    }
}

impl Made {
    async fn client(&self, entry: &Entry, region: &str) -> Client {
        let kept = self.clients.read().unwrap_or_else(PoisonError::into_inner).get(region).cloned();
        if let Some(client) = kept {
            return client;
        }
        let loaded = self.identity.loaded().await;
        let client = Client::from_conf(config(loaded, entry, region));
        let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
        clients.entry(region.to_owned()).or_insert(client).clone()
    }
}

fn config(loaded: &Loaded, entry: &Entry, region: &str) -> aws_sdk_s3::Config {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(CALL_TIMEOUT).build();
    let mut builder =
        Builder::from(&loaded.config).region(Region::new(region.to_owned())).timeout_config(timeouts);
    match &loaded.sessions {
        Some(sessions) => {
            builder
                .set_credentials_provider(Some(SharedCredentialsProvider::new(sessions.clone().provider())));
        }
        None => builder = builder.allow_no_auth(),
    }
    if let Some(url) = &entry.config.endpoint_url {
        // Checksums in trailers are Amazon's; not every other store takes them.
        builder = builder
            .endpoint_url(url)
            .force_path_style(entry.config.addressing_style.unwrap_or_default() == Style::Path)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    }
    builder.build()
}
