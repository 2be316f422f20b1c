//! The engine as a whole.

use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::available_parallelism,
    time::Duration,
};

use async_trait::async_trait;
use search::{
    AliasChange, Definition, Engine, Found, Information, Mapping, Operation, Pages, Query, Search,
    SearchError, Sort, Source, Written,
};
use serde_json::{Map, Value};
use tokio::{task::spawn_blocking, time::sleep};
use uuid::Uuid;

use crate::{
    answer::{Question, answer, document},
    catalog::{Catalog, OpenError, check_name, sync},
    column::broken,
    index::Index,
    pages::pages,
    snapshot::Snapshot,
    view::{Patience, Turns, View},
};

/// Searches that take longer are ended.
const TIME: Duration = Duration::from_secs(30);
/// After so long without writes the writer of an index goes, with its memory.
const IDLE: Duration = Duration::from_secs(5);

/// Documents in a folder of this machine, which only this process has open.
///
/// What [`write`](Engine::write) has taken is on the disk when it returns. The process may be killed at any
/// moment; what was half done is not there when the folder is opened again.
#[derive(Debug, Clone)]
pub struct Embedded {
    inner: Arc<Inner>,
    turns: Turns,
}

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    state: Mutex<State>,
    /// One change of the catalog at a time.
    changing: Mutex<()>,
    threads: usize,
    /// Held until the engine goes.
    _lock: File,
}

#[derive(Debug, Clone)]
struct State {
    catalog: Catalog,
    indices: BTreeMap<String, Arc<Index>>,
}

impl Embedded {
    /// Opens a folder, and makes it if it is not there.
    ///
    /// # Errors
    /// Another process has it open, or it cannot be read or written.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, OpenError> {
        let folder = folder.as_ref().to_owned();
        let fault = |error| OpenError::Folder(folder.clone(), error);
        fs::create_dir_all(folder.join(INDICES)).map_err(fault)?;
        let lock = File::options().create(true).write(true).truncate(false).open(folder.join("lock"));
        let lock = lock.map_err(fault)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(folder)),
            Err(TryLockError::Error(error)) => return Err(fault(error)),
        }
        let catalog = Catalog::read(&folder)?;
        clean(&folder, &catalog).map_err(fault)?;
        let mut indices = BTreeMap::new();
        for (name, place) in &catalog.indices {
            let index = Index::open(name, folder.join(INDICES).join(place));
            let index = index.map_err(|error| OpenError::Index(name.clone(), error))?;
            indices.insert(name.clone(), Arc::new(index));
        }
        let threads = available_parallelism().map_or(1, usize::from);
        let inner = Inner {
            folder,
            state: Mutex::new(State { catalog, indices }),
            changing: Mutex::new(()),
            threads,
            _lock: lock,
        };
        let turns = Turns::new(places(threads), TIME);
        Ok(Self { inner: Arc::new(inner), turns })
    }

    /// The same engine, whose searches may take so long; at first it is half a minute.
    #[must_use]
    pub fn with_time_limit(self, time: Duration) -> Self {
        Self { turns: self.turns.with_time(time), ..self }
    }
}

/// How many searches run at the same time: each has all threads where there is much to look at, and one that
/// is small does not wait for one that is large.
fn places(threads: usize) -> usize {
    2 * threads.max(2)
}

/// The folder of the folders of indices.
const INDICES: &str = "indices";

/// Takes away what a change that was cut short has left.
fn clean(folder: &Path, catalog: &Catalog) -> std::io::Result<()> {
    for entry in fs::read_dir(folder.join(INDICES))? {
        let entry = entry?;
        if !catalog.indices.values().any(|place| entry.file_name() == place.as_str()) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn indices(&self, name: &str) -> Result<Vec<Arc<Index>>, SearchError> {
        let state = self.state();
        let names = state.catalog.resolve(name)?;
        Ok(names.iter().filter_map(|name| state.indices.get(*name)).map(Arc::clone).collect())
    }

    fn index(&self, name: &str) -> Result<Arc<Index>, SearchError> {
        let state = self.state();
        state.indices.get(name).map(Arc::clone).ok_or_else(|| SearchError::NoIndex(name.to_owned()))
    }

    fn snapshot(&self, name: &str) -> Result<Arc<Snapshot>, SearchError> {
        let indices = self.indices(name)?;
        if let [index] = indices.as_slice() {
            return index.snapshot();
        }
        let mut segments = Vec::new();
        for (number, index) in indices.iter().enumerate() {
            let snapshot = index.snapshot()?;
            segments.extend(snapshot.segments.iter().map(|segment| (number as u16, Arc::clone(segment))));
        }
        Ok(Arc::new(Snapshot::new(segments)))
    }

    /// Answers questions. Those to one name are asked of the same snapshot.
    fn answer(
        &self,
        asked: Vec<(String, Search)>,
        patience: &Arc<Patience>,
    ) -> Vec<Result<Found, SearchError>> {
        let mut views: BTreeMap<String, View> = BTreeMap::new();
        let mut answers: Vec<Option<Result<Found, SearchError>>> = Vec::new();
        let mut questions = Vec::new();
        for (name, search) in asked {
            let view = match views.get(&name) {
                Some(view) => Ok(view.clone()),
                None => self.snapshot(&name).map(|snapshot| View::new(snapshot, Arc::clone(patience))),
            };
            match view {
                Ok(view) => {
                    views.insert(name, view.clone());
                    questions.push(Question { view, search });
                    answers.push(None);
                }
                Err(error) => answers.push(Some(Err(error))),
            }
        }
        let mut found = answer(&questions, self.threads).into_iter();
        let none = || Err(SearchError::Failed("no answer".into()));
        answers.into_iter().map(|known| known.or_else(|| found.next()).unwrap_or_else(none)).collect()
    }

    fn create(&self, name: &str, definition: &Definition) -> Result<(), SearchError> {
        check_name(name)?;
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut catalog = self.state().catalog.clone();
        if catalog.indices.contains_key(name) || catalog.aliases.contains_key(name) {
            return Err(SearchError::Exists(name.to_owned()));
        }
        let place = Uuid::new_v4().simple().to_string();
        let folder = self.folder.join(INDICES).join(&place);
        let made = || {
            Index::make(&folder, definition)?;
            sync(&self.folder.join(INDICES)).map_err(broken)?;
            let index = Index::open(name, folder.clone()).map_err(SearchError::Failed)?;
            catalog.indices.insert(name.to_owned(), place);
            catalog.write(&self.folder).map_err(broken)?;
            Ok((index, catalog))
        };
        match made() {
            Ok((index, catalog)) => {
                let mut state = self.state();
                state.indices.insert(name.to_owned(), Arc::new(index));
                state.catalog = catalog;
                Ok(())
            }
            Err(error) => {
                // Best effort: the next start would do it.
                let _ = fs::remove_dir_all(&folder);
                Err(error)
            }
        }
    }

    fn change_aliases(&self, changes: &[AliasChange]) -> Result<(), SearchError> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut catalog = self.state().catalog.clone();
        catalog.change(changes)?;
        catalog.write(&self.folder).map_err(broken)?;
        let mut gone = Vec::new();
        {
            let mut state = self.state();
            state.indices.retain(|name, index| {
                let stays = catalog.indices.contains_key(name);
                if !stays {
                    gone.push(Arc::clone(index));
                }
                stays
            });
            state.catalog = catalog;
        }
        for index in gone {
            index.abandon();
            if let Err(error) = fs::remove_dir_all(index.folder()) {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the folder of a deleted search index stays until the next start"
                );
            }
        }
        Ok(())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Somebody may still wait for an index to be idle; the folder can be opened again all the same.
        for index in self.state().indices.values() {
            index.abandon();
        }
    }
}

