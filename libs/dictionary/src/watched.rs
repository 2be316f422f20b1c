//! A dictionary's source that is looked at again and again.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use indexmap::IndexMap;
use serde_json::Value;

use crate::{LoadError, source};

/// A source and what it was like when it was last read.
#[derive(Debug)]
pub struct Watched {
    source: String,
    read: Mark,
    /// Files are read when they have been the same for two looks: an editor or a checkout may be at work.
    unsettled: Mark,
}

/// What tells two states of a source apart without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Mark {
    /// Not known: anything is news.
    Unknown,
    /// Name, time of change and size of each file.
    Files(Vec<(PathBuf, Option<SystemTime>, u64)>),
    /// The server's `ETag`.
    Tag(String),
}

impl Watched {
    /// A folder, file or address, as [`crate::read_files`] takes it.
    pub fn new(source: &str) -> Self {
        Self { source: source.to_owned(), read: Mark::Unknown, unsettled: Mark::Unknown }
    }

    /// The dictionary's files, if the source may have changed since the last look that read it. The first look
    /// always may. Files have to be the same for two looks.
    ///
    /// # Errors
    /// As [`crate::read_files`]. What was read with an error is read again when it changes.
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
