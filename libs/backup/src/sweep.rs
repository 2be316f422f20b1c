//! Going through all backups: reading everything, and deleting what none of them needs.

use std::collections::{HashMap, HashSet};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;

use crate::{
    BackupError, ListReader, Manifest, Place, Shelf, StoredFile, StoredPiece,
    pieces::{Digest, digest_of, name_of, present},
    place::{DRAFTS, Found},
    reading,
};

/// Flaws that are named one by one.
const NAMED: usize = 1000;
/// Pieces that are read or deleted at the same time.
const AT_ONCE: usize = 8;

/// Something in a backup that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flaw {
    /// Which backup.
    pub backup: String,
    /// What is wrong.
    pub what: String,
}

/// What was checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Backups.
    pub backups: Vec<String>,
    /// Pieces that were read; what several backups share is read once.
    pub pieces: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What is wrong; the first thousand things.
    pub flaws: Vec<Flaw>,
}

/// What stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// All backups; only what belongs to none goes.
    All,
    /// The last ones.
    Last(usize),
}

/// What was deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Pruned {
    /// Backups.
    pub backups: Vec<String>,
    /// Pieces that no backup needs any more.
    pub pieces: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Calls `work` for every file of a backup, with words for it.
async fn each_file(
    place: &Place,
    manifest: &Manifest,
    mut work: impl FnMut(&str, &StoredFile) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    for (of, file) in manifest.files() {
        work(&of, file)?;
    }
    let Some(objects) = &manifest.objects else { return Ok(()) };
    let mut list = ListReader::new(place, &objects.list);
    let mut count = 0;
    while let Some(entry) = list.next().await? {
        count += 1;
        for listed in &entry.files {
            work(&format!("the object {}", listed.path), &listed.file)?;
        }
    }
    if count != objects.objects {
        let what = format!("it has {count} objects and had {}", objects.objects);
        return Err(BackupError::Damaged { of: "the list of objects".to_owned(), what });
    }
    Ok(())
}

fn wanted(piece: &StoredPiece, of: &str) -> Result<Digest, BackupError> {
    let what = || format!("{:?} is not the digest of a piece", piece.sha256);
    digest_of(&piece.sha256).ok_or_else(|| BackupError::Damaged { of: of.to_owned(), what: what() })
}

/// Makes sure that all pieces of a backup are there, as large as they were. Their bytes are not read.
///
/// # Errors
/// For the first that is not.
pub async fn require_pieces(shelf: &Shelf, manifest: &Manifest) -> Result<(), BackupError> {
    let there = present(shelf.place()).await?;
    each_file(shelf.place(), manifest, |of, file| {
        for piece in &file.pieces {
            match there.get(&wanted(piece, of)?) {
                None => {
                    return Err(BackupError::Missing { of: of.to_owned(), piece: piece.sha256.clone() });
                }
                Some(size) if *size != piece.size => {
                    let (name, was) = (&piece.sha256, piece.size);
                    let what = format!("its piece {name} has {size} bytes and had {was}");
                    return Err(BackupError::Damaged { of: of.to_owned(), what });
                }
                Some(_) => {}
            }
        }
        Ok(())
    })
    .await
}

