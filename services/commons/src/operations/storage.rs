//! The stores of a commons: what is told of each, whether it can be used from here, and what the file index
//! has there.

use std::{path::PathBuf, sync::Arc, time::Duration};

use archive::{Disk, Tiers};
use async_trait::async_trait;
use fence::files::target::upload_buckets;
use futures_util::{StreamExt as _, stream};
use indexd::Layout;
use operations::{Count, Held, Look, Purpose, Reach, Storage, Store, StoreKind, Uncounted};
use sqlx::PgPool;
use storage::{Bucket, BucketConfig, Kind, ObjectStore};
use tokio::time::{Instant, timeout_at};

use crate::{failure::message, settings::without_passwords};

/// So many stores are looked at at the same time.
const AT_ONCE: usize = 16;
/// A store has so long to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// All of them have so long.
const PATIENCE_WITH_ALL: Duration = Duration::from_secs(15);
const TOO_SLOW: &str = "it does not answer in time";

/// How a store is looked at.
enum At {
    /// By a page of the keys in it that begin like this.
    Bucket(Arc<dyn ObjectStore>, Bucket, String),
    /// By its presence.
    Folder(PathBuf),
    /// Not at all, for this reason.
    Nowhere(&'static str),
}

/// A store, and how it is looked at.
pub(crate) struct Place {
    store: Store,
    at: At,
    disk: Option<Disk>,
}

impl Place {
    fn of(bucket: &Bucket, prefix: &str, purpose: Purpose, at: At) -> Self {
        let kind = match bucket.kind() {
            Kind::S3 => StoreKind::S3,
            Kind::Google => StoreKind::Google,
            Kind::Azure => StoreKind::Azure,
            Kind::Folder => StoreKind::Folder,
        };
        let store = Store {
            url: format!("{bucket}/{prefix}"),
            kind,
            purposes: [purpose].into(),
            endpoint: None,
            region: None,
            prefix: Some(prefix.to_owned()).filter(|prefix| !prefix.is_empty()),
            tier: None,
            storage_class: None,
            capacity: None,
        };
        Self { store, at, disk: None }
    }

    /// A bucket of S3 that `reader` reaches.
    pub(crate) fn s3(
        name: &str,
        config: &BucketConfig,
        purpose: Purpose,
        reader: &Arc<dyn ObjectStore>,
    ) -> Self {
        let bucket = Bucket::s3(name);
        let at = if is_name(name) {
            At::Bucket(reader.clone(), bucket.clone(), String::new())
        } else {
            At::Nowhere("it is a pattern of names, and no bucket")
        };
        Self::of(&bucket, "", purpose, at).reached_by(config)
    }

    fn reached_by(mut self, config: &BucketConfig) -> Self {
        self.store.endpoint = config.endpoint_url.as_deref().map(without_passwords);
        self.store.region.clone_from(&config.region);
        self
    }

    /// The same as a bucket of the store of this process, which is on `disk`.
    #[must_use]
    pub(crate) fn embedded(mut self, disk: &Disk) -> Self {
        self.store.kind = StoreKind::Embedded;
        self.disk = Some(disk.clone());
        self
    }

    /// Whether it is in this bucket of S3.
    pub(crate) fn is_in(&self, name: &str) -> bool {
        self.store.url.strip_prefix("s3://").is_some_and(|rest| rest.split('/').next() == Some(name))
    }

    async fn look(&self, end: Instant) -> Look {
        let end = end.min(Instant::now() + PATIENCE);
        let reach = match &self.at {
            At::Bucket(store, bucket, prefix) => {
                answered(timeout_at(end, store.list(bucket, prefix, None)).await)
            }
            At::Folder(folder) => match timeout_at(end, tokio::fs::metadata(folder)).await {
                Ok(Ok(about)) if !about.is_dir() => Reach::Unreached("it is no folder".to_owned()),
                answer => answered(answer),
            },
            At::Nowhere(why) => Reach::Unknown((*why).to_owned()),
        };
        Look { reach, free: self.free(end).await }
    }

