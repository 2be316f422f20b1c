//! Documents in files.

use std::path::PathBuf;

use async_trait::async_trait;
use chrono::SecondsFormat;
use serde_json::{Value, json};
use tokio::{
    fs::File,
    io::{AsyncWriteExt as _, BufWriter},
};

use crate::{
    Outline,
    sink::{Document, Moment, Sink, SinkError},
};

/// A folder with three files for each index: `NAME.ndjson` has a document on each line,
/// `NAME.mapping.json` the index mapping, `NAME.array-config.json` what guppy's `config_index` holds.
///
/// They have their names only once the index is whole.
#[derive(Debug)]
pub struct Folder {
    folder: PathBuf,
    open: Option<Open>,
}

/// An index that is being written.
#[derive(Debug)]
struct Open {
    name: String,
    documents: BufWriter<File>,
    mapping: Value,
    arrays: Value,
}

impl Folder {
    /// A folder, which is made if it is missing.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), open: None }
    }

    async fn put(&self, name: &str, content: &Value) -> Result<(), SinkError> {
        let partial = self.folder.join(format!("{name}.part"));
        tokio::fs::write(&partial, format!("{content:#}\n")).await?;
        Ok(tokio::fs::rename(partial, self.folder.join(name)).await?)
    }
}

#[async_trait]
impl Sink for Folder {
    async fn begin(&mut self, outline: &Outline, moment: &Moment) -> Result<(), SinkError> {
        tokio::fs::create_dir_all(&self.folder).await?;
        let name = &outline.name;
        let timestamp = moment.as_of.map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true));
        let arrays = json!({ "timestamp": timestamp, "array": outline.arrays() });
        let documents = BufWriter::new(File::create(self.folder.join(format!("{name}.ndjson.part"))).await?);
        self.open = Some(Open { name: name.clone(), documents, mapping: outline.mapping(), arrays });
        Ok(())
    }

    async fn write(&mut self, documents: Vec<Document>) -> Result<(), SinkError> {
        let Some(Open { documents: file, .. }) = &mut self.open else {
            return Err("no index has begun".into());
        };
        for document in documents {
            file.write_all(document.body.as_bytes()).await?;
            file.write_all(b"\n").await?;
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), SinkError> {
        let Some(Open { name, documents: mut file, mapping, arrays }) = self.open.take() else {
            return Err("no index has begun".into());
        };
        file.flush().await?;
        file.get_ref().sync_all().await?;
        self.put(&format!("{name}.mapping.json"), &mapping).await?;
        self.put(&format!("{name}.array-config.json"), &arrays).await?;
        let partial = self.folder.join(format!("{name}.ndjson.part"));
        Ok(tokio::fs::rename(partial, self.folder.join(format!("{name}.ndjson"))).await?)
    }
}
