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

/// Looks at the lines that a client sends before a request is known, and has the answer for too long ones.
#[derive(Debug, Default)]
pub(super) struct LongAddress {
    /// Bytes since the last end of a line.
    line: usize,
    is_too_long: bool,
    /// What is being written in place of the library's answer, and how much of it has been.
    answer: Option<(String, usize)>,
}

impl LongAddress {
    /// The client has sent `bytes`, while `is_known` tells whether it has a request already.
    pub(super) fn read(&mut self, bytes: &[u8], is_known: bool) {
        if is_known {
            self.line = 0;
            return;
        }
        // Only the first line of a request is an address; another one as long is not understood either.
        match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(_) if bytes.len() <= LONGEST && self.line == 0 => self.line = 0,
            Some(last) => {
                let first = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(last);
                self.is_too_long |= self.line + first > LONGEST;
                self.line = bytes.len() - last - 1;
            }
            None => self.line += bytes.len(),
        }
        self.is_too_long |= self.line > LONGEST;
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
        let is_refusal = || bytes.starts_with(b"HTTP/1.1 400 ") || bytes.starts_with(b"HTTP/1.1 431 ");
        if self.answer.is_none() && self.is_too_long && !is_known && is_refusal() {
            let head = "HTTP/1.1 414 URI Too Long\r\nConnection: close\r\nContent-Type: application/json\r\n";
            self.answer = Some((format!("{head}Content-Length: {}\r\n\r\n{SENTENCE}", SENTENCE.len()), 0));
        }
        let answer = self.answer.as_mut()?;
        Some(write_all(answer, stream, context).map_ok(|()| bytes.len()))
    }
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
