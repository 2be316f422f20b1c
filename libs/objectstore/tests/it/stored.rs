//! What lies in the folder: who may read it, what earlier versions wrote, what a killed process left.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use reqwest::Method;

use super::*;

async fn put(store: &Client, key: &str, content: &str) -> u16 {
    let url = store.presign(key, Access::Put, HOUR, &[]);
    http().put(url).body(content.to_owned()).send().await.unwrap().status().as_u16()
}

async fn read(store: &Client, key: &str) -> Vec<u8> {
    store.read(key, None).await.unwrap()
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
    let store = store(&endpoint);
    assert_eq!(put(&store, "guid/a", "secret").await, 200);
    assert_eq!(put(&store, &"k".repeat(500), "secret").await, 200);
    store.create_multipart("guid/b").await.unwrap();
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
    let store = store(&endpoint);
    assert_eq!(read(&store, "guid/f").await, b"content");
    assert_eq!(store.head("guid/f").await.unwrap().etag, "\"an-old-tag-2\"");
    let url = store.presign("guid/f", Access::Get, HOUR, &[]);
    let answer = http().get(url).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/x-old");
    assert_eq!(answer.headers()["x-amz-meta-a"], "1");
    let alien = store.head("guid/alien").await.unwrap();
    assert_eq!(alien.etag, "\"85eb721b62cf70b196488a6e87df337a\"");
    assert_eq!(store.keys().await, ["guid/alien", "guid/f"]);
    let left: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".upload") && name != ".uploads")
        .collect();
    assert!(left.is_empty(), "uploads that cannot be ended any more: {left:?}");

    // Replaced, it has nothing of the old one.
    assert_eq!(put(&store, "guid/f", "new").await, 200);
    let url = store.presign("guid/f", Access::Get, HOUR, &[]);
    let answer = http().get(url).send().await.unwrap();
    assert!(answer.headers().get("x-amz-meta-a").is_none());
    assert_eq!(answer.text().await.unwrap(), "new");
    store.delete("guid/f").await.unwrap();
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let is_of_now = |name: &std::ffi::OsString| {
        [".drafts", ".index", ".lock", ".objects", ".uploads"].contains(&name.to_str().unwrap())
    };
    assert!(left.iter().all(is_of_now), "nothing is left of the earlier format: {left:?}");
}

#[tokio::test]
async fn a_checksum_does_not_outlive_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = start(folder.path());
    let store = store(&endpoint);
    let url = store.presign("guid/f", Access::Put, HOUR, &[]);
    let with_checksum = http().put(url).header("x-amz-checksum-crc32", "NhCmhg==").body("hello");
    assert_eq!(with_checksum.send().await.unwrap().status(), 200);
    let checksum = async || {
        let url = store.presign("guid/f", Access::Get, HOUR, &[]);
        assert!(
            !http().get(url.clone()).send().await.unwrap().headers().contains_key("x-amz-checksum-crc32")
        );
        let asked = [("x-amz-checksum-mode", "ENABLED")];
        let answer = store.call(Method::GET, "guid/f", &[], &asked, "").await.unwrap();
        answer.headers().get("x-amz-checksum-crc32").map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(checksum().await.as_deref(), Some("NhCmhg=="));
    let upload = store.create_multipart("guid/f").await.unwrap();
    let access = Access::Part { upload_id: &upload, number: 1 };
    let url = store.presign("guid/f", access, HOUR, &[]);
    let answer = http().put(url).body("other").send().await.unwrap();
    let etag = answer.headers()["etag"].to_str().unwrap().to_owned();
    store.complete_multipart("guid/f", &upload, &[Part { number: 1, etag }]).await.unwrap();
    assert_eq!(checksum().await, None);
    assert_eq!(read(&store, "guid/f").await, b"other");
}

