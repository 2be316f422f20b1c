//! Encryption in the form of age (<https://c2sp.org/age>), as the programs `age` and `rage` write and read
//! it: for a passphrase, or for public keys (X25519).
//!
//! The crate `age` would bring 67 others with it, for translations, plugins and keys of other kinds; all
//! primitives here are those of aws-lc and of the crate `scrypt`. `docs/decisions/backup.md` tells more.

mod header;
mod keys;
mod payload;
mod primitives;

pub(crate) use keys::{Identity, Recipient};
pub(crate) use primitives::AgeError;

use header::{Header, Stanza};
use primitives::{FileKey, random};

/// Seals for everybody who has one of the keys; a passphrase is the only one.
///
/// # Errors
/// When the machine gives no random numbers.
pub(crate) fn encrypt(recipients: &[Recipient], text: &[u8]) -> Result<Vec<u8>, AgeError> {
    let file_key: FileKey = random()?;
    let stanzas: Result<Vec<Stanza>, AgeError> =
        recipients.iter().map(|recipient| recipient.wrap(&file_key)).collect();
    let mut sealed = Header { stanzas: stanzas? }.encode(&file_key)?;
    payload::seal(&file_key, text, &mut sealed)?;
    Ok(sealed)
}

/// Opens what one of the identities opens.
///
/// # Errors
/// When none does, or it is damaged.
pub(crate) fn decrypt(identities: &[Identity], sealed: &[u8]) -> Result<Vec<u8>, AgeError> {
    let (header, mac, rest) = Header::decode(sealed)?;
    let mut refused = AgeError::NotForUs;
    for identity in identities {
        for stanza in &header.stanzas {
            match identity.unwrap(stanza, header.stanzas.len()) {
                Ok(Some(file_key)) => {
                    header.check(&file_key, mac)?;
                    return payload::open(&file_key, rest);
                }
                Ok(None) => {}
                Err(error) => refused = error,
            }
        }
    }
    Err(refused)
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use super::*;

    /// Of the documentation of age.
    const SECRET: &str = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
    const PUBLIC: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

    fn key() -> Identity {
        Identity::from_str(SECRET).unwrap()
    }

    #[test]
    fn a_public_key_is_that_of_its_secret_key() {
        assert_eq!(key().public().unwrap(), PUBLIC);
    }

    #[test]
    fn whoever_has_one_of_the_keys_opens_it_and_nobody_else() {
        let recipient = Recipient::from_str(PUBLIC).unwrap();
        let other = Identity::generate().unwrap();
        let also = Recipient::from_str(&other.public().unwrap()).unwrap();
        for length in [0, 1, 65_535, 65_536, 65_537, 200_000] {
            let text: Vec<u8> = (0..length).map(|at: u32| at as u8).collect();
            let sealed = encrypt(&[also.clone(), recipient.clone()], &text).unwrap();
            assert_eq!(decrypt(&[key()], &sealed).unwrap(), text);
            assert_eq!(decrypt(std::slice::from_ref(&other), &sealed).unwrap(), text);
            assert_eq!(decrypt(&[Identity::generate().unwrap()], &sealed), Err(AgeError::NotForUs));
            assert_eq!(decrypt(&[Identity::Passphrase("x".into())], &sealed), Err(AgeError::NotForUs));
        }
    }

    #[test]
    fn a_passphrase_opens_what_it_has_sealed() {
        let sealed = encrypt(&[Recipient::Passphrase("correct horse".into())], b"secret").unwrap();
        let open = |phrase: &str| decrypt(&[Identity::Passphrase(phrase.into())], &sealed);
        assert_eq!(open("correct horse").unwrap(), b"secret");
        assert_eq!(open("correct house"), Err(AgeError::NotForUs));
        assert_eq!(decrypt(&[key()], &sealed), Err(AgeError::NotForUs));
    }

    #[test]
    fn what_was_changed_or_cut_is_not_opened() {
        let sealed = encrypt(&[Recipient::from_str(PUBLIC).unwrap()], &[7; 70_000]).unwrap();
        for at in (0..300).chain([sealed.len() / 2, sealed.len() - 1]) {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(decrypt(&[key()], &changed).is_err(), "changed at {at}");
        }
        for length in [0, 10, 100, 200, 300, 65_536, sealed.len() - 65_536, sealed.len() - 1] {
            assert!(decrypt(&[key()], &sealed[..length]).is_err(), "cut at {length}");
        }
        assert!(decrypt(&[key()], &[sealed.as_slice(), b"more"].concat()).is_err());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for wrong in ["", "age1", "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwk", SECRET] {
            assert!(Recipient::from_str(wrong).is_err(), "{wrong}");
        }
        assert!(Identity::from_str(PUBLIC).is_err());
        assert!(Identity::from_str("AGE-SECRET-KEY-1").is_err());
    }
}
