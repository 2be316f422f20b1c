//! Azure Blob Storage.

mod address;
mod sign;

use std::{ops::Range, time::Duration};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chrono::Utc;
use object_store::{
    azure::{MicrosoftAzure, MicrosoftAzureBuilder},
    signer::Signer as _,
};
use reqwest::Method;
use url::Url;
use uuid::Uuid;

use address::{account_of, address, parts_of};
pub use sign::AzureKeyError;
use sign::{Connection, KeySigner, Permissions};

use crate::{
    Access, Bucket, ByteStream, Listing, Location, ObjectInfo, ObjectStore, Part, Parts, StorageError,
    UploadedPart,
    documents::{self, Document},
    encoded,
    objects::{Objects, options, path, refusal},
};

/// Of a URL that is used at once.
const LIFE: Duration = Duration::from_secs(300);

/// How the blobs of an account are opened.
enum Opened {
    /// They are not: only what anybody may read.
    Public,
    /// By the account's key.
    Key(Box<KeySigner>),
    /// By an identity of the machine or the pod, which gets keys to sign with from the account for a while.
    Identity { account: String },
}

/// The containers of an account at Azure.
pub struct AzureStore {
    opened: Opened,
    /// By `host/container`.
    objects: Objects<MicrosoftAzure>,
}

// Written by hand so that the key can never reach a log.
impl std::fmt::Debug for AzureStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AzureStore").finish_non_exhaustive()
    }
}

impl AzureStore {
    /// The account of a connection string: `AccountName=...;AccountKey=...`, or
    /// `AccountName=...;Credential=Identity` for what a client of Azure finds by itself: the workload
    /// identity of the pod, the managed identity of the machine, or the application of `AZURE_CLIENT_ID`,
    /// `AZURE_CLIENT_SECRET` and `AZURE_TENANT_ID`. It needs the role Storage Blob Data Contributor.
    ///
    /// # Errors
    /// When it has no account and no key.
    pub fn from_connection_string(text: &str) -> Result<Self, AzureKeyError> {
        let Connection { account, key, endpoint } = Connection::read(text)?;
        let (name, at) = (account.clone(), endpoint.clone());
        let secret = key.clone();
        let objects = Objects::new(move |bucket| {
            let builder = match &secret {
                Some(key) => MicrosoftAzureBuilder::new().with_access_key(key),
                None => MicrosoftAzureBuilder::from_env(),
            };
            let (_, container) = bucket.split_once('/').unwrap_or(("", bucket));
            builder
                .with_account(&name)
                .with_container_name(container)
                .with_endpoint(at.clone())
                .with_client_options(options().with_allow_http(at.starts_with("http:")))
                .build()
        });
        let opened = match key {
            Some(key) => Opened::Key(Box::new(KeySigner::new(account, &key, endpoint)?)),
            None => Opened::Identity { account },
        };
        Ok(Self { opened, objects })
    }

    /// Containers that anybody may read; nothing is signed.
    pub fn public() -> Self {
        let objects = Objects::new(|bucket| {
            let (host, container) = bucket.split_once('/').unwrap_or((bucket, ""));
            MicrosoftAzureBuilder::new()
                .with_account(account_of(host))
                .with_container_name(container)
                .with_endpoint(format!("https://{host}"))
                .with_skip_signature(true)
                .with_client_options(options())
                .build()
        });
        Self { opened: Opened::Public, objects }
    }

    /// The account that is opened, in lower case; `None` where nothing is signed.
    pub fn account(&self) -> Option<&str> {
        match &self.opened {
            Opened::Public => None,
            Opened::Key(signer) => Some(signer.account()),
            Opened::Identity { account } => Some(account),
        }
    }

    /// Whether the blobs of a host are of this account.
    fn has(&self, host: &str) -> bool {
        self.account() == Some(account_of(host))
    }

