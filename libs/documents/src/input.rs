//! A stream of bytes that can be looked at before they are taken.

use std::io::Read;

use crate::fault::Fault;

const CHUNK: usize = 64 << 10;
/// Length of the beginning that messages may show: 500 characters of up to four bytes.
const HEAD: usize = 2000;
/// The byte order mark, which some programs write before a text.
pub(crate) const MARK: &[u8] = "\u{feff}".as_bytes();

/// A stream, and the bytes of it that were read and not yet taken.
pub(crate) struct Input<R> {
    source: R,
    buffer: Vec<u8>,
    /// The bytes that were not taken yet are `buffer[at..end]`.
    at: usize,
    end: usize,
    head: Vec<u8>,
    has_nul: bool,
}

pub(crate) fn unreadable(why: impl std::fmt::Display) -> Fault {
    Fault::Unreadable(format!("Unable to parse document: {why}"))
}

pub(crate) fn not_utf8() -> Fault {
    unreadable("it is not UTF-8")
}

impl<R: Read> Input<R> {
    /// Reads the beginning.
    pub(crate) fn new(source: R) -> Result<Self, Fault> {
        let mut input =
            Self { source, buffer: vec![0; CHUNK], at: 0, end: 0, head: Vec::new(), has_nul: false };
        input.ensure(HEAD)?;
        if input.buffer[..input.end].starts_with(MARK) {
            input.take(MARK.len());
        }
        input.head = input.buffer[input.at..input.end.min(HEAD)].to_vec();
        Ok(input)
    }

    /// The first 500 characters, enough to recognise a document.
    pub(crate) fn head(&self) -> String {
        let valid = match std::str::from_utf8(&self.head) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&self.head[..error.valid_up_to()]).unwrap_or_default(),
        };
        valid.chars().take(500).collect()
    }

    /// The bytes that were read and not yet taken; empty only at the end.
    pub(crate) fn available(&mut self) -> Result<&[u8], Fault> {
        self.ensure(1)?;
        Ok(&self.buffer[self.at..self.end])
    }

    /// Takes `count` of the available bytes.
    pub(crate) fn take(&mut self, count: usize) {
        self.at = self.end.min(self.at + count);
    }

    pub(crate) fn peek(&mut self) -> Result<Option<u8>, Fault> {
        Ok(self.available()?.first().copied())
    }

    /// Takes the whitespace at the beginning of a line, as Unicode defines it, but for tabs.
    pub(crate) fn skip_blanks(&mut self) -> Result<(), Fault> {
        let is_blank =
            |character: &char| character.is_whitespace() && !['\t', '\n', '\r'].contains(character);
        while let Some(character) = self.peek_char()?.filter(is_blank) {
            self.take(character.len_utf8());
        }
        Ok(())
    }

    fn peek_char(&mut self) -> Result<Option<char>, Fault> {
        self.ensure(4)?;
        let bytes = &self.buffer[self.at..self.end.min(self.at + 4)];
        if bytes.is_empty() {
            return Ok(None);
        }
        let valid = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
        };
        valid.chars().next().map(Some).ok_or_else(not_utf8)
    }

    /// Whether the whole input has a NUL character. Reads it to the end.
    pub(crate) fn has_nul(&mut self) -> bool {
        while !self.has_nul {
            self.at = self.end;
            match self.available() {
                Ok([]) | Err(_) => break,
                Ok(_) => {}
            }
        }
        self.has_nul
    }

    /// Reads until `count` bytes are there, or all that are left.
    fn ensure(&mut self, count: usize) -> Result<(), Fault> {
        while self.end - self.at < count {
            if self.at > 0 {
                self.buffer.copy_within(self.at..self.end, 0);
                self.end -= self.at;
                self.at = 0;
            }
            let read = match self.source.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if read == 0 {
                break;
            }
            if self.buffer[self.end..self.end + read].contains(&0) {
                self.has_nul = true;
                return Err(nul());
            }
            self.end += read;
        }
        Ok(())
    }
}

pub(crate) fn nul() -> Fault {
    unreadable("the character U+0000 cannot be stored")
}
