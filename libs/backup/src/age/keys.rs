//! Who can open something, and by what.

use std::str::FromStr;

use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use bech32::Bech32;

use super::{
    header::Stanza,
    primitives::{AgeError, FileKey, KEY, derive, random, unwrapped, wrapped},
};

/// How slow a passphrase is to guess: 128 MiB of memory and half a second.
const WORK: u8 = 17;
/// What others may have made of it: 1 GiB.
const MOST_WORK: u8 = 20;
const SALT: usize = 16;
const OF_X25519: &str = "age-encryption.org/v1/X25519";
const OF_SCRYPT: &str = "age-encryption.org/v1/scrypt";
const PUBLIC: &str = "age";
const SECRET: &str = "age-secret-key-";

/// For whom something is sealed.
#[derive(Clone)]
pub(crate) enum Recipient {
    /// Whoever knows the passphrase.
    Passphrase(String),
    /// The owner of a public key.
    X25519([u8; KEY]),
}

/// What opens something.
#[derive(Clone)]
pub(crate) enum Identity {
    /// A passphrase.
    Passphrase(String),
    /// A secret key.
    X25519([u8; KEY]),
}

impl FromStr for Recipient {
    type Err = AgeError;

    fn from_str(text: &str) -> Result<Self, AgeError> {
        Ok(Self::X25519(read(text, PUBLIC)?))
    }
}

impl FromStr for Identity {
    type Err = AgeError;

    fn from_str(text: &str) -> Result<Self, AgeError> {
        Ok(Self::X25519(read(text, SECRET)?))
    }
}

fn read(text: &str, kind: &str) -> Result<[u8; KEY], AgeError> {
    let (hrp, bytes) = bech32::decode(text).map_err(|_| AgeError::Damaged)?;
    // Of the two checksums of this encoding age has the first.
    let is_first = bech32::encode::<Bech32>(hrp, &bytes).is_ok_and(|own| own.eq_ignore_ascii_case(text));
    if !is_first || !hrp.as_str().eq_ignore_ascii_case(kind) {
        return Err(AgeError::Damaged);
    }
    bytes.try_into().map_err(|_| AgeError::Damaged)
}

impl Recipient {
    /// Wraps the key of a file.
    pub(super) fn wrap(&self, file_key: &FileKey) -> Result<Stanza, AgeError> {
        match self {
            Self::Passphrase(phrase) => {
                let salt: [u8; SALT] = random()?;
                let body = wrapped(&stretched(phrase, &salt, WORK)?, file_key)?;
                let arguments = vec!["scrypt".to_owned(), STANDARD_NO_PAD.encode(salt), WORK.to_string()];
                Ok(Stanza { arguments, body })
            }
            Self::X25519(public) => {
                let once = random()?;
                let share = public_of(&once)?;
                let key = shared(&once, public, &share, public)?;
                let arguments = vec!["X25519".to_owned(), STANDARD_NO_PAD.encode(share)];
                Ok(Stanza { arguments, body: wrapped(&key, file_key)? })
            }
        }
    }
}

impl Identity {
    /// A new secret key.
    #[cfg(test)]
    pub(crate) fn generate() -> Result<Self, AgeError> {
        Ok(Self::X25519(random()?))
    }

    /// The public key, as it is written.
    #[cfg(test)]
    pub(crate) fn public(&self) -> Option<String> {
        let Self::X25519(secret) = self else { return None };
        bech32::encode::<Bech32>(bech32::Hrp::parse(PUBLIC).ok()?, &public_of(secret).ok()?).ok()
    }

    /// The key of a file, if this opens the stanza, which is one of so many.
    pub(super) fn unwrap(&self, stanza: &Stanza, stanzas: usize) -> Result<Option<FileKey>, AgeError> {
        let arguments: Vec<&str> = stanza.arguments.iter().map(String::as_str).collect();
        let bytes = |text: &str| STANDARD_NO_PAD.decode(text).map_err(|_| AgeError::Damaged);
        match (self, arguments.as_slice()) {
            (Self::Passphrase(phrase), ["scrypt", salt, work]) => {
                let salt: [u8; SALT] = bytes(salt)?.try_into().map_err(|_| AgeError::Damaged)?;
                let number: u8 = work.parse().map_err(|_| AgeError::Damaged)?;
                // A passphrase is alone, so that nobody else can have made the file; numbers have one form.
                if stanzas != 1 || number.to_string() != *work {
                    return Err(AgeError::Damaged);
                }
                if number > MOST_WORK {
                    return Err(AgeError::TooSlow);
                }
                unwrapped(&stretched(phrase, &salt, number)?, &stanza.body)
            }
            (Self::X25519(secret), ["X25519", share]) => {
                let share: [u8; KEY] = bytes(share)?.try_into().map_err(|_| AgeError::Damaged)?;
                let public = public_of(secret)?;
                let key = shared(secret, &share, &share, &public).map_err(|_| AgeError::Damaged)?;
                unwrapped(&key, &stanza.body)
            }
            _ => Ok(None),
        }
    }
}

fn public_of(secret: &[u8; KEY]) -> Result<[u8; KEY], AgeError> {
    let key = PrivateKey::from_private_key(&X25519, secret).map_err(|_| AgeError::Refused)?;
    key.compute_public_key()?.as_ref().try_into().map_err(|_| AgeError::Refused)
}

/// The key that a share and a public key have made, from one's own secret and the other's public half.
fn shared(
    secret: &[u8; KEY],
    theirs: &[u8; KEY],
    share: &[u8; KEY],
    public: &[u8; KEY],
) -> Result<[u8; KEY], AgeError> {
    let secret = PrivateKey::from_private_key(&X25519, secret).map_err(|_| AgeError::Refused)?;
    let theirs = UnparsedPublicKey::new(&X25519, theirs);
    let salt = [share.as_slice(), public.as_slice()].concat();
    // A share of small order, whose secret everybody knows, is refused by the library.
    agree(&secret, theirs, AgeError::Refused, |shared| derive(shared, &salt, OF_X25519))
}

fn stretched(phrase: &str, salt: &[u8; SALT], work: u8) -> Result<[u8; KEY], AgeError> {
    let parameters = scrypt::Params::new(work, 8, 1).map_err(|_| AgeError::Damaged)?;
    let salt = [OF_SCRYPT.as_bytes(), salt].concat();
    let mut key = [0; KEY];
    scrypt::scrypt(phrase.as_bytes(), &salt, &parameters, &mut key).map_err(|_| AgeError::Refused)?;
    Ok(key)
}