    /// Free bytes of its disk, if it is on one of this machine.
    async fn free(&self, end: Instant) -> Option<u64> {
        let disk = self.disk.clone()?;
        let free = tokio::task::spawn_blocking(move || disk.free());
        timeout_at(end, free).await.ok()?.ok()?.ok()
    }
}

fn answered<T>(answer: Result<Result<T, impl std::fmt::Display>, tokio::time::error::Elapsed>) -> Reach {
    match answer {
        Ok(Ok(_)) => Reach::Reached,
        Ok(Err(error)) => Reach::Unreached(error.to_string()),
        Err(_) => Reach::Unreached(TOO_SLOW.to_owned()),
    }
}

/// Whether it is the name of one bucket: fence's configuration also takes patterns of names.
fn is_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// The buckets of fence's configuration, as `reader` reaches them.
pub(crate) fn of_fence(config: &fence::Config, reader: &Arc<dyn ObjectStore>) -> Vec<Place> {
    let uploads = upload_buckets(config);
    let mut places: Vec<Place> = Vec::new();
    for (name, bucket) in &config.s3_buckets {
        let is_for_uploads = uploads.contains(&Bucket::s3(name));
        let purpose = if is_for_uploads { Purpose::Uploads } else { Purpose::Files };
        places.push(Place::s3(name, bucket, purpose, reader));
    }
    for bucket in &uploads {
        let is_listed = bucket.kind() == Kind::S3 && config.s3_buckets.contains_key(bucket.name());
        if !is_listed {
            let at = At::Bucket(reader.clone(), bucket.clone(), String::new());
            places.push(Place::of(bucket, "", Purpose::Uploads, at));
        }
    }
    places
}

/// The tiers of an archive, as `reader` reaches them by fence's configuration.
pub(crate) fn of_tiers(tiers: &Tiers, config: &fence::Config, reader: &Arc<dyn ObjectStore>) -> Vec<Place> {
    let place = |tier: &archive::Tier| {
        let (bucket, prefix) = (tier.bucket(), tier.prefix());
        let folder = tier.folder();
        let at = match &folder {
            Some(folder) => At::Folder(folder.clone()),
            None => At::Bucket(reader.clone(), bucket.clone(), prefix.to_owned()),
        };
        let mut place = Place::of(bucket, prefix, Purpose::Archive, at);
        if let (Kind::S3, Some(config)) = (bucket.kind(), config.s3_buckets.get(bucket.name())) {
            place = place.reached_by(config);
        }
        place.disk = folder.map(|folder| Disk { folder, reserve: tier.reserve() });
        place.store.tier = Some(tier.name.clone());
        place.store.storage_class = Some(tier.told_class().to_owned());
        place.store.capacity = tier.capacity();
        place
    };
    tiers.iter().map(place).collect()
}

/// The database of the file index, and its layout, if that is known.
pub(crate) struct IndexAt {
    pub(crate) records: PgPool,
    pub(crate) layout: Option<Layout>,
}

/// All stores of a commons.
pub(crate) struct Stores {
    stores: Vec<Store>,
    places: Vec<Place>,
    index: Option<IndexAt>,
}

impl Stores {
    /// These, each once: what is named twice is used for both. Without an `index` nothing is counted.
    pub(crate) fn of(places: Vec<Place>, index: Option<IndexAt>) -> Self {
        let mut all: Vec<Place> = Vec::new();
        for place in places {
            match all.iter_mut().find(|known| known.store.url == place.store.url) {
                Some(known) => merge(known, place),
                None => all.push(place),
            }
        }
        Self { stores: all.iter().map(|place| place.store.clone()).collect(), places: all, index }
    }
}

fn merge(known: &mut Place, other: Place) {
    let store = &mut known.store;
    store.purposes.extend(other.store.purposes);
    store.tier = store.tier.take().or(other.store.tier);
    store.storage_class = store.storage_class.take().or(other.store.storage_class);
    store.capacity = store.capacity.or(other.store.capacity);
    known.disk = known.disk.take().or(other.disk);
}

#[async_trait]
impl Storage for Stores {
    fn stores(&self) -> &[Store] {
        &self.stores
    }

    async fn look(&self) -> Vec<Look> {
        let end = Instant::now() + PATIENCE_WITH_ALL;
        let looks: Vec<_> = self.places.iter().map(|place| place.look(end)).collect();
        stream::iter(looks).buffered(AT_ONCE).collect().await
    }

