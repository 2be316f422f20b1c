//! Computes the hashes that the index keeps of a file, all in one pass.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};

/// The size and hashes of what was read so far.
#[derive(Clone, Default)]
pub(super) struct Digests {
    size: u64,
    md5: Md5,
    sha1: Sha1,
    sha256: Sha256,
    sha512: Sha512,
    crc: u32,
}

/// What is known of a file that was read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) size: u64,
    /// Pairs of hash type and value, in lower-case hexadecimal.
    pub(super) hashes: Vec<(String, String)>,
}

impl Digests {
    pub(super) fn update(&mut self, piece: &[u8]) {
        self.size += piece.len() as u64;
        self.md5.update(piece);
        self.sha1.update(piece);
        self.sha256.update(piece);
        self.sha512.update(piece);
        self.crc = crc32c::crc32c_append(self.crc, piece);
    }

    /// `crc` is CRC-32C (Castagnoli), as the original job computes it.
    pub(super) fn finish(self) -> Summary {
        let hashes = [
            ("md5", hex::encode(self.md5.finalize())),
            ("sha1", hex::encode(self.sha1.finalize())),
            ("sha256", hex::encode(self.sha256.finalize())),
            ("sha512", hex::encode(self.sha512.finalize())),
            ("crc", format!("{:08x}", self.crc)),
        ];
        Summary { size: self.size, hashes: hashes.map(|(kind, value)| (kind.to_owned(), value)).to_vec() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_summed_up_to_the_known_hashes_of_the_whole() {
        let mut digests = Digests::default();
        digests.update(b"1234");
        digests.update(b"");
        digests.update(b"56789");
        let summary = digests.finish();
        let hash = |kind: &str| summary.hashes.iter().find(|(k, _)| k == kind).unwrap().1.as_str();
        assert_eq!(summary.size, 9);
        assert_eq!(hash("md5"), "25f9e794323b453885f5181f1b624d0b");
        assert_eq!(hash("sha1"), "f7c3bc1d808e04732adf679965ccc34ca7ae3441");
        assert_eq!(hash("sha256"), "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
        assert_eq!(hash("crc"), "e3069283", "the check value of CRC-32C");
        assert_eq!(hash("sha512").len(), 128);
    }
}
