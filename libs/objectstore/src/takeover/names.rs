//! The names of the earlier format.
//!
//! A key was a path below its bucket's folder; one that was too long for a file name, or that no path could
//! tell from another key, was kept under its digest, and its real name beside the buckets.

use std::{collections::HashSet, fs, io, path::Path};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// Folder of the real names of long keys.
pub(super) const LONG_KEYS: &str = ".long-keys";
/// Segment of a stored name that stands for a long key.
const LONG_KEY_MARK: &str = "~long-key~";

/// The digest in a stored name, if it is one of a long key.
pub(super) fn digest(stored: &str) -> Option<&str> {
    stored.strip_prefix(LONG_KEY_MARK)?.strip_prefix('/')
}

/// The name of the file with what is known of an object beside its bytes.
pub(super) fn record(bucket: &str, stored: &str) -> String {
    format!("{}.internal.json", side_file(bucket, stored))
}

/// The name of the file in which still earlier versions kept an object's attributes.
pub(super) fn attributes(bucket: &str, stored: &str) -> String {
    format!("{}.metadata.json", side_file(bucket, stored))
}

fn side_file(bucket: &str, stored: &str) -> String {
    let [bucket, stored] = [bucket, stored].map(|name| URL_SAFE_NO_PAD.encode(name));
    format!(".bucket-{bucket}.object-{stored}")
}

/// Whether this is the name of something beside an object.
pub(super) fn is_side_file(name: &str) -> bool {
    name.starts_with(".bucket-") && name.ends_with(".json")
}

/// The bucket of an object beside which this is the name of something.
fn bucket_of(name: &str) -> Option<String> {
    let (bucket, _) = name.strip_prefix(".bucket-")?.split_once(".object-")?;
    String::from_utf8(URL_SAFE_NO_PAD.decode(bucket).ok()?).ok()
}

/// The buckets of which a folder has records of the earlier format.
///
/// # Errors
/// When it cannot be read.
pub(super) fn buckets_with_records(root: &Path) -> io::Result<HashSet<String>> {
    let mut buckets = HashSet::new();
    for entry in fs::read_dir(root)? {
        let name = entry?.file_name();
        buckets.extend(name.to_str().filter(|name| is_side_file(name)).and_then(bucket_of));
    }
    Ok(buckets)
}

/// Whether this is what versions without a folder for uploads left of unfinished ones. Their ids said too
/// little to be believed, so that nobody can end them.
pub(super) fn is_of_a_lost_upload(name: &str) -> bool {
    name.starts_with(".upload_id-")
        || name.starts_with(".upload-")
        || (name.starts_with(".bucket-") && name.contains(".upload-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_earlier_format_are_known() {
        assert_eq!(record("uploads", "guid/f"), ".bucket-dXBsb2Fkcw.object-Z3VpZC9m.internal.json");
        assert!(is_side_file(&attributes("uploads", "guid/f")));
        assert!(!is_side_file(".uploads"));
        assert_eq!(bucket_of(&record("uploads", "guid/f")).as_deref(), Some("uploads"));
        assert_eq!(bucket_of(".bucket-%.object-Z3VpZC9m.internal.json"), None);
        assert_eq!(digest("~long-key~/abc"), Some("abc"));
        assert_eq!(digest("guid/f"), None);
        assert!(is_of_a_lost_upload(".upload-00000000-0000-0000-0000-000000000000.json"));
        assert!(!is_of_a_lost_upload(".uploads"));
    }
}