/// Reads all that the backups `names` have, and compares it with its digests. `tell` hears of pieces and
/// bytes that were read, and how many pieces there are; it is waited for, to keep to a rate.
///
/// # Errors
/// When the place cannot be read. What is damaged is no error: it is told of.
pub async fn check(
    shelf: &Shelf,
    names: &[String],
    mut tell: impl AsyncFnMut(&Checked, u64),
) -> Result<Checked, BackupError> {
    let place = shelf.place();
    let mut checked = Checked { backups: names.to_vec(), ..Checked::default() };
    let (mut manifests, mut pieces) = (Vec::new(), HashMap::<Digest, u64>::new());
    for name in names {
        let gathered = match shelf.manifest(name).await {
            Ok(manifest) => {
                let gathered = each_file(place, &manifest, |of, file| {
                    for piece in &file.pieces {
                        pieces.insert(wanted(piece, of)?, piece.size);
                    }
                    Ok(())
                });
                let gathered = gathered.await;
                manifests.push(manifest);
                gathered
            }
            Err(error) => Err(error),
        };
        match gathered {
            Err(error) if error.is_damage() || matches!(error, BackupError::Newer { .. }) => {
                checked.flaws.push(Flaw { backup: name.clone(), what: error.to_string() });
            }
            other => other?,
        }
    }
    let count = pieces.len() as u64;
    let mut bad = HashMap::<Digest, String>::new();
    let reads = stream::iter(&pieces).map(async |(digest, size)| {
        let one = StoredPiece { sha256: hex::encode(digest), size: *size };
        (*digest, *size, reading::piece(place, &one, "a piece").await.map(drop))
    });
    let mut reads = std::pin::pin!(reads.buffer_unordered(AT_ONCE));
    while let Some((digest, size, read)) = reads.next().await {
        match read {
            Err(BackupError::Missing { piece, .. }) => {
                bad.insert(digest, format!("its piece {piece} is missing"));
            }
            Err(BackupError::Damaged { what, .. }) => {
                bad.insert(digest, what);
            }
            other => other?,
        }
        (checked.pieces, checked.bytes) = (checked.pieces + 1, checked.bytes + size);
        tell(&checked, count).await;
    }
    if !bad.is_empty() {
        for manifest in &manifests {
            blame(place, manifest, &bad, &mut checked.flaws).await;
        }
    }
    Ok(checked)
}

/// Names the files that have bad pieces.
async fn blame(place: &Place, manifest: &Manifest, bad: &HashMap<Digest, String>, flaws: &mut Vec<Flaw>) {
    let named = each_file(place, manifest, |of, file| {
        let wrong = file.pieces.iter().find_map(|piece| bad.get(&digest_of(&piece.sha256)?));
        if let Some(what) = wrong.filter(|_| flaws.len() < NAMED) {
            flaws.push(Flaw { backup: manifest.name.clone(), what: format!("damaged: {of}: {what}") });
        }
        Ok(())
    });
    if let Err(error) = named.await {
        // It is that of the list, which was told of already.
        tracing::debug!(error = &error as &dyn std::error::Error, "a list cannot be read");
    }
}

/// Deletes backups but those that are `kept`, and all pieces that no backup needs. Nobody else is at work at
/// the place.
///
/// # Errors
/// When a backup that stays cannot be read: then nothing is deleted, for nobody knows what it needs.
pub async fn prune(shelf: &Shelf, kept: Kept) -> Result<Pruned, BackupError> {
    let place = shelf.place();
    let mut names = shelf.names().await?;
    let stay = match kept {
        Kept::All => names.len(),
        Kept::Last(count) => count.min(names.len()),
    };
    let staying = names.split_off(names.len() - stay);
    let mut needed = HashSet::new();
    for name in &staying {
        let manifest = shelf.manifest(name).await?;
        each_file(place, &manifest, |of, file| {
            for piece in &file.pieces {
                needed.insert(wanted(piece, of)?);
            }
            Ok(())
        })
        .await?;
    }
    for name in &names {
        shelf.remove(name).await?;
    }
    let there = present(place).await?;
    let mut pruned = Pruned { backups: names, ..Pruned::default() };
    let gone: Vec<Digest> = there.keys().filter(|digest| !needed.contains(*digest)).copied().collect();
    pruned.pieces = gone.len() as u64;
    pruned.bytes = gone.iter().filter_map(|digest| there.get(digest)).sum();
    let deleting = stream::iter(gone).map(|digest| Ok(name_of(&hex::encode(digest))));
    deleting.try_for_each_concurrent(AT_ONCE, async |name| place.delete(&name).await).await?;
    let mut drafts = Vec::new();
    let take = |found: Found| drafts.push(found.name);
    place.each(&format!("{DRAFTS}/"), take).await?;
    for draft in &drafts {
        place.delete(draft).await?;
    }
    Ok(pruned)
}