/// Does something that waits for the disk or the processor, away from those who serve.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SearchError> + Send + 'static,
) -> Result<T, SearchError> {
    spawn_blocking(work).await.map_err(broken)?
}

#[async_trait]
impl Engine for Embedded {
    async fn information(&self) -> Result<Information, SearchError> {
        Ok(Information { kind: "embedded".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() })
    }

    async fn mapping(&self, index: &str) -> Result<Mapping, SearchError> {
        let indices = self.inner.indices(index)?;
        Ok(indices.first().map(|index| index.mapping().clone()).unwrap_or_default())
    }

    async fn aliases(&self, name: &str) -> Result<BTreeMap<String, Vec<String>>, SearchError> {
        Ok(self.inner.state().catalog.aliases(name))
    }

    fn places(&self) -> usize {
        places(self.inner.threads)
    }

    async fn search_all(&self, searches: &[(&str, &Search)]) -> Vec<Result<Found, SearchError>> {
        let inner = Arc::clone(&self.inner);
        let asked: Vec<_> =
            searches.iter().map(|(name, search)| ((*name).to_owned(), (*search).clone())).collect();
        let count = asked.len();
        match self.turns.take(move |patience| inner.answer(asked, patience)).await {
            Ok(answers) => answers,
            Err(error) => (0..count).map(|_| Err(SearchError::Failed(error.to_string().into()))).collect(),
        }
    }

    async fn pages(
        &self,
        index: &str,
        query: &Query,
        sort: &[Sort],
        source: &Source,
        page: usize,
    ) -> Result<Pages, SearchError> {
        let (inner, name) = (Arc::clone(&self.inner), index.to_owned());
        let snapshot = aside(move || inner.snapshot(&name)).await?;
        pages(self.turns.clone(), snapshot, query.clone(), sort.to_vec(), source, page).await
    }

    async fn document(&self, index: &str, id: &str) -> Result<Option<Map<String, Value>>, SearchError> {
        let (inner, name, id) = (Arc::clone(&self.inner), index.to_owned(), id.to_owned());
        let read = self
            .turns
            .take(move |patience| document(&View::new(inner.snapshot(&name)?, Arc::clone(patience)), &id));
        read.await?
    }

    async fn create(&self, index: &str, definition: &Definition) -> Result<(), SearchError> {
        let (inner, name, definition) = (Arc::clone(&self.inner), index.to_owned(), definition.clone());
        aside(move || inner.create(&name, &definition)).await
    }

    async fn write(&self, index: &str, operations: Vec<Operation>) -> Result<Written, SearchError> {
        let index = self.inner.index(index)?;
        let writing = Arc::clone(&index);
        let written = aside(move || writing.write(operations)).await?;
        tokio::spawn(rest(index));
        Ok(written)
    }

    async fn refresh(&self, index: &str) -> Result<(), SearchError> {
        let (inner, name) = (Arc::clone(&self.inner), index.to_owned());
        aside(move || inner.snapshot(&name).map(|_| ())).await
    }

    async fn change_aliases(&self, changes: &[AliasChange]) -> Result<(), SearchError> {
        let (inner, changes) = (Arc::clone(&self.inner), changes.to_vec());
        aside(move || inner.change_aliases(&changes)).await
    }
}

/// Ends the writer of an index when nothing was written for a while.
async fn rest(index: Arc<Index>) {
    sleep(IDLE + Duration::from_millis(50)).await;
    let done = spawn_blocking(move || index.rest(IDLE));
    if let Err(error) = done.await {
        tracing::error!(error = &error as &dyn std::error::Error, "the writer of a search index failed");
    }
}
