//! Whose fault it is that something cannot be read. Pure.

use std::io;

/// Whether an error says something of what is read: a sector that is lost, a file that is missing or torn.
/// Else it is the reader who lacks something, such as rights or file descriptors, and would find nothing in
/// order.
pub(crate) fn is_of_the_disk(error: &io::Error) -> bool {
    use io::ErrorKind::{OutOfMemory, PermissionDenied, ResourceBusy, TimedOut, WouldBlock};
    use rustix::io::Errno;
    let is_of_the_reader = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::AGAIN]
        .iter()
        .any(|number| error.raw_os_error() == Some(number.raw_os_error()));
    !is_of_the_reader
        && !matches!(error.kind(), OutOfMemory | PermissionDenied | ResourceBusy | TimedOut | WouldBlock)
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn a_lost_sector_is_damage_and_a_lack_of_the_reader_is_not() {
        for errno in [Errno::IO, Errno::NOENT, Errno::ISDIR, Errno::BADMSG] {
            assert!(is_of_the_disk(&errno.into()), "{errno}");
        }
        for errno in [Errno::ACCESS, Errno::MFILE, Errno::NFILE, Errno::NOMEM] {
            assert!(!is_of_the_disk(&errno.into()), "{errno}");
        }
    }
}
