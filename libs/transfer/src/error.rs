//! Why something could not be transferred.

use std::{io, path::Path, time::Duration};

use reqwest::StatusCode;

/// Longest part of an answer that is shown.
const LONGEST: usize = 300;

/// Why something could not be transferred. No message has a token or a signed URL in it.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// What was given cannot be used: an address, credentials, a manifest, an identifier.
    #[error("{0}")]
    Unusable(String),
    /// The commons, or its object store, does not permit it.
    #[error("{what}: not permitted (the answer was {status}){remedy}")]
    Denied {
        /// What was being done.
        what: String,
        /// HTTP status.
        status: u16,
        /// What the user may do about it; empty, or it begins with a semicolon.
        remedy: &'static str,
    },
    /// There is no such record or object, or it has no bytes yet.
    #[error("{what}: not found{}", after_colon(told))]
    NotFound {
        /// What was being done.
        what: String,
        /// What the server said.
        told: String,
    },
    /// The server refused, or failed.
    #[error("{what}: the answer was {status}{}", after_colon(told))]
    Refused {
        /// What was being done.
        what: String,
        /// HTTP status.
        status: u16,
        /// What the server said.
        told: String,
        /// How long the server asks to wait.
        after: Option<Duration>,
    },
    /// No answer, or one that was cut off.
    #[error("{what}: {reason}")]
    Unreachable {
        /// What was being done.
        what: String,
        /// What went wrong.
        reason: String,
    },
    /// An answer of another form than the API promises.
    #[error("{what}: the answer is not understood: {reason}")]
    Unexpected {
        /// What was being done.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A local file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A file is there that the download would replace.
    #[error("{0} is there and has other bytes; --overwrite replaces it")]
    Occupied(String),
    /// The bytes are not those of the record.
    #[error("the {algorithm} of the bytes is {found}, and the record says {expected}")]
    Mismatch {
        /// Name of the checksum.
        algorithm: &'static str,
        /// What the record says.
        expected: String,
        /// What the bytes have.
        found: String,
    },
    /// There are more or fewer bytes than the record says.
    #[error("the object has {found} bytes, and the record says {expected}")]
    Size {
        /// What the record says.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// The object, or the file that is uploaded, was replaced during the transfer.
    #[error("{0} changed during the transfer; try again")]
    Changed(String),
}

fn after_colon(told: &str) -> String {
    if told.is_empty() { String::new() } else { format!(": {told}") }
}

impl TransferError {
    pub(crate) fn file(path: &Path, source: io::Error) -> Self {
        Self::File { path: path.display().to_string(), source }
    }

    /// A request that got no answer, or only a part of one. The URL is left out: it may be a signed one.
    pub(crate) fn unreachable(what: &str, error: reqwest::Error) -> Self {
        let error = error.without_url();
        let mut reason = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            reason = format!("{reason}: {cause}");
            source = cause.source();
        }
        Self::Unreachable { what: what.to_owned(), reason }
    }

    /// What an answer without success means.
    pub(crate) fn answered(what: &str, status: StatusCode, after: Option<Duration>, body: &str) -> Self {
        let (what, told) = (what.to_owned(), reason(body));
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Self::Denied { what, status: status.as_u16(), remedy: "" }
            }
            StatusCode::NOT_FOUND => Self::NotFound { what, told },
            _ => Self::Refused { what, status: status.as_u16(), told, after },
        }
    }

    /// Whether the same may succeed a little later.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504),
            _ => false,
        }
    }

    /// How long the server asks to wait.
    pub(crate) fn asked_to_wait(&self) -> Option<Duration> {
        match self {
            Self::Refused { after, .. } => *after,
            _ => None,
        }
    }

    /// One word for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unusable(_) => "unusable",
            Self::Denied { .. } => "denied",
            Self::NotFound { .. } => "not_found",
            Self::Refused { .. } => "refused",
            Self::Unreachable { .. } => "unreachable",
            Self::Unexpected { .. } => "unexpected",
            Self::File { .. } => "file",
            Self::Occupied(_) => "occupied",
            Self::Mismatch { .. } => "checksum",
            Self::Size { .. } => "size",
            Self::Changed(_) => "changed",
        }
    }

    /// Whether the bytes are there but are not those of the record.
    #[must_use]
    pub fn is_about_bytes(&self) -> bool {
        matches!(self, Self::Mismatch { .. } | Self::Size { .. })
    }
}

/// The reason in an answer: a field of JSON that has one, the message of an S3 error, or the first words.
/// Pages for browsers say nothing that the status does not.
fn reason(body: &str) -> String {
    let body = body.trim();
    if let Ok(answer) = serde_json::from_str::<serde_json::Value>(body) {
        let said =
            ["message", "error_description", "error", "detail", "msg"].iter().find_map(|key| answer.get(key));
        return said.map_or_else(String::new, |said| shortened(said.as_str().unwrap_or(&said.to_string())));
    }
    if body.starts_with('<') {
        let inside = |tag: &str| {
            let (_, rest) = body.split_once(&format!("<{tag}>"))?;
            Some(rest.split_once(&format!("</{tag}>"))?.0)
        };
        return inside("Code").map(shortened).unwrap_or_default();
    }
    shortened(body)
}

fn shortened(text: &str) -> String {
    // What a server says is not to move the cursor of a terminal.
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_by_their_reason_and_never_by_a_page() {
        assert_eq!(reason(r#"{"message": "no such record"}"#), "no such record");
        assert_eq!(reason(r#"{"error": {"message": "deep"}}"#), r#"{"message":"deep"}"#);
        assert_eq!(
            reason("<?xml?><Error><Code>ExpiredToken</Code><Message>x</Message></Error>"),
            "ExpiredToken"
        );
        assert_eq!(reason("<html><body>secret</body></html>"), "");
        assert_eq!(reason("plain\u{1b}[2J"), "plain [2J");
        assert_eq!(reason(&"x".repeat(400)).len(), LONGEST + 3);
    }

    #[test]
    fn what_may_pass_is_tried_again_and_what_will_not_is_not() {
        let told = |status: u16| {
            TransferError::answered("x", StatusCode::from_u16(status).unwrap(), None, "").is_passing()
        };
        let passing: Vec<u16> = (400..600).filter(|status| told(*status)).collect();
        assert_eq!(passing, [408, 425, 429, 500, 502, 503, 504]);
    }
}
