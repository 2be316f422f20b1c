//! Proof that the indices are what a whole run would make: every document is made again and compared.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
    sync::Arc,
};

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use search::{Engine, Query, Search, SearchError, Source};
use serde::Serialize;
use serde_json::Value;

use super::{Loader, error::LoadError};
use crate::{
    Outline,
    run::Workshop,
    sink::{Document, Moment, Sink, SinkError},
};

/// At most this many differences of an index are told.
const TOLD: usize = 100;
/// Documents that are looked up at once.
const PAGE: usize = 1_000;
/// How often documents are looked at again that differ while the graph changes.
const ROUNDS: usize = 3;

/// What was compared, and what differs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// How many documents were compared, by index.
    pub documents: BTreeMap<String, u64>,
    /// The first differences of each index.
    pub differences: Vec<Difference>,
    /// How many documents differ.
    pub different: u64,
}

/// A document that is not what a whole run would make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The index.
    pub index: String,
    /// The document.
    pub id: String,
    /// What a whole run makes of the field; `None` if it makes no such document or field.
    pub expected: Option<Value>,
    /// What the engine has.
    pub found: Option<Value>,
    /// The first field that differs; `None` for the document as a whole.
    pub field: Option<String>,
}

impl Loader {
    /// Brings the indices to where the graph is, makes all documents again, and compares them.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub async fn verify(&self, progress: impl FnMut(&str, u64, u64) + Send) -> Result<Verified, LoadError> {
        let lock = self.lock().await?;
        let done = self.verify_locked(progress).await;
        lock.release().await;
        done
    }

    async fn verify_locked(
        &self,
        progress: impl FnMut(&str, u64, u64) + Send,
    ) -> Result<Verified, LoadError> {
        self.follow_locked(&mut None).await?;
        let mut sink = Comparing::new(self.engine().clone());
        self.etl.run(&self.database, self.options.clone(), &mut sink, progress).await?;
        let mut verified = sink.done;
        for _ in 0..ROUNDS {
            if verified.differences.is_empty() {
                break;
            }
            // The graph may have changed between the two, so what differs is looked at again.
            self.follow_locked(&mut None).await?;
            let again = self.recheck(&verified.differences).await?;
            let settled = verified.differences.len() - again.len();
            verified.different = verified.different.saturating_sub(settled as u64);
            let is_settled = again.len() == verified.differences.len();
            verified.differences = again;
            if is_settled {
                break;
            }
        }
        Ok(verified)
    }

    /// Those of the differences that still are.
    async fn recheck(&self, differences: &[Difference]) -> Result<Vec<Difference>, LoadError> {
        let shop = Workshop::open(self.etl.program(), &self.database, &self.options).await?;
        let mut left = Vec::new();
        for (position, outline) in self.outlines().iter().enumerate() {
            let mine = differences.iter().filter(|difference| difference.index == outline.name);
            let ids: BTreeSet<String> = mine.map(|difference| difference.id.clone()).collect();
            let roots: Vec<String> = ids.iter().map(|id| root(id).to_owned()).collect();
            if roots.is_empty() {
                continue;
            }
            let made = shop.documents(position, &roots).await?;
            let made: BTreeMap<String, Document> =
                made.into_iter().map(|one| (one.id.clone(), one)).collect();
            for id in ids {
                let found = self.engine().document(&outline.name, &id).await?.map(Value::Object);
                left.extend(difference(&outline.name, &id, made.get(&id), found));
            }
        }
        shop.close().await;
        Ok(left)
    }
}

/// The root of a document: further documents of a root have a number behind its id.
fn root(id: &str) -> &str {
    match id.rsplit_once('.') {
        Some((root, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => root,
        _ => id,
    }
}

fn difference(index: &str, id: &str, made: Option<&Document>, found: Option<Value>) -> Option<Difference> {
    let expected = made.and_then(|made| serde_json::from_str::<Value>(&made.body).ok());
    let told = |field: Option<String>, expected, found| {
        Some(Difference { index: index.to_owned(), id: id.to_owned(), expected, found, field })
    };
    match (expected, found) {
        (None, None) => None,
        (Some(Value::Object(expected)), Some(Value::Object(found))) => {
            let fields: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
            let differs = |field: &&&String| !equal(expected.get(**field), found.get(**field));
            let field = (*fields.iter().find(differs)?).clone();
            let (expected, found) = (expected.get(&field).cloned(), found.get(&field).cloned());
            told(Some(field), expected, found)
        }
        (expected, found) => told(None, expected, found),
    }
}

/// Numbers are equal by what they are worth: engines may write them in another way.
fn equal(one: Option<&Value>, other: Option<&Value>) -> bool {
    match (one, other) {
        (Some(Value::Number(one)), Some(Value::Number(other))) => {
            one == other || one.as_f64() == other.as_f64()
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| equal(Some(one), Some(other)))
        }
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            one.len() == other.len() && one.iter().all(|(name, value)| equal(Some(value), other.get(name)))
        }
        (one, other) => one == other,
    }
}

/// Compares the documents of a run with those of an engine.
struct Comparing {
    engine: Arc<dyn Engine>,
    name: String,
    /// Digests of the ids of the run.
    seen: HashSet<u64>,
    told: usize,
    done: Verified,
}

impl Comparing {
    fn new(engine: Arc<dyn Engine>) -> Self {
        Self { engine, name: String::new(), seen: HashSet::new(), told: 0, done: Verified::default() }
    }

    fn tell(&mut self, difference: Difference) {
        self.done.different += 1;
        if self.told < TOLD {
            self.told += 1;
            self.done.differences.push(difference);
        }
    }

    async fn compare(&mut self, documents: &[Document]) -> Result<(), SearchError> {
        let ids = documents.iter().map(|document| document.id.clone()).collect();
        let mut search = Search::new(Query::Ids(ids));
        search.size = PAGE as u64;
        let found = self.engine.search(&self.name, &search).await?;
        let mut found: BTreeMap<String, Value> =
            found.hits.into_iter().map(|hit| (hit.id, Value::Object(hit.source))).collect();
        for document in documents {
            self.seen.insert(digest(&document.id));
            let found = found.remove(&document.id);
            if let Some(difference) = difference(&self.name, &document.id, Some(document), found) {
                self.tell(difference);
            }
        }
        Ok(())
    }

    /// Documents that the run does not make.
    async fn find_more(&mut self) -> Result<(), SearchError> {
        let mut pages = self.engine.pages(&self.name, &Query::All, &[], &Source::None, PAGE).await?;
        while let Some(hits) = pages.try_next().await? {
            for hit in hits {
                if !self.seen.contains(&digest(&hit.id)) {
                    let (index, found) = (self.name.clone(), Some(Value::Object(hit.source)));
                    self.tell(Difference { index, id: hit.id, expected: None, found, field: None });
                }
            }
        }
        Ok(())
    }
}

fn digest(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

#[async_trait]
impl Sink for Comparing {
    async fn begin(&mut self, outline: &Outline, _: &Moment) -> Result<(), SinkError> {
        self.name.clone_from(&outline.name);
        self.seen.clear();
        self.told = 0;
        Ok(())
    }

    async fn write(&mut self, documents: Vec<Document>) -> Result<(), SinkError> {
        for documents in documents.chunks(PAGE) {
            self.compare(documents).await?;
        }
        *self.done.documents.entry(self.name.clone()).or_default() += documents.len() as u64;
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), SinkError> {
        Ok(self.find_more().await?)
    }
}
