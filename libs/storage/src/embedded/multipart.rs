//! Multipart uploads: the checks that `s3s-fs` does not make before it begins to take an upload apart.

use std::{
    collections::HashMap,
    io,
    path::Path,
    time::{Duration, SystemTime},
};

use s3s::{
    S3Error, S3ErrorCode, S3Result,
    dto::{CompletedPart, Part},
    s3_error,
};
use sha2::{Digest as _, Sha256};

/// Every part but the last has at least this many bytes (Amazon S3).
const SMALLEST_PART: i64 = 5 * 1024 * 1024;
/// Parts of uploads that were never ended are deleted when they are this old, at the next start.
const LONGEST_UPLOAD: Duration = Duration::from_secs(7 * 24 * 3600);

/// The upload id that clients see: it holds for one object only. Without it whoever may upload anything could
/// end an upload of their own under the key of somebody else's object.
pub(super) fn sealed(upload: &str, bucket: &str, key: &str) -> String {
    format!("{upload}.{}", seal(bucket, key))
}

/// The inner upload id of one that clients see.
pub(super) fn opened(sealed: &str, bucket: &str, key: &str) -> S3Result<String> {
    match sealed.split_once('.') {
        Some((upload, mark)) if mark == seal(bucket, key) => Ok(upload.to_owned()),
        _ => Err(s3_error!(NoSuchUpload)),
    }
}

fn seal(bucket: &str, key: &str) -> String {
    let digest = Sha256::digest(format!("{bucket}/{key}").as_bytes());
    hex::encode(digest.get(..8).unwrap_or_default())
}

/// There is one access key, so "access denied" can only mean that there is no such upload.
pub(super) fn unknown_upload(error: S3Error) -> S3Error {
    match error.code() {
        S3ErrorCode::AccessDenied => s3_error!(NoSuchUpload),
        _ => error,
    }
}

/// Whether an upload can be ended with `wanted`, of the parts that are `there`. Ending it destroys it, so a
/// mistake must be found before.
pub(super) fn check_parts(wanted: &[CompletedPart], there: &[Part]) -> S3Result<()> {
    let sizes: HashMap<i32, i64> = there.iter().filter_map(|part| part.part_number.zip(part.size)).collect();
    if wanted.is_empty() {
        return Err(s3_error!(InvalidPart, "at least one part is needed"));
    }
    for (index, part) in (1..).zip(wanted) {
        let number = part.part_number.unwrap_or_default();
        if number != index {
            return Err(s3_error!(InvalidPartOrder, "parts are numbered from 1 without gaps, in order"));
        }
        let Some(size) = sizes.get(&number) else { return Err(s3_error!(InvalidPart)) };
        let is_last = usize::try_from(number).is_ok_and(|number| number == wanted.len());
        if !is_last && *size < SMALLEST_PART {
            return Err(s3_error!(EntityTooSmall));
        }
    }
    Ok(())
}

/// Deletes what is left of uploads that were begun long ago and never ended.
pub(super) fn forget_old(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let of_an_upload =
            name.starts_with(".upload") || (name.starts_with(".bucket-") && name.contains(".upload-"));
        if !of_an_upload || !entry.file_type()?.is_file() {
            continue;
        }
        let age = SystemTime::now().duration_since(entry.metadata()?.modified()?).unwrap_or_default();
        if age > LONGEST_UPLOAD {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(numbers: &[i32]) -> Vec<CompletedPart> {
        let part = |number: &i32| CompletedPart { part_number: Some(*number), ..CompletedPart::default() };
        numbers.iter().map(part).collect()
    }

    fn there(sizes: &[i64]) -> Vec<Part> {
        let part = |(number, size): (i32, &i64)| Part {
            part_number: Some(number),
            size: Some(*size),
            ..Part::default()
        };
        (1..).zip(sizes).map(part).collect()
    }

    #[test]
    fn mistakes_are_found_before_the_upload_is_taken_apart() {
        let code = |wanted: &[CompletedPart], there: &[Part]| {
            check_parts(wanted, there).map_err(|error| error.code().as_str().to_owned()).err()
        };
        let there = there(&[SMALLEST_PART, SMALLEST_PART, 1]);
        assert_eq!(code(&wanted(&[1, 2, 3]), &there), None);
        assert_eq!(code(&wanted(&[1, 2]), &there), None);
        assert_eq!(code(&wanted(&[]), &there).unwrap(), "InvalidPart");
        assert_eq!(code(&wanted(&[1, 2, 3]), &there[..2]).unwrap(), "InvalidPart");
        assert_eq!(code(&wanted(&[2, 1]), &there).unwrap(), "InvalidPartOrder");
        assert_eq!(code(&wanted(&[1, 3]), &there).unwrap(), "InvalidPartOrder");
        let small = self::there(&[1, 1]);
        assert_eq!(code(&wanted(&[1, 2]), &small).unwrap(), "EntityTooSmall");
    }

    #[test]
    fn an_upload_id_holds_for_one_object_only() {
        let id = sealed("u", "b", "k");
        assert_eq!(opened(&id, "b", "k").unwrap(), "u");
        for (bucket, key) in [("b", "l"), ("c", "k")] {
            assert_eq!(opened(&id, bucket, key).unwrap_err().code().as_str(), "NoSuchUpload");
        }
        assert!(opened("u", "b", "k").is_err());
    }

    #[test]
    fn only_what_is_old_and_of_an_upload_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let old = SystemTime::now() - LONGEST_UPLOAD - Duration::from_secs(60);
        for (name, modified) in [
            (".upload_id-x.part-1", old),
            (".upload-x.json", old),
            (".bucket-b.object-o.upload-x.metadata.json", old),
            (".upload_id-y.part-1", SystemTime::now()),
            (".bucket-b.object-o.metadata.json", old),
        ] {
            let file = std::fs::File::create(folder.path().join(name)).unwrap();
            file.set_modified(modified).unwrap();
        }
        forget_old(folder.path()).unwrap();
        let mut left: Vec<String> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, [".bucket-b.object-o.metadata.json", ".upload_id-y.part-1"]);
    }
}