    /// The container of a location that the services may read.
    fn readable<'a>(&self, bucket: &'a Bucket) -> Result<&'a str, StorageError> {
        match self.opened {
            Opened::Public => parts_of(bucket).map(|_| bucket.name()),
            _ => self.own(bucket),
        }
    }

    /// The container of a location that the services may change. Of what anybody may read nothing is ours,
    /// wherever a record says that it is: its hosts are sent no request that changes or deletes.
    fn own<'a>(&self, bucket: &'a Bucket) -> Result<&'a str, StorageError> {
        let (host, _) = parts_of(bucket)?;
        if self.has(host) {
            Ok(bucket.name())
        } else {
            Err(StorageError::UnknownBucket(bucket.name().to_owned()))
        }
    }

    async fn signed(
        &self,
        location: &Location,
        access: Access<'_>,
        life: Duration,
    ) -> Result<Url, StorageError> {
        let permissions = match access {
            Access::Get => Permissions::Read,
            // As fence has always given them.
            Access::Put | Access::Part { .. } => Permissions::ReadWrite,
        };
        match &self.opened {
            Opened::Key(signer) => signer.sign(location, permissions, life, Utc::now()),
            _ => {
                let method = if permissions == Permissions::Read { Method::GET } else { Method::PUT };
                let client = self.objects.of(location.bucket())?;
                client.signed_url(method, &path(location.key())?, life).await.map_err(refusal)
            }
        }
    }
}

/// The name of a part. All names of a blob have the same length (Put Block).
fn block(upload_id: &str, number: i64) -> Result<String, StorageError> {
    let refused = |code: &str| StorageError::Refused { status: 400, code: code.to_owned() };
    let upload = Uuid::parse_str(upload_id).map_err(|_| StorageError::NotFound)?;
    if !(1..=10_000).contains(&number) {
        return Err(refused("InvalidArgument"));
    }
    Ok(format!("{}-{number:05}", upload.simple()))
}

/// The parts of an upload, after the one numbered `after`, that a document of Azure names.
fn parts_in(text: &str, upload: Uuid, after: Option<i64>) -> Result<Parts, StorageError> {
    let prefix = format!("{}-", upload.simple());
    let mut parts = Vec::new();
    for item in Document::read(text, "Block")?.items {
        let (Some(name), Some(size)) = (item.get("Name"), item.get("Size")) else {
            return Err(documents::unexpected());
        };
        // Others put blocks with names of their own.
        let decoded = STANDARD.decode(name.trim()).ok().and_then(|name| String::from_utf8(name).ok());
        let number = decoded.as_deref().and_then(|name| name.strip_prefix(&prefix)?.parse::<i64>().ok());
        let Some(number) = number.filter(|number| after.is_none_or(|after| *number > after)) else {
            continue;
        };
        let size = size.trim().parse().map_err(|_| documents::unexpected())?;
        // Azure gives parts no tags; at the end they are named by their numbers.
        parts.push(UploadedPart { number, etag: format!("\"{}\"", name.trim()), size });
    }
    parts.sort_by_key(|part| part.number);
    Ok(Parts { parts, next: None })
}

#[async_trait]
impl ObjectStore for AzureStore {
    /// `extra` is not carried: Azure's signatures cover no parameters but their own.
    async fn presign(
        &self,
        location: &Location,
        access: Access<'_>,
        life: Duration,
        _extra: &[(&str, &str)],
    ) -> Result<Url, StorageError> {
        let (host, _) = parts_of(location.place())?;
        if !self.has(host) {
            return self.plain_url(location);
        }
        let mut url = self.signed(location, access, life).await?;
        if let Access::Part { upload_id, number } = access {
            let id = STANDARD.encode(block(upload_id, number)?);
            let query = url.query().unwrap_or_default();
            let query = format!("comp=block&blockid={}&{query}", encoded::query(&id));
            url.set_query(Some(&query));
        }
        Ok(url)
    }

    fn plain_url(&self, location: &Location) -> Result<Url, StorageError> {
        let (host, _) = parts_of(location.place())?;
        address(&format!("https://{host}"), location)
    }

    /// Azure knows no uploads, only the parts (blocks) of a blob: the id is ours, and parts carry it.
    async fn create_multipart(&self, location: &Location) -> Result<String, StorageError> {
        self.own(location.place())?;
        Ok(Uuid::new_v4().to_string())
    }

