//! The embedded endpoint and the S3 client, talking to each other over real sockets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod client;
mod copied;
mod crash;
mod judged;
mod operations;
mod refusals;
mod scrubbing;
mod stored;
mod versions;

use std::{net::TcpListener, path::Path, sync::Once, time::Duration};

use client::{Access, Client, Part, Refused};
use objectstore::{EmbeddedS3, Settings};

const HOUR: Duration = Duration::from_secs(3600);

struct Fixture {
    endpoint: EmbeddedS3,
    store: Client,
    http: reqwest::Client,
    _folder: tempfile::TempDir,
}

fn http() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| drop(rustls::crypto::aws_lc_rs::default_provider().install_default()));
    reqwest::Client::new()
}

fn settings(folder: &Path) -> Settings {
    Settings {
        folder: folder.to_owned(),
        access_key: "AK".into(),
        secret_key: "secret".into(),
        buckets: vec!["uploads".into()],
        reserve: Some(0),
    }
}

fn start(folder: &Path) -> EmbeddedS3 {
    EmbeddedS3::start(&settings(folder), TcpListener::bind("127.0.0.1:0").unwrap()).unwrap()
}

fn store(endpoint: &EmbeddedS3) -> Client {
    Client::new(endpoint.address(), "uploads", "secret")
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = start(&folder.path().join("objects"));
    Fixture { store: store(&endpoint), endpoint, http: http(), _folder: folder }
}

/// The notices of completed objects, as their keys.
fn completed(fixture: &mut Fixture) -> tokio::sync::mpsc::Receiver<String> {
    fixture.endpoint.take_completed(|object| (object.bucket == "uploads").then_some(object.key)).unwrap()
}

#[tokio::test]
async fn what_is_put_by_a_signed_url_is_read_back_whole_and_in_parts() {
    let mut fixture = fixture();
    let mut completed = completed(&mut fixture);
    let location = "guid/a b+c%41 ï?.bin";
    let content: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();

    let url = fixture.store.presign(location, Access::Put, HOUR, &[]);
    let answer = fixture.http.put(url).body(content.clone()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers().contains_key("etag"));
    assert_eq!(completed.recv().await.unwrap(), location);

    let who = [("user_id", "7"), ("username", "ada@x.org"), ("client_id", "")];
    let url = fixture.store.presign(location, Access::Get, HOUR, &who);
    assert!(url.as_str().contains("username=ada%40x.org"), "{url}");
    let read = fixture.http.get(url.clone()).send().await.unwrap();
    assert_eq!(read.headers()["access-control-allow-origin"], "*");
    assert_eq!(read.headers()["content-length"], content.len().to_string().as_str());
    assert_eq!(read.bytes().await.unwrap(), content);

    let range = fixture.http.get(url).header("Range", "bytes=10-19").send().await.unwrap();
    assert_eq!(range.status(), 206);
    assert_eq!(range.bytes().await.unwrap(), content[10..20]);

    assert_eq!(fixture.store.head(location).await.unwrap().size, content.len() as u64);
    assert_eq!(fixture.store.read(location, None).await.unwrap(), content);
    assert_eq!(fixture.store.read(location, Some(5..9)).await.unwrap(), content[5..9]);
    fixture.endpoint.stop().await;
}

#[tokio::test]
async fn a_url_is_worth_nothing_when_it_was_changed_or_forged_or_is_too_old() {
    let fixture = fixture();
    let location = "guid/f";
    let put = fixture.store.presign(location, Access::Put, HOUR, &[]);
    fixture.http.put(put).body("content").send().await.unwrap();
    let status = async |url: reqwest::Url| fixture.http.get(url).send().await.unwrap().status().as_u16();

    let good = fixture.store.presign(location, Access::Get, HOUR, &[("username", "ada")]);
    assert_eq!(status(good.clone()).await, 200);
    let renamed = good.as_str().replace("username=ada", "username=eve").parse().unwrap();
    assert_eq!(status(renamed).await, 403);
    let elsewhere = good.as_str().replace("guid/f", "guid/g").parse().unwrap();
    assert_eq!(status(elsewhere).await, 403);
    assert_eq!(fixture.http.put(good).body("x").send().await.unwrap().status(), 403);
    let forged = Client::new(fixture.endpoint.address(), "uploads", "guessed");
    assert_eq!(status(forged.presign(location, Access::Get, HOUR, &[])).await, 403);
    assert_eq!(status(fixture.store.plain_url(location)).await, 403);

    let short = fixture.store.presign(location, Access::Get, Duration::from_secs(1), &[]);
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert_eq!(status(short).await, 403);
}

#[tokio::test]
async fn parts_sent_by_signed_urls_become_one_object_even_under_a_long_name() {
    let mut fixture = fixture();
    let mut completed = completed(&mut fixture);
    let location = &format!("guid/{}.bam", "ä".repeat(200));
    let upload = fixture.store.create_multipart(location).await.unwrap();
    let contents = [vec![b'a'; 5 * 1024 * 1024], vec![b'b'; 10]];
    let mut parts = Vec::new();
    for (number, content) in (1..).zip(&contents) {
        let access = Access::Part { upload_id: &upload, number };
        let url = fixture.store.presign(location, access, HOUR, &[]);
        let answer = fixture.http.put(url).body(content.clone()).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let etag = answer.headers()["etag"].to_str().unwrap().to_owned();
        parts.push(Part { number, etag });
    }
    fixture.store.complete_multipart(location, &upload, &parts).await.unwrap();
    assert_eq!(completed.recv().await.unwrap(), *location);
    assert_eq!(fixture.store.read(location, None).await.unwrap(), contents.concat());
    assert_eq!(fixture.store.keys().await, [location.as_str()]);

    // The first answer may have been lost on the way.
    fixture.store.complete_multipart(location, &upload, &parts).await.unwrap();
    let fewer = fixture.store.complete_multipart(location, &upload, &parts[..1]).await;
    assert!(matches!(fewer, Err(Refused { status: 404, .. })), "{fewer:?}");
    fixture.store.delete(location).await.unwrap();
    let gone = fixture.store.complete_multipart(location, &upload, &parts).await;
    assert!(matches!(gone, Err(Refused { status: 404, .. })), "{gone:?}");
    assert!(completed.try_recv().is_err(), "one notice for one object");
}