/// The folder of a store of the version before: everything that it could hold.
fn earlier(folder: &Path) {
    let side = |key: &str| {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
        let [bucket, key] = ["uploads", key].map(|name| URL_SAFE_NO_PAD.encode(name));
        folder.join(format!(".bucket-{bucket}.object-{key}.internal.json"))
    };
    let put = |stored: &str, content: &str, e_tag: &str, more: &str| {
        let path = folder.join("uploads").join(stored);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        let size = content.len();
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        let modified = modified.duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
        let record = format!(r#"{{"e_tag":"{e_tag}","size":{size},"modified":{modified}{more}}}"#);
        fs::write(side(stored), record).unwrap();
    };
    let attributes = r#","attributes":{"content_type":"text/x-new","user_metadata":{"a":"1"}}"#;
    put("guid/f", "content", "9a0364b9e99bb480dd25e1f0284c8555", attributes);
    put("guid/parts", "partsparts", "00000000000000000000000000000000-2", r#","checksum_crc32":"NhCmhg==""#);
    let digest = "a".repeat(64);
    put(&format!("~long-key~/{digest}"), "long", "0cc175b9c0f1b6a831c399e269772661", "");
    fs::create_dir(folder.join(".long-keys")).unwrap();
    fs::write(folder.join(".long-keys").join(digest), format!("guid//{}", "x".repeat(300))).unwrap();
    // Killed between the bytes and their record, which is that of others.
    put("guid/torn", "before", "11111111111111111111111111111111", "");
    fs::write(folder.join("uploads/guid/torn"), "after the crash").unwrap();
    let upload = folder.join(".uploads").join(UPLOAD);
    fs::create_dir_all(&upload).unwrap();
    let about = r#"{"bucket":"uploads","key":"guid/big","attributes":{"content_type":"text/x-big"}}"#;
    fs::write(upload.join("upload.json"), about).unwrap();
    fs::write(upload.join("part-00003-9a0364b9e99bb480dd25e1f0284c8555"), "content").unwrap();
    let ended = folder.join(".uploads/11111111111111111111111111111111");
    fs::create_dir_all(&ended).unwrap();
    let about = r#"{"bucket":"uploads","key":"guid/parts","attributes":{},
        "ended":{"e_tag":"00000000000000000000000000000000-2","parts":[{"number":1,"e_tag":"aa"}]}}"#;
    fs::write(ended.join("upload.json"), about).unwrap();
    fs::write(ended.join("part-00001-aa"), "parts").unwrap();
}

const UPLOAD: &str = "22222222222222222222222222222222";

async fn is_taken_over(folder: &Path) {
    let endpoint = start(folder);
    let store = store(&endpoint);
    let long = format!("guid//{}", "x".repeat(300));
    assert_eq!(store.keys().await, [long.as_str(), "guid/f", "guid/parts", "guid/torn"]);
    for (key, content, e_tag) in [
        (long.as_str(), "long", "0cc175b9c0f1b6a831c399e269772661"),
        ("guid/f", "content", "9a0364b9e99bb480dd25e1f0284c8555"),
        ("guid/parts", "partsparts", "00000000000000000000000000000000-2"),
        ("guid/torn", "after the crash", "c9c1372a8d0e4a1ea36f9bb7a4aad9a4"),
    ] {
        assert_eq!(read(&store, key).await, content.as_bytes(), "{key}");
        let found = store.head(key).await.unwrap().etag;
        if key != "guid/torn" {
            assert_eq!(found, format!("\"{e_tag}\""), "{key}");
        } else {
            assert_ne!(found, "\"11111111111111111111111111111111\"");
        }
    }
    let answer = http().get(store.presign("guid/f", Access::Get, HOUR, &[])).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/x-new");
    assert_eq!(answer.headers()["x-amz-meta-a"], "1");
    // An upload that was begun goes on.
    let part = Part { number: 3, etag: "9a0364b9e99bb480dd25e1f0284c8555".into() };
    store.complete_multipart("guid/big", UPLOAD, &[part]).await.unwrap();
    assert_eq!(read(&store, "guid/big").await, b"content");
    endpoint.stop().await;
}

#[tokio::test]
async fn a_folder_of_the_earlier_format_is_taken_over_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    earlier(folder.path());
    is_taken_over(folder.path()).await;
    assert!(!folder.path().join("uploads").exists());
    assert!(!folder.path().join(".long-keys").exists());
}

