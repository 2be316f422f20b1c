//! The backups of a place.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    BackupError, FORMAT, Manifest, Place,
    manifest::LARGEST,
    place::{DRAFTS, Found},
};

/// Says what the place is.
const MARK: &str = "commons-backup.json";
/// Folder of the manifests.
const BACKUPS: &str = "backups/";
const LONGEST_NAME: usize = 64;
/// Names that a message shows.
const SHOWN: usize = 5;

#[derive(Serialize, Deserialize)]
struct Mark {
    commons_backup_place: u64,
}

/// A place that is known to be one of backups.
#[derive(Debug, Clone)]
pub struct Shelf {
    place: Place,
}

impl Shelf {
    /// The backups of a place.
    ///
    /// # Errors
    /// When it has none, or they are of a later form.
    pub async fn open(place: &Place) -> Result<Self, BackupError> {
        match Self::find(place).await? {
            Some(shelf) => Ok(shelf),
            None => Err(BackupError::NoPlace(place.to_string())),
        }
    }

    /// The backups of a place, which becomes one of backups if it is empty.
    ///
    /// # Errors
    /// When there are other things, or backups of a later form.
    pub async fn open_or_make(place: &Place) -> Result<Self, BackupError> {
        if let Some(shelf) = Self::find(place).await? {
            return Ok(shelf);
        }
        let mut is_foreign = false;
        // A draft is left by who was killed while it made this place.
        place.each("", |found: Found| is_foreign |= !found.name.starts_with(DRAFTS)).await?;
        if is_foreign && !place.is_empty().await? {
            return Err(BackupError::Foreign(place.to_string()));
        }
        let mark = serde_json::to_vec(&Mark { commons_backup_place: FORMAT });
        let mark = mark.expect("invariant: it has a number only");
        place.write(MARK, mark.into()).await?;
        Ok(Self { place: place.clone() })
    }

    async fn find(place: &Place) -> Result<Option<Self>, BackupError> {
        let Some(text) = place.read(MARK, LARGEST).await? else { return Ok(None) };
        let mark: Mark = serde_json::from_slice(&text).map_err(|_| BackupError::Damaged {
            of: place.to_string(),
            what: format!("its file {MARK} cannot be read"),
        })?;
        if mark.commons_backup_place > FORMAT {
            let form = mark.commons_backup_place;
            return Err(BackupError::Newer { what: place.to_string(), form, known: FORMAT });
        }
        Ok(Some(Self { place: place.clone() }))
    }

    /// Where it is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The names of the backups, the oldest first.
    ///
    /// # Errors
    /// When the place cannot be read.
    pub async fn names(&self) -> Result<Vec<String>, BackupError> {
        let mut names = Vec::new();
        let take = |found: Found| {
            let name = found.name.strip_prefix(BACKUPS).and_then(|name| name.strip_suffix(".json"));
            names.extend(name.filter(|name| is_name(name)).map(str::to_owned));
        };
        self.place.each(BACKUPS, take).await?;
        names.sort_unstable();
        Ok(names)
    }

    /// The manifest of the backup `name`.
    ///
    /// # Errors
    /// When there is none, it is damaged, or of a later form.
    pub async fn manifest(&self, name: &str) -> Result<Manifest, BackupError> {
        let text = if is_name(name) { self.place.read(&name_of(name), LARGEST).await? } else { None };
        match text {
            Some(text) => Manifest::decode(name, &text),
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
        Ok(BackupError::NoBackup { name: name.to_owned(), place: self.place.to_string(), known })
    }

    /// The manifest of the backup `name`, or of the last one.
    ///
    /// # Errors
    /// As [`Self::manifest`].
    pub async fn chosen(&self, name: Option<&str>) -> Result<Manifest, BackupError> {
        match name {
            Some(name) => self.manifest(name).await,
            None => match self.names().await?.last() {
                Some(last) => self.manifest(last).await,
                None => Err(self.unknown("to be read").await?),
            },
        }
    }

    /// Adds a backup, all of whose pieces are there: from now on it is one.
    ///
    /// # Errors
    /// When there is one of this name, or the place cannot be written.
    pub async fn add(&self, manifest: &Manifest) -> Result<(), BackupError> {
        let name = name_of(&manifest.name);
        if self.place.read(&name, LARGEST).await?.is_some() {
            return Err(BackupError::NameTaken(manifest.name.clone()));
        }
        self.place.write(&name, manifest.encode()).await
    }

    /// Takes a backup away; its pieces stay.
    pub(crate) async fn remove(&self, name: &str) -> Result<(), BackupError> {
        self.place.delete(&name_of(name)).await
    }

    /// For tests: writes the manifest of a backup as it is given.
    ///
    /// # Errors
    /// When the place cannot be written.
    #[doc(hidden)]
    pub async fn write_manifest(&self, name: &str, text: &[u8]) -> Result<(), BackupError> {
        self.place.write(&name_of(name), Bytes::copy_from_slice(text)).await
    }
}

fn name_of(name: &str) -> String {
    format!("{BACKUPS}{name}.json")
}

/// A name for a backup of this moment. Names are in the order of their moments.
pub fn new_name(now: DateTime<Utc>) -> String {
    now.format("%Y-%m-%dT%H-%M-%S-%3fZ").to_string()
}

/// Whether a text can be the name of a backup: letters, digits and hyphens.
pub fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(fits)
}
