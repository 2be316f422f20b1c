//! Texts in the parts of a URL, encoded as those who sign expect it (RFC 3986, unreserved characters only).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const PATH: &AsciiSet = &QUERY.remove(b'/');

/// A name or a value of a query.
pub(crate) fn query(text: &str) -> String {
    utf8_percent_encode(text, QUERY).to_string()
}

/// A path, whose slashes stay.
pub(crate) fn path(text: &str) -> String {
    utf8_percent_encode(text, PATH).to_string()
}

/// Lines, joined by a single character whatever the machine.
pub(crate) fn unix_lines(lines: &[&str]) -> String {
    lines.join("\n")
}
