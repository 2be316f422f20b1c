//! Sends bytes of a file to a signed URL.

use std::{
    fs::File,
    os::unix::fs::FileExt as _,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use futures_util::stream;
use reqwest::{
    Body, Client,
    header::{CONTENT_LENGTH, ETAG},
};

use crate::{
    blocking::blocking, calls::Signed, commons::refusal, error::TransferError, pace::Pace, watch::Watch,
};

/// What is read and sent at once.
const PIECE: u64 = 256 * 1024;

/// Bytes of a file.
#[derive(Clone)]
pub(super) struct Slice {
    pub(super) path: PathBuf,
    pub(super) file: Arc<File>,
    pub(super) begin: u64,
    pub(super) length: u64,
}

/// Sends bytes.
pub(super) struct Sender<'a> {
    pub(super) client: Client,
    pub(super) pace: &'a Arc<Pace>,
    pub(super) watch: &'a Arc<dyn Watch>,
}

/// How sending failed.
pub(super) enum Failed {
    /// The URL was refused: it may have ended.
    Refused(TransferError),
    Other(TransferError),
}

impl Sender<'_> {
    /// PUT of the bytes, with nothing but their length: the signature is all that the store needs to know.
    /// Returns the entity tag of the answer.
    pub(super) async fn put(
        &self,
        what: &str,
        signed: &Signed,
        slice: &Slice,
    ) -> Result<Option<String>, Failed> {
        let sent = Arc::new(AtomicU64::new(0));
        let mut request = self.client.put(signed.url.clone()).headers(signed.headers.clone());
        request = request.header(CONTENT_LENGTH, slice.length);
        if signed.is_azure() {
            request = request.header("x-ms-blob-type", "BlockBlob");
        }
        let body = if slice.length == 0 { Body::from("") } else { self.body(slice, &sent) };
        let answer = request.body(body).send().await;
        let failure = match answer {
            Ok(answer) if answer.status().is_success() => {
                let tag = answer.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
                return Ok(tag);
            }
            Ok(answer) => {
                // S3 and Azure say 403 of an ended URL, Google Cloud 400 of an ended token.
                let may_have_ended = matches!(answer.status().as_u16(), 400 | 401 | 403);
                let error = refusal(what, answer).await;
                if may_have_ended { Failed::Refused(error) } else { Failed::Other(error) }
            }
            Err(error) => Failed::Other(TransferError::unreachable(what, error)),
        };
        self.watch.lost(sent.load(Ordering::Acquire));
        Err(failure)
    }

    fn body(&self, slice: &Slice, sent: &Arc<AtomicU64>) -> Body {
        let (pace, watch, sent) = (self.pace.clone(), self.watch.clone(), sent.clone());
        let state = (slice.clone(), 0);
        Body::wrap_stream(stream::try_unfold(state, move |(slice, done)| {
            let (pace, watch, sent) = (pace.clone(), watch.clone(), sent.clone());
            async move {
                let length = PIECE.min(slice.length - done);
                if length == 0 {
                    return Ok::<_, TransferError>(None);
                }
                let (file, path, at) = (slice.file.clone(), slice.path.clone(), slice.begin + done);
                let piece = blocking(move || {
                    let mut piece = vec![0; usize::try_from(length).unwrap_or_default()];
                    file.read_exact_at(&mut piece, at).map_err(|error| TransferError::file(&path, error))?;
                    Ok(Bytes::from(piece))
                })
                .await?;
                pace.take(piece.len()).await;
                sent.fetch_add(length, Ordering::AcqRel);
                watch.moved(length);
                Ok(Some((piece, (slice, done + length))))
            }
        }))
    }
}
