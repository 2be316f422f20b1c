//! Google, as an emulator sees it. It looks at no signature, and takes objects by another interface than the
//! one that clients of the XML API use; so what is written here is compared with Google's own vectors only.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use serde_json::json;
use storage::{
    Access, Bucket, ByteStream, GoogleCredentials, GoogleStore, Location, ObjectStore as _, Part,
    StorageError,
};

use crate::servers;

/// A dummy that Google publishes with its conformance tests; it opens nothing.
const KEY_FILE: &str = include_str!("../vectors/google-dummy-service-account.json");
const KEY: &str = "guid/a b+c%41 ï?#&.bin";

fn at(key: &str) -> Location {
    Location::within(Bucket::google("box"), key).unwrap()
}

async fn bytes(stream: ByteStream) -> Vec<u8> {
    stream.try_fold(Vec::new(), async |all, piece| Ok([all.as_slice(), &piece[..]].concat())).await.unwrap()
}

#[tokio::test]
async fn objects_at_google_are_found_read_listed_and_deleted() {
    let Some(server) = servers::fake_gcs() else { return };
    let endpoint = format!("http://{}", server.address);
    let http = crate::http();
    let made = http.post(format!("{endpoint}/storage/v1/b?project=p")).json(&json!({ "name": "box" }));
    assert_eq!(made.send().await.unwrap().status(), 200);
    for key in [KEY, "guid/b", "other/c"] {
        let put = http.post(format!("{endpoint}/upload/storage/v1/b/box/o"));
        let put = put.query(&[("uploadType", "media"), ("name", key)]).body("0123456789");
        assert_eq!(put.send().await.unwrap().status(), 200, "{key}");
    }
    let credentials = GoogleCredentials::KeyFile(KEY_FILE);
    let store = GoogleStore::new(credentials, Some(&endpoint), &http).unwrap();

    assert_eq!(store.head(&at(KEY)).await.unwrap().size, 10);
    assert_eq!(bytes(store.read(&at(KEY), None).await.unwrap()).await, b"0123456789");
    assert_eq!(bytes(store.read(&at(KEY), Some(2..5)).await.unwrap()).await, b"234");
    let payer = [("userProject", "p")];
    let url = store.presign(&at(KEY), Access::Get, Duration::from_secs(60), &payer).await.unwrap();
    assert_eq!(http.get(url).send().await.unwrap().text().await.unwrap(), "0123456789");
    let listing = store.list(&Bucket::google("box"), "guid/", None).await.unwrap();
    let listed: Vec<_> = listing.objects.iter().map(|object| (object.key.as_str(), object.size)).collect();
    assert_eq!((listed, listing.next), (vec![(KEY, 10), ("guid/b", 10)], None));

    store.delete(&at(KEY)).await.unwrap();
    store.delete(&at(KEY)).await.unwrap();
    assert!(matches!(store.head(&at(KEY)).await, Err(StorageError::NotFound)));
    assert!(matches!(store.read(&at(KEY), None).await.err(), Some(StorageError::NotFound)));
    let s3 = Location::new("box", "k").unwrap();
    assert!(matches!(store.head(&s3).await, Err(StorageError::UnknownBucket(_))));
}

#[tokio::test]
async fn what_cannot_be_said_to_google_is_refused_before_it_is_said() {
    let credentials = GoogleCredentials::KeyFile(KEY_FILE);
    let store = GoogleStore::new(credentials, Some("http://127.0.0.1:9"), &crate::http()).unwrap();
    for key in ["a//b", "/a", "a/"] {
        assert!(matches!(store.head(&at(key)).await, Err(StorageError::Key)), "{key}");
    }
    let part = |number| Part { number, etag: "e".into() };
    let gap = store.complete_multipart(&at("k"), "u", &[part(1), part(3)]).await;
    assert!(matches!(gap, Err(StorageError::Refused { status: 400, .. })), "{gap:?}");
    let part = Access::Part { upload_id: "a b", number: 7 };
    let url = store.presign(&at("k"), part, Duration::from_secs(60), &[]).await.unwrap();
    assert!(url.as_str().contains("partNumber=7&uploadId=a%20b&x-goog-algorithm="), "{url}");
}
