//! The embedded endpoint and the S3 client, talking to each other over real sockets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod refusals;
mod stored;

use std::{net::TcpListener, sync::Once, time::Duration};

use futures_util::TryStreamExt as _;
use indexmap::IndexMap;
use rusty_s3::S3Action as _;
use storage::{
    Access, AwsCredentials, BucketConfig, Buckets, Location, ObjectStore, Part, S3Store, StorageError,
    embedded::{EmbeddedS3, Settings},
};

const HOUR: Duration = Duration::from_secs(3600);

struct Fixture {
    endpoint: EmbeddedS3,
    store: S3Store,
    http: reqwest::Client,
    _folder: tempfile::TempDir,
}

fn http() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| drop(rustls::crypto::aws_lc_rs::default_provider().install_default()));
    reqwest::Client::new()
}

fn store(endpoint: &EmbeddedS3, secret: &str, http: reqwest::Client) -> S3Store {
    let credentials = AwsCredentials { aws_access_key_id: "AK".into(), aws_secret_access_key: secret.into() };
    let config = |cred: &str| BucketConfig {
        cred: cred.into(),
        endpoint_url: Some(format!("http://{}", endpoint.address())),
        ..BucketConfig::default()
    };
    let buckets = IndexMap::from([
        ("uploads".to_owned(), config("C")),
        ("missing".to_owned(), config("C")),
        ("public".to_owned(), config("*")),
    ]);
    S3Store::new(Buckets::new(buckets, &IndexMap::from([("C".into(), credentials)])).unwrap(), http)
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        folder: folder.path().join("objects"),
        access_key: "AK".into(),
        secret_key: "secret".into(),
        buckets: vec!["uploads".into()],
        reserve: Some(0),
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = EmbeddedS3::start(&settings, listener).unwrap();
    let http = http();
    Fixture { store: store(&endpoint, "secret", http.clone()), endpoint, http, _folder: folder }
}

fn at(key: &str) -> Location {
    Location::new("uploads", key).unwrap()
}

async fn bytes(stream: storage::ByteStream) -> Vec<u8> {
    stream
        .try_fold(Vec::new(), async |mut all, piece| {
            all.extend_from_slice(&piece);
            Ok(all)
        })
        .await
        .unwrap()
}

#[tokio::test]
async fn what_is_put_by_a_signed_url_is_read_back_whole_and_in_parts() {
    let mut fixture = fixture();
    let mut completed = fixture.endpoint.take_completed().unwrap();
    let location = at("guid/a b+c%41 ï?.bin");
    let content: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();

    let url = fixture.store.presign(&location, Access::Put, HOUR, &[]).unwrap();
    let answer = fixture.http.put(url).body(content.clone()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers().contains_key("etag"));
    assert_eq!(completed.recv().await.unwrap(), location);

    let who = [("user_id", "7"), ("username", "ada@x.org"), ("client_id", "")];
    let url = fixture.store.presign(&location, Access::Get, HOUR, &who).unwrap();
    assert!(url.as_str().contains("username=ada%40x.org"), "{url}");
    let read = fixture.http.get(url.clone()).send().await.unwrap();
    assert_eq!(read.headers()["access-control-allow-origin"], "*");
    assert_eq!(read.headers()["content-length"], content.len().to_string().as_str());
    assert_eq!(read.bytes().await.unwrap(), content);

    let range = fixture.http.get(url).header("Range", "bytes=10-19").send().await.unwrap();
    assert_eq!(range.status(), 206);
    assert_eq!(range.bytes().await.unwrap(), content[10..20]);

    assert_eq!(fixture.store.head(&location).await.unwrap().size, content.len() as u64);
    assert_eq!(bytes(fixture.store.read(&location, None).await.unwrap()).await, content);
    assert_eq!(bytes(fixture.store.read(&location, Some(5..9)).await.unwrap()).await, content[5..9]);
    fixture.endpoint.stop().await;
}