/// The files with the bytes of a store's objects.
fn bytes(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    modes(&folder.join(".objects"), &mut found);
    // Parts of uploads are none, whatever is in them.
    let is_other = |path: &str| path.ends_with(".json") || path.contains("/part-");
    let files = found.into_iter().filter(|(path, is_folder, _)| !is_folder && !is_other(path));
    files.map(|(path, _, _)| path.into()).collect()
}

#[tokio::test]
async fn taking_over_goes_on_where_it_was_cut_off() {
    // By this version, and by the one that kept no note of what it had begun.
    for note in
        [r#"{"buckets":["uploads"],"is_moving":true}"#, r#"{"buckets":["uploads"],"is_moving":false}"#]
            .into_iter()
            .chain(["", "none"])
    {
        let folder = tempfile::tempdir().unwrap();
        earlier(folder.path());
        start(folder.path()).stop().await;
        let (old, new) = (tempfile::tempdir().unwrap(), folder.path());
        earlier(old.path());
        // Some of the old files are where they were.
        let torn = b"after the crash".as_slice();
        for (name, content) in [("guid/f", b"content".as_slice()), ("guid/torn", torn)] {
            let place = bytes(new).into_iter().find(|file| fs::read(file).unwrap() == content).unwrap();
            fs::create_dir_all(new.join("uploads/guid")).unwrap();
            fs::rename(place, new.join("uploads").join(name)).unwrap();
        }
        for entry in fs::read_dir(old.path()).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if name.starts_with(".bucket-") {
                fs::copy(entry.path(), new.join(name)).unwrap();
            }
        }
        if note != "none" {
            fs::write(new.join(".takeover"), note).unwrap();
        }
        let endpoint = start(new);
        let store = store(&endpoint);
        assert_eq!(read(&store, "guid/f").await, b"content", "{note}");
        assert_eq!(read(&store, "guid/torn").await, torn, "{note}");
        assert_eq!(store.keys().await.len(), 4, "{note}");
        endpoint.stop().await;
        assert!(!new.join("uploads").exists() && !new.join(".takeover").exists());
    }
}

#[tokio::test]
async fn a_takeover_whose_folders_are_gone_comes_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    earlier(folder.path());
    start(folder.path()).stop().await;
    fs::write(folder.path().join(".takeover"), r#"{"buckets":["uploads"],"is_moving":true}"#).unwrap();
    start(folder.path()).stop().await;
    assert!(!folder.path().join(".takeover").exists());
}

#[tokio::test]
async fn a_folder_that_somebody_puts_beside_the_objects_is_his() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = |name: &str, content: &str| {
        fs::create_dir_all(folder.path().join(name).join("guid")).unwrap();
        fs::write(folder.path().join(name).join("guid/f"), content).unwrap();
    };
    // Before the folder is that of a store, and afterwards, even with the name of a bucket.
    foreign("backup", "of somebody");
    let endpoint = start(folder.path());
    put(&store(&endpoint), "guid/f", "live").await;
    endpoint.stop().await;
    foreign("uploads", "stale");
    let endpoint = start(folder.path());
    assert_eq!(read(&store(&endpoint), "guid/f").await, b"live");
    assert!(!folder.path().join(".objects/backup").exists());
    endpoint.stop().await;
    // Not even a takeover that goes on puts a file in the place of an object.
    fs::write(folder.path().join(".takeover"), "").unwrap();
    let endpoint = start(folder.path());
    assert_eq!(read(&store(&endpoint), "guid/f").await, b"live");
    endpoint.stop().await;
    for (name, content) in [("backup", "of somebody"), ("uploads", "stale")] {
        assert_eq!(fs::read_to_string(folder.path().join(name).join("guid/f")).unwrap(), content);
    }
}

