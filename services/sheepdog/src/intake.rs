//! Bodies to classified entities: all at once when they are few, else batch by batch.

use std::{ops::ControlFlow, sync::Arc};

use documents::Format;
use serde_json::Value;
use tokio::{sync::mpsc, task::spawn_blocking};

use crate::{
    Error, Sheepdog,
    answer::Errors,
    batches::{Batches, Gathering},
    body,
    classify::{Scope, classify},
    entity::Entity,
    spool::{Place, Spool},
};

/// Bodies up to this many bytes are read in memory.
const WHOLE: u64 = 32 << 20;
/// Documents that weigh more together are not worked on at once: a row of a wide table is many times as large as its text.
const MOST_WEIGHT: usize = 96 << 20;
/// A batch ends after about so many bytes of its documents, even if it has few.
const BATCH: usize = 16 << 20;
/// Documents are kept a second time, as JSON from which a dry run can be committed, up to this many bytes.
/// PostgreSQL holds 256 MB in one `jsonb`, and needs several times as much to make one.
const MOST_JSON: usize = 32 << 20;

/// The documents of a body that was found to be readable.
pub(crate) enum Documents {
    /// All of them.
    Whole(Vec<Value>),
    /// So many, to be read again.
    Many(usize),
}

/// Reads a body to its end, for what is unreadable is refused before anything is written.
///
/// # Errors
/// [`Error::BadRequest`] when it cannot be read; [`Error::TooManyDocuments`].
pub(crate) async fn examine(
    sheepdog: &Arc<Sheepdog>,
    format: Format,
    body: &Spool,
) -> Result<Documents, Error> {
    let (sheepdog, body) = (sheepdog.clone(), body.clone());
    spawn_blocking(move || examine_here(&sheepdog, format, &body)).await.map_err(panicked)?
}

