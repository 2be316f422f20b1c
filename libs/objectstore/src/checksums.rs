//! Checksums beside the MD5, as clients name them and objects keep them. Pure.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use crc_fast::{CrcAlgorithm, checksum_combine};
use s3s::{
    S3Result,
    crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256},
    dto::{Checksum, ChecksumAlgorithm, ChecksumType},
    s3_error,
};
use serde::{Deserialize, Serialize};

/// Gives an answer of the protocol the checksums of an object.
macro_rules! set {
    ($output:expr, $checksums:expr) => {{
        let checksums = $checksums;
        $output.checksum_crc32 = checksums.crc32;
        $output.checksum_crc32c = checksums.crc32c;
        $output.checksum_crc64nvme = checksums.crc64nvme;
        $output.checksum_sha1 = checksums.sha1;
        $output.checksum_sha256 = checksums.sha256;
    }};
}
pub(crate) use set;

/// Takes the checksums out of a request of the protocol.
macro_rules! of {
    ($input:expr) => {
        $crate::checksums::Checksums {
            crc32: $input.checksum_crc32.clone(),
            crc32c: $input.checksum_crc32c.clone(),
            crc64nvme: $input.checksum_crc64nvme.clone(),
            sha1: $input.checksum_sha1.clone(),
            sha256: $input.checksum_sha256.clone(),
            kind: None,
        }
    };
}
pub(crate) use of;

/// Checksums in base64.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Checksums {
    #[serde(skip_serializing_if = "Option::is_none", alias = "checksum_crc32")]
    pub(crate) crc32: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", alias = "checksum_crc32c")]
    pub(crate) crc32c: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", alias = "checksum_crc64nvme")]
    pub(crate) crc64nvme: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", alias = "checksum_sha1")]
    pub(crate) sha1: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", alias = "checksum_sha256")]
    pub(crate) sha256: Option<String>,
    /// `None` is of all bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<Composite>,
}

/// A checksum that is made of those of the parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Composite {
    /// As in Amazon S3: the digest of the parts' digests, and their number.
    #[serde(rename = "COMPOSITE")]
    Composite,
}

impl Checksums {
    pub(crate) fn is_empty(&self) -> bool {
        Algorithm::ALL.iter().all(|algorithm| self.get(*algorithm).is_none())
    }

    pub(crate) fn get(&self, algorithm: Algorithm) -> Option<&str> {
        match algorithm {
            Algorithm::Crc32 => self.crc32.as_deref(),
            Algorithm::Crc32c => self.crc32c.as_deref(),
            Algorithm::Crc64Nvme => self.crc64nvme.as_deref(),
            Algorithm::Sha1 => self.sha1.as_deref(),
            Algorithm::Sha256 => self.sha256.as_deref(),
        }
    }

    pub(crate) fn only(algorithm: Algorithm, value: String) -> Self {
        let mut checksums = Self::default();
        *match algorithm {
            Algorithm::Crc32 => &mut checksums.crc32,
            Algorithm::Crc32c => &mut checksums.crc32c,
            Algorithm::Crc64Nvme => &mut checksums.crc64nvme,
            Algorithm::Sha1 => &mut checksums.sha1,
            Algorithm::Sha256 => &mut checksums.sha256,
        } = Some(value);
        checksums
    }

    /// The algorithm of the checksum that is there.
    pub(crate) fn algorithm(&self) -> Option<Algorithm> {
        Algorithm::ALL.into_iter().find(|algorithm| self.get(*algorithm).is_some())
    }

    /// As the protocol names the kind; `None` without checksums.
    pub(crate) fn type_(&self) -> Option<ChecksumType> {
        let name = match self.kind {
            Some(Composite::Composite) => ChecksumType::COMPOSITE,
            None => ChecksumType::FULL_OBJECT,
        };
        (!self.is_empty()).then(|| ChecksumType::from_static(name))
    }
}

impl From<Checksum> for Checksums {
    fn from(given: Checksum) -> Self {
        of!(given)
    }
}

impl From<Checksums> for Checksum {
    fn from(checksums: Checksums) -> Self {
        let mut dto = Self { checksum_type: checksums.type_(), ..Self::default() };
        set!(dto, checksums);
        dto
    }
}

/// An algorithm of a checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Algorithm {
    #[serde(rename = "CRC32")]
    Crc32,
    #[serde(rename = "CRC32C")]
    Crc32c,
    #[serde(rename = "CRC64NVME")]
    Crc64Nvme,
    #[serde(rename = "SHA1")]
    Sha1,
    #[serde(rename = "SHA256")]
    Sha256,
}

