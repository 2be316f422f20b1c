//! What an endpoint does with odd and wrong requests: an answer that says so, and the object as it was.

use reqwest::{Method, Response};
use rusty_s3::S3Action as _;

use super::*;

const CONTENT: &str = "0123456789";

async fn put(fixture: &Fixture, key: &str, content: &str) {
    let url = fixture.store.presign(key, Access::Put, HOUR, &[]);
    assert_eq!(fixture.http.put(url).body(content.to_owned()).send().await.unwrap().status(), 200);
}

/// A request with a good signature, and these headers unsigned.
async fn send(
    fixture: &Fixture,
    method: Method,
    access: Access<'_>,
    headers: &[(&str, &str)],
    body: &str,
) -> Response {
    let url = fixture.store.presign("guid/f", access, HOUR, &[]);
    let mut request = fixture.http.request(method, url).body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

async fn content(fixture: &Fixture) -> Vec<u8> {
    fixture.store.read("guid/f", None).await.unwrap()
}

#[tokio::test]
async fn no_range_is_too_odd_to_be_answered() {
    let fixture = fixture();
    put(&fixture, "guid/f", CONTENT).await;
    for (range, status, wanted) in [
        ("bytes=2-4", 206, "234"),
        ("bytes=-3", 206, "789"),
        ("bytes=-11", 206, CONTENT),
        ("bytes=-9223372036854775807", 206, CONTENT),
        ("bytes=-9223372036854775808", 206, CONTENT),
        ("bytes=-18446744073709551615", 206, CONTENT),
        ("bytes=-99999999999999999999999999", 206, CONTENT),
        ("bytes=5-18446744073709551615", 206, "56789"),
        ("bytes=0-99999999999999999999999999", 206, CONTENT),
        ("bytes=10-", 416, ""),
        ("bytes=18446744073709551615-", 416, ""),
        ("bytes=9223372036854775808-18446744073709551615", 416, ""),
        ("bytes=-0", 416, ""),
        ("bytes=4-2", 200, CONTENT),
        ("bytes=0-1,3-4", 200, CONTENT),
        ("bytes=--1", 200, CONTENT),
        ("bytes=0x1-", 200, CONTENT),
        ("lines=1-2", 200, CONTENT),
        ("nonsense", 200, CONTENT),
    ] {
        let answer = send(&fixture, Method::GET, Access::Get, &[("range", range)], "").await;
        assert_eq!(answer.status(), status, "{range}");
        if status != 416 {
            let length = answer.headers().get("content-length").unwrap().to_str().unwrap().to_owned();
            let text = answer.text().await.unwrap();
            assert_eq!((text.as_str(), length), (wanted, wanted.len().to_string()), "{range}");
        }
    }
    put(&fixture, "guid/f", "").await;
    // Of nothing, any end is the whole.
    for (range, status) in [("bytes=-9223372036854775808", 200), ("bytes=0-", 416), ("bytes=-0", 416)] {
        let answer = send(&fixture, Method::GET, Access::Get, &[("range", range)], "").await;
        assert_eq!(answer.status(), status, "of nothing: {range}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_what_was_said_replaces_nothing() {
    let mut fixture = fixture();
    let mut completed = completed(&mut fixture);
    put(&fixture, "guid/f", CONTENT).await;
    completed.recv().await.unwrap();
    for (header, value, status) in [
        ("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==", 400),
        ("content-md5", "not base64", 400),
        ("x-amz-checksum-crc32", "AAAAAA==", 400),
        ("x-amz-checksum-crc32c", "AAAAAA==", 400),
        ("x-amz-checksum-crc64nvme", "AAAAAAAAAAA=", 400),
        ("x-amz-checksum-sha1", "2jmj7l5rSw0yVb/vlWAYkK/YBwk=", 400),
        ("x-amz-checksum-sha256", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", 400),
        ("x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 400),
        ("x-amz-meta-owner", "me", 403),
        ("x-amz-copy-source", "/uploads/guid/f", 403),
        ("if-none-match", "*", 412),
        ("if-match", "\"0000\"", 412),
    ] {
        let answer = send(&fixture, Method::PUT, Access::Put, &[(header, value)], "replaced").await;
        assert_eq!(answer.status(), status, "{header}");
        assert_eq!(content(&fixture).await, CONTENT.as_bytes(), "{header}");
    }
    assert!(completed.try_recv().is_err(), "nobody is told of an object that was not replaced");
    let right = [("content-md5", "kbskg1kEP+mEFuJZyb3xDQ=="), ("x-amz-checksum-crc32", "nmdi9w==")];
    let answer = send(&fixture, Method::PUT, Access::Put, &right, "replaced").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(content(&fixture).await, b"replaced");
}

#[tokio::test]
async fn a_part_that_is_not_what_was_said_is_not_kept() {
    let fixture = fixture();
    let upload = fixture.store.create_multipart("guid/f").await.unwrap();
    let access = Access::Part { upload_id: &upload, number: 1 };
    let wrong = [("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")];
    assert_eq!(send(&fixture, Method::PUT, access, &wrong, "x").await.status(), 400);
    for number in [0, -1, 10_001, i64::from(i32::MAX), i64::MAX, i64::MIN] {
        let access = Access::Part { upload_id: &upload, number };
        let status = send(&fixture, Method::PUT, access, &[], "x").await.status();
        assert_eq!(status, 400, "{number}");
    }
    let part = Part { number: 1, etag: "d41d8cd98f00b204e9800998ecf8427e".into() };
    let ended = fixture.store.complete_multipart("guid/f", &upload, &[part]).await;
    assert!(matches!(ended, Err(Refused { status: 400, .. })), "{ended:?}");
}

#[tokio::test]
async fn parts_are_named_by_their_etags_and_uploads_by_their_keys() {
    let fixture = fixture();
    let upload = fixture.store.create_multipart("guid/f").await.unwrap();
    let access = Access::Part { upload_id: &upload, number: 1 };
    let answer = send(&fixture, Method::PUT, access, &[], "content").await;
    let etag = answer.headers()["etag"].to_str().unwrap().to_owned();
    let end = async |key: &str, upload: &str, etag: &str| {
        let part = Part { number: 1, etag: etag.to_owned() };
        fixture.store.complete_multipart(key, upload, &[part]).await
    };
    let wrong = end("guid/f", &upload, "\"00000000000000000000000000000000\"").await;
    assert!(matches!(wrong, Err(Refused { status: 400, .. })), "{wrong:?}");
    let long = "x".repeat(900);
    for (key, upload) in [
        ("guid/g", upload.as_str()),
        ("study/genome.bam", &format!("{upload}.0123456789abcdef")),
        (&long, &upload),
        ("guid/f", "../guid"),
        ("guid/f", "00000000000000000000000000000000"),
    ] {
        let ended = end(key, upload, &etag).await;
        assert!(matches!(ended, Err(Refused { status: 404, .. })), "{key} {upload}: {ended:?}");
    }
    end("guid/f", &upload, &etag).await.unwrap();
    assert_eq!(content(&fixture).await, b"content");
}

#[tokio::test]
async fn numbers_that_cannot_be_are_refused_in_lists_too() {
    let fixture = fixture();
    let endpoint = format!("http://{}", fixture.endpoint.address()).parse().unwrap();
    let bucket = rusty_s3::Bucket::new(endpoint, rusty_s3::UrlStyle::Path, "uploads", "us-east-1").unwrap();
    let credentials = rusty_s3::Credentials::new("AK", "secret");
    let status = async |name: &'static str, value: &'static str| {
        let mut list = bucket.list_objects_v2(Some(&credentials));
        list.query_mut().insert(name, value);
        fixture.http.get(list.sign(HOUR)).send().await.unwrap().status().as_u16()
    };
    for (name, value, wanted) in [
        ("max-keys", "0", 200),
        ("max-keys", "2147483647", 200),
        ("max-keys", "-1", 400),
        ("max-keys", "99999999999", 400),
        ("continuation-token", "odd", 400),
        ("delimiter", "ä", 200),
        ("encoding-type", "other", 200),
    ] {
        assert_eq!(status(name, value).await, wanted, "{name}={value}");
    }
}

#[tokio::test]
async fn forms_and_chunks_that_contradict_their_length_are_refused() {
    let fixture = fixture();
    put(&fixture, "guid/f", CONTENT).await;
    let url = format!("http://{}/uploads", fixture.endpoint.address());
    let form = fixture.http.post(url).header("content-type", "multipart/form-data; boundary=x").body("--x--");
    assert_eq!(form.send().await.unwrap().status(), 405);
    let url = fixture.store.presign("guid/f", Access::Put, HOUR, &[]);
    let host = fixture.endpoint.address();
    let path = &url[url::Position::BeforePath..];
    for (headers, wanted) in [
        ("Content-Length: 3\r\nTransfer-Encoding: chunked", 400),
        ("Content-Length: -3", 400),
        ("Content-Length: 99999999999999999999999", 400),
        ("Content-Length: 18446744073709551615", 400),
        ("Content-Length: 9223372036854775808", 400),
        ("Content-Length: 9223372036854775807", 507),
    ] {
        let request =
            format!("PUT {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n\r\nxyz");
        let status = raw(host, &request).await;
        // The HTTP library refuses some itself, or closes the connection.
        let is_refused = wanted == 400 && (status == 0 || (400..500).contains(&status));
        assert!(status == wanted || is_refused, "{headers}: {status}");
        assert_eq!(content(&fixture).await, CONTENT.as_bytes(), "{headers}");
    }
}

/// The status that a request gets; 0 for a connection that is closed without one.
async fn raw(address: std::net::SocketAddr, request: &str) -> u16 {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    let read = tokio::time::timeout(Duration::from_secs(10), socket.read_exact(&mut answer)).await.unwrap();
    let status = read.ok().and_then(|_| std::str::from_utf8(&answer[9..]).ok()?.parse().ok());
    status.unwrap_or(0)
}

#[tokio::test]
async fn who_sends_much_and_is_refused_still_gets_the_answer() {
    let fixture = fixture();
    let body = vec![0_u8; 32 * 1024 * 1024];
    let url = format!("http://{}/uploads/x", fixture.endpoint.address());
    for _ in 0..5 {
        let answer = fixture.http.put(&url).body(body.clone()).send().await.unwrap();
        assert_eq!(answer.status(), 403);
    }
}

#[tokio::test]
async fn a_store_without_room_refuses_uploads_and_still_serves() {
    let folder = tempfile::tempdir().unwrap();
    let start = |reserve| {
        let settings = Settings { reserve: Some(reserve), ..settings(folder.path()) };
        EmbeddedS3::start(&settings, TcpListener::bind("127.0.0.1:0").unwrap()).unwrap()
    };
    let roomy = start(0);
    let store_of = |endpoint: &EmbeddedS3| super::store(endpoint);
    let put = async |store: &Client, key: &str| {
        let url = store.presign(key, Access::Put, HOUR, &[]);
        http().put(url).body("content").send().await.unwrap().status().as_u16()
    };
    assert_eq!(put(&store_of(&roomy), "g/f").await, 200);
    roomy.stop().await;
    let full = start(u64::MAX);
    let store = store_of(&full);
    assert_eq!(put(&store, "g/f").await, 507);
    assert_eq!(put(&store, "g/g").await, 507);
    let begun = store.create_multipart("g/g").await;
    assert!(matches!(begun, Err(Refused { status: 507, .. })), "{begun:?}");
    assert_eq!(store.read("g/f", None).await.unwrap(), b"content");
    assert_eq!(store.keys().await, ["g/f"]);
}