    async fn count(&self) -> Result<Count, Uncounted> {
        let IndexAt { records, layout } = self.index.as_ref().ok_or(Uncounted::Unknown(
            "operations are not told where the database of the file index is (INDEXD_DATABASE_URL)",
        ))?;
        let wanted: Vec<String> = self.stores.iter().map(|store| store.url.clone()).collect();
        let places = indexd::places(records, *layout, &wanted).await;
        let places = places.map_err(|error| Uncounted::Failed(message(&error.into())))?;
        Ok(Count {
            stores: places.wanted.into_iter().map(held).collect(),
            others: places.others.into_iter().map(|(url, there)| (url, held(there))).collect(),
            has_more: places.has_more,
            nowhere: held(places.nowhere),
        })
    }
}

/// Records never have fewer than no bytes.
fn held(held: indexd::Held) -> Held {
    let number = |number: i64| u64::try_from(number).unwrap_or(0);
    Held { records: number(held.records), bytes: number(held.bytes) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use storage::{AwsCredentials, Buckets, S3Store};

    use super::*;

    fn reader(config: &fence::Config) -> Arc<dyn ObjectStore> {
        let buckets = Buckets::new(config.s3_buckets.clone(), &config.aws_credentials).unwrap();
        Arc::new(S3Store::new(buckets))
    }

    fn config(endpoint: &str) -> fence::Config {
        let bucket = BucketConfig {
            cred: "C".into(),
            endpoint_url: Some(endpoint.to_owned()),
            region: Some("eu-west-1".into()),
            ..BucketConfig::default()
        };
        fence::Config {
            s3_buckets: [("data", &bucket), ("old-.*", &bucket)]
                .map(|(name, bucket)| (name.to_owned(), bucket.clone()))
                .into(),
            aws_credentials: [("C".to_owned(), AwsCredentials::key("a", "b"))].into(),
            data_upload_bucket: "data".into(),
            allowed_data_upload_buckets: vec!["gs://theirs".into()],
            ..fence::Config::default()
        }
    }

    #[tokio::test]
    async fn stores_are_told_once_and_without_secrets_and_what_does_not_answer_is_said() {
        // Nothing listens at port 9 of this machine.
        let config = config("http://ada:secret@127.0.0.1:9");
        let reader = reader(&config);
        let folder = tempfile::tempdir().unwrap();
        let url = format!("file://{}", folder.path().display());
        let tiers = Tiers::from_document(json!({"tiers": {
            "tape": {"url": url, "reserve_mib": 0}, "cold": {"url": "s3://data/cold", "capacity_gib": 1},
            "same": {"url": "s3://old"},
        }}));
        let tiers = tiers.unwrap();
        let mut places = of_fence(&config, &reader);
        places.extend(of_tiers(&tiers, &config, &reader));
        places.push(Place::s3("data", &BucketConfig::default(), Purpose::Exports, &reader));
        let stores = Stores::of(places, None);
        let urls: Vec<&str> = stores.stores().iter().map(|store| store.url.as_str()).collect();
        let tape = format!("{url}/");
        assert_eq!(
            urls,
            ["s3://data/", "s3://old-.*/", "gs://theirs/", &tape, "s3://data/cold/", "s3://old/"]
        );
        let [data, _, _, tape, cold, _] = stores.stores() else { panic!("{urls:?}") };
        assert_eq!(data.purposes, [Purpose::Uploads, Purpose::Exports].into());
        assert_eq!(data.endpoint.as_deref(), Some("http://ada:***@127.0.0.1:9"));
        assert_eq!((tape.kind, tape.storage_class.as_deref()), (StoreKind::Folder, Some("folder")));
        assert_eq!((cold.prefix.as_deref(), cold.capacity), (Some("cold/"), Some(1 << 30)));
        let looks = stores.look().await;
        let [data, pattern, _, tape, ..] = looks.as_slice() else { panic!("{looks:?}") };
        assert!(matches!(&data.reach, Reach::Unreached(why) if !why.contains("secret")), "{data:?}");
        assert!(matches!(&pattern.reach, Reach::Unknown(why) if why.contains("pattern")), "{pattern:?}");
        assert!(tape.reach == Reach::Reached && tape.free.is_some(), "{tape:?}");
        assert!(matches!(stores.count().await, Err(Uncounted::Unknown(_))));
    }
}
