//! The bucket of exports: files for those who asked for them, until they are old.

use std::{
    fs::File,
    io::{Read as _, Seek as _, Write as _},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use md5::Digest;
use operations::Outputs;
use reqwest::{Body, Client, header::CONTENT_LENGTH};
use serde_json::{Map, Value, json};
use storage::{Access, Location, ObjectStore};
use tokio_util::io::ReaderStream;
use web::Failure;

/// How long a URL can be used that is given to a user.
const LIFE: Duration = Duration::from_secs(3_600);
/// How long one may take to write a file.
const WRITING: Duration = Duration::from_secs(6 * 3_600);

/// A bucket, reached from this process and by its users.
pub(crate) struct Exports {
    pub(crate) bucket: String,
    /// As this process reaches it.
    pub(crate) inside: Arc<dyn ObjectStore>,
    /// As users reach it.
    pub(crate) outside: Arc<dyn ObjectStore>,
    pub(crate) client: Client,
}

impl Exports {
    /// Writes a file under this key, and returns what is kept as the result of its run.
    ///
    /// # Errors
    /// When the store does not take it.
    pub(crate) async fn write(&self, key: &str, file: File) -> anyhow::Result<Value> {
        let size = file.metadata()?.len();
        let location = Location::new(self.bucket.clone(), key.to_owned())?;
        let url = self.inside.presign(&location, Access::Put, WRITING, &[]).await?;
        let body = Body::wrap_stream(ReaderStream::new(tokio::fs::File::from_std(file)));
        let sent = self.client.put(url).header(CONTENT_LENGTH, size).body(body).timeout(WRITING).send().await;
        let answer = sent.map_err(reqwest::Error::without_url).context("the object store does not answer")?;
        anyhow::ensure!(answer.status().is_success(), "the object store answers {}", answer.status());
        Ok(json!({ "bucket": self.bucket, "key": key, "size": size }))
    }

    /// Writes bytes under this key.
    ///
    /// # Errors
    /// When the store does not take them.
    pub(crate) async fn keep(&self, key: &str, bytes: Bytes) -> anyhow::Result<()> {
        let location = Location::new(self.bucket.clone(), key.to_owned())?;
        Ok(self.inside.write(&location, bytes).await?)
    }

    /// The bytes under this key, in a temporary file that is at its beginning.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) async fn read(&self, key: &str) -> anyhow::Result<File> {
        let location = Location::new(self.bucket.clone(), key.to_owned())?;
        let mut bytes = self.inside.read(&location, None).await?;
        let mut file = tempfile::tempfile()?;
        while let Some(piece) = bytes.next().await {
            file.write_all(&piece?)?;
        }
        file.rewind()?;
        Ok(file)
    }

    /// Where a file of this key is, as records of the index have it.
    pub(crate) fn url(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }
}

/// How the result of an export is wanted (`access_format` of sower's clients).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccessFormat {
    /// A URL that is signed when it is asked for.
    Url,
    /// The GUID of a record of the index.
    Guid,
}

impl AccessFormat {
    /// What parameters say; a URL if they say nothing.
    ///
    /// # Errors
    /// For another word.
    pub(crate) fn of(params: &Map<String, Value>) -> Result<Self, String> {
        match params.get("access_format").map(Value::as_str) {
            None | Some(Some("presigned_url" | "url")) => Ok(Self::Url),
            Some(Some("guid")) => Ok(Self::Guid),
            Some(_) => Err("access_format: there are presigned_url (also url) and guid".to_owned()),
        }
    }
}

/// The digest of a file in lower-case hexadecimal digits. The file is at its beginning afterwards.
///
/// # Errors
/// When it cannot be read.
pub(super) fn digest_of<D: Digest>(file: &mut File) -> std::io::Result<String> {
    let (mut hash, mut piece) = (D::new(), vec![0; 1 << 20]);
    file.rewind()?;
    loop {
        match file.read(&mut piece)? {
            0 => break,
            read => hash.update(piece.get(..read).unwrap_or_default()),
        }
    }
    file.rewind()?;
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[async_trait]
impl Outputs for Exports {
    async fn output(&self, result: &Value) -> Result<String, Failure> {
        if let Some(guid) = result["guid"].as_str() {
            return Ok(guid.to_owned());
        }
        let (Some(bucket), Some(key)) = (result["bucket"].as_str(), result["key"].as_str()) else {
            return Ok(result.to_string());
        };
        let signing = |error| Failure::internal("signing the URL of an export", error);
        let location = Location::new(bucket.to_owned(), key.to_owned())
            .map_err(|error| Failure::internal("reading the place of an export", error))?;
        let url = self.outside.presign(&location, Access::Get, LIFE, &[]).await.map_err(signing)?;
        Ok(url.into())
    }
}

/// Where there is no bucket.
pub(crate) struct NoExports;

#[async_trait]
impl Outputs for NoExports {
    async fn output(&self, result: &Value) -> Result<String, Failure> {
        Ok(result.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_known_or_the_words_are_told() {
        let of = |value: Value| AccessFormat::of(json!({ "access_format": value }).as_object().unwrap());
        assert_eq!(AccessFormat::of(&Map::new()), Ok(AccessFormat::Url));
        assert_eq!((of(json!("url")), of(json!("guid"))), (Ok(AccessFormat::Url), Ok(AccessFormat::Guid)));
        for wrong in [json!("GUID"), json!(""), json!(1), json!(null)] {
            assert!(of(wrong).unwrap_err().contains("presigned_url"));
        }
    }

    #[test]
    fn a_digest_is_that_of_all_of_a_file() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"abc").unwrap();
        assert_eq!(digest_of::<md5::Md5>(&mut file).unwrap(), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(std::io::read_to_string(file).unwrap(), "abc");
    }
}
