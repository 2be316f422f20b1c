//! The parts of an upload, and which of them a client wants. Pure.

use std::{path::PathBuf, time::SystemTime};

use base64::{Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

use crate::checksums::{Algorithm, Checksums};

/// Every part but the last has at least this many bytes (Amazon S3).
const SMALLEST_PART: u64 = 5 * 1024 * 1024;
/// The largest number of a part (Amazon S3).
const LAST_PART: i32 = 10_000;

/// A part as the client names it at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wanted {
    pub(crate) number: i32,
    pub(crate) e_tag: String,
    /// Those that the client gives once more.
    #[serde(default, skip_serializing_if = "Checksums::is_empty")]
    pub(crate) checksums: Checksums,
}

/// A part that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) number: i32,
    /// The MD5 of its bytes, in hexadecimal digits.
    pub(crate) e_tag: String,
    pub(crate) size: u64,
    pub(crate) modified: SystemTime,
    pub(crate) checksums: Checksums,
    pub(crate) path: PathBuf,
}

/// The parts that are wanted, of those that are there, which are in the order of their numbers.
///
/// # Errors
/// 400 as Amazon S3 for a list that is empty, not in order, or names parts that are not there or too small.
pub(crate) fn choose(wanted: &[Wanted], there: &[Part]) -> S3Result<Vec<Part>> {
    if wanted.is_empty() {
        return Err(s3_error!(MalformedXML));
    }
    if !wanted.is_sorted_by(|a, b| a.number < b.number) {
        return Err(s3_error!(InvalidPartOrder));
    }
    let mut chosen = Vec::with_capacity(wanted.len());
    for (index, part) in wanted.iter().enumerate() {
        let from = there.partition_point(|found| found.number < part.number);
        let mut same_number = there.iter().skip(from).take_while(|found| found.number == part.number);
        let Some(found) = same_number.find(|found| found.e_tag == part.e_tag) else {
            return Err(s3_error!(InvalidPart));
        };
        for algorithm in Algorithm::ALL {
            let (wanted, there) = (part.checksums.get(algorithm), found.checksums.get(algorithm));
            if wanted.is_some() && wanted != there {
                return Err(s3_error!(InvalidPart));
            }
        }
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
pub(crate) fn part_number(number: i32) -> S3Result<i32> {
    if (1..=LAST_PART).contains(&number) {
        Ok(number)
    } else {
        Err(s3_error!(
            InvalidArgument,
            "Part number must be an integer between 1 and {LAST_PART}, inclusive."
        ))
    }
}

/// The name of a part's file: what is known of the part is in it.
pub(crate) fn file_name(number: i32, e_tag: &str, checksums: &Checksums) -> String {
    let mut name = format!("part-{number:05}-{e_tag}");
    if let Some(algorithm) = checksums.algorithm() {
        let value =
            checksums.get(algorithm).and_then(|value| STANDARD.decode(value).ok()).unwrap_or_default();
        name.extend(["-", algorithm.name(), "."]);
        URL_SAFE_NO_PAD.encode_string(value, &mut name);
    }
    name
}

/// Number, entity tag and checksum of the part with this file name.
pub(crate) fn read_file_name(name: &str) -> Option<(i32, String, Checksums)> {
    let (number, rest) = name.strip_prefix("part-")?.split_once('-')?;
    let (e_tag, checksum) = rest.split_once('-').map_or((rest, None), |(e_tag, rest)| (e_tag, Some(rest)));
    let checksums = match checksum {
        Some(checksum) => {
            let (algorithm, value) = checksum.split_once('.')?;
            let value = STANDARD.encode(URL_SAFE_NO_PAD.decode(value).ok()?);
            Checksums::only(Algorithm::named(algorithm).ok()?, value)
        }
        None => Checksums::default(),
    };
    Some((number.parse().ok()?, e_tag.to_owned(), checksums))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(number: i32, size: u64) -> Part {
        let (e_tag, modified, path) = (format!("tag{number}"), SystemTime::UNIX_EPOCH, PathBuf::new());
        Part { number, e_tag, size, modified, checksums: Checksums::default(), path }
    }

    fn wanted(numbers: &[i32]) -> Vec<Wanted> {
        let wanted = |number: &i32| Wanted {
            number: *number,
            e_tag: format!("tag{number}"),
            checksums: Checksums::default(),
        };
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
        let other = [Wanted { e_tag: "tag2".into(), ..wanted(&[1])[0].clone() }];
        assert_eq!(code(&other, &there).as_deref(), Some("InvalidPart"), "another ETag");
        assert_eq!(code(&wanted(&[1, 2]), &[part(1, 1), part(2, 1)]).as_deref(), Some("EntityTooSmall"));
        for number in [0, -1, 10_001, i32::MAX, i32::MIN] {
            assert!(part_number(number).is_err());
        }
    }
    #[test]
    fn the_name_of_a_part_says_what_is_known_of_it() {
        let sha256 = Checksums::only(Algorithm::Sha256, STANDARD.encode([251; 32]));
        for checksums in [Checksums::default(), sha256] {
            let name = file_name(10_000, &"f".repeat(32), &checksums);
            assert!(name.len() < 255, "{name}");
            assert_eq!(read_file_name(&name), Some((10_000, "f".repeat(32), checksums)));
        }
        // As earlier versions wrote it.
        assert_eq!(read_file_name("part-00002-ab"), Some((2, "ab".into(), Checksums::default())));
        for stranger in ["upload.json", "part-", "part-x-ab", "part-1-ab-CRC13.AAAA", "part-1-ab-CRC32"] {
            assert_eq!(read_file_name(stranger), None, "{stranger}");
        }
    }
}
