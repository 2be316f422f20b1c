//! The hashes of bytes as they pass by. Pure.

use indexmap::IndexMap;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};

/// The hashes that can be compared with those of a record.
pub(crate) const KNOWN: [&str; 5] = ["md5", "sha1", "sha256", "sha512", "crc"];

/// SHA-256, and whichever others a record has.
#[derive(Default)]
pub(crate) struct Digests {
    size: u64,
    sha256: Sha256,
    md5: Option<Md5>,
    sha1: Option<Sha1>,
    sha512: Option<Sha512>,
    crc: Option<u32>,
}

/// What the bytes were.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Summed {
    pub(crate) size: u64,
    pub(crate) sha256: String,
    /// Those of the record, as they were found.
    found: Vec<(&'static str, String)>,
}

impl Digests {
    /// Those that are compared with `hashes`.
    pub(crate) fn of(hashes: &IndexMap<String, String>) -> Self {
        let has = |name: &str| hashes.contains_key(name);
        Self {
            md5: has("md5").then(Md5::new),
            sha1: has("sha1").then(Sha1::new),
            sha512: has("sha512").then(Sha512::new),
            crc: has("crc").then_some(0),
            ..Self::default()
        }
    }

    pub(crate) fn update(&mut self, piece: &[u8]) {
        self.size += piece.len() as u64;
        self.sha256.update(piece);
        if let Some(md5) = &mut self.md5 {
            md5.update(piece);
        }
        if let Some(sha1) = &mut self.sha1 {
            sha1.update(piece);
        }
        if let Some(sha512) = &mut self.sha512 {
            sha512.update(piece);
        }
        if let Some(crc) = &mut self.crc {
            *crc = crc32c::crc32c_append(*crc, piece);
        }
    }

    pub(crate) fn finish(self) -> Summed {
        let sha256 = hex::encode(self.sha256.finalize());
        let mut found = vec![("sha256", sha256.clone())];
        found.extend(self.md5.map(|md5| ("md5", hex::encode(md5.finalize()))));
        found.extend(self.sha1.map(|sha1| ("sha1", hex::encode(sha1.finalize()))));
        found.extend(self.sha512.map(|sha512| ("sha512", hex::encode(sha512.finalize()))));
        // CRC-32C, as uploads are indexed with it.
        found.extend(self.crc.map(|crc| ("crc", format!("{crc:08x}"))));
        Summed { size: self.size, sha256, found }
    }
}

impl Summed {
    /// What differs from what a record says; nothing if it is the same.
    pub(crate) fn difference(&self, size: Option<i64>, hashes: &IndexMap<String, String>) -> Option<String> {
        let wanted = size.and_then(|size| u64::try_from(size).ok());
        if wanted != Some(self.size) {
            let told = wanted.map_or_else(|| "none".to_owned(), |size| size.to_string());
            return Some(format!("size {} instead of {told}", self.size));
        }
        let differs = |(kind, found): &&(&'static str, String)| {
            hashes.get(*kind).is_some_and(|wanted| !wanted.eq_ignore_ascii_case(found))
        };
        let (kind, found) = self.found.iter().find(differs)?;
        let wanted = hashes.get(*kind).map(String::as_str).unwrap_or_default();
        Some(format!("{kind} {found} instead of {wanted}"))
    }
}

/// One hash of a record as reports show it, `md5:…`; the strongest.
pub(crate) fn shown(hashes: &IndexMap<String, String>) -> Option<String> {
    ["sha512", "sha256", "sha1", "md5", "crc"]
        .iter()
        .find_map(|kind| hashes.get(*kind).map(|value| format!("{kind}:{value}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_record_says_is_compared_and_nothing_else() {
        let hashes: IndexMap<String, String> = [
            ("md5", "25F9E794323B453885F5181F1B624D0B"),
            ("sha1", "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
            ("crc", "e3069283"),
            ("etag", "whatever"),
        ]
        .map(|(kind, value)| (kind.to_owned(), value.to_owned()))
        .into();
        let summed = |pieces: &[&[u8]]| {
            let mut digests = Digests::of(&hashes);
            pieces.iter().for_each(|piece| digests.update(piece));
            digests.finish()
        };
        let same = summed(&[b"1234", b"", b"56789"]);
        assert_eq!(same.sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
        assert_eq!(same.difference(Some(9), &hashes), None);
        assert_eq!(same.difference(Some(8), &hashes).unwrap(), "size 9 instead of 8");
        assert_eq!(same.difference(None, &hashes).unwrap(), "size 9 instead of none");
        let other = summed(&[b"12345678X"]).difference(Some(9), &hashes).unwrap();
        assert!(other.starts_with("md5 ") && other.contains("instead of 25F9"), "{other}");
        assert_eq!(shown(&hashes).unwrap(), "sha1:f7c3bc1d808e04732adf679965ccc34ca7ae3441");
    }
}
