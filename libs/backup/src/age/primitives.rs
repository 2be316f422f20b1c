//! The keys and ciphers of the form, by aws-lc.

use aws_lc_rs::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, KeyType, Salt},
    rand::{SecureRandom as _, SystemRandom},
};

/// Bytes of keys.
pub(super) const KEY: usize = 32;
/// Bytes of the key of a file, which is wrapped for each who may open it.
pub(super) const FILE_KEY: usize = 16;
/// Bytes of the tag that authenticates.
pub(super) const TAG: usize = 16;

pub(super) type FileKey = [u8; FILE_KEY];

/// Why something cannot be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AgeError {
    /// It is not in the form of age, or not all of it.
    #[error("it is not in the form of age, or was changed")]
    Damaged,
    /// Nothing that was given opens it.
    #[error("it is sealed for others")]
    NotForUs,
    /// Its passphrase was made slower than is bearable.
    #[error("opening it takes more memory than is given for it")]
    TooSlow,
    /// The machine gives no random numbers, or the like.
    #[error("the cryptographic library refuses")]
    Refused,
}

impl From<aws_lc_rs::error::Unspecified> for AgeError {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::Refused
    }
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], AgeError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(bytes)
}

/// The length of a key that is derived.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-SHA-256.
pub(super) fn derive(secret: &[u8], salt: &[u8], info: &str) -> Result<[u8; KEY], AgeError> {
    let mut key = [0; KEY];
    let prk = Salt::new(HKDF_SHA256, salt).extract(secret);
    prk.expand(&[info.as_bytes()], Length(KEY))?.fill(&mut key)?;
    Ok(key)
}

/// ChaCha20-Poly1305 with a key.
pub(super) fn cipher(key: &[u8; KEY]) -> Result<LessSafeKey, AgeError> {
    Ok(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key)?))
}

/// A file key, wrapped with a key that is used once.
pub(super) fn wrapped(key: &[u8; KEY], file_key: &FileKey) -> Result<Vec<u8>, AgeError> {
    let mut body = file_key.to_vec();
    cipher(key)?.seal_in_place_append_tag(zero(), Aad::empty(), &mut body)?;
    Ok(body)
}

/// The file key in the body of a stanza; `None` when another key wrapped it.
pub(super) fn unwrapped(key: &[u8; KEY], body: &[u8]) -> Result<Option<FileKey>, AgeError> {
    if body.len() != FILE_KEY + TAG {
        return Err(AgeError::Damaged);
    }
    let mut body = body.to_vec();
    let opened = cipher(key)?.open_in_place(zero(), Aad::empty(), &mut body);
    Ok(opened.ok().and_then(|opened| FileKey::try_from(&*opened).ok()))
}

fn zero() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}
