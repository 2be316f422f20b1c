//! What every store has to do, whoever made it.

use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::{Method, Response, Url};
use storage::{Access, Bucket, ByteStream, Kind, Location, ObjectStore, Part, StorageError};

const HOUR: Duration = Duration::from_secs(3600);
/// More than one page of any store.
const MANY: usize = 1003;
const AT_ONCE: usize = 24;
const PART: usize = 5 * 1024 * 1024;

/// A store, and in what its kind differs from others.
pub(crate) struct Candidate<'a> {
    pub(crate) store: &'a dyn ObjectStore,
    pub(crate) bucket: Bucket,
    /// What whoever puts an object must send along.
    pub(crate) put_headers: &'static [(&'static str, &'static str)],
    /// Whether it looks at signatures. An emulator need not.
    pub(crate) checks_signatures: bool,
    /// Parameters of signed downloads, which the signature covers.
    pub(crate) extra: &'static [(&'static str, &'static str)],
    /// Keys that not every kind has.
    pub(crate) odd_keys: &'static [&'static str],
    /// Whether uploads are known by their id, so that an unknown one can be told.
    pub(crate) knows_uploads: bool,
    /// Whether the parts of an upload can be listed.
    pub(crate) lists_parts: bool,
}

impl Candidate<'_> {
    fn at(&self, key: &str) -> Location {
        Location::within(self.bucket.clone(), key).unwrap()
    }

    async fn url(&self, key: &str, access: Access<'_>) -> Url {
        let extra = if access == Access::Get { self.extra } else { &[] };
        self.store.presign(&self.at(key), access, HOUR, extra).await.unwrap()
    }

    async fn sent(&self, method: Method, url: Url, body: Vec<u8>) -> Response {
        let mut request = crate::http().request(method, url).body(body);
        for (name, value) in self.put_headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    async fn read(&self, key: &str) -> Vec<u8> {
        bytes(self.store.read(&self.at(key), None).await.unwrap()).await
    }

    async fn keys(&self, prefix: &str) -> Vec<String> {
        let (mut keys, mut next) = (Vec::new(), None);
        loop {
            let page = self.store.list(&self.bucket, prefix, next.as_deref()).await.unwrap();
            for object in page.objects {
                // As in `2026-01-02T03:04:05.678Z`.
                assert_eq!(object.modified.as_bytes()[10], b'T', "{}", object.modified);
                keys.push(object.key);
            }
            next = page.next;
            if next.is_none() {
                keys.sort();
                return keys;
            }
        }
    }

    /// All of it.
    pub(crate) async fn examine(&self) {
        self.objects_are_put_and_read_by_signed_urls().await;
        self.changed_urls_are_worth_nothing().await;
        self.objects_are_written_replaced_and_deleted().await;
        self.lists_come_in_pages().await;
        self.parts_become_one_object().await;
        self.an_upload_that_is_given_up_leaves_nothing().await;
        self.what_is_not_there_is_not_found().await;
    }

    async fn objects_are_put_and_read_by_signed_urls(&self) {
        let key = "guid/a b+c%41 ï?#&.bin";
        let content: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        let put = self.sent(Method::PUT, self.url(key, Access::Put).await, content.clone()).await;
        assert!(put.status().is_success(), "{}", put.text().await.unwrap());
        let url = self.url(key, Access::Get).await;
        let got = crate::http().get(url.clone()).send().await.unwrap();
        assert_eq!(got.status(), 200);
        assert_eq!(got.bytes().await.unwrap(), content);
        let part = crate::http().get(url).header("Range", "bytes=10-19").send().await.unwrap();
        assert_eq!(part.bytes().await.unwrap(), content[10..20]);
        let info = self.store.head(&self.at(key)).await.unwrap();
        assert_eq!(info.size, content.len() as u64);
        assert!(info.etag.is_some());
        assert_eq!(self.read(key).await, content);
        let range = self.store.read(&self.at(key), Some(5..9)).await.unwrap();
        assert_eq!(bytes(range).await, content[5..9]);
        self.store.delete(&self.at(key)).await.unwrap();
    }

    async fn changed_urls_are_worth_nothing(&self) {
        if !self.checks_signatures {
            return;
        }
        self.store.write(&self.at("guid/f"), "content".into()).await.unwrap();
        let good = self.url("guid/f", Access::Get).await;
        let status = async |url: Url| crate::http().get(url).send().await.unwrap().status().as_u16();
        assert_eq!(status(good.clone()).await, 200);
        for (name, value) in self.extra {
            let other = good.as_str().replace(&format!("{name}={value}"), &format!("{name}=other"));
            assert_ne!(other, good.as_str());
            assert_eq!(status(other.parse().unwrap()).await, 403, "{name}");
        }
        assert_eq!(status(good.as_str().replace("guid/f", "guid/g").parse().unwrap()).await, 403);
        assert_eq!(self.sent(Method::PUT, good, b"x".to_vec()).await.status(), 403, "it is for reading");
        if self.bucket.kind() == Kind::S3 {
            let plain = status(self.store.plain_url(&self.at("guid/f")).unwrap()).await;
            assert_eq!(plain, 403, "without a signature");
        }
        let (location, second) = (self.at("guid/f"), Duration::from_secs(1));
        let brief = self.store.presign(&location, Access::Get, second, &[]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(2100)).await;
        assert_eq!(status(brief).await, 403, "it has ended");
        self.store.delete(&self.at("guid/f")).await.unwrap();
    }

    async fn objects_are_written_replaced_and_deleted(&self) {
        for text in ["old", "new"] {
            self.store.write(&self.at("w/ä 1.json"), text.into()).await.unwrap();
        }
        assert_eq!(self.read("w/ä 1.json").await, b"new");
        self.store.write(&self.at("w/other +.json"), "other".into()).await.unwrap();
        self.store.delete(&self.at("w/ä 1.json")).await.unwrap();
        assert_eq!(self.keys("w/").await, ["w/other +.json"]);
        self.store.delete(&self.at("w/other +.json")).await.unwrap();
        assert!(self.keys("").await.is_empty());
    }

    async fn lists_come_in_pages(&self) {
        let mut keys: Vec<String> = (0..MANY).map(|number| format!("many/{number:04}")).collect();
        keys.extend(["a+b", "c d", "e%20f", "g/h&i<j>ï"].map(str::to_owned));
        keys.extend(self.odd_keys.iter().map(|key| (*key).to_owned()));
        stream::iter(&keys)
            .map(|key| async { self.store.write(&self.at(key), "x".into()).await.unwrap() })
            .buffer_unordered(AT_ONCE)
            .collect::<()>()
            .await;
        keys.sort();
        assert_eq!(self.keys("").await, keys);
        let some = self.keys("many/00").await;
        assert_eq!(some.len(), 100);
        let page = self.store.list(&self.bucket, "c ", None).await.unwrap();
        assert_eq!((page.objects[0].size, page.next), (1, None));
        stream::iter(&keys)
            .map(|key| async { self.store.delete(&self.at(key)).await.unwrap() })
            .buffer_unordered(AT_ONCE)
            .collect::<()>()
            .await;
        assert!(self.keys("").await.is_empty());
    }

    async fn put_part(&self, key: &str, upload_id: &str, number: i64, content: Vec<u8>) -> Part {
        let url = self.url(key, Access::Part { upload_id, number }).await;
        let answer = crate::http().put(url).body(content).send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        assert!(status.is_success(), "{status} {}", answer.text().await.unwrap());
        let etag = headers.get("etag").map_or("", |etag| etag.to_str().unwrap()).to_owned();
        Part { number, etag }
    }

    async fn parts_become_one_object(&self) {
        let key = "guid/large ü.bam";
        let contents = [vec![b'a'; PART], vec![b'b'; 10]];
        let upload = self.store.create_multipart(&self.at(key)).await.unwrap();
        let second = self.put_part(key, &upload, 2, contents[1].clone()).await;
        let first = self.put_part(key, &upload, 1, contents[0].clone()).await;
        if self.lists_parts {
            let listed = self.store.parts(&self.at(key), &upload, None).await.unwrap();
            let told: Vec<_> = listed.parts.iter().map(|part| (part.number, part.size)).collect();
            assert_eq!((told, listed.next), (vec![(1, PART as u64), (2, 10)], None));
            let rest = self.store.parts(&self.at(key), &upload, Some(1)).await.unwrap();
            assert_eq!(rest.parts.iter().map(|part| part.number).collect::<Vec<_>>(), [2]);
        }
        self.store.complete_multipart(&self.at(key), &upload, &[first, second]).await.unwrap();
        assert_eq!(self.read(key).await, contents.concat());
        self.store.delete(&self.at(key)).await.unwrap();
    }

    async fn an_upload_that_is_given_up_leaves_nothing(&self) {
        let key = "guid/given up";
        let upload = self.store.create_multipart(&self.at(key)).await.unwrap();
        self.put_part(key, &upload, 1, b"content".to_vec()).await;
        self.store.abort_multipart(&self.at(key), &upload).await.unwrap();
        assert!(matches!(self.store.head(&self.at(key)).await, Err(StorageError::NotFound)));
        if self.knows_uploads && self.lists_parts {
            let gone = self.store.parts(&self.at(key), &upload, None).await;
            assert!(matches!(gone, Err(StorageError::NotFound)), "{gone:?}");
        }
    }

    async fn what_is_not_there_is_not_found(&self) {
        let none = self.at("guid/none");
        assert!(matches!(self.store.head(&none).await, Err(StorageError::NotFound)));
        assert!(matches!(self.store.read(&none, None).await.err(), Some(StorageError::NotFound)));
        assert!(self.keys("none/").await.is_empty());
        if self.knows_uploads {
            let part = Part { number: 1, etag: "\"d41d8cd98f00b204e9800998ecf8427e\"".into() };
            let unknown = "00000000-0000-0000-0000-000000000000";
            let ended = self.store.complete_multipart(&none, unknown, &[part]).await;
            assert!(matches!(ended, Err(StorageError::NotFound)), "{ended:?}");
        }
        let other = Location::from_url("s3://never-configured/k").unwrap().unwrap();
        let refused = self.store.head(&other).await;
        assert!(matches!(refused, Err(StorageError::UnknownBucket(_))), "{refused:?}");
    }
}

async fn bytes(stream: ByteStream) -> Vec<u8> {
    stream.try_fold(Vec::new(), async |all, piece| Ok([all.as_slice(), &piece[..]].concat())).await.unwrap()
}