impl Algorithm {
    pub(crate) const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// As the protocol names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => ChecksumAlgorithm::CRC32,
            Self::Crc32c => ChecksumAlgorithm::CRC32C,
            Self::Crc64Nvme => ChecksumAlgorithm::CRC64NVME,
            Self::Sha1 => ChecksumAlgorithm::SHA1,
            Self::Sha256 => ChecksumAlgorithm::SHA256,
        }
    }

    /// The algorithm with this name.
    ///
    /// # Errors
    /// 400 for an unknown one.
    pub(crate) fn named(name: &str) -> S3Result<Self> {
        let found = Self::ALL.into_iter().find(|algorithm| algorithm.name() == name);
        found.ok_or_else(|| {
            s3_error!(
                InvalidRequest,
                "Checksum algorithm provided is unsupported. Please try again with any of the valid types: \
                 [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]"
            )
        })
    }

    /// Bytes of a value.
    pub(crate) fn length(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    fn crc(self) -> Option<(CrcAlgorithm, usize)> {
        match self {
            Self::Crc32 => Some((CrcAlgorithm::Crc32IsoHdlc, 4)),
            Self::Crc32c => Some((CrcAlgorithm::Crc32Iscsi, 4)),
            Self::Crc64Nvme => Some((CrcAlgorithm::Crc64Nvme, 8)),
            Self::Sha1 | Self::Sha256 => None,
        }
    }

    /// Whether an upload in parts may have a checksum of all bytes (Amazon S3: only those that can be put
    /// together from the parts').
    pub(crate) fn can_be_of_all(self) -> bool {
        self.crc().is_some()
    }

    /// Whether it may have one made of the parts' checksums.
    pub(crate) fn can_be_composite(self) -> bool {
        self != Self::Crc64Nvme
    }

    fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Crc32 => once(Crc32::new(), bytes),
            Self::Crc32c => once(Crc32c::new(), bytes),
            Self::Crc64Nvme => once(Crc64Nvme::new(), bytes),
            Self::Sha1 => once(Sha1::new(), bytes),
            Self::Sha256 => once(Sha256::new(), bytes),
        }
    }
}

fn once<C: s3s::crypto::Checksum>(mut checksum: C, bytes: &[u8]) -> Vec<u8> {
    checksum.update(bytes);
    checksum.finalize().as_ref().to_vec()
}

/// The checksum of parts' checksums, as Amazon S3 makes it; `None` when one cannot be read.
pub(crate) fn composite<'p>(algorithm: Algorithm, parts: impl Iterator<Item = &'p str>) -> Option<String> {
    let (mut digests, mut count) = (Vec::new(), 0);
    for part in parts {
        digests.extend(STANDARD.decode(part).ok()?);
        count += 1;
    }
    Some(format!("{}-{count}", STANDARD.encode(algorithm.digest(&digests))))
}

/// The checksum of all bytes, from the parts' checksums and sizes; `None` when it cannot be made of them.
pub(crate) fn joined<'p>(
    algorithm: Algorithm,
    mut parts: impl Iterator<Item = (&'p str, u64)>,
) -> Option<String> {
    let (crc, width) = algorithm.crc()?;
    let number = |text: &str| {
        let bytes = STANDARD.decode(text).ok().filter(|bytes| bytes.len() == width)?;
        Some(bytes.into_iter().fold(0_u64, |number, byte| number << 8 | u64::from(byte)))
    };
    let mut whole = number(parts.next()?.0)?;
    for (part, size) in parts {
        whole = checksum_combine(crc, whole, number(part)?, size);
    }
    Some(STANDARD.encode(whole.to_be_bytes().get(8 - width..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_of_parts_become_that_of_all_bytes() {
        let (first, second) = (vec![7_u8; 100_000], b"the rest".to_vec());
        for algorithm in Algorithm::ALL {
            let [a, b] = [&first, &second].map(|bytes| STANDARD.encode(algorithm.digest(bytes)));
            let parts = [(a.as_str(), first.len() as u64), (b.as_str(), second.len() as u64)];
            let whole = STANDARD.encode(algorithm.digest(&[first.clone(), second.clone()].concat()));
            let found = joined(algorithm, parts.into_iter());
            assert_eq!(found, algorithm.can_be_of_all().then_some(whole), "{algorithm:?}");
        }
        assert_eq!(joined(Algorithm::Crc32, [("%", 1)].into_iter()), None);
    }

    #[test]
    fn a_composite_checksum_is_that_of_the_digests_and_says_how_many() {
        let parts = ["NhCmhg==", "nmdi9w=="];
        let digests: Vec<u8> = parts.iter().flat_map(|part| STANDARD.decode(part).unwrap()).collect();
        let wanted = format!("{}-2", STANDARD.encode(Algorithm::Crc32.digest(&digests)));
        assert_eq!(composite(Algorithm::Crc32, parts.into_iter()), Some(wanted));
    }
}
