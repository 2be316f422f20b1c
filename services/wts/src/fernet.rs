//! Fernet, in which refresh tokens are stored: AES-128 in CBC mode with an HMAC (SHA-256) over everything,
//! by the specification at <https://github.com/fernet/spec>.

use aws_lc_rs::{
    cipher::{
        AES_128, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey,
        UnboundCipherKey,
    },
    digest, hmac,
    iv::FixedLength,
    rand,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE};

const VERSION: u8 = 0x80;
const BLOCK: usize = 16;
/// The version and the time.
const HEAD: usize = 1 + 8;
const TAG: usize = 32;

/// Why something cannot be encrypted or decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FernetError {
    /// A key has another form.
    #[error("an encryption key is 32 bytes in URL-safe base64, as `Fernet.generate_key()` makes them")]
    Key,
    /// A text was encrypted with another key, or was changed.
    #[error("what is stored was not encrypted with this key")]
    Token,
    /// The machine has no randomness.
    #[error("nothing can be encrypted now")]
    Random,
}

/// A key.
#[derive(Clone)]
pub struct FernetKey {
    signing: hmac::Key,
    encryption: [u8; BLOCK],
}

// Written by hand so that a key can never reach a log.
impl std::fmt::Debug for FernetKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FernetKey").finish_non_exhaustive()
    }
}

/// What was encrypted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    pub(crate) bytes: Vec<u8>,
    /// When it was encrypted, in seconds since 1970.
    pub(crate) made: u64,
}

impl FernetKey {
    /// The key in its text form.
    ///
    /// # Errors
    /// For another form.
    pub fn parse(text: &str) -> Result<Self, FernetError> {
        let bytes = URL_SAFE.decode(text.trim()).map_err(|_| FernetError::Key)?;
        let bytes: [u8; 2 * BLOCK] = bytes.try_into().map_err(|_| FernetError::Key)?;
        Ok(Self::of(&bytes))
    }

    /// A new key in its text form.
    pub fn generate() -> String {
        let mut bytes = [0; 2 * BLOCK];
        rand::fill(&mut bytes)
            .expect("invariant: the machine has randomness, without which TLS does not start");
        URL_SAFE.encode(bytes)
    }

