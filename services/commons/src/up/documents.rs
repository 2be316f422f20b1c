//! The services that keep documents for GUIDs and for users.

use std::sync::Arc;

use anyhow::Context as _;
use authz::Authz;
use manifests::Manifests;
use metadata::{Metadata, Neighbours};
use sqlx::PgPool;
use storage::{AwsCredentials, BucketConfig, Buckets, S3Store};
use tokens::Verifier;

use super::ground::Ground;
use crate::version::VERSION;

/// The bucket of users' folders. The public front does not lead to it.
pub(super) const BUCKET: &str = "commons-manifests";
/// Name of the object store's keys in the configuration of the bucket.
const CREDENTIALS: &str = "embedded";

/// Documents by GUID, over this commons' indexd and fence.
pub(super) fn metadata(pool: PgPool, neighbours: Neighbours) -> Arc<Metadata> {
    let config = metadata::Config { version: VERSION.into(), ..metadata::Config::default() };
    Metadata::build(config, pool, neighbours)
}

/// Users' own lists of files, in the embedded object store.
pub(super) fn manifests(
    ground: &Ground,
    authz: Arc<dyn Authz>,
    verifier: Arc<Verifier>,
) -> anyhow::Result<Arc<Manifests>> {
    let keys = AwsCredentials::key(&ground.secrets.store_access_key, &ground.secrets.store_secret_key);
    let bucket = BucketConfig {
        cred: CREDENTIALS.to_owned(),
        endpoint_url: Some(ground.object_store_url.clone()),
        ..BucketConfig::default()
    };
    let keys = [(CREDENTIALS.to_owned(), keys)].into();
    let buckets = Buckets::new([(BUCKET.to_owned(), bucket)].into(), &keys)
        .context("the bucket of manifests cannot be used")?;
    let store = Arc::new(S3Store::new(buckets));
    Ok(Manifests::build(manifests::Config::of_bucket(BUCKET), store, authz, verifier))
}
