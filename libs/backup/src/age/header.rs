//! The text before the payload: for whom it is, and a code that authenticates it.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

use super::primitives::{AgeError, FileKey, derive};

const VERSION: &str = "age-encryption.org/v1";
/// Characters of a line of a body.
const COLUMNS: usize = 64;
/// The longest header, in bytes.
const LONGEST: usize = 64 * 1024;

/// For whom it is: the kind of key first, then what that kind needs.
pub(super) struct Stanza {
    pub(super) arguments: Vec<String>,
    pub(super) body: Vec<u8>,
}

pub(super) struct Header {
    pub(super) stanzas: Vec<Stanza>,
}

/// What was authenticated, and the code.
pub(super) type Mac<'h> = (&'h [u8], Vec<u8>);

impl Header {
    /// As it is written.
    pub(super) fn encode(&self, file_key: &FileKey) -> Result<Vec<u8>, AgeError> {
        let mut text = format!("{VERSION}\n");
        for stanza in &self.stanzas {
            text.push_str("-> ");
            text.push_str(&stanza.arguments.join(" "));
            text.push('\n');
            let body = STANDARD_NO_PAD.encode(&stanza.body);
            let mut rest = body.as_str();
            // The last line is shorter than the others, and may be empty.
            while let Some((line, more)) = rest.split_at_checked(COLUMNS) {
                text.push_str(line);
                text.push('\n');
                rest = more;
            }
            text.push_str(rest);
            text.push('\n');
        }
        text.push_str("---");
        let code = hmac::sign(&code_key(file_key)?, text.as_bytes());
        text.push(' ');
        text.push_str(&STANDARD_NO_PAD.encode(code));
        text.push('\n');
        Ok(text.into_bytes())
    }

    /// The header, its code, and what comes after it.
    pub(super) fn decode(sealed: &[u8]) -> Result<(Self, Mac<'_>, &[u8]), AgeError> {
        let mut lines = Lines { sealed, at: 0 };
        if lines.next()? != VERSION {
            return Err(AgeError::Damaged);
        }
        let mut stanzas = Vec::new();
        loop {
            let begin = lines.at;
            let line = lines.next()?;
            if let Some(code) = line.strip_prefix("--- ") {
                let authenticated = sealed.get(..begin + "---".len()).ok_or(AgeError::Damaged)?;
                let rest = sealed.get(lines.at..).ok_or(AgeError::Damaged)?;
                return Ok((Self { stanzas }, (authenticated, decoded(code)?), rest));
            }
            let arguments = line.strip_prefix("-> ").ok_or(AgeError::Damaged)?;
            let arguments: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
            if arguments.iter().any(String::is_empty) {
                return Err(AgeError::Damaged);
            }
            let mut body = String::new();
            loop {
                let line = lines.next()?;
                body.push_str(line);
                if line.len() > COLUMNS {
                    return Err(AgeError::Damaged);
                }
                if line.len() < COLUMNS {
                    break;
                }
            }
            stanzas.push(Stanza { arguments, body: decoded(&body)? });
        }
    }

    /// Whether whoever has the key of the file wrote this header.
    pub(super) fn check(&self, file_key: &FileKey, (authenticated, code): Mac<'_>) -> Result<(), AgeError> {
        hmac::verify(&code_key(file_key)?, authenticated, &code).map_err(|_| AgeError::Damaged)
    }
}

fn decoded(text: &str) -> Result<Vec<u8>, AgeError> {
    STANDARD_NO_PAD.decode(text).map_err(|_| AgeError::Damaged)
}

fn code_key(file_key: &FileKey) -> Result<hmac::Key, AgeError> {
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &derive(file_key, &[], "header")?))
}

/// The lines of a header, which have visible characters of ASCII and blanks.
struct Lines<'s> {
    sealed: &'s [u8],
    at: usize,
}

impl<'s> Lines<'s> {
    fn next(&mut self) -> Result<&'s str, AgeError> {
        let rest = self.sealed.get(self.at..).unwrap_or_default();
        let end = rest.iter().take(LONGEST).position(|byte| *byte == b'\n').ok_or(AgeError::Damaged)?;
        let line = rest.get(..end).unwrap_or_default();
        if self.at > LONGEST || !line.iter().all(|byte| (0x20..0x7f).contains(byte)) {
            return Err(AgeError::Damaged);
        }
        self.at += end + 1;
        std::str::from_utf8(line).map_err(|_| AgeError::Damaged)
    }
}