    /// A key for `purpose` that is made of any secret.
    pub fn derived(purpose: &str, secret: &str) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let made = hmac::sign(&key, purpose.as_bytes());
        let mut bytes = [0; digest::SHA256_OUTPUT_LEN];
        bytes.copy_from_slice(made.as_ref());
        Self::of(&bytes)
    }

    fn of(bytes: &[u8; 2 * BLOCK]) -> Self {
        let (signing, encryption) = bytes.split_at(BLOCK);
        let mut own = [0; BLOCK];
        own.copy_from_slice(encryption);
        Self { signing: hmac::Key::new(hmac::HMAC_SHA256, signing), encryption: own }
    }

    /// Encrypts `bytes` at `now`, in seconds since 1970.
    pub(crate) fn encrypt(&self, bytes: &[u8], now: u64) -> Result<String, FernetError> {
        let mut iv = [0; BLOCK];
        rand::fill(&mut iv).map_err(|_| FernetError::Random)?;
        self.encrypt_with(bytes, now, iv)
    }

    fn encrypt_with(&self, bytes: &[u8], now: u64, iv: [u8; BLOCK]) -> Result<String, FernetError> {
        let failed = |_| FernetError::Random;
        let key = UnboundCipherKey::new(&AES_128, &self.encryption).map_err(failed)?;
        let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).map_err(failed)?;
        let mut encrypted = bytes.to_vec();
        let context = EncryptionContext::Iv128(FixedLength::from(iv));
        key.less_safe_encrypt(&mut encrypted, context).map_err(failed)?;
        let mut token = vec![VERSION];
        token.extend(now.to_be_bytes());
        token.extend(iv);
        token.extend(encrypted);
        let tag = hmac::sign(&self.signing, &token);
        token.extend(tag.as_ref());
        Ok(URL_SAFE.encode(token))
    }

    /// Decrypts what [`Self::encrypt`], or any other implementation with this key, has made.
    pub(crate) fn decrypt(&self, token: &str) -> Result<Opened, FernetError> {
        let refused = |_| FernetError::Token;
        let token = URL_SAFE.decode(token).map_err(|_| FernetError::Token)?;
        if token.len() < HEAD + BLOCK + BLOCK + TAG || token[0] != VERSION {
            return Err(FernetError::Token);
        }
        let (signed, tag) = token.split_at(token.len() - TAG);
        hmac::verify(&self.signing, signed, tag).map_err(refused)?;
        let (head, rest) = signed.split_at(HEAD);
        let (iv, encrypted) = rest.split_at(BLOCK);
        let made = u64::from_be_bytes(head[1..].try_into().map_err(|_| FernetError::Token)?);
        let iv: [u8; BLOCK] = iv.try_into().map_err(|_| FernetError::Token)?;
        let key = UnboundCipherKey::new(&AES_128, &self.encryption).map_err(refused)?;
        let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).map_err(refused)?;
        let mut bytes = encrypted.to_vec();
        let context = DecryptionContext::Iv128(FixedLength::from(iv));
        let bytes = key.decrypt(&mut bytes, context).map_err(refused)?.to_vec();
        Ok(Opened { bytes, made })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of the specification.
    const SECRET: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
    const TOKEN: &str = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4I\
                         wqDA==";
    /// 1985-10-26T01:20:00-07:00.
    const NOW: u64 = 499_162_800;

    #[test]
    fn the_published_token_is_made_and_read() {
        let key = FernetKey::parse(SECRET).unwrap();
        let iv: [u8; BLOCK] = std::array::from_fn(|index| u8::try_from(index).unwrap());
        assert_eq!(key.encrypt_with(b"hello", NOW, iv).unwrap(), TOKEN);
        assert_eq!(key.decrypt(TOKEN).unwrap(), Opened { bytes: b"hello".to_vec(), made: NOW });
    }

    #[test]
    fn the_published_invalid_tokens_are_refused() {
        let key = FernetKey::parse(SECRET).unwrap();
        for (why, token) in [
            (
                "incorrect mac",
                "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUFBQUFBQQ==",
            ),
            ("too short", "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA=="),
            (
                "invalid base64",
                "%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==",
            ),
            (
                "payload size not multiple of block size",
                "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfyudzUm",
            ),
            (
                "payload padding error",
                "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbkuKNqOhw==",
            ),
            (
                "incorrect IV (causes padding error)",
                "gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1TIvcZjK1zQ==",
            ),
        ] {
            assert_eq!(key.decrypt(token), Err(FernetError::Token), "{why}");
        }
    }

    #[test]
    fn what_is_encrypted_comes_back_with_this_key_only_and_looks_different_each_time() {
        let key = FernetKey::derived("a", "secret");
        for length in [0, 1, 15, 16, 17, 4_000] {
            let bytes = vec![7; length];
            let token = key.encrypt(&bytes, 5).unwrap();
            assert_eq!(key.decrypt(&token).unwrap(), Opened { bytes: bytes.clone(), made: 5 });
            assert_ne!(key.encrypt(&bytes, 5).unwrap(), token);
            for other in [FernetKey::derived("b", "secret"), FernetKey::derived("a", "other")] {
                assert_eq!(other.decrypt(&token), Err(FernetError::Token));
            }
            let mut changed = token.into_bytes();
            changed[12] = if changed[12] == b'A' { b'B' } else { b'A' };
            assert!(key.decrypt(&String::from_utf8(changed).unwrap()).is_err());
        }
    }

    #[test]
    fn keys_of_another_form_are_refused_and_none_is_shown() {
        for text in [
            "",
            "short",
            "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4",
            "cw/0x689RpI+jtRR7oE8h/eQsKImvJapLeSbXpwF4e4=",
        ] {
            assert_eq!(FernetKey::parse(text).unwrap_err(), FernetError::Key, "{text}");
        }
        assert!(FernetKey::parse(&FernetKey::generate()).is_ok());
        assert_ne!(FernetKey::generate(), FernetKey::generate());
        assert_eq!(format!("{:?}", FernetKey::parse(SECRET).unwrap()), "FernetKey { .. }");
    }
}
