//! Looking through a bucket for objects whose records are blank, and for objects that have none.
//!
//! It can be broken off and begun again at any time: what was done is found to be done.

use std::{
    collections::{HashMap, HashSet},
    ops::ControlFlow,
    sync::Arc,
};

use futures_util::{StreamExt as _, stream};
use indexclient::{Caller, IndexClient, NewRecord, Record, ownership::Place};
use serde::Serialize;
use storage::{Bucket, Location, ObjectStore};

use super::indexer::{Indexer, IndexingError, Outcome, is_blank};
use crate::files::guid_of_key;

/// What is done with what is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doing {
    /// Nothing.
    Report,
    /// Blank records are filled.
    Fill,
    /// Blank records are filled, and objects without a record get one below these resources.
    Create(Vec<String>),
}

/// Objects of a bucket that are looked through.
pub struct Scan {
    /// Reads objects and fills records.
    pub indexer: Indexer,
    /// The file index.
    pub index: Arc<dyn IndexClient>,
    /// The store.
    pub store: Arc<dyn ObjectStore>,
    /// Which bucket.
    pub bucket: Bucket,
    /// Only objects whose keys begin so.
    pub prefix: String,
    /// Objects that are read at the same time.
    pub at_once: usize,
    /// What is done with what is found.
    pub doing: Doing,
}

/// What became of an object that needed something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Seen {
    /// Its record is blank, and stays so: because nothing is to be filled, or because the object's key does
    /// not name the record.
    Blank {
        /// Where it is.
        url: String,
        /// Its record.
        guid: String,
    },
    /// It has no record, and gets none.
    WithoutRecord {
        /// Where it is.
        url: String,
    },
    /// Its blank record is filled.
    Filled {
        /// Where it is.
        url: String,
        /// Its record.
        guid: String,
        /// Bytes.
        size: u64,
    },
    /// It has a record now.
    Created {
        /// Where it is.
        url: String,
        /// Its record.
        guid: String,
        /// Bytes.
        size: u64,
    },
    /// It could not be dealt with.
    Failed {
        /// Where it is.
        url: String,
        /// Why.
        error: String,
    },
    /// A page of the bucket is done.
    Page {
        /// Objects so far.
        objects: u64,
    },
}

/// How many objects there are of each kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All that were looked at.
    pub objects: u64,
    /// Those that a filled record names, or that were seen to need nothing.
    pub in_order: u64,
    /// Those whose records are blank still.
    pub blank: u64,
    /// Those without a record.
    pub without_record: u64,
    /// Those whose records were filled.
    pub filled: u64,
    /// Those that were given a record.
    pub created: u64,
    /// Those that could not be dealt with.
    pub failed: u64,
    /// Bytes of the records that were filled or created.
    pub bytes: u64,
}

impl Counts {
    /// Whether all objects have filled records.
    pub fn is_in_order(&self) -> bool {
        self.blank == 0 && self.without_record == 0 && self.failed == 0
    }

    fn count(&mut self, seen: &Seen) {
        match seen {
            Seen::Blank { .. } => self.blank += 1,
            Seen::WithoutRecord { .. } => self.without_record += 1,
            Seen::Filled { size, .. } => (self.filled, self.bytes) = (self.filled + 1, self.bytes + size),
            Seen::Created { size, .. } => (self.created, self.bytes) = (self.created + 1, self.bytes + size),
            Seen::Failed { .. } => self.failed += 1,
            Seen::Page { .. } => {}
        }
    }
}

/// What an object needs.
enum Need {
    /// That its record, which its key names, is filled.
    Filling(Location, String),
    /// The same, of a record that only names it: by its key nobody knows for which record it was uploaded.
    Blank(Location, String),
    /// A record, of this GUID or of any.
    Record(Location, Option<String>),
}

impl Scan {
    /// Looks through all pages. `tell` is told of every object that is not in order, and of every page; it
    /// breaks off when it says so.
    ///
    /// # Errors
    /// When the bucket cannot be listed, or the index does not answer.
    pub async fn run(&self, mut tell: impl FnMut(&Seen) -> ControlFlow<()>) -> Result<Counts, IndexingError> {
        let (mut counts, mut next) = (Counts::default(), None);
        loop {
            let page = self.store.list(&self.bucket, &self.prefix, next.as_deref()).await?;
            let keys = page.objects.into_iter().map(|object| object.key);
            let locations: Vec<Location> =
                keys.filter_map(|key| Location::within(self.bucket.clone(), key).ok()).collect();
            counts.objects += locations.len() as u64;
            let needs = self.needs(locations.clone()).await?;
            counts.in_order += (locations.len() - needs.len()) as u64;
            let mut work = stream::iter(needs.into_iter().map(|need| self.meet(need)))
                .buffer_unordered(self.at_once.max(1));
            while let Some(seen) = work.next().await {
                match seen {
                    None => counts.in_order += 1,
                    Some(seen) => {
                        counts.count(&seen);
                        if tell(&seen).is_break() {
                            return Ok(counts);
                        }
                    }
                }
            }
            if tell(&Seen::Page { objects: counts.objects }).is_break() {
                return Ok(counts);
            }
            next = match page.next {
                Some(token) => Some(token),
                None => return Ok(counts),
            };
        }
    }

