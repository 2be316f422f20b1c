//! Turns bodies into classified entities: all at once when they are few, else batch by batch.

use std::{ops::ControlFlow, sync::Arc};

use documents::{Format, Parsed};
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::spawn_blocking};

use super::body::SubmittedBody;
use crate::{
    Error, Sheepdog,
    answer::outcome::Errors,
    model::{entity::Entity, scope::Scope},
    rules::classify::classify,
    runtime::{
        batches::{Batches, Gathering},
        spool::Spool,
        task::compute,
    },
    utf8,
};

/// The error of a submission without entities.
pub(super) const NOTHING: &str = "Nothing to submit";
/// Bodies up to this many bytes are read in memory.
const WHOLE: u64 = 32 << 20;
/// Documents that weigh more together are not processed at once: a row of a wide table is many times as large
/// as its text.
const MOST_WEIGHT: usize = 96 << 20;
/// A batch ends after about this many bytes of its documents, even if it has few.
const BATCH: usize = 16 << 20;
/// Documents are kept a second time, as JSON from which a dry run can be committed, up to this many bytes.
/// PostgreSQL holds 256 MB in one `jsonb`, and needs several times as much to make one.
const MOST_JSON: usize = 32 << 20;

/// The documents of a body that was found to be readable.
pub(super) enum Documents {
    /// All of them.
    Whole(Parsed),
    /// This many; they are read from the body again, batch by batch.
    Many(usize),
}

/// Reads a body to its end, for what is unreadable is refused before anything is written.
///
/// # Errors
/// [`Error::BadRequest`] when it cannot be read; [`Error::TooManyDocuments`].
pub(super) async fn examine(sheepdog: &Arc<Sheepdog>, body: &SubmittedBody) -> Result<Documents, Error> {
    let (sheepdog, format, spool) = (sheepdog.clone(), body.format, body.spool.clone());
    compute(move || examine_here(&sheepdog, format, &spool)).await?
}

