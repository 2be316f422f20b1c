//! Reads the bytes of an object from signed URLs: again where the connection broke, and with a new URL where
//! the old one has ended.

use std::{
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::StreamExt as _;
use reqwest::{
    Client, Response, StatusCode,
    header::{ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderMap, LAST_MODIFIED, RANGE},
};
use tokio::sync::Mutex;

use super::partial::Version;
use crate::{
    blocking::blocking, calls::Signed, clients::redirected, commons::refusal, error::TransferError,
    pace::Pace, resolve::Object, retry::Retries, watch::Watch,
};

/// Bytes that are written at once, and how long they are kept back: what is not written is lost in a break.
const AT_ONCE: usize = 1024 * 1024;
const KEPT: Duration = Duration::from_millis(250);
/// URLs in a row that are asked for because the one before was refused, without a byte in between.
const RENEWALS: u32 = 2;
/// Redirects that are followed.
const REDIRECTS: u32 = 5;

/// Where the bytes of an object come from.
pub(super) struct Source<'a> {
    pub(super) object: &'a Object,
    pub(super) client: &'a Client,
    pub(super) pace: &'a Pace,
    pub(super) watch: &'a dyn Watch,
    pub(super) retries: Retries,
    pub(super) protocol: Option<&'a str>,
    /// The URL that is valid now, and how many there were before.
    pub(super) signed: Mutex<Option<(u32, Signed)>>,
}

/// Where the bytes go.
pub(super) trait Sink: Send + Sync {
    /// Where the next byte goes, and where the last one ends, if that is known.
    fn missing(&self) -> (u64, Option<u64>);
    /// Begins from the first byte again; how many bytes are given up.
    fn restart(&self) -> Result<u64, TransferError>;
    /// Takes the next bytes; it may block.
    fn write(&self, bytes: &[Bytes]) -> Result<(), TransferError>;
}

/// What an object's server says of it.
pub(super) struct Probed {
    pub(super) version: Version,
    /// Whether it gives parts.
    pub(super) has_ranges: bool,
}

/// How a try failed.
enum Failed {
    /// The URL was refused: it may have ended.
    Refused(TransferError),
    /// There are no bytes where some were asked for; the size of the object, if it is said.
    Beyond(Option<u64>),
    Other(TransferError),
}

impl From<TransferError> for Failed {
    fn from(error: TransferError) -> Self {
        Self::Other(error)
    }
}

