//! One index: its folder, what is seen of it, and who writes it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use search::{Definition, Mapping, Operation, SearchError, Written};
use serde_json::{Value, json};
use tantivy::{IndexReader, ReloadPolicy, directory::MmapDirectory};

use crate::{
    catalog::{replace, sync},
    column::broken,
    layout::Layout,
    snapshot::{Segment, Snapshot},
    writing::Writer,
};

const DEFINITION: &str = "definition.json";
const SEGMENTS: &str = "segments";

/// One index.
pub(crate) struct Index {
    name: String,
    folder: PathBuf,
    layout: Arc<Layout>,
    tantivy: tantivy::Index,
    reader: IndexReader,
    /// What is seen.
    seen: Mutex<Arc<Snapshot>>,
    /// Whether there is more to see.
    changed: AtomicBool,
    /// Who writes, while somebody does.
    writer: Mutex<Option<Writer>>,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index").field("name", &self.name).finish_non_exhaustive()
    }
}

type Opened = Result<Index, Box<dyn std::error::Error + Send + Sync>>;

impl Index {
    /// Makes the folder of an index. Nothing refers to it yet.
    ///
    /// # Errors
    /// [`SearchError::Refused`] for what cannot be defined.
    pub(crate) fn make(folder: &Path, definition: &Definition) -> Result<(), SearchError> {
        let layout = Layout::new(definition).map_err(SearchError::Refused)?;
        let done = || -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
            let segments = folder.join(SEGMENTS);
            fs::create_dir_all(&segments)?;
            let written = json!({"mappings": definition.mapping.write(), "settings": definition.settings});
            replace(folder, DEFINITION, &serde_json::to_vec(&written)?)?;
            tantivy::Index::create_in_dir(&segments, layout.schema)?;
            sync(&segments)?;
            sync(folder)?;
            Ok(())
        };
        done().map_err(SearchError::Failed)
    }

    /// Opens the folder of an index.
    pub(crate) fn open(name: &str, folder: PathBuf) -> Opened {
        let written: Value = serde_json::from_slice(&fs::read(folder.join(DEFINITION))?)?;
        let mapping = Mapping::read(&written["mappings"])?;
        let settings = written["settings"].as_object().cloned().unwrap_or_default();
        let layout = Arc::new(Layout::new(&Definition { mapping, settings })?);
        let tantivy = tantivy::Index::open(MmapDirectory::open(folder.join(SEGMENTS))?)?;
        if tantivy.schema() != layout.schema {
            return Err("its segments were made for another definition".into());
        }
        layout.register(&tantivy);
        clean(&folder.join(SEGMENTS))?;
        let reader = tantivy.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let index = Self {
            name: name.to_owned(),
            folder,
            layout,
            tantivy,
            reader,
            seen: Mutex::new(Arc::new(Snapshot::new(Vec::new()))),
            changed: AtomicBool::new(true),
            writer: Mutex::new(None),
        };
        index.snapshot()?;
        Ok(index)
    }

    pub(crate) fn mapping(&self) -> &Mapping {
        &self.layout.mapping
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn seen(&self) -> MutexGuard<'_, Arc<Snapshot>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that was written.
    pub(crate) fn snapshot(&self) -> Result<Arc<Snapshot>, SearchError> {
        let mut seen = self.seen();
        if self.changed.swap(false, Ordering::AcqRel) {
            match self.load(&seen) {
                Ok(snapshot) => *seen = Arc::new(snapshot),
                Err(error) => {
                    self.changed.store(true, Ordering::Release);
                    return Err(error);
                }
            }
        }
        Ok(Arc::clone(&seen))
    }

    /// What is there now. Segments that were seen before keep what is known of them.
    fn load(&self, before: &Snapshot) -> Result<Snapshot, SearchError> {
        self.reader.reload().map_err(broken)?;
        let searcher = self.reader.searcher();
        let segments = searcher.segment_readers().iter().map(|reader| {
            let same = |segment: &&Arc<Segment>| {
                segment.reader.segment_id() == reader.segment_id()
                    && segment.reader.delete_opstamp() == reader.delete_opstamp()
            };
            let known = before.segments.iter().find(same).map(Arc::clone);
            (0, known.unwrap_or_else(|| Arc::new(Segment::new(reader.clone(), Arc::clone(&self.layout)))))
        });
        Ok(Snapshot::new(segments.collect()))
    }

    fn writer(&self) -> MutexGuard<'_, Option<Writer>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes; everything is on the disk when it returns.
    pub(crate) fn write(&self, operations: Vec<Operation>) -> Result<Written, SearchError> {
        let mut place = self.writer();
        let mut writer = match place.take() {
            Some(writer) => writer,
            None => Writer::open(&self.tantivy, &self.layout, &self.snapshot()?)?,
        };
        if writer.wants_ids(operations.len()) {
            writer.learn_ids(&*self.snapshot()?)?;
        }
        // A writer that failed is not put back: what it had not committed is forgotten.
        let written = writer.write(operations)?;
        // tantivy syncs the file that names the segments, but not its name.
        sync(&self.folder.join(SEGMENTS)).map_err(broken)?;
        *place = Some(writer);
        self.changed.store(true, Ordering::Release);
        Ok(written)
    }

    /// Ends the writer if nothing was written for so long, and leaves few segments. `false`: there is still
    /// one.
    pub(crate) fn rest(&self, idle: Duration) -> bool {
        let mut place = self.writer();
        match place.take() {
            None => true,
            Some(writer) if writer.idle() < idle => {
                *place = Some(writer);
                false
            }
            Some(writer) => {
                if let Err(error) = writer.close() {
                    tracing::warn!(
                        search.index = self.name,
                        error = &error as &dyn std::error::Error,
                        "segments of the search index could not be merged"
                    );
                }
                self.changed.store(true, Ordering::Release);
                true
            }
        }
    }

    /// Ends the writer at once, for an index that goes.
    pub(crate) fn abandon(&self) {
        drop(self.writer().take());
    }
}

/// Takes away the drafts of files that were being replaced when the process ended.
fn clean(segments: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(segments)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(".tmp") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
