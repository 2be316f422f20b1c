//! The dates of an X.509 certificate (RFC 5280, section 4.1), read without the rest of it.

use chrono::{DateTime, NaiveDateTime, Utc};

const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// The version, which is left out of those of the first one.
const VERSION: u8 = 0xa0;

/// From when until when the certificate is valid.
pub(super) fn validity(certificate: &[u8]) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let mut certificate = Reader(certificate).enter(SEQUENCE)?;
    let mut signed = certificate.enter(SEQUENCE)?;
    if signed.0.first() == Some(&VERSION) {
        signed.next()?;
    }
    // Serial number, algorithm, issuer.
    for _ in 0..3 {
        signed.next()?;
    }
    let mut validity = signed.enter(SEQUENCE)?;
    Some((validity.time()?, validity.time()?))
}

/// What is left of a value in the distinguished encoding rules (ITU-T X.690).
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Tag and content of the next value.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            // The number of digits of the length; 0x80 is for encodings that are not distinguished.
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    /// The content of the next value, which must have this tag.
    fn enter(&mut self, wanted: u8) -> Option<Self> {
        let (tag, content) = self.next()?;
        (tag == wanted).then_some(Self(content))
    }

    fn time(&mut self) -> Option<DateTime<Utc>> {
        let (tag, content) = self.next()?;
        let text = std::str::from_utf8(content).ok()?;
        let text = match tag {
            // Two digits of the year are those of 1950 to 2049.
            UTC_TIME => format!("{}{text}", if text < "50" { "20" } else { "19" }),
            GENERALIZED_TIME => text.to_owned(),
            _ => return None,
        };
        Some(NaiveDateTime::parse_from_str(&text, "%Y%m%d%H%M%SZ").ok()?.and_utc())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_time_are_read() {
        let time = |tag: u8, text: &str| {
            let bytes = [&[tag, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
            Reader(&bytes).time().map(|time| time.to_rfc3339())
        };
        assert_eq!(time(UTC_TIME, "260110000000Z").as_deref(), Some("2026-01-10T00:00:00+00:00"));
        assert_eq!(time(UTC_TIME, "991231235959Z").as_deref(), Some("1999-12-31T23:59:59+00:00"));
        assert_eq!(time(GENERALIZED_TIME, "20510301000000Z").as_deref(), Some("2051-03-01T00:00:00+00:00"));
        assert_eq!(time(UTC_TIME, "frog"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(0_u8.., 0..80)) {
            let _ = validity(&bytes);
            let _ = validity(&[&[SEQUENCE, 0x60, SEQUENCE, 0x5e], bytes.as_slice()].concat());
        }
    }
}
