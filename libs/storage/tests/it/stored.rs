//! What lies in the folder: who may read it, what earlier versions wrote, what a killed process left.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use super::*;

fn start(folder: &Path) -> EmbeddedS3 {
    let settings = Settings {
        folder: folder.to_owned(),
        access_key: "AK".into(),
        secret_key: "secret".into(),
        buckets: vec!["uploads".into()],
        reserve: Some(0),
    };
    EmbeddedS3::start(&settings, TcpListener::bind("127.0.0.1:0").unwrap()).unwrap()
}

async fn put(store: &S3Store, key: &str, content: &str) -> u16 {
    let url = store.presign(&at(key), Access::Put, HOUR, &[]).unwrap();
    http().put(url).body(content.to_owned()).send().await.unwrap().status().as_u16()
}

async fn read(store: &S3Store, key: &str) -> Vec<u8> {
    bytes(store.read(&at(key), None).await.unwrap()).await
}

/// Everything below a folder, with its mode.
fn modes(folder: &Path, found: &mut Vec<(String, bool, u32)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::metadata(&path).unwrap();
        found.push((path.display().to_string(), path.is_dir(), metadata.permissions().mode() & 0o777));
        if path.is_dir() {
            modes(&path, found);
        }
    }
}

#[tokio::test]
async fn nobody_else_of_the_machine_reads_objects_even_in_a_folder_that_was_open() {
    let folder = tempfile::tempdir().unwrap();
    let objects = folder.path().join("objects");
    fs::create_dir_all(objects.join("uploads")).unwrap();
    for open in [&objects, &objects.join("uploads")] {
        fs::set_permissions(open, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let endpoint = start(&objects);
    let store = store(&endpoint, "secret", http());
    assert_eq!(put(&store, "guid/a", "secret").await, 200);
    assert_eq!(put(&store, &"k".repeat(500), "secret").await, 200);
    store.create_multipart(&at("guid/b")).await.unwrap();
    let mut found = Vec::new();
    modes(folder.path(), &mut found);
    assert!(found.len() > 8);
    for (path, is_folder, mode) in found {
        assert_eq!(mode, if is_folder { 0o700 } else { 0o600 }, "{path}");
    }
}

#[tokio::test]
async fn objects_of_earlier_versions_keep_their_tags_and_headers() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("uploads/guid")).unwrap();
    fs::write(folder.path().join("uploads/guid/f"), "content").unwrap();
    fs::write(folder.path().join("uploads/guid/alien"), "put here by hand").unwrap();
    // The names have bucket and key in base64.
    let side = |kind: &str| folder.path().join(format!(".bucket-dXBsb2Fkcw.object-Z3VpZC9m.{kind}.json"));
    fs::write(side("internal"), r#"{"e_tag":"an-old-tag-2"}"#).unwrap();
    let headers = r#"{"content_type":"text/x-old","user_metadata":{"a":"1"}}"#;
    fs::write(side("metadata"), headers).unwrap();
    fs::write(folder.path().join(".upload_id-00000000-0000-0000-0000-000000000000.part-1"), "x").unwrap();
    fs::write(folder.path().join(".upload-00000000-0000-0000-0000-000000000000.json"), "x").unwrap();

    let endpoint = start(folder.path());
    let store = store(&endpoint, "secret", http());
    assert_eq!(read(&store, "guid/f").await, b"content");
    assert_eq!(store.head(&at("guid/f")).await.unwrap().etag.as_deref(), Some("\"an-old-tag-2\""));
    let url = store.presign(&at("guid/f"), Access::Get, HOUR, &[]).unwrap();
    let answer = http().get(url).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/x-old");
    assert_eq!(answer.headers()["x-amz-meta-a"], "1");
    let alien = store.head(&at("guid/alien")).await.unwrap();
    assert_eq!(alien.etag.as_deref(), Some("\"85eb721b62cf70b196488a6e87df337a\""));
    assert_eq!(store.list("uploads", None).await.unwrap().keys, ["guid/alien", "guid/f"]);
    let left: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".upload") && name != ".uploads")
        .collect();
    assert!(left.is_empty(), "uploads that cannot be ended any more: {left:?}");

    // Replaced, it has nothing of the old one.
    assert_eq!(put(&store, "guid/f", "new").await, 200);
    let url = store.presign(&at("guid/f"), Access::Get, HOUR, &[]).unwrap();
    let answer = http().get(url).send().await.unwrap();
    assert!(answer.headers().get("x-amz-meta-a").is_none());
    assert_eq!(answer.text().await.unwrap(), "new");
    store.delete(&at("guid/f")).await.unwrap();
    let names = || fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!names().any(|name| name.to_string_lossy().contains("Z3VpZC9m.")), "side files go with it");
}

#[tokio::test]
async fn a_checksum_does_not_outlive_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = start(folder.path());
    let store = store(&endpoint, "secret", http());
    let url = store.presign(&at("guid/f"), Access::Put, HOUR, &[]).unwrap();
    let with_checksum = http().put(url).header("x-amz-checksum-crc32", "NhCmhg==").body("hello");
    assert_eq!(with_checksum.send().await.unwrap().status(), 200);
    let checksum = async || {
        let url = store.presign(&at("guid/f"), Access::Get, HOUR, &[]).unwrap();
        let answer = http().get(url).send().await.unwrap();
        answer.headers().get("x-amz-checksum-crc32").map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(checksum().await.as_deref(), Some("NhCmhg=="));
    let upload = store.create_multipart(&at("guid/f")).await.unwrap();
    let access = Access::Part { upload_id: &upload, number: 1 };
    let url = store.presign(&at("guid/f"), access, HOUR, &[]).unwrap();
    let answer = http().put(url).body("other").send().await.unwrap();
    let etag = answer.headers()["etag"].to_str().unwrap().to_owned();
    store.complete_multipart(&at("guid/f"), &upload, &[Part { number: 1, etag }]).await.unwrap();
    assert_eq!(checksum().await, None);
    assert_eq!(read(&store, "guid/f").await, b"other");
}

#[tokio::test]
async fn one_object_whose_key_is_not_known_hides_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = start(folder.path());
    let store = store(&endpoint, "secret", http());
    let long = format!("guid/{}", "x".repeat(900));
    assert_eq!(put(&store, &long, "long").await, 200);
    assert_eq!(put(&store, "guid/f", "content").await, 200);
    assert_eq!(store.list("uploads", None).await.unwrap().keys, ["guid/f", long.as_str()]);
    let stranger = folder.path().join("uploads/~long-key~").join("0".repeat(64));
    fs::write(stranger, "nobody knows its key").unwrap();
    assert_eq!(store.list("uploads", None).await.unwrap().keys, ["guid/f", long.as_str()]);
}

#[tokio::test]
async fn a_key_that_is_a_folder_of_another_is_refused_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = start(folder.path());
    let store = store(&endpoint, "secret", http());
    assert_eq!(put(&store, "a/b", "content").await, 200);
    assert_eq!(put(&store, "a", "content").await, 409);
    assert_eq!(put(&store, "a/b/c", "content").await, 409);
    assert!(matches!(store.head(&at("a")).await, Err(StorageError::NotFound)));
    assert!(matches!(store.head(&at("a/b/c")).await, Err(StorageError::NotFound)));
    assert_eq!(read(&store, "a/b").await, b"content");
}
