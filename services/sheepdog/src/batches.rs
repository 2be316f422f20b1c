//! The entities of a submission between its steps: in memory when they are one batch, else in a spool.

use std::io::Read as _;

use tokio::task::spawn_blocking;

use crate::{
    Error,
    entity::{Action, Entity},
    spool::{Place, Spool, Writer},
};

/// How many of what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub entities: usize,
    /// Those with errors.
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

/// Entities in their order, gone through batch by batch, as often as needed. A pass that is given up leaves what was there
/// before it, but for the batch in memory.
#[derive(Debug)]
pub(crate) struct Batches {
    place: Place,
    /// The batch at hand; all of them, if `stored` is none.
    current: Vec<Entity>,
    stored: Option<Spool>,
    tally: Tally,
    pass: Option<Pass>,
}

#[derive(Debug)]
struct Pass {
    /// Number of the first entity of the batch at hand.
    first: usize,
    /// How far the spool was read.
    at: u64,
    is_begun: bool,
    /// Where changed entities go; `None`: they are only looked at.
    kept: Option<(Writer, Tally)>,
}

impl Batches {
    /// One batch, which stays in memory.
    pub(crate) fn whole(entities: Vec<Entity>) -> Self {
        let mut tally = Tally::default();
        tally.add(&entities);
        Self { place: Place::default(), current: entities, stored: None, tally, pass: None }
    }

    /// How many of what, after the last complete pass.
    pub(crate) fn tally(&self) -> Tally {
        self.tally
    }

    /// Begins to go through all of them, to look at them or to change them.
    pub(crate) fn begin(&mut self, changes: bool) {
        let kept = changes.then(|| (Writer::new(self.place.clone()), Tally::default()));
        self.pass = Some(Pass { first: 0, at: 0, is_begun: false, kept });
    }

    /// The next batch, with the number of its first entity. `None` ends the pass.
    pub(crate) async fn next(&mut self) -> Result<Option<(usize, &mut Vec<Entity>)>, Error> {
        let Some(pass) = &mut self.pass else { return Ok(None) };
        let Some(stored) = &self.stored else {
            if pass.is_begun {
                self.tally = Tally::default();
                self.tally.add(&self.current);
                self.pass = None;
                return Ok(None);
            }
            pass.is_begun = true;
            return Ok(Some((0, &mut self.current)));
        };
        if pass.is_begun {
            pass.first += self.current.len();
            let batch = std::mem::take(&mut self.current);
            if let Some((writer, tally)) = &mut pass.kept {
                tally.add(&batch);
                put(writer, batch).await?;
            }
        }
        pass.is_begun = true;
        if pass.at < stored.len() {
            let (batch, at) = get(stored.clone(), pass.at).await?;
            (self.current, pass.at) = (batch, at);
            return Ok(Some((pass.first, &mut self.current)));
        }
        if let Some((writer, tally)) = self.pass.take().and_then(|pass| pass.kept) {
            (self.stored, self.tally) = (Some(writer.finish().await?), tally);
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
        Ok(Batches { place: self.place, current: Vec::new(), stored, tally: self.tally, pass: None })
    }
}

/// Bytes before each batch that say how long it is.
const LENGTH: u64 = 8;

async fn put(writer: &mut Writer, batch: Vec<Entity>) -> Result<(), Error> {
    if batch.is_empty() {
        return Ok(());
    }
    let encode = move || serde_json::to_vec(&batch);
    let bytes = spawn_blocking(encode).await.map_err(corrupt)?.map_err(corrupt)?;
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
        Ok((serde_json::from_slice(&bytes).map_err(corrupt)?, at + LENGTH + length))
    };
    spawn_blocking(decode).await.map_err(corrupt)?
}

fn corrupt(error: impl std::fmt::Display) -> Error {
    Error::Corrupt(error.to_string())
}
