//! The parts of an upload, and which of them a client wants. Pure.

use std::{path::PathBuf, time::SystemTime};

use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

/// Every part but the last has at least this many bytes (Amazon S3).
const SMALLEST_PART: u64 = 5 * 1024 * 1024;
/// The largest number of a part (Amazon S3).
const LAST_PART: i32 = 10_000;

/// A part as the client names it at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Wanted {
    pub(super) number: i32,
    pub(super) e_tag: String,
}

/// A part that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) number: i32,
    /// The MD5 of its bytes, in hexadecimal digits.
    pub(super) e_tag: String,
    pub(super) size: u64,
    pub(super) modified: SystemTime,
    pub(super) path: PathBuf,
}

/// The parts that are wanted, of those that are there.
///
/// # Errors
/// 400 as Amazon S3 for a list that is empty, not in order, or names parts that are not there or too small.
pub(super) fn choose(wanted: &[Wanted], there: &[Part]) -> S3Result<Vec<Part>> {
    if wanted.is_empty() {
        return Err(s3_error!(MalformedXML, "at least one part is needed"));
    }
    if !wanted.is_sorted_by(|a, b| a.number < b.number) {
        return Err(s3_error!(InvalidPartOrder, "parts are listed in the order of their numbers, once each"));
    }
    let mut chosen = Vec::with_capacity(wanted.len());
    for (index, part) in wanted.iter().enumerate() {
        let is_this = |found: &&Part| found.number == part.number && found.e_tag == part.e_tag;
        let Some(found) = there.iter().find(is_this) else {
            return Err(s3_error!(InvalidPart, "part {} is not there with this ETag", part.number));
        };
        if index + 1 < wanted.len() && found.size < SMALLEST_PART {
            return Err(s3_error!(EntityTooSmall));
        }
        chosen.push(found.clone());
    }
    Ok(chosen)
}

/// A part's number.
///
/// # Errors
/// 400 when it cannot be one.
pub(super) fn part_number(number: i32) -> S3Result<i32> {
    if (1..=LAST_PART).contains(&number) {
        Ok(number)
    } else {
        Err(s3_error!(InvalidArgument, "a part number is between 1 and {LAST_PART}"))
    }
}

/// The name of a part's file.
pub(super) fn file_name(number: i32, e_tag: &str) -> String {
    format!("part-{number:05}-{e_tag}")
}

/// Number and entity tag of the part with this file name.
pub(super) fn read_file_name(name: &str) -> Option<(i32, String)> {
    let (number, e_tag) = name.strip_prefix("part-")?.split_once('-')?;
    Some((number.parse().ok()?, e_tag.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(number: i32, size: u64) -> Part {
        let (e_tag, modified, path) = (format!("tag{number}"), SystemTime::UNIX_EPOCH, PathBuf::new());
        Part { number, e_tag, size, modified, path }
    }

    fn wanted(numbers: &[i32]) -> Vec<Wanted> {
        let wanted = |number: &i32| Wanted { number: *number, e_tag: format!("tag{number}") };
        numbers.iter().map(wanted).collect()
    }

    #[test]
    fn mistakes_in_the_list_of_parts_are_found() {
        let code = |wanted: &[Wanted], there: &[Part]| {
            choose(wanted, there).map_err(|error| error.code().as_str().to_owned()).err()
        };
        let there = [part(1, SMALLEST_PART), part(2, SMALLEST_PART), part(7, 1)];
        assert_eq!(code(&wanted(&[1, 2, 7]), &there), None);
        assert_eq!(code(&wanted(&[1, 7]), &there), None, "numbers may have gaps");
        assert_eq!(code(&wanted(&[2]), &there), None);
        for (numbers, reason) in [
            (&[][..], "MalformedXML"),
            (&[1, 3], "InvalidPart"),
            (&[2, 1], "InvalidPartOrder"),
            (&[1, 1], "InvalidPartOrder"),
            (&[-1], "InvalidPart"),
        ] {
            assert_eq!(code(&wanted(numbers), &there).as_deref(), Some(reason), "{numbers:?}");
        }
        let other = [Wanted { number: 1, e_tag: "tag2".into() }];
        assert_eq!(code(&other, &there).as_deref(), Some("InvalidPart"), "another ETag");
        assert_eq!(code(&wanted(&[1, 2]), &[part(1, 1), part(2, 1)]).as_deref(), Some("EntityTooSmall"));
        for number in [0, -1, 10_001, i32::MAX, i32::MIN] {
            assert!(part_number(number).is_err());
        }
    }
}
