//! An S3-compatible endpoint over a folder, for a commons on one machine.
//!
//! `s3s` speaks the protocol and checks signatures (AWS Signature Version 4, in headers and in URLs). What it
//! is asked to do is done here, on files: a body becomes an object only when it is whole, on the disk, and
//! what its client said; an upload in parts can be ended until its object is there. Nothing that a request
//! says reaches the library or a file before it is known to be within bounds (`front`, `pace`, `room`).
//!
//! ```text
//! .objects/BUCKET/AB/DIGEST.json      the record of an object, under the digest of its key
//! .objects/BUCKET/AB/DIGEST.ID        its bytes, or the folder of its parts; written once
//! .objects/BUCKET/AB/DIGEST.ID.json   the record of a version that is not the current one, or of a deletion
//! .index/                             keys in their order, made of the records
//! .uploads/ID/                        what an upload in parts is for
//! .drafts/                            what is not an object yet, or not any more and still read
//! ```
//!
//! `docs/decisions/embedded-object-store.md` tells why it is so.

mod abandoned;
mod answers;
mod auth;
mod authorization;
mod begun;
mod checksums;
mod completion;
mod conditions;
mod content;
pub mod copying;
mod disk;
mod documents;
mod draft;
pub mod export;
mod front;
mod history;
mod index;
mod integrity;
mod layout;
mod objects;
mod operations;
mod pace;
mod parts;
mod protocol;
mod readers;
mod receive;
mod record;
mod refusal;
mod replacing;
mod room;
mod server;
mod takeover;
mod unreadable;
mod uploads;
pub mod verify;
mod version;
mod walk;
mod wording;

use std::{
    io,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::Arc,
};

use s3s::{
    config::{S3Config, StaticConfigProvider},
    service::S3ServiceBuilder,
};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub use objects::Completed;

/// At most this many notices wait to be read. Further ones are dropped, because who reads them also looks
/// through the bucket from time to time.
const UNREAD_NOTICES: usize = 4096;
/// The longest document of a request: the list of 10,000 parts.
const LONGEST_DOCUMENT: usize = 4 * 1024 * 1024;

/// What the endpoint serves.
#[derive(Clone)]
pub struct Settings {
    /// Where objects are kept. The folder is made if it is missing.
    pub folder: PathBuf,
    /// The only access key id.
    pub access_key: String,
    /// Its secret.
    pub secret_key: String,
    /// Buckets that exist. Names are as Amazon wants them: 3 to 63 of `a-z 0-9 . -`.
    pub buckets: Vec<String>,
    /// Bytes of the disk that uploads leave free. `None` for 1 GiB, or a twentieth of a small disk.
    pub reserve: Option<u64>,
}

// Written by hand so that the secret can never reach a log.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("folder", &self.folder)
            .field("buckets", &self.buckets)
            .finish_non_exhaustive()
    }
}

/// A running endpoint.
#[derive(Debug)]
pub struct EmbeddedS3 {
    address: SocketAddr,
    objects: objects::Objects,
    completed: Option<mpsc::Receiver<Completed>>,
    stopping: CancellationToken,
    serving: JoinHandle<()>,
}

impl EmbeddedS3 {
    /// Serves `settings` on `listener`. Needs to be called within a tokio runtime.
    ///
    /// # Errors
    /// When the folder cannot be made or read, a bucket name is not allowed, or the listener cannot be used.
    pub fn start(settings: &Settings, listener: TcpListener) -> io::Result<Self> {
        for bucket in &settings.buckets {
            check_name(bucket)?;
        }
        let (notices, completed) = mpsc::channel(UNREAD_NOTICES);
        let Settings { folder, access_key, secret_key, buckets, reserve } = settings;
        let objects = objects::Objects::open(folder, access_key, buckets, *reserve, notices)?;
        let mut service = S3ServiceBuilder::new(objects.clone());
        let mut limits = S3Config::default();
        (limits.xml_max_body_size, limits.post_object_max_file_size) = (LONGEST_DOCUMENT, 0);
        service.set_config(Arc::new(StaticConfigProvider::new(Arc::new(limits))));
        let (id, secret) = (access_key.clone(), secret_key.clone().into());
        service.set_access(auth::OneOwner(id.clone()));
        service.set_auth(auth::OneKey { id, secret });
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let stopping = CancellationToken::new();
        let serving =
            tokio::spawn(server::serve(listener, objects.clone(), service.build(), stopping.clone()));
        Ok(Self { address, objects, completed: Some(completed), stopping, serving })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Has a bucket keep what is replaced and deleted in it from now on, as its clients can by
    /// `PutBucketVersioning`.
    ///
    /// # Errors
    /// When there is no such bucket, or that cannot be written.
    pub fn keep_versions(&self, bucket: &str) -> io::Result<()> {
        self.objects.0.disk.layout().set_versioning(bucket, version::Versioning::Enabled)
    }

    /// The notices of objects that were completed by a PUT or by the end of a multipart upload. They can be
    /// taken once, as what `make` makes of them.
    pub fn take_completed<T: Send + 'static>(
        &mut self,
        make: impl Fn(Completed) -> Option<T> + Send + 'static,
    ) -> Option<mpsc::Receiver<T>> {
        let mut completed = self.completed.take()?;
        let (made, taken) = mpsc::channel(UNREAD_NOTICES);
        tokio::spawn(async move {
            while let Some(completed) = completed.recv().await {
                if let Some(notice) = make(completed)
                    && let Err(mpsc::error::TrySendError::Closed(_)) = made.try_send(notice)
                {
                    break;
                }
            }
        });
        Some(taken)
    }

    /// Whether it still serves.
    pub fn is_running(&self) -> bool {
        !self.serving.is_finished()
    }

    /// Stops accepting, lets running transfers finish for a few seconds, and returns when all is closed.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        if let Err(error) = (&mut self.serving).await {
            tracing::error!(error = %error, "the embedded object store ended abnormally");
        }
    }
}

/// Who is dropped stops, too, without waiting for it.
impl Drop for EmbeddedS3 {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

fn check_name(bucket: &str) -> io::Result<()> {
    if s3s::path::check_bucket_name(bucket) {
        return Ok(());
    }
    let message = format!("{bucket:?} is not a bucket name: use 3 to 63 of a-z, 0-9, dot and hyphen");
    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
}
