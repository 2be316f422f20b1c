//! What is answered to an address that is too long to be read.
//!
//! The HTTP library answers such a request by itself, without a word, with a status that says something else.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::AsyncWrite;

/// Addresses that are longer than this many bytes are not read by the library: a `Uri` has at most 65,534.
const LONGEST: usize = 65_000;
const SENTENCE: &str = "{\"message\": \"414 URI Too Long: the address has more than 65000 bytes; where it \
                        holds a list of ids, send them in the body of the request\"}\n";

/// Looks at the first line of each request, and has the answer for too long ones.
#[derive(Debug, Default)]
pub(super) struct LongAddress {
    /// Bytes of the first line so far.
    line: usize,
    /// The first line has ended: what follows is of no interest until the next request.
    is_read: bool,
    is_too_long: bool,
    /// What is being written in place of the library's answer, and how much of it has been.
    answer: Option<(String, usize)>,
}

impl LongAddress {
    /// The client has sent `bytes`, while `is_known` tells whether it has a request already.
    pub(super) fn read(&mut self, bytes: &[u8], is_known: bool) {
        if is_known {
            self.next_request();
        }
        if is_known || self.is_read {
            return;
        }
        let end = bytes.iter().position(|byte| *byte == b'\n');
        self.is_read = end.is_some();
        self.line += end.unwrap_or(bytes.len());
        self.is_too_long = self.line > LONGEST;
    }

    fn next_request(&mut self) {
        (self.line, self.is_read, self.is_too_long) = (0, false, false);
    }

    /// Writes the answer to `stream` in place of `bytes`, if these are the library's refusal of a request
    /// that it could not read for its long address.
    pub(super) fn poll_write(
        &mut self,
        stream: Pin<&mut impl AsyncWrite>,
        context: &mut Context<'_>,
        bytes: &[u8],
        is_known: bool,
    ) -> Option<Poll<io::Result<usize>>> {
        if is_known && self.answer.is_none() {
            self.next_request();
        }
        if self.answer.is_none() && self.is_too_long && !is_known && is_refusal(bytes) {
            let head = "HTTP/1.1 414 URI Too Long\r\nConnection: close\r\nContent-Type: application/json\r\n";
            self.answer = Some((format!("{head}Content-Length: {}\r\n\r\n{SENTENCE}", SENTENCE.len()), 0));
        }
        let answer = self.answer.as_mut()?;
        Some(write_all(answer, stream, context).map_ok(|()| bytes.len()))
    }
}

/// Whether these are the library's own words, which are none: what a service answers has a body, also when it
/// answers before it has read the request's.
fn is_refusal(bytes: &[u8]) -> bool {
    let is_status = bytes.starts_with(b"HTTP/1.1 400 ") || bytes.starts_with(b"HTTP/1.1 431 ");
    is_status && bytes.to_ascii_lowercase().windows(21).any(|line| line == b"\r\ncontent-length: 0\r\n")
}

fn write_all(
    (text, written): &mut (String, usize),
    mut stream: Pin<&mut impl AsyncWrite>,
    context: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    while *written < text.len() {
        let count = ready!(stream.as_mut().poll_write(context, &text.as_bytes()[*written..]))?;
        if count == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        *written += count;
    }
    Poll::Ready(Ok(()))
}
