//! Buckets that keep versions, as clients see them.

use std::fs;

use objectstore::{
    export::{self, Versions},
    verify,
};
use reqwest::{Method, Response};

use super::*;

async fn keep(store: &Client, status: &str) {
    let document = format!("<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>");
    store.call(Method::PUT, "", &[("versioning", "")], &[], document).await.unwrap();
}

fn version(answer: &Response) -> Option<String> {
    Some(answer.headers().get("x-amz-version-id")?.to_str().unwrap().to_owned())
}

/// The version that was written.
async fn put(store: &Client, key: &str, content: &'static str) -> Option<String> {
    version(&store.call(Method::PUT, key, &[], &[], content).await.unwrap())
}

async fn read(store: &Client, key: &str, version: &str) -> Result<String, Refused> {
    let answer = store.call(Method::GET, key, &[("versionId", version)], &[], "").await?;
    Ok(answer.text().await.unwrap())
}

/// What stands between these in a document, each time.
fn texts(document: &str, name: &str) -> Vec<String> {
    let (begin, end) = (format!("<{name}>"), format!("</{name}>"));
    let pieces = document.split(&begin).skip(1);
    pieces.map(|piece| piece.split(&end).next().unwrap().to_owned()).collect()
}

async fn listed(store: &Client, query: &[(&str, &str)]) -> String {
    let query = [&[("versions", "")], query].concat();
    store.call(Method::GET, "", &query, &[], "").await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn a_bucket_keeps_versions_once_it_is_told_to() {
    let Fixture { store, .. } = &fixture();
    assert_eq!(put(store, "k", "before").await, None);
    let state = async || {
        let answer = store.call(Method::GET, "", &[("versioning", "")], &[], "").await.unwrap();
        texts(&answer.text().await.unwrap(), "Status")
    };
    assert_eq!(state().await, [""; 0]);
    keep(store, "Enabled").await;
    assert_eq!(state().await, ["Enabled"]);
    let first = put(store, "k", "first").await.unwrap();
    let second = put(store, "k", "second").await.unwrap();
    assert_eq!(store.read("k", None).await.unwrap(), b"second");
    for (version, content) in [("null", "before"), (&first, "first"), (&second, "second")] {
        assert_eq!(read(store, "k", version).await.unwrap(), content);
        let head = store.call(Method::HEAD, "k", &[("versionId", version)], &[], "").await.unwrap();
        assert_eq!(head.headers()["content-length"], content.len().to_string().as_str());
        assert_eq!(self::version(&head).as_deref(), Some(version));
    }
    let all = listed(store, &[]).await;
    assert_eq!(texts(&all, "VersionId"), [second.as_str(), &first, "null"]);
    assert_eq!(texts(&all, "IsLatest"), ["true", "false", "false"]);
    keep(store, "Suspended").await;
    assert_eq!(put(store, "k", "third").await, None, "it is the version null");
    assert_eq!(read(store, "k", "null").await.unwrap(), "third");
    assert_eq!(texts(&listed(store, &[]).await, "VersionId"), ["null", second.as_str(), &first]);
    let wrong = "<VersioningConfiguration><Status>On</Status></VersioningConfiguration>";
    let refused = store.call(Method::PUT, "", &[("versioning", "")], &[], wrong).await.unwrap_err();
    assert_eq!(refused.code, "MalformedXML");
}

#[tokio::test]
async fn what_was_deleted_is_hidden_and_comes_back_with_its_delete_marker() {
    let Fixture { store, .. } = &fixture();
    keep(store, "Enabled").await;
    let kept = put(store, "k", "kept").await.unwrap();
    let deleted = store.call(Method::DELETE, "k", &[], &[], "").await.unwrap();
    assert_eq!(deleted.headers()["x-amz-delete-marker"], "true");
    let marker = version(&deleted).unwrap();
    let url = store.presign("k", Access::Get, HOUR, &[]);
    let missing = http().get(url).send().await.unwrap();
    assert_eq!((missing.status().as_u16(), version(&missing).as_ref()), (404, Some(&marker)));
    assert_eq!(missing.headers()["x-amz-delete-marker"], "true");
    assert!(store.keys().await.is_empty());
    assert_eq!(read(store, "k", &kept).await.unwrap(), "kept");
    let refused = read(store, "k", &marker).await.unwrap_err();
    assert_eq!(refused, Refused { status: 405, code: "MethodNotAllowed".into() });
    assert_eq!(store.try_bucket(Method::DELETE).await, Some(false), "it is not empty");
    let undone = store.call(Method::DELETE, "k", &[("versionId", &marker)], &[], "").await.unwrap();
    assert_eq!(undone.headers()["x-amz-delete-marker"], "true");
    assert_eq!(store.read("k", None).await.unwrap(), b"kept");
    let object = format!("<Object><Key>k</Key><VersionId>{kept}</VersionId></Object>");
    let batch = format!("<Delete>{object}<Object><Key>other</Key></Object></Delete>");
    let answer = store.call(Method::POST, "", &[], &[], batch).await.unwrap().text().await.unwrap();
    assert_eq!(texts(&answer, "VersionId"), [kept]);
    let of_other = texts(&answer, "DeleteMarkerVersionId");
    assert_eq!(texts(&listed(store, &[]).await, "VersionId"), of_other);
    store.call(Method::DELETE, "other", &[("versionId", &of_other[0])], &[], "").await.unwrap();
    assert_eq!(store.try_bucket(Method::DELETE).await, Some(true), "nothing is left");
}

#[tokio::test]
async fn versions_are_listed_page_by_page_by_prefix_and_delimiter() {
    let Fixture { store, .. } = &fixture();
    keep(store, "Enabled").await;
    for key in ["a", "a/1", "a/1", "a/2", "b", "b", "b"] {
        put(store, key, "x").await.unwrap();
    }
    store.delete("a/2").await.unwrap();
    // Versions and delete markers are two lists in the document.
    let keys = |document: &str| {
        let mut keys = texts(document, "Key");
        keys.sort();
        keys
    };
    assert_eq!(keys(&listed(store, &[("prefix", "a/")]).await), ["a/1", "a/1", "a/2", "a/2"]);
    let by_folder = listed(store, &[("delimiter", "/")]).await;
    assert_eq!(keys(&by_folder), ["a", "b", "b", "b"]);
    assert!(by_folder.contains("<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>"), "{by_folder}");
    let whole = texts(&listed(store, &[]).await, "VersionId").len();
    assert_eq!(whole, 8);
    let (mut count, mut key, mut version) = (0, String::new(), String::new());
    loop {
        let after =
            [("max-keys", "3"), ("key-marker", key.as_str()), ("version-id-marker", version.as_str())];
        let asked = if key.is_empty() { &after[..1] } else { &after[..] };
        let page = listed(store, asked).await;
        count += keys(&page).len();
        match texts(&page, "NextKeyMarker").first() {
            Some(next) => (key, version) = (next.clone(), texts(&page, "NextVersionIdMarker")[0].clone()),
            None => break,
        }
    }
    assert_eq!(count, whole);
    let query = [("versions", ""), ("version-id-marker", "null")];
    let refused = store.call(Method::GET, "", &query, &[], "").await.unwrap_err();
    assert_eq!(refused.code, "InvalidArgument");
}

#[tokio::test]
async fn copies_tags_and_parts_are_of_a_version() {
    let Fixture { store, .. } = &fixture();
    keep(store, "Enabled").await;
    let old = put(store, "k", "old").await.unwrap();
    put(store, "k", "new").await.unwrap();
    let source = format!("uploads/k?versionId={old}");
    let copied = store.call(Method::PUT, "copy", &[], &[("x-amz-copy-source", &source)], "").await.unwrap();
    assert_eq!(copied.headers()["x-amz-copy-source-version-id"], old.as_str());
    assert_eq!(store.read("copy", None).await.unwrap(), b"old");
    let tags = "<Tagging><TagSet><Tag><Key>t</Key><Value>1</Value></Tag></TagSet></Tagging>";
    let of_old = [("tagging", ""), ("versionId", old.as_str())];
    store.call(Method::PUT, "k", &of_old, &[], tags).await.unwrap();
    let tagged = async |query: &[(&str, &str)]| {
        let answer = store.call(Method::GET, "k", query, &[], "").await.unwrap();
        texts(&answer.text().await.unwrap(), "Value")
    };
    assert_eq!((tagged(&of_old).await, tagged(&of_old[..1]).await), (vec!["1".to_owned()], vec![]));
    assert!(store.try_multipart("k", b"in parts".to_vec()).await);
    let versions = texts(&listed(store, &[("prefix", "k")]).await, "VersionId");
    assert_eq!(versions.len(), 3);
    put(store, "k", "last").await.unwrap();
    assert_eq!(read(store, "k", &versions[0]).await.unwrap(), "in parts");
}

#[tokio::test]
async fn versions_are_verified_and_exported() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = start(folder.path());
    endpoint.keep_versions("uploads").unwrap();
    let store = store(&endpoint);
    let old = put(&store, "a/b", "old").await.unwrap();
    put(&store, "a/b", "new").await.unwrap();
    put(&store, "c", "deleted").await.unwrap();
    store.delete("c").await.unwrap();
    let verified = || verify::run(folder.path(), verify::Options::default(), |_| {}).unwrap();
    let report = verified();
    assert_eq!((report.objects, report.damaged, report.bytes), (3, 0, 13));
    let target = tempfile::tempdir().unwrap();
    let export = |versions| export::run(folder.path(), target.path(), versions, |_| {}).unwrap();
    assert_eq!(export(Versions::Current).objects, 1);
    let list = || fs::read_to_string(target.path().join("objects.tsv")).unwrap();
    assert_eq!(list().lines().count(), 2);
    let report = export(Versions::All);
    assert_eq!((report.objects, report.unchanged), (3, 1));
    let exported = target.path().join(format!("uploads%versions/{old}/a/b"));
    assert_eq!(fs::read_to_string(exported).unwrap(), "old");
    assert_eq!(list().lines().count(), 5, "the delete marker is named");
    assert!(list().contains(&format!("\tuploads%25versions/{old}/a/b\t3\t")), "{}", list());
    // Bytes that rot are found in a version, too.
    let shards = fs::read_dir(folder.path().join(".objects/uploads")).unwrap();
    let mut files = shards
        .map(|shard| shard.unwrap().path())
        .filter(|path| path.is_dir())
        .flat_map(|shard| fs::read_dir(shard).unwrap().map(|entry| entry.unwrap().path()));
    let data = files.find(|file| file.is_file() && fs::read(file).unwrap() == b"old").unwrap();
    fs::write(data, "rot").unwrap();
    assert_eq!(verified().damaged, 1);
    assert_eq!(export(Versions::All).damaged, 0, "the file of it is there already");
    endpoint.stop().await;
    assert_eq!(read(&self::store(&start(folder.path())), "a/b", &old).await.unwrap(), "rot");
}
