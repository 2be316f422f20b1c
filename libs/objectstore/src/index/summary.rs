//! What the index has of an object: what a list says of it. Pure.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{
    checksums::{Algorithm, Composite},
    record::{Record, nanoseconds},
};

/// Two numbers of eight bytes, and one for the checksum.
const FIXED: usize = 17;
/// Marks a checksum that is made of those of the parts.
const COMPOSITE: u8 = 0x80;

/// An object in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) size: u64,
    pub(super) modified: SystemTime,
    pub(super) checksum: Option<(Algorithm, Option<Composite>)>,
    pub(super) e_tag: String,
}

impl Summary {
    pub(super) fn of(record: &Record) -> Self {
        let checksum = record.checksums.algorithm().map(|algorithm| (algorithm, record.checksums.kind));
        Self { size: record.size, modified: record.modified(), checksum, e_tag: record.e_tag.clone() }
    }

    /// The numbers, and the entity tag.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut text = Vec::with_capacity(FIXED + self.e_tag.len());
        text.extend(self.size.to_le_bytes());
        text.extend(nanoseconds(self.modified).to_le_bytes());
        let place = |(chosen, kind): (Algorithm, Option<Composite>)| {
            let place = Algorithm::ALL.iter().position(|algorithm| *algorithm == chosen).unwrap_or_default();
            u8::try_from(place + 1).unwrap_or_default() | if kind.is_some() { COMPOSITE } else { 0 }
        };
        text.push(self.checksum.map_or(0, place));
        text.extend(self.e_tag.as_bytes());
        text
    }

    pub(super) fn decode(text: &[u8]) -> Self {
        let (numbers, e_tag) = text.split_at(text.len().min(FIXED));
        let number = |from: usize| {
            let bytes = numbers.get(from..from + 8).and_then(|bytes| bytes.try_into().ok());
            u64::from_le_bytes(bytes.unwrap_or_default())
        };
        let modified = UNIX_EPOCH + Duration::from_nanos(number(8));
        let code = numbers.get(16).copied().unwrap_or_default();
        let algorithm =
            usize::from(code & !COMPOSITE).checked_sub(1).and_then(|place| Algorithm::ALL.get(place));
        let kind = (code & COMPOSITE != 0).then_some(Composite::Composite);
        let checksum = algorithm.map(|algorithm| (*algorithm, kind));
        Self { size: number(0), modified, checksum, e_tag: String::from_utf8_lossy(e_tag).into_owned() }
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
            e_tag: "0123-2".into(),
        };
        for checksum in
            [None, Some((Algorithm::Crc32, Some(Composite::Composite))), Some((Algorithm::Sha256, None))]
        {
            let summary = Summary { checksum, ..summary.clone() };
            assert_eq!(Summary::decode(&summary.encode()), summary);
        }
        assert_eq!(Summary::decode(b"").size, 0);
    }
}
