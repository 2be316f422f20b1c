//! S3: the embedded endpoint, and a server of others.

use std::net::TcpListener;

use indexmap::IndexMap;
use objectstore::{EmbeddedS3, Settings};
use storage::{Access, AwsCredentials, Bucket, BucketConfig, Buckets, Location, ObjectStore as _, S3Store};

use crate::{conformance::Candidate, servers};

fn store(address: &str) -> S3Store {
    let config = |cred: &str| BucketConfig {
        cred: cred.into(),
        endpoint_url: Some(format!("http://{address}")),
        ..BucketConfig::default()
    };
    let buckets = [("uploads".to_owned(), config("C")), ("public".to_owned(), config("*"))].into();
    let credentials = IndexMap::from([("C".into(), AwsCredentials::key("AK", "secret"))]);
    S3Store::new(Buckets::new(buckets, &credentials).unwrap())
}

fn candidate(store: &S3Store) -> Candidate<'_> {
    Candidate {
        store,
        bucket: Bucket::s3("uploads"),
        put_headers: &[],
        checks_signatures: true,
        extra: &[("user_id", "7"), ("username", "ada"), ("client_id", "c")],
        odd_keys: &[],
        knows_uploads: true,
        lists_parts: true,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_store_does_what_a_store_has_to_do() {
    crate::http();
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        folder: folder.path().join("objects"),
        access_key: "AK".into(),
        secret_key: "secret".into(),
        buckets: vec!["uploads".into()],
        reserve: Some(0),
    };
    let endpoint = EmbeddedS3::start(&settings, TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
    let store = store(&endpoint.address().to_string());
    Candidate { odd_keys: &["a", "a/b", "/a/b", "a//b", "a/"], ..candidate(&store) }.examine().await;
    endpoint.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versitygw_does_what_a_store_has_to_do() {
    let Some(server) = servers::versitygw(&["uploads"]) else { return };
    let store = store(&server.address);
    candidate(&store).examine().await;
}

#[tokio::test]
async fn a_public_bucket_is_not_signed_for_and_an_unknown_one_is_refused() {
    let store = store("127.0.0.1:9");
    let url = async |bucket: &str| {
        let location = Location::new(bucket, "p q").unwrap();
        store.presign(&location, Access::Get, std::time::Duration::from_secs(60), &[("user_id", "1")]).await
    };
    assert_eq!(url("public").await.unwrap().as_str(), "http://127.0.0.1:9/public/p%20q");
    let refused = url("unknown").await.unwrap_err();
    assert_eq!(refused.to_string(), "the bucket unknown is not configured");
}

#[tokio::test]
async fn a_store_that_is_not_there_is_told_without_a_secret() {
    let refused = store("127.0.0.1:9").head(&Location::new("uploads", "k").unwrap()).await.unwrap_err();
    assert!(refused.is_temporary(), "{refused}");
    assert!(!refused.to_string().contains("secret"), "{refused}");
}
