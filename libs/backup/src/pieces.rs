//! Writing pieces, a few at the same time, and what is not there yet only.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{BackupError, Place};

/// The largest piece, in bytes.
pub const PIECE: usize = 8 * 1024 * 1024;
/// Pieces that are written at the same time. Each is held in memory.
const AT_ONCE: u32 = 6;
/// Folder of pieces.
pub(crate) const PIECES: &str = "pieces/";

/// A piece, as files name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPiece {
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
}

/// A file of a backup: its bytes are those of its pieces, one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// Bytes.
    pub size: u64,
    /// SHA-256 of all of them, in hexadecimal digits.
    pub sha256: String,
    /// In their order.
    pub pieces: Vec<StoredPiece>,
}

/// What was written, and what was there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Pieces that were written.
    pub new_pieces: u64,
    /// Their bytes.
    pub new_bytes: u64,
    /// Pieces that were there already.
    pub known_pieces: u64,
    /// Their bytes.
    pub known_bytes: u64,
}

pub(crate) type Digest = [u8; 32];

/// The pieces of a place, and those that are added. It needs some 60 bytes of memory for each.
pub struct Pieces {
    place: Place,
    known: Mutex<HashMap<Digest, u64>>,
    totals: Mutex<Totals>,
    room: Arc<Semaphore>,
    failed: Arc<Mutex<Option<BackupError>>>,
}

impl Pieces {
    /// Looks which pieces there are.
    ///
    /// # Errors
    /// When the place cannot be read.
    pub async fn open(place: &Place) -> Result<Self, BackupError> {
        Ok(Self {
            place: place.clone(),
            known: Mutex::new(present(place).await?),
            totals: Mutex::default(),
            room: Arc::new(Semaphore::new(AT_ONCE as usize)),
            failed: Arc::default(),
        })
    }

    /// Begins a file.
    pub fn file(&self) -> FileWriter<'_> {
        FileWriter { pieces: self, buffer: BytesMut::new(), hash: Sha256::new(), list: Vec::new(), size: 0 }
    }

    /// Makes a file of what is in memory.
    ///
    /// # Errors
    /// When the place cannot be written.
    pub async fn file_of(&self, bytes: &[u8]) -> Result<StoredFile, BackupError> {
        let mut file = self.file();
        file.write(bytes).await?;
        file.finish().await
    }

    /// Whether all pieces of a file are there, as large as they were. If so they count as known.
    pub fn has(&self, file: &StoredFile) -> bool {
        let known = lock(&self.known);
        let is_known = |piece: &StoredPiece| {
            digest_of(&piece.sha256).is_some_and(|digest| known.get(&digest) == Some(&piece.size))
        };
        let has_all = file.pieces.iter().all(is_known);
        if has_all {
            let mut totals = lock(&self.totals);
            totals.known_pieces += file.pieces.len() as u64;
            totals.known_bytes += file.size;
        }
        has_all
    }

    /// What was written so far.
    pub fn totals(&self) -> Totals {
        *lock(&self.totals)
    }

    async fn put(&self, bytes: Bytes) -> Result<StoredPiece, BackupError> {
        let digest: Digest = Sha256::digest(&bytes).into();
        let (sha256, size) = (hex::encode(digest), bytes.len() as u64);
        let is_known = lock(&self.known).insert(digest, size) == Some(size);
        {
            let mut totals = lock(&self.totals);
            let totals = &mut *totals;
            let (count, amount) = if is_known {
                (&mut totals.known_pieces, &mut totals.known_bytes)
            } else {
                (&mut totals.new_pieces, &mut totals.new_bytes)
            };
            (*count, *amount) = (*count + 1, *amount + size);
        }
        if !is_known {
            let permit = self.permit().await?;
            let (place, name, failed) = (self.place.clone(), name_of(&sha256), self.failed.clone());
            tokio::spawn(async move {
                if let Err(error) = place.write(&name, bytes).await {
                    lock(&failed).get_or_insert(error);
                }
                drop(permit);
            });
        }
        Ok(StoredPiece { sha256, size })
    }

    /// A place among those that are written, unless one of them has failed.
    async fn permit(&self) -> Result<OwnedSemaphorePermit, BackupError> {
        let permit = self.room.clone().acquire_owned().await.expect("invariant: nobody closes it");
        match lock(&self.failed).take() {
            Some(error) => Err(error),
            None => Ok(permit),
        }
    }

    /// Returns when all pieces are there to stay.
    ///
    /// # Errors
    /// When one could not be written.
    pub async fn finish(&self) -> Result<(), BackupError> {
        let all = self.room.acquire_many(AT_ONCE).await.expect("invariant: nobody closes it");
        drop(all);
        match lock(&self.failed).take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

/// The pieces of a place with their sizes.
pub(crate) async fn present(place: &Place) -> Result<HashMap<Digest, u64>, BackupError> {
    let mut known = HashMap::new();
    let take = |found: crate::place::Found| {
        if let Some(digest) = found.name.rsplit('/').next().and_then(digest_of)
            && found.name == name_of(&hex::encode(digest))
        {
            known.insert(digest, found.size);
        }
    };
    place.each(PIECES, take).await?;
    Ok(known)
}

/// The name of a piece at its place.
pub(crate) fn name_of(sha256: &str) -> String {
    format!("{PIECES}{}/{sha256}", sha256.get(..2).unwrap_or_default())
}

/// A digest that is written as 64 hexadecimal digits in small letters; nothing else becomes a name.
pub(crate) fn digest_of(text: &str) -> Option<Digest> {
    let digest = Digest::try_from(hex::decode(text).ok()?).ok()?;
    (hex::encode(digest) == text).then_some(digest)
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file on its way.
pub struct FileWriter<'p> {
    pieces: &'p Pieces,
    buffer: BytesMut,
    hash: Sha256,
    list: Vec<StoredPiece>,
    size: u64,
}

impl FileWriter<'_> {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// When the place cannot be written.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), BackupError> {
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        while !bytes.is_empty() {
            let (taken, rest) = bytes.split_at(bytes.len().min(PIECE - self.buffer.len()));
            self.buffer.extend_from_slice(taken);
            bytes = rest;
            if self.buffer.len() == PIECE {
                let piece = self.buffer.split().freeze();
                self.list.push(self.pieces.put(piece).await?);
            }
        }
        Ok(())
    }

    /// Bytes so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The file, after its last byte. Its pieces are there to stay after [`Pieces::finish`].
    ///
    /// # Errors
    /// When the place cannot be written.
    pub async fn finish(mut self) -> Result<StoredFile, BackupError> {
        if !self.buffer.is_empty() {
            let piece = self.buffer.split().freeze();
            self.list.push(self.pieces.put(piece).await?);
        }
        let sha256 = hex::encode(self.hash.finalize());
        Ok(StoredFile { size: self.size, sha256, pieces: self.list })
    }
}
