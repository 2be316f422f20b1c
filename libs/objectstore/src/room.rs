//! Room on the disk. The store shares it with databases, which do not survive a full one.

use std::{
    io,
    path::{Path, PathBuf},
};

use http::StatusCode;
use s3s::{S3Error, s3_error};

use crate::wording::refused;

/// What is kept free unless a setting says otherwise: this, or a twentieth of a small disk.
const LARGEST_RESERVE: u64 = 1024 * 1024 * 1024;
const SHARE: u64 = 20;

/// How much of the disk is left for others.
#[derive(Debug)]
pub(crate) struct Room {
    folder: PathBuf,
    reserve: u64,
}

impl Room {
    /// Keeps `reserve` bytes of the disk of `folder` free.
    pub(crate) fn new(folder: &Path, reserve: Option<u64>) -> io::Result<Self> {
        let all = rustix::fs::statvfs(folder)?;
        let size = all.f_blocks.saturating_mul(all.f_frsize);
        let reserve = reserve.unwrap_or_else(|| LARGEST_RESERVE.min(size / SHARE));
        Ok(Self { folder: folder.to_owned(), reserve })
    }

    /// Whether there is room for so many further bytes.
    ///
    /// # Errors
    /// 507 when there is not.
    pub(crate) fn check(&self, wanted: u64) -> Result<(), S3Error> {
        let free = match rustix::fs::statvfs(&self.folder) {
            Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
            Err(error) => return Err(failed(error.into())),
        };
        if free >= wanted.saturating_add(self.reserve) { Ok(()) } else { Err(no_room()) }
    }
}

fn no_room() -> S3Error {
    let told = "the disk of the object store is full";
    refused(StatusCode::INSUFFICIENT_STORAGE, "InsufficientStorage", told)
}

/// The answer to a failure of the file system.
pub(crate) fn failed(error: io::Error) -> S3Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => no_room(),
        io::ErrorKind::FileTooLarge => s3_error!(EntityTooLarge),
        _ => {
            tracing::error!(error = %error, "the folder of the object store cannot be used");
            S3Error::internal_error(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_touch_the_reserve_is_refused_with_507() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Room::new(folder.path(), Some(0)).unwrap().check(1).is_ok());
        for (reserve, wanted) in [(u64::MAX, 0), (0, u64::MAX), (u64::MAX, u64::MAX)] {
            let refused = Room::new(folder.path(), Some(reserve)).unwrap().check(wanted).unwrap_err();
            assert_eq!(refused.status_code(), Some(http::StatusCode::INSUFFICIENT_STORAGE));
        }
    }

    #[test]
    fn a_full_disk_is_507_too_and_other_failures_are_ours() {
        let status = |kind: io::ErrorKind| failed(io::Error::from(kind)).status_code().unwrap().as_u16();
        assert_eq!(status(io::ErrorKind::StorageFull), 507);
        assert_eq!(status(io::ErrorKind::PermissionDenied), 500);
    }
}
