//! Watches the source of a dictionary for changes.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use indexmap::IndexMap;
use serde_json::Value;

use crate::{LoadError, source};

/// A source, and its state when it was last read.
#[derive(Debug)]
pub struct Watched {
    source: String,
    read: Mark,
    /// The state at the last look. Files are read once two looks have found the same state, because an editor
    /// or a checkout may still be at work.
    unsettled: Mark,
}

/// The state of a source, as far as it can be told without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Mark {
    /// Not known, so anything is a change.
    Unknown,
    /// Name, modification time and size of each file.
    Files(Vec<(PathBuf, Option<SystemTime>, u64)>),
    /// The server's `ETag`.
    Tag(String),
}

impl Watched {
    /// Watches a folder, file or address that [`crate::read_files`] accepts.
    pub fn new(source: &str) -> Self {
        Self { source: source.to_owned(), read: Mark::Unknown, unsettled: Mark::Unknown }
    }

    /// Reads the dictionary's files if the source may have changed since they were last read. A folder or
    /// file is read only when two looks have found the same state.
    ///
    /// # Errors
    /// See [`crate::read_files`]. A source that could not be read is read again when it changes.
    pub async fn look(&mut self) -> Result<Option<IndexMap<String, Value>>, LoadError> {
        if source::is_address(&self.source) {
            return self.ask().await;
        }
        let mark = marks(&self.source)?;
        if mark == self.read {
            return Ok(None);
        }
        if mark != self.unsettled {
            self.unsettled = mark;
            return Ok(None);
        }
        self.read = mark;
        source::read_files(&self.source).await.map(Some)
    }

    async fn ask(&mut self) -> Result<Option<IndexMap<String, Value>>, LoadError> {
        let known = match &self.read {
            Mark::Tag(tag) => Some(tag.as_str()),
            _ => None,
        };
        let Some(fetched) = source::fetch(&self.source, known).await? else { return Ok(None) };
        self.read = fetched.tag.map_or(Mark::Unknown, Mark::Tag);
        source::merged(&self.source, &fetched.body).map(Some)
    }
}

fn marks(source: &str) -> Result<Mark, LoadError> {
    let path = source::local(source);
    let files = if path.is_dir() {
        let folder = source::schema_folder(path);
        source::yaml_names(&folder)?.into_iter().map(|name| folder.join(name)).collect()
    } else {
        vec![path.to_owned()]
    };
    let mark = |file: PathBuf| {
        let known = fs::metadata(&file).map_err(|error| source::unreadable(Path::new(source), error))?;
        Ok((file, known.modified().ok(), known.len()))
    };
    Ok(Mark::Files(files.into_iter().map(mark).collect::<Result<_, LoadError>>()?))
}
