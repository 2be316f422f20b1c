//! Under which names objects are kept. Pure.
//!
//! Most keys are paths below their bucket's folder, so that an operator finds files where they belong. Keys
//! that are too long for a file name, or that no path can tell from another key (`a//b`, `/a`), are kept
//! under their digest; their real name is kept beside the buckets.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use s3s::{S3Result, s3_error};
use sha2::{Digest as _, Sha256};

/// Keys up to this many bytes are kept under their own name: a record's name has the key in base64, and file
/// names have at most 255 bytes.
const SHORT_KEY: usize = 96;
/// Amazon's limit (bytes of UTF-8).
const LONGEST_KEY: usize = 1024;
/// Segment of a stored name that stands for a long key; no ordinary key may have it.
const LONG_KEY_MARK: &str = "~long-key~";

/// The name under which `key` is kept.
///
/// # Errors
/// For keys that no store takes, and for those with segments that file systems and URLs resolve.
pub(super) fn stored(key: &str) -> S3Result<Cow<'_, str>> {
    if key.len() > LONGEST_KEY {
        return Err(s3_error!(KeyTooLongError));
    }
    if key.is_empty() || key.split('/').any(|segment| matches!(segment, "." | ".." | LONG_KEY_MARK)) {
        return Err(s3_error!(InvalidArgument, "this object key is not supported"));
    }
    let is_path = !key.contains('\0') && key.split('/').all(|segment| !segment.is_empty());
    if is_path && key.len() <= SHORT_KEY {
        return Ok(Cow::Borrowed(key));
    }
    Ok(Cow::Owned(format!("{LONG_KEY_MARK}/{}", hex::encode(Sha256::digest(key.as_bytes())))))
}

/// The digest in a stored name, if it is one of a long key.
pub(super) fn digest(stored: &str) -> Option<&str> {
    stored.strip_prefix(LONG_KEY_MARK)?.strip_prefix('/')
}

/// The name of the file with what is known of an object beside its bytes.
pub(super) fn record(bucket: &str, stored: &str) -> String {
    format!("{}.internal.json", side_file(bucket, stored))
}

/// The name of the file in which earlier versions kept an object's attributes.
pub(super) fn earlier_attributes(bucket: &str, stored: &str) -> String {
    format!("{}.metadata.json", side_file(bucket, stored))
}

fn side_file(bucket: &str, stored: &str) -> String {
    let [bucket, stored] = [bucket, stored].map(|name| URL_SAFE_NO_PAD.encode(name));
    format!(".bucket-{bucket}.object-{stored}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_that_are_no_short_paths_are_kept_under_another_name() {
        assert_eq!(stored("guid/file name+.txt").unwrap(), "guid/file name+.txt");
        let long = format!("guid/{}", "x".repeat(300));
        for key in [long.as_str(), "/guid/f", "guid//f", "guid/f/", "guid/\0"] {
            let name = stored(key).unwrap();
            assert!(digest(&name).is_some_and(|digest| digest.len() == 64), "{key}");
            assert!(record("commons-data", &name).len() < 255, "{name}");
        }
        assert_eq!(digest("guid/f"), None);
    }

    #[test]
    fn keys_that_cannot_be_kept_are_refused() {
        for key in [&"x".repeat(1025), "a/../../etc", "./a", "~long-key~/abc", ""] {
            assert!(stored(key).is_err(), "{key}");
        }
    }

    #[test]
    fn the_side_files_of_the_longest_names_are_file_names() {
        let (bucket, key) = ("b".repeat(63), "k".repeat(SHORT_KEY));
        assert!(record(&bucket, &key).len() <= 255);
        assert!(earlier_attributes(&bucket, &key).len() <= 255);
    }
}