#[tokio::test]
async fn a_url_is_worth_nothing_when_it_was_changed_or_forged_or_is_too_old() {
    let fixture = fixture();
    let location = at("guid/f");
    let put = fixture.store.presign(&location, Access::Put, HOUR, &[]).unwrap();
    fixture.http.put(put).body("content").send().await.unwrap();
    let status = async |url: reqwest::Url| fixture.http.get(url).send().await.unwrap().status().as_u16();

    let good = fixture.store.presign(&location, Access::Get, HOUR, &[("username", "ada")]).unwrap();
    assert_eq!(status(good.clone()).await, 200);
    let renamed = good.as_str().replace("username=ada", "username=eve").parse().unwrap();
    assert_eq!(status(renamed).await, 403);
    let elsewhere = good.as_str().replace("guid/f", "guid/g").parse().unwrap();
    assert_eq!(status(elsewhere).await, 403);
    assert_eq!(fixture.http.put(good).body("x").send().await.unwrap().status(), 403);
    let forged = store(&fixture.endpoint, "guessed", http());
    assert_eq!(status(forged.presign(&location, Access::Get, HOUR, &[]).unwrap()).await, 403);
    assert_eq!(status(fixture.store.plain_url(&location).unwrap()).await, 403);

    let short = fixture.store.presign(&location, Access::Get, Duration::from_secs(1), &[]).unwrap();
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert_eq!(status(short).await, 403);
}

#[tokio::test]
async fn parts_sent_by_signed_urls_become_one_object_even_under_a_long_name() {
    let mut fixture = fixture();
    let mut completed = fixture.endpoint.take_completed().unwrap();
    let location = at(&format!("guid/{}.bam", "ä".repeat(200)));
    let upload = fixture.store.create_multipart(&location).await.unwrap();
    let contents = [vec![b'a'; 5 * 1024 * 1024], vec![b'b'; 10]];
    let mut parts = Vec::new();
    for (number, content) in (1..).zip(&contents) {
        let access = Access::Part { upload_id: &upload, number };
        let url = fixture.store.presign(&location, access, HOUR, &[]).unwrap();
        let answer = fixture.http.put(url).body(content.clone()).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let etag = answer.headers()["etag"].to_str().unwrap().to_owned();
        parts.push(Part { number, etag });
    }
    fixture.store.complete_multipart(&location, &upload, &parts).await.unwrap();
    assert_eq!(completed.recv().await.unwrap(), location);
    assert_eq!(bytes(fixture.store.read(&location, None).await.unwrap()).await, contents.concat());
    assert_eq!(fixture.store.list("uploads", None).await.unwrap().keys, [location.key()]);

    // The first answer may have been lost on the way.
    fixture.store.complete_multipart(&location, &upload, &parts).await.unwrap();
    let fewer = fixture.store.complete_multipart(&location, &upload, &parts[..1]).await;
    assert!(matches!(fewer, Err(StorageError::NotFound)), "{fewer:?}");
    fixture.store.delete(&location).await.unwrap();
    let gone = fixture.store.complete_multipart(&location, &upload, &parts).await;
    assert!(matches!(gone, Err(StorageError::NotFound)), "{gone:?}");
    assert!(completed.try_recv().is_err(), "one notice for one object");
}

#[tokio::test]
async fn a_mistake_at_the_end_of_an_upload_does_not_lose_it() {
    let fixture = fixture();
    let location = at("guid/f");
    let upload = fixture.store.create_multipart(&location).await.unwrap();
    let access = Access::Part { upload_id: &upload, number: 1 };
    let url = fixture.store.presign(&location, access, HOUR, &[]).unwrap();
    let answer = fixture.http.put(url).body("content").send().await.unwrap();
    let etag = answer.headers()["etag"].to_str().unwrap().to_owned();
    let end = async |location: &Location, numbers: &[i64]| {
        let part = |number: &i64| Part { number: *number, etag: etag.clone() };
        let parts: Vec<Part> = numbers.iter().map(part).collect();
        fixture.store.complete_multipart(location, &upload, &parts).await
    };
    assert!(matches!(end(&location, &[1, 2]).await, Err(StorageError::Refused { status: 400, .. })));
    assert!(matches!(end(&at("guid/other"), &[1]).await, Err(StorageError::NotFound)), "another key");
    end(&location, &[1]).await.unwrap();
    assert_eq!(fixture.store.head(&location).await.unwrap().size, 7);
    end(&location, &[1]).await.unwrap();
}

