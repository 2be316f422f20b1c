//! Users' folders in the bucket.

use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use storage::{Bucket, Location, StorageError};

pub use crate::names::Kind;
use crate::{access::Owner, error::Error, names, service::Manifests};

/// A file in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub(crate) name: String,
    pub(crate) modified: DateTime<Utc>,
}

impl Manifests {
    fn location(&self, owner: &Owner, kind: Kind, name: &str) -> Result<Location, Error> {
        let key = names::folder(&self.config.prefix, owner.id(), kind) + name;
        Ok(Location::new(self.config.bucket.clone(), key)?)
    }

    /// The files of a folder, oldest first; one more than there may be, if there are more.
    pub(crate) async fn files(&self, owner: &Owner, kind: Kind) -> Result<Vec<File>, Error> {
        let folder = names::folder(&self.config.prefix, owner.id(), kind);
        let bucket = Bucket::s3(&self.config.bucket);
        let (mut files, mut next) = (Vec::new(), None);
        loop {
            let page = self.store.list(&bucket, &folder, next.as_deref()).await?;
            for object in &page.objects {
                let Some(name) = names::name_in(&folder, kind, &object.key) else { continue };
                files.push(File { name: name.to_owned(), modified: time(&object.modified)? });
            }
            next = page.next;
            if next.is_none() || files.len() > self.config.most_files {
                break;
            }
        }
        files.sort_by(|one, other| (one.modified, &one.name).cmp(&(other.modified, &other.name)));
        Ok(files)
    }

    /// The text of a file.
    pub(crate) async fn read(&self, owner: &Owner, kind: Kind, name: &str) -> Result<String, Error> {
        let mut pieces = self.store.read(&self.location(owner, kind, name)?, None).await?;
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.next().await {
            bytes.extend_from_slice(&piece?);
            if bytes.len() > self.config.body_limit {
                return Err(Error::bad("the file is too large"));
            }
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Writes a file into the owner's folder, and into nobody else's:
    ///
    /// ```no_run
    /// # use manifests::{Error, Manifests, access::Owner, folder::Kind};
    /// async fn example(manifests: &Manifests, owner: &Owner) -> Result<(), Error> {
    ///     manifests.write(owner, Kind::Manifest, "a.json", "[]".to_owned()).await
    /// }
    /// ```
    ///
    /// ```compile_fail,E0308
    /// # use manifests::{Error, Manifests, access::Owner, folder::Kind};
    /// async fn example(manifests: &Manifests, user_id: &str) -> Result<(), Error> {
    ///     manifests.write(user_id, Kind::Manifest, "a.json", "[]".to_owned()).await
    /// }
    /// ```
    ///
    /// # Errors
    /// When the store does not keep it.
    pub async fn write(&self, owner: &Owner, kind: Kind, name: &str, text: String) -> Result<(), Error> {
        Ok(self.store.write(&self.location(owner, kind, name)?, text.into_bytes().into()).await?)
    }
}

fn time(text: &str) -> Result<DateTime<Utc>, Error> {
    let read = DateTime::parse_from_rfc3339(text);
    let told = |_| StorageError::Unavailable("it does not say when an object was written".to_owned());
    Ok(read.map_err(told)?.to_utc())
}