impl Source<'_> {
    fn what(&self) -> String {
        format!("downloading {}", self.object.guid)
    }

    /// The URL that is valid now; a new one when that with the number `refused` was the last.
    async fn url(&self, refused: Option<u32>) -> Result<(u32, Signed), TransferError> {
        let mut signed = self.signed.lock().await;
        let number = match &*signed {
            Some((number, known)) if Some(*number) != refused => return Ok((*number, known.clone())),
            Some((number, _)) => number + 1,
            None => 0,
        };
        let new = self.object.signed(self.protocol).await?;
        *signed = Some((number, new.clone()));
        Ok((number, new))
    }

    /// Asks for the first byte, to learn of which version it is and whether parts can be had.
    ///
    /// # Errors
    /// When the object cannot be read.
    pub(super) async fn probe(&self) -> Result<Probed, TransferError> {
        let first = async |signed: Signed| match self.ask(&signed, Some("bytes=0-0".to_owned())).await {
            Ok(answer) => {
                let has_ranges = answer.status() == StatusCode::PARTIAL_CONTENT;
                Ok(Probed { version: version(&answer), has_ranges })
            }
            // Of an object without bytes there is no first one.
            Err(Failed::Beyond(_)) => Ok(Probed { version: Version::default(), has_ranges: false }),
            Err(error) => Err(error),
        };
        self.persistently(|| 0, first).await
    }

    /// Reads what is missing into `sink`, which gets all bytes of one version.
    ///
    /// # Errors
    /// When the bytes cannot be had, or change meanwhile.
    pub(super) async fn read<S: Sink + 'static>(
        &self,
        sink: &Arc<S>,
        expected: &Version,
        in_parts: bool,
    ) -> Result<(), TransferError> {
        let seen = std::sync::Mutex::new(expected.clone());
        let position = || sink.missing().0;
        self.persistently(position, async |signed: Signed| self.once(&signed, sink, &seen, in_parts).await)
            .await
    }

    /// Does `work` with a valid URL. What got further than the time before is not counted as a failure.
    async fn persistently<T>(
        &self,
        position: impl Fn() -> u64,
        mut work: impl AsyncFnMut(Signed) -> Result<T, Failed>,
    ) -> Result<T, TransferError> {
        let (mut failed, mut renewed, mut refused) = (0, 0, None);
        loop {
            let before = position();
            let (number, signed) = self.url(refused).await?;
            let failure = match work(signed).await {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            if position() > before {
                (failed, renewed) = (0, 0);
            }
            match failure {
                Failed::Refused(error) => {
                    if renewed == RENEWALS {
                        return Err(error);
                    }
                    renewed += 1;
                    refused = Some(number);
                }
                Failed::Beyond(found) => {
                    return Err(TransferError::Size {
                        expected: self.object.size.unwrap_or(before + 1),
                        found: found.unwrap_or(before),
                    });
                }
                Failed::Other(error) if error.is_passing() && failed < self.retries.times => {
                    failed += 1;
                    self.retries.pause(failed, error.asked_to_wait()).await;
                }
                Failed::Other(error) => return Err(error),
            }
        }
    }

    /// The answer to a GET, after redirects. The headers of the URL stay with its origin.
    async fn followed(&self, signed: &Signed, range: Option<String>) -> Result<Response, TransferError> {
        let mut signed = signed.clone();
        let mut hops = 0;
        loop {
            let mut request = self.client.get(signed.url.clone()).headers(signed.headers.clone());
            // The checksums are those of the bytes as they are stored.
            request = request.header(ACCEPT_ENCODING, "identity");
            if let Some(range) = &range {
                request = request.header(RANGE, range);
            }
            let answer = request.send().await;
            let answer = answer.map_err(|error| TransferError::unreachable(&self.what(), error))?;
            let Some(to) = redirected(&answer).filter(|_| hops < REDIRECTS) else { return Ok(answer) };
            if to.origin() != signed.url.origin() {
                signed.headers.clear();
            }
            signed.url = to;
            hops += 1;
        }
    }

    async fn ask(&self, signed: &Signed, range: Option<String>) -> Result<Response, Failed> {
        let answer = self.followed(signed, range).await?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        if status == StatusCode::RANGE_NOT_SATISFIABLE {
            return Err(Failed::Beyond(total(answer.headers())));
        }
        // An ended URL is 403 at S3, Azure and Google Cloud; Google says 400 of an ended token.
        let may_have_ended = matches!(status.as_u16(), 400 | 401 | 403);
        let error = refusal(&self.what(), answer).await;
        Err(if may_have_ended { Failed::Refused(error) } else { Failed::Other(error) })
    }

    async fn once<S: Sink + 'static>(
        &self,
        signed: &Signed,
        sink: &Arc<S>,
        seen: &std::sync::Mutex<Version>,
        in_parts: bool,
    ) -> Result<(), Failed> {
        let (begin, end) = sink.missing();
        if end == Some(begin) && begin > 0 {
            return Ok(());
        }
        let range = match end {
            Some(end) if in_parts => Some(format!("bytes={begin}-{}", end - 1)),
            _ if begin > 0 => Some(format!("bytes={begin}-")),
            _ => None,
        };
        let is_ranged = range.is_some();
        let answer = self.ask(signed, range).await?;
        self.same_version(&version(&answer), seen)?;
        let is_part = answer.status() == StatusCode::PARTIAL_CONTENT;
        if is_part && first_byte(answer.headers()) != Some(begin) {
            let reason = "it is another part than was asked for".to_owned();
            return Err(TransferError::Unexpected { what: self.what(), reason }.into());
        }
        if is_ranged && !is_part {
            if in_parts {
                return Err(TransferError::Changed(format!("the server of {}", self.object.guid)).into());
            }
            self.watch.lost(sink.restart()?);
        }
        self.copy(answer, sink).await
    }

    /// Whether an answer is of the version that was seen before; what it says in addition is kept.
    fn same_version(&self, found: &Version, seen: &std::sync::Mutex<Version>) -> Result<(), TransferError> {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        match (seen.size, found.size) {
            (Some(expected), Some(found)) if expected != found => {
                return Err(TransferError::Size { expected, found });
            }
            _ if !seen.agrees_with(found) => {
                return Err(TransferError::Changed(format!("the object of {}", self.object.guid)));
            }
            _ => {}
        }
        seen.size = seen.size.or(found.size);
        seen.etag = seen.etag.take().or_else(|| found.etag.clone());
        seen.modified = seen.modified.take().or_else(|| found.modified.clone());
        Ok(())
    }

    async fn copy<S: Sink + 'static>(&self, answer: Response, sink: &Arc<S>) -> Result<(), Failed> {
        let mut stream = answer.bytes_stream();
        let (mut pieces, mut length, mut since) = (Vec::new(), 0, Instant::now());
        loop {
            let (is_end, broken) = match stream.next().await {
                Some(Ok(piece)) => {
                    self.pace.take(piece.len()).await;
                    length += piece.len();
                    pieces.push(piece);
                    (false, None)
                }
                Some(Err(error)) => (true, Some(TransferError::unreachable(&self.what(), error))),
                None => (true, None),
            };
            if length >= AT_ONCE || length > 0 && (is_end || since.elapsed() >= KEPT) {
                let (sink, all) = (sink.clone(), std::mem::take(&mut pieces));
                blocking(move || sink.write(&all)).await?;
                self.watch.moved(length as u64);
                (length, since) = (0, Instant::now());
            }
            if let Some(error) = broken {
                return Err(error.into());
            }
            if is_end {
                return self.ended(sink.missing());
            }
        }
    }

    /// An answer may have fewer bytes than were asked for; the others are asked for again.
    fn ended(&self, (position, end): (u64, Option<u64>)) -> Result<(), Failed> {
        match end {
            Some(end) if position < end => {
                let reason = format!("the answer ended at byte {position} of {end}");
                Err(TransferError::Unreachable { what: self.what(), reason }.into())
            }
            _ => Ok(()),
        }
    }
}

/// The version of the whole object that an answer is of.
fn version(answer: &Response) -> Version {
    let headers = answer.headers();
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let size = if answer.status() == StatusCode::PARTIAL_CONTENT {
        total(headers)
    } else {
        text(CONTENT_LENGTH).and_then(|length| length.parse().ok())
    };
    // A weak tag may be the same for other bytes.
    let etag = text(ETAG).filter(|tag| !tag.starts_with("W/"));
    Version { size, etag, modified: text(LAST_MODIFIED) }
}

/// The size of an object from `Content-Range: bytes */30`.
fn total(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_RANGE)?.to_str().ok()?.rsplit('/').next()?.trim().parse().ok()
}

/// Where a part begins: `Content-Range: bytes 10-19/30` (RFC 9110, section 14.4).
fn first_byte(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(CONTENT_RANGE)?.to_str().ok()?.trim().strip_prefix("bytes")?;
    range.trim().split_once('-')?.0.parse().ok()
}
