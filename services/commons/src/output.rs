//! Standard output.

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write as _},
};

/// Prints a line. A reader that has gone away (`commons user list | head -1`) is not a failure.
///
/// # Errors
/// When the line cannot be written for another reason, such as a full disk.
pub(crate) fn tell(text: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
