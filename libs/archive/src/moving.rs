//! Bytes on their way: copied with their hashes, and read back.

use std::ops::Range;

use bytes::Bytes;
use futures_util::StreamExt as _;
use indexclient::Record;
use indexmap::IndexMap;
use storage::{ByteStream, Kind, Location, Readable, StorageError};

use crate::{
    archive::Archive,
    catalogue::Copy,
    config::Tier,
    depot::Draft,
    digests::{Digests, KNOWN, Summed},
    fault::Fault,
    store::copies,
};

/// What a look at a copy has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Checked {
    /// All of it was read, and is what it should be; its SHA-256.
    Read(String),
    /// It cannot be read at once; size and entity tag are what they were.
    Seen,
}

/// The location of a URL that the archive wrote down itself.
pub(crate) fn location(url: &str) -> Result<Location, Fault> {
    let known = Location::from_url(url).and_then(Result::ok);
    known.ok_or_else(|| Fault::user(format!("{url} names no object")))
}

/// Size and hashes of a record with which bytes can be compared.
pub(crate) fn comparable(record: &Record) -> Result<u64, Fault> {
    let size = record.size.and_then(|size| u64::try_from(size).ok());
    let size = size.ok_or_else(|| Fault::user("its bytes have not arrived yet"))?;
    if KNOWN.iter().any(|kind| record.hashes.contains_key(*kind)) {
        return Ok(size);
    }
    Err(Fault::user(format!("its record has no hash to compare with; there are {}", KNOWN.join(", "))))
}

impl Archive {
    /// Where a file is read that is to be archived: the first of its locations in a store, but for archives.
    pub(crate) async fn source_of(&self, record: &Record) -> Result<Location, Fault> {
        let mut why = "it has no location in a store of this commons".to_owned();
        for url in record.urls.iter().filter(|url| !record.is_archived(url)) {
            let Some(Ok(location)) = Location::from_url(url) else { continue };
            if location.kind() == Kind::Folder || self.is_in_a_tier(&location) {
                continue;
            }
            match self.depot.standing(&location).await {
                Ok(standing) if standing.readable == Readable::Now => return Ok(location),
                Ok(_) => why = format!("{url} cannot be read at once"),
                Err(StorageError::NotFound) => why = format!("there is nothing at {url}"),
                Err(StorageError::UnknownBucket(_) | StorageError::Key) => {
                    why = format!("{url} is in no store of this commons");
                }
                Err(error) => return Err(Fault::store(url, &error)),
            }
        }
        Err(Fault::User(why))
    }

    fn is_in_a_tier(&self, location: &Location) -> bool {
        self.tiers
            .iter()
            .any(|tier| tier.bucket == *location.place() && location.key().starts_with(&tier.prefix))
    }

    /// Copies an object, or a range of it, unless `wrong` says what is wrong with it.
    pub(crate) async fn copy(
        &self,
        (from, range): (&Location, Option<Range<u64>>),
        to: &Location,
        size: u64,
        hashes: &IndexMap<String, String>,
        wrong: impl FnOnce(&Summed) -> Option<Fault>,
    ) -> Result<Summed, Fault> {
        let there = |error: StorageError| Fault::store(&to.url(), &error);
        let mut bytes = self.open(from, range).await?;
        let mut draft = self.depot.begin(to, size).await.map_err(there)?;
        match pour(from, &mut bytes, &mut draft, Digests::of(hashes), size).await {
            Ok(summed) => match wrong(&summed) {
                None => draft.commit().await.map_err(there).map(|()| summed),
                Some(fault) => {
                    draft.abort().await;
                    Err(fault)
                }
            },
            Err(fault) => {
                draft.abort().await;
                Err(fault)
            }
        }
    }

    pub(crate) async fn open(&self, from: &Location, range: Option<Range<u64>>) -> Result<ByteStream, Fault> {
        self.depot.read(from, range).await.map_err(|error| match error {
            StorageError::NotFound => Fault::User(format!("there is nothing at {}", from.url())),
            error => Fault::store(&from.url(), &error),
        })
    }

    /// The hashes of what is there now.
    pub(crate) async fn read_back(
        &self,
        from: &Location,
        range: Option<Range<u64>>,
        hashes: &IndexMap<String, String>,
    ) -> Result<Summed, Fault> {
        let (mut bytes, mut digests) = (self.open(from, range).await?, Digests::of(hashes));
        while let Some(piece) = bytes.next().await {
            digests.update(&piece.map_err(|error| Fault::store(&from.url(), &error))?);
        }
        Ok(digests.finish())
    }

    /// Looks whether an archived copy is what it should be: by reading all of it, where that can be done.
    ///
    /// # Errors
    /// [`Fault::Damaged`] when it is not, which is written down.
    pub(crate) async fn check(&self, copy: &Copy) -> Result<Checked, Fault> {
        let checked = self.look_at(copy).await;
        let damage = match &checked {
            Ok(_) => None,
            Err(Fault::Damaged(told)) => Some(told.as_str()),
            Err(_) => return checked,
        };
        copies::checked(&mut *self.pool.acquire().await?, &copy.guid, damage).await?;
        checked
    }

    async fn look_at(&self, copy: &Copy) -> Result<Checked, Fault> {
        let (object, size) = (location(&copy.object)?, copy.size.unsigned_abs());
        let damaged = |told: String| Fault::Damaged(format!("the archived copy {}: {told}", copy.target));
        let standing = match self.depot.standing(&object).await {
            Err(StorageError::NotFound) => return Err(damaged("it is not there".to_owned())),
            standing => standing.map_err(|error| Fault::store(&copy.object, &error))?,
        };
        if copy.range().is_none() && standing.size != size {
            return Err(damaged(format!("it has {} bytes instead of {size}", standing.size)));
        }
        if standing.readable != Readable::Now {
            let is_same = copy.etag.is_none() || standing.etag.is_none() || copy.etag == standing.etag;
            return if is_same {
                Ok(Checked::Seen)
            } else {
                Err(damaged("it is another object than the one that was read back".to_owned()))
            };
        }
        let found = self.read_back(&object, copy.range(), &IndexMap::new()).await?;
        if found.size == size && found.sha256 == copy.sha256 {
            return Ok(Checked::Read(found.sha256));
        }
        Err(damaged(format!("sha256 {} of {} bytes instead of {}", found.sha256, found.size, copy.sha256)))
    }

    /// Gives a copy that was read back the class of its tier, and returns its entity tag.
    pub(crate) async fn settled(&self, tier: &Tier, object: &Location) -> Result<Option<String>, Fault> {
        let told = |error: StorageError| Fault::store(&object.url(), &error);
        if let Some(class) = tier.class() {
            self.depot.reclass(object, class).await.map_err(told)?;
        }
        Ok(self.depot.standing(object).await.map_err(told)?.etag)
    }
}

/// Passes bytes on, and returns their hashes. A source that has more than it should is not read further.
pub(crate) async fn pour(
    from: &Location,
    bytes: &mut ByteStream,
    draft: &mut Draft<'_>,
    mut digests: Digests,
    size: u64,
) -> Result<Summed, Fault> {
    let mut read = 0;
    while let Some(piece) = bytes.next().await {
        let piece: Bytes = piece.map_err(|error| Fault::store(&from.url(), &error))?;
        digests.update(&piece);
        read += piece.len() as u64;
        if read > size {
            break;
        }
        draft.push(&piece).await.map_err(|error| Fault::store("the copy", &error))?;
    }
    Ok(digests.finish())
}
