//! An S3-compatible endpoint over a folder, for a commons on one machine.
//!
//! `s3s` speaks the protocol and checks signatures (AWS Signature Version 4, in headers and in URLs),
//! `s3s-fs` keeps the objects, and this module adds what a commons needs: listening and stopping, CORS for
//! browsers, keys of any length, and a notice of every object that was completed.

mod multipart;
mod objects;
mod server;

use std::{
    io,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::Location;

/// At most this many notices wait to be read. Further ones are dropped, because who reads them also looks
/// through the bucket from time to time.
const UNREAD_NOTICES: usize = 4096;

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
    completed: Option<mpsc::Receiver<Location>>,
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
            make_bucket(&settings.folder, bucket)?;
        }
        let (notices, completed) = mpsc::channel(UNREAD_NOTICES);
        let objects = objects::Objects::open(&settings.folder, notices)?;
        let mut service = S3ServiceBuilder::new(objects);
        service.set_auth(SimpleAuth::from_single(settings.access_key.clone(), settings.secret_key.clone()));
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let stopping = CancellationToken::new();
        let serving = tokio::spawn(server::serve(listener, service.build(), stopping.clone()));
        Ok(Self { address, completed: Some(completed), stopping, serving })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The notices of objects that were completed by a PUT or by the end of a multipart upload. They can be
    /// taken once.
    pub fn take_completed(&mut self) -> Option<mpsc::Receiver<Location>> {
        self.completed.take()
    }

    /// Stops accepting, lets running transfers finish for a few seconds, and returns when all is closed.
    pub async fn stop(self) {
        self.stopping.cancel();
        if let Err(error) = self.serving.await {
            tracing::error!(error = %error, "the embedded object store ended abnormally");
        }
    }
}

fn make_bucket(folder: &Path, bucket: &str) -> io::Result<()> {
    if !s3s::path::check_bucket_name(bucket) {
        let message = format!("{bucket:?} is not a bucket name: use 3 to 63 of a-z, 0-9, dot and hyphen");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    std::fs::create_dir_all(folder.join(bucket))
}