fn examine_here(sheepdog: &Sheepdog, format: Format, body: &Spool) -> Result<Documents, Error> {
    let config = &sheepdog.config;
    let is_small = body.len() <= WHOLE;
    let (mut documents, mut count, mut all) = (Vec::new(), 0, 0);
    let each = |document| {
        count += 1;
        all += if is_small { weight(&document) } else { 0 };
        if is_small && count <= config.whole_rows && all <= MOST_WEIGHT {
            documents.push(document);
        } else {
            documents = Vec::new();
        }
        if count > config.most_rows { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let complaint = if is_small {
        let bytes = body.read_whole()?;
        documents::read_text(format, utf8::text(&bytes)?, &sheepdog.dictionary, each)?
    } else {
        documents::read(format, body.reader(0), &sheepdog.dictionary, each)?
    };
    if count > config.most_rows {
        return Err(Error::TooManyDocuments { limit: config.most_rows });
    }
    let is_whole = documents.len() == count;
    Ok(if is_whole { Documents::Whole(Parsed { documents, complaint }) } else { Documents::Many(count) })
}

/// Entities, and the documents as they have to be kept.
pub(super) struct Classified {
    pub entities: Vec<Entity>,
    /// Errors of documents that are not entities.
    pub unclassified: Vec<Value>,
    /// What is wrong with the body as a whole.
    complaint: Option<String>,
    /// The documents as JSON, with commas between.
    canonical: String,
}

fn classify_all(parsed: Parsed, scope: &Scope, sheepdog: &Sheepdog) -> Classified {
    let Parsed { documents, complaint } = parsed;
    let mut canonical = String::new();
    for document in documents.iter().filter(|document| document.is_object()) {
        if !canonical.is_empty() {
            canonical.push(',');
        }
        canonical.push_str(&document.to_string());
    }
    let (entities, unclassified) = classify(documents, scope, &sheepdog.dictionary, &sheepdog.validators);
    Classified { entities, unclassified, complaint, canonical }
}

/// Classifies and validates on a thread of its own: this may take a second.
pub(super) async fn classified(
    sheepdog: &Arc<Sheepdog>,
    parsed: Parsed,
    scope: &Scope,
) -> Result<(Classified, Canonical), Error> {
    let (sheepdog, scope) = (sheepdog.clone(), scope.clone());
    let mut classified = compute(move || classify_all(parsed, &scope, &sheepdog)).await?;
    let mut canonical = Canonical::default();
    canonical.add(std::mem::take(&mut classified.canonical));
    Ok((classified, canonical))
}

/// The documents of a submission as the log keeps them.
pub(super) struct Canonical(Option<String>);

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

    /// The list as JSON; `None` when they are too many.
    pub(super) fn text(&self) -> Option<String> {
        self.0.as_ref().map(|text| format!("{text}]"))
    }

    /// The documents of several submissions in one list.
    pub(super) fn join<'c>(parts: impl Iterator<Item = &'c Self>) -> Self {
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

/// Entities that come batch by batch, and where they are kept.
pub(super) struct Incoming {
    receiver: mpsc::Receiver<Result<Classified, Error>>,
    gathering: Gathering,
    canonical: Canonical,
    /// The number of documents.
    pub rows: usize,
    /// The number of those that have come.
    pub taken: usize,
}

impl Incoming {
    /// Begins to read the body on a thread of its own, at most one batch ahead.
    pub(super) fn begin(sheepdog: &Arc<Sheepdog>, body: &SubmittedBody, rows: usize, scope: Scope) -> Self {
        let (sender, receiver) = mpsc::channel(1);
        let gathering = Gathering::new(sheepdog.config.place());
        let (sheepdog, format, spool) = (sheepdog.clone(), body.format, body.spool.clone());
        spawn_blocking(move || {
            let mut cutter = Cutter { sheepdog: &sheepdog, scope, batch: Vec::new(), bytes: 0, sender };
            let read = documents::read(format, spool.reader(0), &sheepdog.dictionary, |document| {
                cutter.take(document)
            });
            match read {
                Ok(complaint) => {
                    let _ = cutter.send(complaint);
                }
                Err(fault) => {
                    let _ = cutter.sender.blocking_send(Err(fault.into()));
                }
            }
        });
        Self { receiver, gathering, canonical: Canonical::default(), rows, taken: 0 }
    }

    /// The next entities; errors of documents that are not entities go to `errors`.
    pub(super) async fn next(&mut self, errors: &mut Errors) -> Result<Option<Vec<Entity>>, Error> {
        let Some(classified) = self.receiver.recv().await.transpose()? else { return Ok(None) };
        let Classified { entities, unclassified, complaint, canonical } = classified;
        self.taken += entities.len() + unclassified.len();
        unclassified.iter().for_each(|error| errors.push(error));
        complaint.iter().for_each(|complaint| errors.push(&json!(complaint)));
        errors.relieve().await?;
        self.canonical.add(canonical);
        Ok(Some(entities))
    }

    /// Keeps the entities of a batch.
    pub(super) async fn keep(&mut self, entities: Vec<Entity>) -> Result<(), Error> {
        self.gathering.add(entities).await
    }

    /// Takes the entities that are still to come as they are, and ends.
    pub(super) async fn finish(mut self, errors: &mut Errors) -> Result<(Batches, Canonical), Error> {
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
        let is_full = self.batch.len() >= self.sheepdog.config.batch_rows || self.bytes >= BATCH;
        if is_full { self.send(None) } else { ControlFlow::Continue(()) }
    }

    fn send(&mut self, complaint: Option<String>) -> ControlFlow<()> {
        let documents = std::mem::take(&mut self.batch);
        self.bytes = 0;
        let classified = classify_all(Parsed { documents, complaint }, &self.scope, self.sheepdog);
        match self.sender.blocking_send(Ok(classified)) {
            Ok(()) => ControlFlow::Continue(()),
            // The submission has ended.
            Err(_) => ControlFlow::Break(()),
        }
    }
}

/// Bytes of the strings in it, roughly.
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

/// Entities of a submission that is one batch. One without entities is an error, with its cause if that is
/// known.
pub(super) fn whole(classified: Classified, errors: &mut Errors) -> Batches {
    classified.unclassified.iter().for_each(|error| errors.push(error));
    match &classified.complaint {
        Some(complaint) => errors.push(&json!(complaint)),
        None if classified.entities.is_empty() => errors.push(&json!(NOTHING)),
        None => {}
    }
    Batches::whole(classified.entities)
}
