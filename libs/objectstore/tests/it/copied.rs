//! A store that is taken along, and one that is made of it.

use std::{fs, io, io::Write as _};

use objectstore::copying::{self, Damaged, Item, Making, Taken};
use reqwest::Method;

use super::*;

/// A file of an item: its path and its bytes.
type Content = (String, Vec<u8>);

/// What was taken along: buckets, and each item with the bytes of its files.
#[derive(Default)]
struct Along {
    buckets: Vec<copying::Bucket>,
    items: Vec<(String, String, Vec<Content>)>,
    damaged: Vec<Damaged>,
}

fn taken(item: &Item) -> io::Result<Option<Vec<Content>>> {
    let mut files = Vec::new();
    for data in &item.files {
        let Some(mut reading) = data.open()? else { return Ok(None) };
        let (mut content, mut buffer) = (Vec::new(), [0; 7]);
        loop {
            match reading.read(&mut buffer) {
                0 => break,
                read => content.extend_from_slice(&buffer[..read]),
            }
        }
        if !reading.is_whole() {
            return Ok(None);
        }
        assert_eq!(content.len() as u64, data.size);
        files.push((data.path.clone(), content));
    }
    Ok(Some(files))
}

fn along(folder: &Path) -> Along {
    let mut along = Along { buckets: copying::buckets(folder).unwrap(), ..Along::default() };
    let mut damaged = Vec::new();
    let take = |item: &Item| -> io::Result<Taken> {
        let Some(files) = taken(item)? else { return Ok(Taken::Torn) };
        along.items.push((item.path.clone(), item.record.clone(), files));
        Ok(Taken::Whole)
    };
    copying::each(folder, take, |one| damaged.push(one)).unwrap();
    along.damaged = damaged;
    along
}

fn make(folder: &Path, along: &Along) {
    let making = Making::begin(folder, &along.buckets).unwrap();
    for (path, record, files) in &along.items {
        for (path, content) in files {
            making.file(path).unwrap().write_all(content).unwrap();
        }
        making.record(path, record).unwrap();
    }
}

async fn filled(folder: &Path) {
    let endpoint = start(folder);
    let store = store(&endpoint);
    let upload = store.create_multipart("parts").await.unwrap();
    let url = store.presign("parts", Access::Part { upload_id: &upload, number: 4 }, HOUR, &[]);
    let answer = http().put(url).body("a part").send().await.unwrap();
    let etag = answer.headers()["etag"].to_str().unwrap().to_owned();
    store.complete_multipart("parts", &upload, &[Part { number: 4, etag }]).await.unwrap();
    let headers = [("content-type", "text/x"), ("x-amz-meta-who", "ada")];
    store.call(Method::PUT, "a/b", &[], &headers, "content").await.unwrap();
    endpoint.keep_versions("uploads").unwrap();
    for content in ["first", "second", ""] {
        store.write("kept", content).await.unwrap();
    }
    store.call(Method::DELETE, "a/b", &[], &[], "").await.unwrap();
    endpoint.stop().await;
}

async fn listed(store: &Client) -> String {
    store.call(Method::GET, "", &[("versions", "")], &[], "").await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn a_store_that_is_made_of_another_one_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    filled(&old).await;
    let along = along(&old);
    // One in parts, one with a marker before it, and three versions.
    assert_eq!((along.items.len(), along.damaged.len()), (6, 0));
    make(&new, &along);
    let (first, second) = (start(&old), start(&new));
    let (first, second) = (store(&first), store(&second));
    let versions = listed(&first).await;
    assert_eq!(versions.matches("<VersionId>").count(), 6, "{versions}");
    assert_eq!(listed(&second).await, versions);
    assert_eq!(second.read("parts", None).await.unwrap(), b"a part");
    let query = [("versionId", "null")];
    let answer = second.call(Method::GET, "a/b", &query, &[], "").await.unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!((header("content-type"), header("x-amz-meta-who")), ("text/x".into(), "ada".into()));
    assert_eq!(answer.text().await.unwrap(), "content");
    // It goes on keeping versions.
    second.write("kept", "third").await.unwrap();
    assert_eq!(listed(&second).await.matches("<VersionId>").count(), 7);
}

#[tokio::test]
async fn what_is_damaged_is_told_of_and_not_taken_along() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path()).await;
    let whole = along(folder.path());
    let place = |path: &str| folder.path().join(".objects").join(path);
    let (record, _, files) =
        whole.items.iter().find(|(_, _, files)| files[..].iter().any(|f| f.1 == b"a part")).unwrap();
    fs::write(place(&files[0].0), "another").unwrap();
    let found = along(folder.path());
    let parts = Damaged { bucket: "uploads".into(), key: Some("parts".into()) };
    assert_eq!((found.items.len(), found.damaged), (5, vec![parts]));
    fs::write(place(&files[0].0), "a parT").unwrap();
    assert_eq!(along(folder.path()).damaged.len(), 1, "of the same size");
    fs::write(place(record), "{}").unwrap();
    let unreadable = Damaged { bucket: "uploads".into(), key: None };
    assert_eq!(along(folder.path()).damaged, [unreadable]);
}