#[tokio::test]
async fn a_mistake_at_the_end_of_an_upload_does_not_lose_it() {
    let fixture = fixture();
    let location = "guid/f";
    let upload = fixture.store.create_multipart(location).await.unwrap();
    let access = Access::Part { upload_id: &upload, number: 1 };
    let url = fixture.store.presign(location, access, HOUR, &[]);
    let answer = fixture.http.put(url).body("content").send().await.unwrap();
    let etag = answer.headers()["etag"].to_str().unwrap().to_owned();
    let end = async |location: &str, numbers: &[i64]| {
        let part = |number: &i64| Part { number: *number, etag: etag.clone() };
        let parts: Vec<Part> = numbers.iter().map(part).collect();
        fixture.store.complete_multipart(location, &upload, &parts).await
    };
    assert!(matches!(end(location, &[1, 2]).await, Err(Refused { status: 400, .. })));
    assert!(matches!(end("guid/other", &[1]).await, Err(Refused { status: 404, .. })), "another key");
    end(location, &[1]).await.unwrap();
    assert_eq!(fixture.store.head(location).await.unwrap().size, 7);
    end(location, &[1]).await.unwrap();
}

#[tokio::test]
async fn an_aborted_upload_leaves_no_object() {
    let fixture = fixture();
    let location = "guid/f";
    let upload = fixture.store.create_multipart(location).await.unwrap();
    fixture.store.abort_multipart(location, &upload).await.unwrap();
    assert!(matches!(fixture.store.head(location).await, Err(Refused { status: 404, .. })));
}

#[tokio::test]
async fn keys_are_listed_as_they_are_page_by_page_and_deleted() {
    let fixture = fixture();
    let keys = ["/a/b", "a+b", "a/", "a//b", "c d", "e%20f", "g/h&i<j>ï"];
    for key in keys {
        let url = fixture.store.presign(key, Access::Put, HOUR, &[]);
        assert_eq!(fixture.http.put(url).body("x").send().await.unwrap().status(), 200, "{key}");
    }
    let mut listed = fixture.store.keys().await;
    listed.sort();
    assert_eq!(listed, keys);
    for key in keys {
        fixture.store.delete(key).await.unwrap();
        assert!(matches!(fixture.store.head(key).await, Err(Refused { status: 404, .. })), "{key}");
    }
    assert!(fixture.store.keys().await.is_empty());
}

#[tokio::test]
async fn only_buckets_that_exist_take_objects() {
    let fixture = fixture();
    let missing = Client::new(fixture.endpoint.address(), "missing", "secret");
    let url = missing.presign("k", Access::Put, HOUR, &[]);
    assert_eq!(fixture.http.put(url).body("x").send().await.unwrap().status(), 404);
    let wanted = Refused { status: 404, code: "NoSuchBucket".into() };
    assert_eq!(missing.list("", None).await.unwrap_err(), wanted);
    assert_eq!(missing.create_multipart("k").await.unwrap_err(), wanted);
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
async fn objects_outlive_a_restart_and_a_folder_has_one_store() {
    let folder = tempfile::tempdir().unwrap();
    let first = start(folder.path());
    store(&first).write("g/f", "kept").await.unwrap();
    let again = EmbeddedS3::start(&settings(folder.path()), TcpListener::bind("127.0.0.1:0").unwrap());
    assert!(again.unwrap_err().to_string().contains("is in use by another process"));
    first.stop().await;
    let second = start(folder.path());
    assert_eq!(store(&second).read("g/f", None).await.unwrap(), b"kept");
    second.stop().await;
    let odd = Settings { buckets: vec!["Not_A_Bucket".into()], ..settings(folder.path()) };
    let odd = EmbeddedS3::start(&odd, TcpListener::bind("127.0.0.1:0").unwrap());
    assert!(odd.unwrap_err().to_string().contains("is not a bucket name"));
}

#[tokio::test]
async fn objects_are_written_whole_and_listed_below_a_prefix() {
    let fixture = fixture();
    for (key, text) in [("a/1 ä.json", "old"), ("a/1 ä.json", "new"), ("a/b/2", ""), ("ab", "x")] {
        fixture.store.write(key, text).await.unwrap();
    }
    assert_eq!(fixture.store.read("a/1 ä.json", None).await.unwrap(), b"new");
    let listing = fixture.store.list("a/", None).await.unwrap();
    assert_eq!((listing.keys, listing.next), (vec!["a/1 ä.json".to_owned(), "a/b/2".into()], None));
    // As in `2026-01-02T03:04:05.678Z`.
    assert!(listing.modified.iter().all(|modified| modified.as_bytes()[10] == b'T'));
    assert!(fixture.store.list("none/", None).await.unwrap().keys.is_empty());
}