fn examine_here(sheepdog: &Sheepdog, format: Format, body: &Spool) -> Result<Documents, Error> {
    let config = &sheepdog.config;
    let is_small = body.len() <= WHOLE;
    let (mut documents, mut count, mut all) = (Vec::new(), 0, 0);
    let each = |document| {
        count += 1;
        all += if is_small { weight(&document) } else { 0 };
        match is_small && count <= config.whole_rows && all <= MOST_WEIGHT {
            true => documents.push(document),
            false => documents = Vec::new(),
        }
        if count > config.most_rows { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    match is_small {
        true => {
            let bytes = body.read_whole()?;
            documents::read_text(format, body::text(&bytes)?, &sheepdog.dictionary, each)?;
        }
        false => documents::read(format, body.reader(0), &sheepdog.dictionary, each)?,
    }
    if count > config.most_rows {
        return Err(Error::TooManyDocuments { limit: config.most_rows });
    }
    match documents.len() == count {
        true => Ok(Documents::Whole(documents)),
        false => Ok(Documents::Many(count)),
    }
}

/// Entities with what has to be kept of their documents.
pub(crate) struct Classified {
    pub entities: Vec<Entity>,
    /// Errors of documents that are no entities.
    pub unclassified: Vec<Value>,
    /// The documents as JSON, with commas between.
    canonical: String,
}

fn classify_all(documents: Vec<Value>, scope: &Scope, sheepdog: &Sheepdog) -> Classified {
    let mut canonical = String::new();
    for document in documents.iter().filter(|document| document.is_object()) {
        if !canonical.is_empty() {
            canonical.push(',');
        }
        canonical.push_str(&document.to_string());
    }
    let (entities, unclassified) = classify(documents, scope, &sheepdog.dictionary, &sheepdog.validators);
    Classified { entities, unclassified, canonical }
}

/// Classifies and validates on a thread of its own: this may take a second.
pub(crate) async fn classified(
    sheepdog: &Arc<Sheepdog>,
    documents: Vec<Value>,
    scope: &Scope,
) -> Result<(Classified, Canonical), Error> {
    let (sheepdog, scope) = (sheepdog.clone(), scope.clone());
    let work = move || classify_all(documents, &scope, &sheepdog);
    let mut classified = spawn_blocking(work).await.map_err(panicked)?;
    let mut canonical = Canonical::default();
    canonical.add(std::mem::take(&mut classified.canonical));
    Ok((classified, canonical))
}

/// The documents of a submission as the log keeps them.
pub(crate) struct Canonical(Option<String>);

impl Default for Canonical {
    fn default() -> Self {
        Self(Some("[".to_owned()))
    }
}

impl Canonical {
    fn add(&mut self, documents: String) {
        self.0 = self.0.take().filter(|text| text.len() + documents.len() <= MOST_JSON).map(|text| {
            let comma = if text.len() > 1 && !documents.is_empty() { "," } else { "" };
            text + comma + &documents
        });
    }

    /// A list; `None` when they are too many.
    pub(crate) fn text(&self) -> Option<String> {
        self.0.as_ref().map(|text| format!("{text}]"))
    }

    /// The documents of several submissions in one list.
    pub(crate) fn join<'c>(parts: impl Iterator<Item = &'c Self>) -> Self {
        let mut all = Self::default();
        for part in parts {
            match &part.0 {
                Some(text) => all.add(text[1..].to_owned()),
                None => all.0 = None,
            }
        }
        all
    }
}

/// Entities that come batch by batch, and what becomes of them.
pub(crate) struct Incoming {
    receiver: mpsc::Receiver<Result<Classified, Error>>,
    gathering: Gathering,
    canonical: Canonical,
    /// How many documents there are.
    pub rows: usize,
    /// How many of them have come.
    pub taken: usize,
}

impl Incoming {
    /// Begins to read `body` on a thread of its own, at most one batch ahead.
    pub(crate) fn begin(
        sheepdog: &Arc<Sheepdog>,
        format: Format,
        body: Spool,
        rows: usize,
        scope: Scope,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(1);
        let place = sheepdog.place();
        let sheepdog = sheepdog.clone();
        spawn_blocking(move || {
            let mut cutter = Cutter { sheepdog: &sheepdog, scope, batch: Vec::new(), bytes: 0, sender };
            let read = documents::read(format, body.reader(0), &sheepdog.dictionary, |document| {
                cutter.take(document)
            });
            match read {
                Ok(()) => {
                    let _ = cutter.send();
                }
                Err(fault) => {
                    let _ = cutter.sender.blocking_send(Err(fault.into()));
                }
            }
        });
        Self { receiver, gathering: Gathering::new(place), canonical: Canonical::default(), rows, taken: 0 }
    }

    /// The next entities; errors of documents that are none go to `errors`.
    pub(crate) async fn next(&mut self, errors: &mut Errors) -> Result<Option<Vec<Entity>>, Error> {
        let Some(classified) = self.receiver.recv().await.transpose()? else { return Ok(None) };
        let Classified { entities, unclassified, canonical } = classified;
        self.taken += entities.len() + unclassified.len();
        unclassified.iter().for_each(|error| errors.push(error));
        errors.relieve().await?;
        self.canonical.add(canonical);
        Ok(Some(entities))
    }

    /// Keeps entities until the end.
    pub(crate) async fn keep(&mut self, entities: Vec<Entity>) -> Result<(), Error> {
        self.gathering.add(entities).await
    }

    /// Takes what is still to come as it is, and ends.
    pub(crate) async fn finish(mut self, errors: &mut Errors) -> Result<(Batches, Canonical), Error> {
        while let Some(entities) = self.next(errors).await? {
            self.gathering.add(entities).await?;
        }
        Ok((self.gathering.finish().await?, self.canonical))
    }
}

/// Cuts documents into batches.
struct Cutter<'a> {
    sheepdog: &'a Sheepdog,
    scope: Scope,
    batch: Vec<Value>,
    bytes: usize,
    sender: mpsc::Sender<Result<Classified, Error>>,
}

impl Cutter<'_> {
    fn take(&mut self, document: Value) -> ControlFlow<()> {
        self.bytes += weight(&document);
        self.batch.push(document);
        match self.batch.len() >= self.sheepdog.config.batch_rows || self.bytes >= BATCH {
            true => self.send(),
            false => ControlFlow::Continue(()),
        }
    }

    fn send(&mut self) -> ControlFlow<()> {
        let batch = std::mem::take(&mut self.batch);
        self.bytes = 0;
        let classified = classify_all(batch, &self.scope, self.sheepdog);
        match self.sender.blocking_send(Ok(classified)) {
            Ok(()) => ControlFlow::Continue(()),
            // Nobody waits for it any more.
            Err(_) => ControlFlow::Break(()),
        }
    }
}

/// Bytes of texts, roughly.
fn weight(value: &Value) -> usize {
    /// What a value needs in memory beside its text.
    const EACH: usize = 32;
    EACH + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(map) => map.iter().map(|(key, value)| key.len() + weight(value)).sum(),
        _ => 0,
    }
}

fn panicked(error: tokio::task::JoinError) -> Error {
    Error::Corrupt(error.to_string())
}

/// Entities of a submission that is one batch.
pub(crate) fn whole(classified: Classified, errors: &mut Errors) -> Batches {
    classified.unclassified.iter().for_each(|error| errors.push(error));
    Batches::whole(classified.entities)
}

impl Sheepdog {
    /// Where temporary files live.
    pub(crate) fn place(&self) -> Place {
        /// Bytes that stay in memory.
        const MEMORY: usize = 1 << 20;
        Place { folder: self.config.temporary_folder.clone(), memory: MEMORY }
    }
}
