//! Standard output.

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write as _},
    sync::atomic::{AtomicBool, Ordering},
};

/// Whether only answers are printed, and no remarks.
static QUIET: AtomicBool = AtomicBool::new(false);

/// Makes [`remark`] print nothing.
pub(crate) fn be_quiet(quiet: bool) {
    QUIET.store(quiet, Ordering::Relaxed);
}

/// Prints a line that is not the answer to what was asked, unless nobody wants to read such lines.
///
/// # Errors
/// See [`tell`].
pub(crate) fn remark(text: impl Display) -> io::Result<()> {
    if QUIET.load(Ordering::Relaxed) { Ok(()) } else { tell(text) }
}

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