#[tokio::test]
async fn an_aborted_upload_leaves_no_object() {
    let fixture = fixture();
    let location = at("guid/f");
    let upload = fixture.store.create_multipart(&location).await.unwrap();
    let endpoint = format!("http://{}", fixture.endpoint.address()).parse().unwrap();
    let bucket = rusty_s3::Bucket::new(endpoint, rusty_s3::UrlStyle::Path, "uploads", "us-east-1").unwrap();
    let credentials = rusty_s3::Credentials::new("AK", "secret");
    let url = bucket.abort_multipart_upload(Some(&credentials), location.key(), &upload).sign(HOUR);
    assert!(fixture.http.delete(url).send().await.unwrap().status().is_success());
    assert!(matches!(fixture.store.head(&location).await, Err(StorageError::NotFound)));
}

#[tokio::test]
async fn keys_are_listed_as_they_are_page_by_page_and_deleted() {
    let fixture = fixture();
    let keys = ["/a/b", "a+b", "a/", "a//b", "c d", "e%20f", "g/h&i<j>ï"];
    for key in keys {
        let url = fixture.store.presign(&at(key), Access::Put, HOUR, &[]).unwrap();
        assert_eq!(fixture.http.put(url).body("x").send().await.unwrap().status(), 200, "{key}");
    }
    let mut listed = fixture.store.list("uploads", None).await.unwrap().keys;
    listed.sort();
    assert_eq!(listed, keys);
    for key in keys {
        fixture.store.delete(&at(key)).await.unwrap();
        assert!(matches!(fixture.store.head(&at(key)).await, Err(StorageError::NotFound)), "{key}");
    }
    assert!(fixture.store.list("uploads", None).await.unwrap().keys.is_empty());
}

#[tokio::test]
async fn only_buckets_that_exist_take_objects() {
    let fixture = fixture();
    let location = Location::new("missing", "k").unwrap();
    let url = fixture.store.presign(&location, Access::Put, HOUR, &[]).unwrap();
    assert_eq!(fixture.http.put(url).body("x").send().await.unwrap().status(), 404);
    let unknown = Location::new("unknown", "k").unwrap();
    let refused = fixture.store.presign(&unknown, Access::Get, HOUR, &[]).unwrap_err();
    assert_eq!(refused.to_string(), "the bucket unknown is not configured");
    let public = Location::new("public", "p q").unwrap();
    let url = fixture.store.presign(&public, Access::Get, HOUR, &[("user_id", "1")]).unwrap();
    assert_eq!(url.as_str(), format!("http://{}/public/p%20q", fixture.endpoint.address()));
}

#[tokio::test]
async fn browsers_of_any_origin_may_use_signed_urls() {
    let fixture = fixture();
    let url = format!("http://{}/uploads/k", fixture.endpoint.address());
    let answer = fixture
        .http
        .request(reqwest::Method::OPTIONS, url)
        .header("Origin", "http://localhost:8080")
        .header("Access-Control-Request-Method", "PUT")
        .header("Access-Control-Request-Headers", "content-type")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    assert_eq!(answer.headers()["access-control-allow-headers"], "content-type");
}

#[tokio::test]
async fn objects_outlive_a_restart_and_bad_bucket_names_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let settings = |bucket: &str| Settings {
        folder: folder.path().to_owned(),
        access_key: "AK".into(),
        secret_key: "secret".into(),
        buckets: vec![bucket.into()],
        reserve: Some(0),
    };
    let start = |bucket| EmbeddedS3::start(&settings(bucket), TcpListener::bind("127.0.0.1:0").unwrap());
    let first = start("uploads").unwrap();
    let url = store(&first, "secret", http()).presign(&at("g/f"), Access::Put, HOUR, &[]).unwrap();
    http().put(url).body("kept").send().await.unwrap();
    first.stop().await;
    let second = start("uploads").unwrap();
    let read = store(&second, "secret", http()).read(&at("g/f"), None).await.unwrap();
    assert_eq!(bytes(read).await, b"kept");
    assert!(start("Not_A_Bucket").unwrap_err().to_string().contains("is not a bucket name"));
}
