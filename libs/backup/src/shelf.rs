//! The backups, or the snapshots, of a place.

use std::{collections::BTreeMap, marker::PhantomData};

use bytes::Bytes;
use chrono::{DateTime, Utc};

use crate::{
    BackupError, FORMAT, Manifest, Place,
    manifest::{Described, LARGEST, decode, encode},
    place::{DRAFTS, Found},
};

const LONGEST_NAME: usize = 64;
/// Names that a message shows.
const SHOWN: usize = 5;

/// A place that is known to be one of backups, or of snapshots.
#[derive(Debug, Clone)]
pub struct Shelf<D = Manifest> {
    place: Place,
    of: PhantomData<fn() -> D>,
}

impl<D: Described> Shelf<D> {
    /// What there is at a place.
    ///
    /// # Errors
    /// When it has none, or they are of a later form.
    pub async fn open(place: &Place) -> Result<Self, BackupError> {
        match Self::find(place).await? {
            Some(shelf) => Ok(shelf),
            None => {
                let (place, word, mark) = (place.to_string(), D::WORD, D::MARK.0);
                Err(BackupError::NoPlace { place, word, mark })
            }
        }
    }

    /// What there is at a place, which becomes one of these if it is empty.
    ///
    /// # Errors
    /// When there are other things, or it is of a later form.
    pub async fn open_or_make(place: &Place) -> Result<Self, BackupError> {
        if let Some(shelf) = Self::find(place).await? {
            return Ok(shelf);
        }
        let mut is_foreign = false;
        // A draft is left by who was killed while it made this place.
        place.each("", |found: Found| is_foreign |= !found.name.starts_with(DRAFTS)).await?;
        if is_foreign && !place.is_empty().await? {
            return Err(BackupError::Foreign { place: place.to_string(), word: D::WORD });
        }
        let (file, key) = D::MARK;
        place.write(file, format!("{{\"{key}\":{FORMAT}}}").into()).await?;
        Ok(Self::at(place))
    }

    async fn find(place: &Place) -> Result<Option<Self>, BackupError> {
        let (file, key) = D::MARK;
        let Some(text) = place.read(file, LARGEST).await? else { return Ok(None) };
        let mark: Option<BTreeMap<String, u64>> = serde_json::from_slice(&text).ok();
        match mark.as_ref().and_then(|mark| mark.get(key)) {
            None => Err(BackupError::Damaged {
                of: place.to_string(),
                what: format!("its file {file} cannot be read"),
            }),
            Some(&form) if form > FORMAT => {
                Err(BackupError::Newer { what: place.to_string(), form, known: FORMAT })
            }
            Some(_) => Ok(Some(Self::at(place))),
        }
    }

    fn at(place: &Place) -> Self {
        Self { place: place.clone(), of: PhantomData }
    }

    /// Where it is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The names of all, the oldest first.
    ///
    /// # Errors
    /// When the place cannot be read.
    pub async fn names(&self) -> Result<Vec<String>, BackupError> {
        let mut names = Vec::new();
        let take = |found: Found| {
            let name = found.name.strip_prefix(D::FOLDER).and_then(|name| name.strip_suffix(".json"));
            names.extend(name.filter(|name| is_name(name)).map(str::to_owned));
        };
        self.place.each(D::FOLDER, take).await?;
        names.sort_unstable();
        Ok(names)
    }

    /// The manifest of the one called `name`.
    ///
    /// # Errors
    /// When there is none, it is damaged, or of a later form.
    pub async fn manifest(&self, name: &str) -> Result<D, BackupError> {
        let text = if is_name(name) { self.place.read(&name_of::<D>(name), LARGEST).await? } else { None };
        match text {
            Some(text) => decode(name, &text),
            None => Err(self.unknown(name).await?),
        }
    }

    async fn unknown(&self, name: &str) -> Result<BackupError, BackupError> {
        let names = self.names().await?;
        let last: Vec<&str> = names.iter().rev().take(SHOWN).map(String::as_str).collect();
        let known = match last.as_slice() {
            [] => "there are none".to_owned(),
            last if last.len() < names.len() => format!("the last ones are {}", last.join(", ")),
            last => format!("there are {}", last.join(", ")),
        };
        let (name, place) = (name.to_owned(), self.place.to_string());
        Ok(BackupError::NoBackup { word: D::WORD, name, place, known })
    }

    /// The manifest of the one called `name`, or of the last one.
    ///
    /// # Errors
    /// As [`Self::manifest`].
    pub async fn chosen(&self, name: Option<&str>) -> Result<D, BackupError> {
        match name {
            Some(name) => self.manifest(name).await,
            None => match self.names().await?.last() {
                Some(last) => self.manifest(last).await,
                None => Err(self.unknown("to be read").await?),
            },
        }
    }

    /// Adds one, all of whose pieces are there: from now on it is one.
    ///
    /// # Errors
    /// When there is one of this name, or the place cannot be written.
    pub async fn add(&self, manifest: &D) -> Result<(), BackupError> {
        let name = name_of::<D>(manifest.name());
        if self.place.read(&name, LARGEST).await?.is_some() {
            return Err(BackupError::NameTaken { word: D::WORD, name: manifest.name().to_owned() });
        }
        self.place.write(&name, encode(manifest)).await
    }

    /// Takes one away; its pieces stay.
    pub(crate) async fn remove(&self, name: &str) -> Result<(), BackupError> {
        self.place.delete(&name_of::<D>(name)).await
    }

    /// For tests: writes the manifest of a backup as it is given.
    ///
    /// # Errors
    /// When the place cannot be written.
    #[doc(hidden)]
    pub async fn write_manifest(&self, name: &str, text: &[u8]) -> Result<(), BackupError> {
        self.place.write(&name_of::<D>(name), Bytes::copy_from_slice(text)).await
    }
}

fn name_of<D: Described>(name: &str) -> String {
    format!("{}{name}.json", D::FOLDER)
}

/// A name for what is made at this moment. Names are in the order of their moments.
pub fn new_name(now: DateTime<Utc>) -> String {
    now.format("%Y-%m-%dT%H-%M-%S-%3fZ").to_string()
}

/// Whether a text can be such a name: letters, digits and hyphens.
pub fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(fits)
}
