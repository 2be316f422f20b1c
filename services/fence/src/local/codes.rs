//! Random codes that are given away once, and of which only digests are kept.

use rand::Rng as _;
use sha2::{Digest as _, Sha256};

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Characters of a recovery code between two hyphens.
const GROUP: usize = 4;

/// Random bytes.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// A code for addresses and cookies, which nobody types.
pub(crate) fn code() -> String {
    hex::encode(random::<32>())
}

/// Whether `text` has the form of [`code`].
pub(crate) fn is_code(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What is kept of a code. Codes are so random that nobody finds one by trying.
pub(crate) fn digest(code: &str) -> [u8; 32] {
    Sha256::digest(code.as_bytes()).into()
}

/// A code that somebody writes down, `ABCD-EFGH-IJKL-MNOP`: 80 random bits.
pub(crate) fn recovery_code() -> String {
    let letters = base32(&random::<10>());
    let groups: Vec<&str> = (0..letters.len()).step_by(GROUP).map(|at| &letters[at..at + GROUP]).collect();
    groups.join("-")
}

/// What is kept of a recovery code, however somebody types it: letter case, blanks and hyphens do not count.
pub(crate) fn recovery_digest(typed: &str) -> [u8; 32] {
    let letters: String = typed.chars().filter(char::is_ascii_alphanumeric).collect();
    digest(&letters.to_ascii_uppercase())
}

/// Bytes in the alphabet of RFC 4648 §6, without padding.
pub(crate) fn base32(bytes: &[u8]) -> String {
    let letters = bytes.chunks(5).flat_map(|chunk| {
        let mut block = [0; 8];
        block[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(block);
        (0..(chunk.len() * 8).div_ceil(5)).map(move |at| (bits >> (35 - 5 * at)) & 31)
    });
    letters.map(|bits| char::from(BASE32[usize::try_from(bits).unwrap_or_default()])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_rfc_4648_has_them() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
        assert_eq!(base32(b"foobar"), "MZXW6YTBOI");
    }

    #[test]
    fn a_recovery_code_counts_however_it_is_typed() {
        let code = recovery_code();
        assert_eq!((code.len(), code.matches('-').count()), (19, 3), "{code}");
        assert_ne!(code, recovery_code());
        let typed = format!(" {} ", code.to_lowercase().replace('-', " "));
        assert_eq!(recovery_digest(&typed), recovery_digest(&code));
        assert_ne!(recovery_digest(&code[1..]), recovery_digest(&code));
    }

    #[test]
    fn codes_are_told_from_what_is_none() {
        assert!(is_code(&code()) && code() != code());
        for none in ["", "g", &code()[1..], &*"x".repeat(64)] {
            assert!(!is_code(none), "{none}");
        }
    }
}
