//! The lines of a body, as they arrive.

use std::time::Duration;

use actix_web::{
    error::PayloadError,
    web::{Bytes, BytesMut},
};
use futures_util::{Stream, StreamExt as _};
use tokio::time::{Instant, timeout, timeout_at};

use crate::Error;

/// No line is longer than this.
const MAX_LINE: usize = 1 << 20;
/// A client that is refused in the middle would see a broken connection in place of the answer: so much more
/// is read and dropped.
const DRAINED: usize = 64 << 20;

/// So long at most.
const DRAINING: Duration = Duration::from_secs(30);

/// How much a request may have, and how long it may be waited for, all in all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) lines: usize,
    pub(super) bytes: usize,
    pub(super) waiting: Duration,
}

/// A body in pieces.
pub(super) trait Chunks: Stream<Item = Result<Bytes, PayloadError>> + Unpin {}
impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Chunks for S {}

/// Reads lines, of which it keeps one at a time. Blank ones are skipped.
pub(super) struct Lines<S> {
    chunks: S,
    limits: Limits,
    /// What has arrived and was not given out.
    rest: BytesMut,
    /// So much of `rest` has no end of line.
    searched: usize,
    number: usize,
    given: usize,
    bytes: usize,
    waited: Duration,
    ended: bool,
}

impl<S: Chunks> Lines<S> {
    pub(super) fn new(chunks: S, limits: Limits) -> Self {
        let (number, given, bytes, waited) = (0, 0, 0, Duration::ZERO);
        Self {
            chunks,
            limits,
            rest: BytesMut::new(),
            searched: 0,
            number,
            given,
            bytes,
            waited,
            ended: false,
        }
    }

    /// The number of the line that was read last, from 1; after an error, that of the line that cannot be.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// The next line that is not blank, without its end.
    ///
    /// # Errors
    /// When a line, their number or the body is larger than permitted, or the client broke off.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let end =
                self.rest.get(self.searched..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n'));
            let line = match end {
                Some(end) => self.rest.split_to(self.searched + end + 1),
                None if self.ended && self.rest.is_empty() => return Ok(None),
                None if self.ended => std::mem::take(&mut self.rest),
                None => {
                    self.searched = self.rest.len();
                    self.receive().await?;
                    continue;
                }
            };
            self.searched = 0;
            self.number += 1;
            if line.len() > MAX_LINE {
                return Err(self.too_long());
            }
            let line = line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            self.given += 1;
            if self.given > self.limits.lines {
                let most = self.limits.lines;
                return Err(Error::TooMany(format!(
                    "a request has at most {most} lines; send the rest in others"
                )));
            }
            return Ok(Some(Bytes::copy_from_slice(line)));
        }
    }

    async fn receive(&mut self) -> Result<(), Error> {
        if self.rest.len() > MAX_LINE {
            self.number += 1;
            return Err(self.too_long());
        }
        match self.chunk().await {
            Ok(None) => self.ended = true,
            Ok(Some(chunk)) => self.rest.extend_from_slice(&chunk),
            Err(error) => {
                self.number += 1;
                return Err(error);
            }
        }
        Ok(())
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let since = Instant::now();
        let left = self.limits.waiting.saturating_sub(self.waited);
        let Ok(chunk) = timeout(left, self.chunks.next()).await else {
            let seconds = self.limits.waiting.as_secs();
            let told =
                format!("the body takes more than {seconds} seconds to arrive; send fewer lines at once");
            return Err(Error::bad(told));
        };
        self.waited += since.elapsed();
        let Some(chunk) = chunk.transpose().map_err(|_| Error::bad("the body cannot be read to its end"))?
        else {
            return Ok(None);
        };
        self.bytes = self.bytes.saturating_add(chunk.len());
        if self.bytes > self.limits.bytes {
            let most = self.limits.bytes;
            let told = format!("a request has at most {most} bytes; send the rest in others");
            return Err(Error::TooMany(told));
        }
        Ok(Some(chunk))
    }

    fn too_long(&self) -> Error {
        Error::TooMany(format!("line {} is longer than {MAX_LINE} bytes", self.number))
    }

    /// Reads what is still coming, and drops it.
    pub(super) async fn drain(&mut self) {
        let (mut dropped, until) = (0, Instant::now() + DRAINING);
        while !self.ended && dropped < DRAINED {
            match timeout_at(until, self.chunks.next()).await {
                Ok(Some(Ok(chunk))) => dropped += chunk.len(),
                _ => self.ended = true,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    const LIMITS: Limits = Limits { lines: 3, bytes: 4 << 20, waiting: Duration::from_millis(50) };

    async fn read(chunks: &[&str]) -> Result<Vec<(usize, String)>, String> {
        let chunks: Vec<_> =
            chunks.iter().map(|chunk| Ok(Bytes::copy_from_slice(chunk.as_bytes()))).collect();
        let mut lines = Lines::new(stream::iter(chunks), LIMITS);
        let mut read = Vec::new();
        while let Some(line) = lines.next().await.map_err(|error| error.to_string())? {
            read.push((lines.number(), String::from_utf8_lossy(&line).into_owned()));
        }
        Ok(read)
    }

    #[actix_web::test]
    async fn lines_are_read_however_they_arrive_and_blank_ones_are_counted_only() {
        let expected = [(1, "ab".to_owned()), (3, "c".to_owned()), (4, "d".to_owned())];
        for chunks in [&["ab\n\r\nc\r\nd"][..], &["a", "b", "\n \nc\nd\n"], &["ab\n", "\n", "c\n", "d"]] {
            assert_eq!(read(chunks).await.expect("lines"), expected, "{chunks:?}");
        }
        assert_eq!(read(&[]).await.expect("none"), []);
    }

    #[actix_web::test]
    async fn what_is_too_large_is_refused_and_says_where() {
        let long = "x".repeat(MAX_LINE + 1);
        let told = read(&["a\n", &long, "\n"]).await.expect_err("too long");
        assert_eq!(told, "line 2 is longer than 1048576 bytes");
        assert!(read(&["1\n2\n3\n4\n"]).await.expect_err("too many").contains("at most 3 lines"));
        let told = read(&[&"x".repeat(500_000), "\n"].repeat(9)).await.expect_err("too many");
        assert!(told.contains("at most 3 lines"), "{told}");
    }

    #[actix_web::test]
    async fn a_body_is_waited_for_all_in_all_and_not_from_piece_to_piece() {
        let slow = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Some((Ok(Bytes::from_static(b"x")), ()))
        });
        let mut lines = Lines::new(Box::pin(slow), LIMITS);
        let begun = Instant::now();
        let told = lines.next().await.expect_err("too slow").to_string();
        assert!(told.contains("to arrive"), "{told}");
        assert!(begun.elapsed() < Duration::from_secs(20) && lines.number() == 1);
    }
}