#[tokio::test]
async fn a_file_whose_key_is_not_known_stays_and_hides_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let stranger = folder.path().join("uploads/~long-key~").join("0".repeat(64));
    fs::create_dir_all(stranger.parent().unwrap()).unwrap();
    fs::write(&stranger, "nobody knows its key").unwrap();
    fs::write(folder.path().join("uploads/known"), "content").unwrap();
    for _ in 0..2 {
        let endpoint = start(folder.path());
        assert_eq!(store(&endpoint).keys().await, ["known"]);
        endpoint.stop().await;
        assert!(stranger.exists());
    }
}

#[tokio::test]
async fn a_key_and_those_below_it_are_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = start(folder.path());
    let store = store(&endpoint);
    let keys = ["a", "a/", "a/b", "a/b/c", "a//b", "/a", &"k".repeat(1024)];
    for key in keys {
        assert_eq!(put(&store, key, key).await, 200, "{key}");
    }
    let mut listed = store.keys().await;
    for key in keys {
        assert_eq!(read(&store, key).await, key.as_bytes());
        store.delete(key).await.unwrap();
        listed.retain(|other| other != key);
        assert_eq!(store.keys().await, listed, "only {key} is gone");
    }
    assert_eq!(put(&store, &"k".repeat(1025), "x").await, 400);
}

#[tokio::test]
async fn who_reads_an_object_has_all_of_it_even_when_it_is_replaced_or_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = start(folder.path());
    let store = store(&endpoint);
    let part = vec![b'a'; 5 * 1024 * 1024];
    let upload = store.create_multipart("k").await.unwrap();
    let mut parts = Vec::new();
    for number in [2, 5, 9] {
        let url = store.presign("k", Access::Part { upload_id: &upload, number }, HOUR, &[]);
        let answer = http().put(url).body(part.clone()).send().await.unwrap();
        parts.push(Part { number, etag: answer.headers()["etag"].to_str().unwrap().to_owned() });
    }
    store.complete_multipart("k", &upload, &parts).await.unwrap();
    let url = store.presign("k", Access::Get, HOUR, &[]);
    let (replaced, deleted) =
        (http().get(url.clone()).send().await.unwrap(), http().get(url).send().await.unwrap());
    assert_eq!(put(&store, "k", "new").await, 200);
    assert_eq!(replaced.bytes().await.unwrap().len(), 3 * part.len());
    store.delete("k").await.unwrap();
    assert_eq!(deleted.bytes().await.unwrap().len(), 3 * part.len());
    // Nothing of either is left.
    let left = async || {
        let mut found = Vec::new();
        modes(&folder.path().join(".objects"), &mut found);
        found.into_iter().filter(|(path, _, _)| path.rsplit('/').next().unwrap().len() > 64).count()
    };
    for _ in 0..500 {
        if left().await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the data of an object that is gone stays");
}

#[tokio::test]
async fn a_damaged_object_is_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = start(folder.path());
    let store = store(&endpoint);
    let mut found = Vec::new();
    for key in ["cut", "record"] {
        assert_eq!(put(&store, key, "content").await, 200);
    }
    modes(&folder.path().join(".objects"), &mut found);
    for (path, is_folder, _) in found {
        let is_record = path.ends_with(".json");
        if !is_folder && !is_record {
            fs::write(&path, "cut").unwrap();
        }
    }
    let status = async |key: &str| store.read(key, None).await.unwrap_err().status;
    assert_eq!(status("cut").await, 500);
    assert_eq!(put(&store, "cut", "mended").await, 200);
    assert_eq!(read(&store, "cut").await, b"mended");
}
