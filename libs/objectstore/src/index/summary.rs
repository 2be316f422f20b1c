//! What the index has of an object: what a list says of it. Pure.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use uuid::Uuid;

use crate::{
    checksums::{Algorithm, Composite},
    record::{Record, nanoseconds},
    version::Version,
};

/// Two numbers of eight bytes, and one for the checksum.
const FIXED: usize = 17;
/// Marks a checksum that is made of those of the parts.
const COMPOSITE: u8 = 0x80;
/// Marks a version, whose name follows.
const VERSIONED: u8 = 0x40;

/// An object in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) size: u64,
    pub(crate) modified: SystemTime,
    pub(crate) checksum: Option<(Algorithm, Option<Composite>)>,
    pub(crate) version: Version,
    pub(crate) e_tag: String,
}

impl Summary {
    pub(super) fn of(record: &Record) -> Self {
        let checksum = record.checksums.algorithm().map(|algorithm| (algorithm, record.checksums.kind));
        let (modified, version) = (record.modified(), record.version());
        Self { size: record.size, modified, checksum, version, e_tag: record.e_tag.clone() }
    }

    /// The numbers, the version unless it is `null`, and the entity tag.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut text = Vec::with_capacity(FIXED + self.e_tag.len());
        text.extend(self.size.to_le_bytes());
        text.extend(nanoseconds(self.modified).to_le_bytes());
        let place = |(chosen, kind): (Algorithm, Option<Composite>)| {
            let place = Algorithm::ALL.iter().position(|algorithm| *algorithm == chosen).unwrap_or_default();
            u8::try_from(place + 1).unwrap_or_default() | if kind.is_some() { COMPOSITE } else { 0 }
        };
        let checksum = self.checksum.map_or(0, place);
        match self.version {
            Version::Null => text.push(checksum),
            Version::Of(id) => {
                text.push(checksum | VERSIONED);
                text.extend(id.as_bytes());
            }
        }
        text.extend(self.e_tag.as_bytes());
        text
    }

    pub(super) fn decode(text: &[u8]) -> Self {
        let (numbers, rest) = text.split_at(text.len().min(FIXED));
        let number = |from: usize| {
            let bytes = numbers.get(from..from + 8).and_then(|bytes| bytes.try_into().ok());
            u64::from_le_bytes(bytes.unwrap_or_default())
        };
        let modified = UNIX_EPOCH + Duration::from_nanos(number(8));
        let code = numbers.get(16).copied().unwrap_or_default();
        let algorithm = usize::from(code & !(COMPOSITE | VERSIONED))
            .checked_sub(1)
            .and_then(|place| Algorithm::ALL.get(place));
        let kind = (code & COMPOSITE != 0).then_some(Composite::Composite);
        let checksum = algorithm.map(|algorithm| (*algorithm, kind));
        let (id, e_tag) = match rest.split_at_checked(16) {
            Some((id, e_tag)) if code & VERSIONED != 0 => (Uuid::from_slice(id).unwrap_or_default(), e_tag),
            _ => (Uuid::nil(), rest),
        };
        let (version, e_tag) = (Version::of_id(id), String::from_utf8_lossy(e_tag).into_owned());
        Self { size: number(0), modified, checksum, version, e_tag }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_read_back() {
        let summary = Summary {
            size: u64::MAX,
            modified: UNIX_EPOCH + Duration::from_nanos(1_234_567_890_123_456_789),
            checksum: None,
            version: Version::Null,
            e_tag: "0123-2".into(),
        };
        for checksum in
            [None, Some((Algorithm::Crc32, Some(Composite::Composite))), Some((Algorithm::Sha256, None))]
        {
            for version in [Version::Null, Version::Of(Uuid::new_v4())] {
                let summary = Summary { checksum, version, ..summary.clone() };
                assert_eq!(Summary::decode(&summary.encode()), summary);
            }
        }
        assert_eq!(Summary::decode(b"").size, 0);
    }
}
