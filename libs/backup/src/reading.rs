//! Reading files of a backup, each piece against its digest.

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use sha2::{Digest as _, Sha256};

use crate::{
    BackupError, PIECE, Place, StoredFile, StoredPiece,
    pieces::{digest_of, name_of},
};

/// Pieces that are on their way at the same time.
const AHEAD: usize = 4;

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Bytes.
    pub bytes: u64,
}

/// The bytes of a piece of the file that is called `of`.
pub(crate) async fn piece(place: &Place, piece: &StoredPiece, of: &str) -> Result<Bytes, BackupError> {
    let damaged = |what: String| BackupError::Damaged { of: of.to_owned(), what };
    let Some(digest) = digest_of(&piece.sha256) else {
        return Err(damaged(format!("{:?} is not the digest of a piece", piece.sha256)));
    };
    let bytes = match place.read(&name_of(&piece.sha256), PIECE as u64).await {
        Err(BackupError::TooLarge(_)) => {
            return Err(damaged(format!("its piece {} is larger than pieces are", piece.sha256)));
        }
        read => read?,
    };
    let Some(bytes) = bytes else {
        return Err(BackupError::Missing { of: of.to_owned(), piece: piece.sha256.clone() });
    };
    if bytes.len() as u64 != piece.size {
        let (name, there, size) = (&piece.sha256, bytes.len(), piece.size);
        return Err(damaged(format!("its piece {name} has {there} bytes and had {size}")));
    }
    if <[u8; 32]>::from(Sha256::digest(&bytes)) != digest {
        return Err(damaged(format!("its piece {} has other bytes than it had", piece.sha256)));
    }
    Ok(bytes)
}

/// Gives the bytes of a file to `sink`, in their order; `of` are words for the file.
///
/// # Errors
/// When a piece is missing or damaged, the file is not what it was, or `sink` fails.
pub async fn copy<E: From<BackupError>>(
    place: &Place,
    file: &StoredFile,
    of: &str,
    mut sink: impl AsyncFnMut(Bytes) -> Result<(), E>,
) -> Result<Copied, E> {
    let pieces = stream::iter(&file.pieces).map(|one| piece(place, one, of)).buffered(AHEAD);
    let (mut pieces, mut hash, mut bytes) = (std::pin::pin!(pieces), Sha256::new(), 0);
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        hash.update(&piece);
        bytes += piece.len() as u64;
        sink(piece).await?;
    }
    if bytes != file.size || hex::encode(hash.finalize()) != file.sha256 {
        let what = "it is not what its pieces make".to_owned();
        return Err(BackupError::Damaged { of: of.to_owned(), what }.into());
    }
    Ok(Copied { bytes })
}

/// All bytes of a file that has at most `most`.
///
/// # Errors
/// As [`copy`], and when it has more.
pub async fn read_whole(
    place: &Place,
    file: &StoredFile,
    of: &str,
    most: u64,
) -> Result<Vec<u8>, BackupError> {
    if file.size > most {
        return Err(BackupError::TooLarge(format!("{of} has more than {most} bytes")));
    }
    let mut whole = Vec::new();
    copy(place, file, of, async |piece: Bytes| {
        whole.extend_from_slice(&piece);
        Ok::<_, BackupError>(())
    })
    .await?;
    Ok(whole)
}
