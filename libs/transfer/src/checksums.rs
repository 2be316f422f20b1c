//! Checksums of bytes, and those that a record has.

use std::{fs::File, io::Read as _, path::Path};

use aws_lc_rs::digest;
use md5::{Digest as _, Md5};

use crate::error::TransferError;

/// What is read at once.
const PIECE: usize = 1024 * 1024;

/// A checksum that can be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Algorithm {
    /// CRC-32C (Castagnoli), which indexd calls `crc`.
    Crc32c,
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// By the names that indexd (`sha256`, `crc`) and DRS (`sha-256`, `crc32c`) have for it.
    #[must_use]
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().replace(['-', '_'], "").as_str() {
            "md5" | "md5sum" => Self::Md5,
            "sha1" => Self::Sha1,
            "sha256" => Self::Sha256,
            "sha512" => Self::Sha512,
            "crc" | "crc32c" => Self::Crc32c,
            _ => return None,
        })
    }

    /// As people write it.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Crc32c => "crc32c",
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    fn digits(self) -> usize {
        match self {
            Self::Crc32c => 8,
            Self::Md5 => 32,
            Self::Sha1 => 40,
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }
}

/// Which checksums of a record are compared with the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verify {
    /// The strongest that the record has.
    Strongest,
    /// All that the record has.
    All,
    /// None; only the size.
    Size,
}

/// The checksums that a record has, in lower case hexadecimal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checksums(Vec<(Algorithm, String)>);

impl Checksums {
    /// Takes those that can be computed and have their form; others say nothing about the bytes.
    pub fn of(named: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut known: Vec<(Algorithm, String)> = named
            .into_iter()
            .filter_map(|(name, value)| {
                let algorithm = Algorithm::named(&name)?;
                let value = value.trim().to_ascii_lowercase();
                let is_hex =
                    value.len() == algorithm.digits() && value.bytes().all(|b| b.is_ascii_hexdigit());
                is_hex.then_some((algorithm, value))
            })
            .collect();
        known.sort();
        known.dedup();
        Self(known)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that are compared, the strongest last.
    pub(crate) fn chosen(&self, verify: Verify) -> &[(Algorithm, String)] {
        match verify {
            Verify::All => &self.0,
            Verify::Strongest => &self.0[self.0.len().saturating_sub(1)..],
            Verify::Size => &[],
        }
    }
}

enum Running {
    Crc32c(u32),
    Md5(Box<Md5>),
    Other(Algorithm, digest::Context),
}

/// Computes several checksums of the same bytes.
pub(crate) struct Hasher(Vec<Running>);

impl Hasher {
    pub(crate) fn of(algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        let begin = |algorithm| match algorithm {
            Algorithm::Crc32c => Running::Crc32c(0),
            Algorithm::Md5 => Running::Md5(Box::default()),
            Algorithm::Sha1 => {
                Running::Other(algorithm, digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY))
            }
            Algorithm::Sha256 => Running::Other(algorithm, digest::Context::new(&digest::SHA256)),
            Algorithm::Sha512 => Running::Other(algorithm, digest::Context::new(&digest::SHA512)),
        };
        Self(algorithms.into_iter().map(begin).collect())
    }

    pub(crate) fn update(&mut self, piece: &[u8]) {
        for running in &mut self.0 {
            match running {
                Running::Crc32c(sum) => *sum = crc32c::crc32c_append(*sum, piece),
                Running::Md5(md5) => md5.update(piece),
                Running::Other(_, context) => context.update(piece),
            }
        }
    }

    /// Adds what is left of a file, and says how many bytes that were.
    pub(crate) fn read(&mut self, path: &Path, file: &mut File) -> Result<u64, TransferError> {
        let (mut piece, mut all) = (vec![0; PIECE], 0);
        loop {
            match file.read(&mut piece) {
                Ok(0) => return Ok(all),
                Ok(read) => {
                    self.update(&piece[..read]);
                    all += read as u64;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(TransferError::file(path, error)),
            }
        }
    }

    pub(crate) fn finish(self) -> Vec<(Algorithm, String)> {
        let end = |running| match running {
            Running::Crc32c(sum) => (Algorithm::Crc32c, format!("{sum:08x}")),
            Running::Md5(md5) => (Algorithm::Md5, hex::encode(md5.finalize())),
            Running::Other(algorithm, context) => (algorithm, hex::encode(context.finish())),
        };
        self.0.into_iter().map(end).collect()
    }
}

/// Compares what was expected with what was found.
///
/// # Errors
/// The first difference.
pub(crate) fn compare(
    expected: &[(Algorithm, String)],
    found: &[(Algorithm, String)],
) -> Result<(), TransferError> {
    for (algorithm, expected) in expected {
        if let Some((_, found)) = found.iter().find(|(other, _)| other == algorithm)
            && found != expected
        {
            let (expected, found) = (expected.clone(), found.clone());
            return Err(TransferError::Mismatch { algorithm: algorithm.name(), expected, found });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standards() {
        let mut hasher = Hasher::of([
            Algorithm::Crc32c,
            Algorithm::Md5,
            Algorithm::Sha1,
            Algorithm::Sha256,
            Algorithm::Sha512,
        ]);
        hasher.update(b"1234");
        hasher.update(b"56789");
        let found: Vec<String> = hasher.finish().into_iter().map(|(_, value)| value).collect();
        assert_eq!(found[0], "e3069283", "the check value of CRC-32C");
        assert_eq!(found[1], "25f9e794323b453885f5181f1b624d0b");
        assert_eq!(found[2], "f7c3bc1d808e04732adf679965ccc34ca7ae3441");
        assert_eq!(found[3], "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
        assert!(found[4].starts_with("d9e6762dd1c8eaf6d61b3c6192fc408d"));
    }

    #[test]
    fn of_a_record_the_strongest_is_chosen_and_what_is_none_is_left_out() {
        let named = |all: &[(&str, &str)]| {
            Checksums::of(all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
        };
        let (md5, sha) = ("A".repeat(32), "b".repeat(64));
        let all = named(&[("sha-256", &sha), ("md5", &md5), ("etag", "x"), ("sha1", "short")]);
        assert_eq!(all.chosen(Verify::Strongest), [(Algorithm::Sha256, sha.clone())]);
        assert_eq!(all.chosen(Verify::All), [(Algorithm::Md5, md5.to_lowercase()), (Algorithm::Sha256, sha)]);
        assert_eq!(all.chosen(Verify::Size), []);
        assert!(named(&[("md5", "zz")]).is_empty());
        assert_eq!(named(&[]).chosen(Verify::Strongest), []);
    }

    #[test]
    fn a_difference_is_told_with_both_sides() {
        let sum = |value: &str| vec![(Algorithm::Md5, value.to_owned())];
        assert!(compare(&sum("a"), &sum("a")).is_ok());
        let told = compare(&sum("a"), &sum("b")).unwrap_err().to_string();
        assert_eq!(told, "the md5 of the bytes is b, and the record says a");
    }
}