    /// The parts of all uploads to a blob lie side by side: those of this one have its id in their names. An
    /// upload that has none is as good as one that nobody began.
    async fn parts(
        &self,
        location: &Location,
        upload_id: &str,
        after: Option<i64>,
    ) -> Result<Parts, StorageError> {
        self.own(location.place())?;
        let upload = Uuid::parse_str(upload_id).map_err(|_| StorageError::NotFound)?;
        let mut url = self.signed(location, Access::Get, LIFE).await?;
        let query = url.query().unwrap_or_default();
        let query = format!("comp=blocklist&blocklisttype=uncommitted&{query}");
        url.set_query(Some(&query));
        match documents::get(url).await {
            Ok(text) => parts_in(&text, upload, after),
            Err(StorageError::NotFound) => Ok(Parts::default()),
            Err(error) => Err(error),
        }
    }

    async fn complete_multipart(
        &self,
        location: &Location,
        upload_id: &str,
        parts: &[Part],
    ) -> Result<(), StorageError> {
        let names = parts.iter().map(|part| block(upload_id, part.number));
        let names: Vec<String> = names.collect::<Result<_, _>>()?;
        let container = self.own(location.place())?;
        self.objects.complete_multipart(container, location.key(), upload_id, names.into_iter()).await
    }

    /// Azure forgets parts that no blob has after a week.
    async fn abort_multipart(&self, location: &Location, _: &str) -> Result<(), StorageError> {
        self.own(location.place()).map(drop)
    }

    async fn head(&self, location: &Location) -> Result<ObjectInfo, StorageError> {
        self.objects.head(self.readable(location.place())?, location.key()).await
    }

    async fn read(&self, location: &Location, range: Option<Range<u64>>) -> Result<ByteStream, StorageError> {
        self.objects.read(self.readable(location.place())?, location.key(), range).await
    }

    async fn write(&self, location: &Location, bytes: Bytes) -> Result<(), StorageError> {
        self.objects.write(self.own(location.place())?, location.key(), bytes).await
    }

    async fn delete(&self, location: &Location) -> Result<(), StorageError> {
        self.objects.delete(self.own(location.place())?, location.key()).await
    }

    async fn list(&self, bucket: &Bucket, prefix: &str, next: Option<&str>) -> Result<Listing, StorageError> {
        self.objects.list(self.readable(bucket)?, prefix, next).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_an_upload_are_those_that_have_its_id() {
        let (upload, other) = (Uuid::new_v4(), Uuid::new_v4());
        let mut list = String::new();
        for (upload, number) in [(upload, 2), (other, 1), (upload, 1)] {
            let name = STANDARD.encode(block(&upload.to_string(), number).unwrap());
            list += &format!("<Block><Name>{name}</Name><Size>{number}0</Size></Block>");
        }
        let text = format!(
            "<?xml version=\"1.0\"?><BlockList><CommittedBlocks /><UncommittedBlocks>{list}\
             <Block><Name>Zm9yZWlnbg==</Name><Size>7</Size></Block></UncommittedBlocks></BlockList>"
        );
        let numbers = |after| {
            let parts = parts_in(&text, upload, after).unwrap().parts;
            parts.iter().map(|part| (part.number, part.size)).collect::<Vec<_>>()
        };
        assert_eq!(numbers(None), [(1, 10), (2, 20)]);
        assert_eq!(numbers(Some(1)), [(2, 20)]);
        assert!(parts_in("<BlockList><Block>", upload, None).is_err());
    }

    #[tokio::test]
    async fn nothing_is_changed_where_nothing_is_ours() {
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        let other = AzureStore::from_connection_string("AccountName=a;AccountKey=c2VjcmV0").unwrap();
        let location = Location::within(Bucket::azure("127.0.0.1", "box"), "k").unwrap();
        for store in [AzureStore::public(), other] {
            let unknown = |refused: Option<StorageError>| {
                assert!(matches!(refused, Some(StorageError::UnknownBucket(_))), "{refused:?}");
            };
            unknown(store.delete(&location).await.err());
            unknown(store.write(&location, Bytes::new()).await.err());
            unknown(store.create_multipart(&location).await.err());
            unknown(store.abort_multipart(&location, "u").await.err());
            unknown(store.parts(&location, "u", None).await.err());
            let upload = Uuid::new_v4().to_string();
            unknown(store.complete_multipart(&location, &upload, &[]).await.err());
        }
        // What anybody may read is asked for.
        let asked = AzureStore::public().head(&location).await;
        assert!(!matches!(asked, Err(StorageError::UnknownBucket(_))), "{asked:?}");
    }
}
