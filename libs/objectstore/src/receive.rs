//! Taking in a body: into a draft, with its digests compared, while there is room.

use std::path::Path;

use futures_util::StreamExt as _;
use http::StatusCode;
use s3s::{S3Error, S3Result, StdError, dto::StreamingBlob, s3_error};
use tokio::io::AsyncWriteExt as _;

use crate::{
    draft::Draft,
    integrity::{Digests, Integrity},
    pace::Stalled,
    room::{Room, failed},
    wording::refused,
};

/// Bytes are given to the file system in pieces of this size. Each upload holds about two of them.
const PIECE: usize = 128 * 1024;
/// After so many bytes it is looked whether there is still room.
const LOOK_EVERY: u64 = 16 * 1024 * 1024;

/// A body that came in whole, and is what its client said.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) draft: Draft,
    pub(crate) size: u64,
    pub(crate) digests: Digests,
}

/// Takes in `body`, of which `length` is known. When this returns, its bytes are on the disk.
///
/// # Errors
/// 400 for a body that is not what was said, or ends early; 507 when there is no room.
pub(crate) async fn receive(
    root: &Path,
    room: &Room,
    body: Option<StreamingBlob>,
    length: Option<i64>,
    mut integrity: Integrity,
) -> S3Result<Received> {
    let length = match length.map(u64::try_from) {
        Some(Ok(length)) => Some(length),
        Some(Err(_)) => return Err(s3_error!(InvalidArgument, "a length is not negative")),
        None => None,
    };
    room.check(length.unwrap_or(0))?;
    let (draft, file) = Draft::create(root).map_err(failed)?;
    let mut file = tokio::fs::File::from_std(file);
    let mut waiting = Vec::new();
    let (mut size, mut looked_at) = (0_u64, 0_u64);
    if let Some(mut body) = body {
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(broken)?;
            integrity.update(&piece);
            size += piece.len() as u64;
            waiting.extend_from_slice(&piece);
            if waiting.len() >= PIECE {
                file.write_all(&waiting).await.map_err(failed)?;
                waiting.clear();
            }
            if size - looked_at >= LOOK_EVERY {
                room.check(0)?;
                looked_at = size;
            }
        }
    }
    if length.is_some_and(|length| length != size) {
        return Err(s3_error!(IncompleteBody));
    }
    let digests = integrity.finish()?;
    file.write_all(&waiting).await.map_err(failed)?;
    file.flush().await.map_err(failed)?;
    file.sync_all().await.map_err(failed)?;
    Ok(Received { draft, size, digests })
}

/// The answer to a body that broke off, or that the protocol's own checks found wrong. Either way it is the
/// request that is wrong: what fails here is only the reading of it.
fn broken(error: StdError) -> S3Error {
    let causes = causes(&*error);
    let says = |word: &str| causes.iter().any(|cause| cause.contains(word));
    if says(Stalled::TEXT) {
        s3_error!(RequestTimeout, "the body made no progress")
    } else if says("Sha256Mismatch") {
        let told = "The provided 'x-amz-content-sha256' header does not match what was computed.";
        refused(StatusCode::BAD_REQUEST, "XAmzContentSHA256Mismatch", told)
    } else if says("SignatureMismatch") {
        s3_error!(SignatureDoesNotMatch)
    } else {
        s3_error!(IncompleteBody, "the body ended early or is not in the form that its headers say")
    }
}

/// The texts of an error and of what it came from. The protocol library's errors are private types that
/// differ by their text only.
fn causes(error: &(dyn std::error::Error + 'static)) -> Vec<String> {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;
    use crate::checksums::Checksums;

    async fn take(
        pieces: Vec<Result<Bytes, std::io::Error>>,
        length: i64,
        reserve: u64,
    ) -> S3Result<Vec<u8>> {
        let root = tempfile::tempdir().unwrap();
        crate::draft::prepare(root.path()).unwrap();
        let room = Room::new(root.path(), Some(reserve)).unwrap();
        let body = StreamingBlob::wrap(futures_util::stream::iter(pieces));
        let integrity = Integrity::expect(None, Checksums::default(), None, &HeaderMap::new(), None).unwrap();
        let received = receive(root.path(), &room, Some(body), Some(length), integrity).await?;
        let place = root.path().join("place");
        received.draft.move_to(&place).unwrap();
        Ok(std::fs::read(place).unwrap())
    }

    #[tokio::test]
    async fn a_body_is_taken_whole_or_not_at_all() {
        let piece = |text: &'static str| Ok(Bytes::from_static(text.as_bytes()));
        let code = |taken: S3Result<Vec<u8>>| taken.unwrap_err().code().as_str().to_owned();
        assert_eq!(take(vec![piece("ab"), piece("c")], 3, 0).await.unwrap(), b"abc");
        assert_eq!(code(take(vec![piece("ab")], 3, 0).await), "IncompleteBody");
        assert_eq!(code(take(vec![piece("ab")], -3, 0).await), "InvalidArgument");
        assert_eq!(code(take(vec![piece("ab")], 2, u64::MAX).await), "InsufficientStorage");
        let cut = Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
        assert_eq!(code(take(vec![piece("ab"), cut], 3, 0).await), "IncompleteBody");
        let stalled = Err(std::io::Error::other(Stalled));
        assert_eq!(code(take(vec![piece("ab"), stalled], 3, 0).await), "RequestTimeout");
    }
}
