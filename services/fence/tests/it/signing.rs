//! Many URLs at once, of a store that takes its time to sign each.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use fence::{Config, Fence};
use indexclient::Record;
use serde_json::{Value, json};
use storage::{
    Access, Bucket, ByteStream, Listing, Location, ObjectInfo, ObjectStore, Part, Parts, StorageError,
};
use testing::{EVERYBODY, Rights};
use url::Url;

use crate::world::{World, answer};

const NOT_ASKED: StorageError = StorageError::Unsupported("only URLs are signed here");

/// Signs, and notes how many are signed at the same time.
#[derive(Debug, Default)]
struct SlowStore {
    now: AtomicUsize,
    most: AtomicUsize,
}

#[async_trait]
impl ObjectStore for SlowStore {
    async fn presign(
        &self,
        location: &Location,
        _: Access<'_>,
        _: Duration,
        _: &[(&str, &str)],
    ) -> Result<Url, StorageError> {
        self.most.fetch_max(self.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        // The first ones are ready last.
        let number: u64 = location.key().parse().unwrap();
        tokio::time::sleep(Duration::from_millis(120 - 5 * number)).await;
        self.now.fetch_sub(1, Ordering::SeqCst);
        Ok(Url::parse(&format!("https://signed.example/{}", location.key())).unwrap())
    }

    fn plain_url(&self, _: &Location) -> Result<Url, StorageError> {
        Err(NOT_ASKED)
    }

    async fn create_multipart(&self, _: &Location) -> Result<String, StorageError> {
        Err(NOT_ASKED)
    }

    async fn parts(&self, _: &Location, _: &str, _: Option<i64>) -> Result<Parts, StorageError> {
        Err(NOT_ASKED)
    }

    async fn complete_multipart(&self, _: &Location, _: &str, _: &[Part]) -> Result<(), StorageError> {
        Err(NOT_ASKED)
    }

    async fn abort_multipart(&self, _: &Location, _: &str) -> Result<(), StorageError> {
        Err(NOT_ASKED)
    }

    async fn head(&self, _: &Location) -> Result<ObjectInfo, StorageError> {
        Err(NOT_ASKED)
    }

    async fn read(&self, _: &Location, _: Option<Range<u64>>) -> Result<ByteStream, StorageError> {
        Err(NOT_ASKED)
    }

    async fn write(&self, _: &Location, _: Bytes) -> Result<(), StorageError> {
        Err(NOT_ASKED)
    }

    async fn delete(&self, _: &Location) -> Result<(), StorageError> {
        Err(NOT_ASKED)
    }

    async fn list(&self, _: &Bucket, _: &str, _: Option<&str>) -> Result<Listing, StorageError> {
        Err(NOT_ASKED)
    }
}

#[tokio::test]
async fn the_urls_of_many_files_are_signed_several_at_a_time_and_come_in_their_order() {
    let world = World::new().await;
    let guids: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    for guid in &guids {
        world.index.put(Record {
            did: guid.clone(),
            size: Some(1),
            authz: vec!["/open".into()],
            urls: vec![format!("s3://slow/{guid}")],
            ..Record::default()
        });
    }
    let store = Arc::new(SlowStore::default());
    let config = Config { base_url: world.tokens.issuer().to_owned(), ..Config::default() };
    let rights = Rights::of_verified_tokens(world.tokens.verifier());
    let rights = Arc::new(rights.grant(EVERYBODY, "fence", "read-storage", "/open"));
    let (pool, keys, index) = (world.database.pool.clone(), world.tokens.keys(), world.index.clone());
    let fence = Fence::build(config, pool, keys, rights, index, store.clone(), &world.http).unwrap();
    let listener = web::bind("127.0.0.1".parse().unwrap(), 0).unwrap();
    let url = format!("http://{}/data/download/bulk", listener.local_addr().unwrap());
    let _server = web::Server::start(listener, fence, 1).unwrap();

    let (status, body) = answer(world.http.post(url).json(&json!({ "guids": guids }))).await;
    assert_eq!(status, 200, "{body}");
    let expected: Vec<Value> =
        guids.iter().map(|guid| json!(format!("https://signed.example/{guid}"))).collect();
    let urls: Vec<Value> =
        body["urls"].as_array().unwrap().iter().map(|found| found["url"].clone()).collect();
    assert_eq!(urls, expected, "{body}");
    assert_eq!(store.most.load(Ordering::SeqCst), 8);
}
