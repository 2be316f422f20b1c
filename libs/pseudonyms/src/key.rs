//! The secret of pseudonyms.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

/// What a digest is for: no two of them have the same for the same text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    Id,
    Value,
    Days,
    Name,
}

/// The secret of pseudonyms. It is not shown.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// The key of these bytes, which nobody must be able to guess.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key that [`Self::text`] has written.
    pub fn read(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.trim(), &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// As a file has it: 64 hexadecimal digits.
    pub fn text(&self) -> String {
        hex::encode(self.0)
    }

    /// A name for the key, from which nothing follows.
    pub fn name(&self) -> String {
        hex::encode(&self.digest(Purpose::Name, "")[..8])
    }

    pub(crate) fn digest(&self, purpose: Purpose, text: &str) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("invariant: keys may have any length");
        mac.update(match purpose {
            Purpose::Id => b"id\0",
            Purpose::Value => b"value\0",
            Purpose::Days => b"days\0",
            Purpose::Name => b"name\0",
        });
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// The id that stands for another one.
    pub(crate) fn id(&self, id: &str) -> Uuid {
        let digest = self.digest(Purpose::Id, id);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// The text that stands for another one.
    pub(crate) fn value(&self, value: &str) -> String {
        format!("p{}", hex::encode(&self.digest(Purpose::Value, value)[..12]))
    }

    /// A number of days from `-most` to `most`, but not 0.
    pub(crate) fn days(&self, person: &str, most: u16) -> i64 {
        let digest = self.digest(Purpose::Days, person);
        let number = u64::from_be_bytes(digest[..8].try_into().expect("invariant: eight bytes"));
        let most = u64::from(most.max(1));
        let days = i64::try_from(number % most).unwrap_or_default() + 1;
        if digest[8] & 1 == 0 { days } else { -days }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_makes_the_same_pseudonyms_and_another_one_others() {
        let (one, other) = (Key::new([1; 32]), Key::new([2; 32]));
        assert_eq!(one.value("ada"), Key::read(&one.text()).unwrap().value("ada"));
        assert_ne!(one.value("ada"), other.value("ada"));
        assert_ne!(one.value("ada"), one.value("bob"));
        assert_ne!(one.id("ada"), other.id("ada"));
        assert_ne!(one.name(), other.name());
        assert!(Key::read("12").is_none() && !one.text().contains(&one.name()));
        assert_eq!(format!("{one:?}"), "Key");
    }

    #[test]
    fn shifts_are_within_their_bounds_and_never_nothing() {
        let key = Key::new([7; 32]);
        for most in [1, 2, 30, u16::MAX] {
            for person in 0..200 {
                let days = key.days(&person.to_string(), most);
                assert!(days != 0 && days.abs() <= i64::from(most), "{days} of {most}");
            }
        }
    }
}
