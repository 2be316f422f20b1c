//! The entities of a submission between its steps: in memory when they are one batch, else in a spool.

use std::io::Read as _;

use super::{
    spool::{Place, Spool, Writer},
    task::compute,
};
use crate::{
    Error,
    model::entity::{Action, Entity},
};

/// Counts of entities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub entities: usize,
    /// Entities with errors.
    pub invalid: usize,
    /// Nodes that are made.
    pub created: usize,
    /// Nodes that are updated.
    pub updated: usize,
}

impl Tally {
    fn add(&mut self, entities: &[Entity]) {
        self.entities += entities.len();
        self.invalid += entities.iter().filter(|entity| !entity.is_valid()).count();
        let count = |action| {
            let nodes = entities.iter().filter_map(|entity| entity.node.as_ref());
            nodes.filter(|node| node.action == action).count()
        };
        self.created += count(Action::Create);
        self.updated += count(Action::Update);
    }
}

/// Entities in their order, gone through batch by batch, as often as needed.
#[derive(Debug)]
pub(crate) struct Batches {
    place: Place,
    /// The batch at hand; all of them, if `stored` is none.
    current: Vec<Entity>,
    stored: Option<Spool>,
    tally: Tally,
}

/// What a pass is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Entities stay as they are.
    Look,
    /// Changes of entities are kept.
    Change,
}

impl Batches {
    /// One batch, which stays in memory.
    pub(crate) fn whole(entities: Vec<Entity>) -> Self {
        let mut tally = Tally::default();
        tally.add(&entities);
        Self { place: Place::default(), current: entities, stored: None, tally }
    }

    /// The counts after the last complete pass.
    pub(crate) fn tally(&self) -> Tally {
        self.tally
    }

    /// Begins to go through all entities. A pass that is given up leaves what was there before it, except in
    /// the batch at hand.
    pub(crate) fn pass(&mut self, purpose: Purpose) -> Pass<'_> {
        let kept = match purpose {
            Purpose::Look => None,
            Purpose::Change => Some((Writer::new(self.place.clone()), Tally::default())),
        };
        Pass { batches: self, first: 0, at: 0, is_begun: false, kept }
    }
}

/// Once through all entities.
#[derive(Debug)]
pub(crate) struct Pass<'b> {
    batches: &'b mut Batches,
    /// Number of the first entity of the batch at hand.
    first: usize,
    /// How far the spool was read.
    at: u64,
    is_begun: bool,
    /// Where changed entities go.
    kept: Option<(Writer, Tally)>,
}

impl Pass<'_> {
    /// The next batch, with the number of its first entity. `None` ends the pass.
    pub(crate) async fn next(&mut self) -> Result<Option<(usize, &mut Vec<Entity>)>, Error> {
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        let batches = &mut *self.batches;
        let Some(stored) = &batches.stored else {
            if is_first {
                return Ok(Some((0, &mut batches.current)));
            }
            batches.tally = Tally::default();
            batches.tally.add(&batches.current);
            return Ok(None);
        };
        if !is_first {
            self.first += batches.current.len();
            let batch = std::mem::take(&mut batches.current);
            if let Some((writer, tally)) = &mut self.kept {
                tally.add(&batch);
                put(writer, batch).await?;
            }
        }
        if self.at < stored.len() {
            (batches.current, self.at) = get(stored.clone(), self.at).await?;
            return Ok(Some((self.first, &mut batches.current)));
        }
        if let Some((writer, tally)) = self.kept.take() {
            (batches.stored, batches.tally) = (Some(writer.finish().await?), tally);
        }
        Ok(None)
    }
}

/// Batches that come one after the other.
#[derive(Debug)]
pub(crate) struct Gathering {
    place: Place,
    writer: Writer,
    tally: Tally,
}

impl Gathering {
    pub(crate) fn new(place: Place) -> Self {
        Self { writer: Writer::new(place.clone()), place, tally: Tally::default() }
    }

    pub(crate) async fn add(&mut self, entities: Vec<Entity>) -> Result<(), Error> {
        self.tally.add(&entities);
        put(&mut self.writer, entities).await
    }

    pub(crate) async fn finish(self) -> Result<Batches, Error> {
        let stored = Some(self.writer.finish().await?);
        Ok(Batches { place: self.place, current: Vec::new(), stored, tally: self.tally })
    }
}

/// Bytes before each batch that say how long it is.
const LENGTH: u64 = 8;

async fn put(writer: &mut Writer, batch: Vec<Entity>) -> Result<(), Error> {
    if batch.is_empty() {
        return Ok(());
    }
    let bytes = compute(move || serde_json::to_vec(&batch)).await?.map_err(unusable)?;
    writer.push(&(bytes.len() as u64).to_le_bytes());
    writer.push(&bytes);
    Ok(writer.relieve().await?)
}

async fn get(spool: Spool, at: u64) -> Result<(Vec<Entity>, u64), Error> {
    let decode = move || {
        let mut length = [0; LENGTH as usize];
        spool.reader(at).read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        spool.reader(at + LENGTH).take(length).read_to_end(&mut bytes)?;
        Ok((serde_json::from_slice(&bytes).map_err(unusable)?, at + LENGTH + length))
    };
    compute(decode).await?
}

fn unusable(error: serde_json::Error) -> Error {
    Error::internal("keeping entities between two steps", error)
}