    /// What each object of a page needs, by two questions to the index for all of them.
    async fn needs(&self, locations: Vec<Location>) -> Result<Vec<Need>, IndexingError> {
        let guids: HashSet<String> =
            locations.iter().filter_map(|location| guid_of_key(location.key())).map(str::to_owned).collect();
        let guids: Vec<String> = guids.into_iter().collect();
        let records = self.index.get_many(&guids).await?;
        let records: HashMap<&str, &Record> =
            records.iter().map(|record| (record.did.as_str(), record)).collect();
        let (mut needs, mut unknown) = (Vec::new(), Vec::new());
        for location in locations {
            match guid_of_key(location.key()).and_then(|guid| records.get(guid)) {
                Some(record) if is_blank(record) => needs.push(Need::Filling(location, record.did.clone())),
                Some(record) if names(record, &location.url()) => {}
                _ => unknown.push(location),
            }
        }
        let urls: Vec<String> = unknown.iter().map(Location::url).collect();
        let holders = if urls.is_empty() { Vec::new() } else { self.index.holders(&urls).await? };
        for ((location, url), holders) in unknown.into_iter().zip(&urls).zip(holders) {
            // Among them is the record that the key names, although it may be filled with another object.
            let holders = holders.records;
            if holders.iter().any(|record| !is_blank(record) && names(record, url)) {
                continue;
            }
            if let Some(blank) = holders.iter().find(|record| is_blank(record)) {
                needs.push(Need::Blank(location, blank.did.clone()));
                continue;
            }
            let is_free = |guid: &&str| !holders.iter().any(|record| record.did.eq_ignore_ascii_case(guid));
            let guid = guid_of_key(location.key()).filter(is_free).map(str::to_owned);
            needs.push(Need::Record(location, guid));
        }
        Ok(needs)
    }

    /// Does what an object needs, as far as it is to be done. `None` when it turns out to need nothing.
    async fn meet(&self, need: Need) -> Option<Seen> {
        let (location, done) = match need {
            Need::Filling(location, guid) if self.doing == Doing::Report => {
                return Some(Seen::Blank { url: location.url(), guid });
            }
            Need::Blank(location, guid) => return Some(Seen::Blank { url: location.url(), guid }),
            Need::Filling(location, _) => {
                let filled = self.fill(&location).await;
                (location, filled)
            }
            Need::Record(location, guid) => match &self.doing {
                Doing::Create(authz) => {
                    let created = self.create(&location, guid, authz).await;
                    (location, created)
                }
                Doing::Report | Doing::Fill => {
                    return Some(Seen::WithoutRecord { url: location.url() });
                }
            },
        };
        done.unwrap_or_else(|error| {
            let causes = causes(&error);
            Some(Seen::Failed { url: location.url(), error: causes })
        })
    }

    async fn fill(&self, location: &Location) -> Result<Option<Seen>, IndexingError> {
        Ok(match self.indexer.index(location).await? {
            Outcome::Filled { guid, size } => Some(Seen::Filled { url: location.url(), guid, size }),
            Outcome::AlreadyFilled | Outcome::NoRecord | Outcome::Gone => None,
        })
    }

    /// Makes a record of an object, of this GUID or of one that the index chooses.
    async fn create(
        &self,
        location: &Location,
        did: Option<String>,
        authz: &[String],
    ) -> Result<Option<Seen>, IndexingError> {
        let Some(summary) = self.indexer.measure(location).await? else { return Ok(None) };
        let name = guid_of_key(location.key()).map_or_else(
            || location.key().rsplit('/').next().unwrap_or_default(),
            |guid| location.key()[guid.len()..].trim_start_matches('/'),
        );
        let record = NewRecord {
            did,
            form: "object".into(),
            size: i64::try_from(summary.size).map_err(|_| IndexingError::Changed)?,
            hashes: summary.hashes.into_iter().collect(),
            urls: vec![location.url()],
            authz: authz.to_vec(),
            file_name: Some(name.to_owned()).filter(|name| !name.is_empty()),
            ..NewRecord::default()
        };
        let made = self.index.create(&Caller::Service, &[record]).await?;
        let guid = made.into_iter().next().map(|revision| revision.did).unwrap_or_default();
        Ok(Some(Seen::Created { url: location.url(), guid, size: summary.size }))
    }
}

/// Whether a record names the object at `url`, in whatever spelling.
fn names(record: &Record, url: &str) -> bool {
    let place = Place::of(url);
    place.is_some() && record.urls.iter().any(|named| named == url || Place::of(named) == place)
}

fn causes(error: &IndexingError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
