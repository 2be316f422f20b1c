//! One-time codes that are made of a secret and the time (RFC 6238), as authenticator programs show them.

use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use subtle::ConstantTimeEq as _;

use super::codes;

/// Seconds for which a code is shown.
const STEP: i64 = 30;
/// So many steps earlier and later count as well: clocks differ, and people type slowly.
const DRIFT: i64 = 1;
const DIGITS: usize = 6;
/// Bytes of a secret, as RFC 4226 recommends.
const LENGTH: usize = 20;

/// What a user's authenticator and we know.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret([u8; LENGTH]);

// Written by hand so that a secret can never reach a log.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    pub(crate) fn random() -> Self {
        Self(codes::random())
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// For those who type it into their authenticator.
    pub(crate) fn text(&self) -> String {
        codes::base32(&self.0)
    }

    /// The address by which authenticators take it (Google Authenticator's key URI format).
    pub(crate) fn address(&self, issuer: &str, account: &str) -> String {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        // A colon separates the two.
        let (issuer, account) = (encoded(&issuer.replace(':', " ")), encoded(&account.replace(':', " ")));
        let secret = self.text();
        format!(
            "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1\
             &digits={DIGITS}&period={STEP}"
        )
    }

    /// The step after `used` whose code somebody has typed at `now` (seconds since the epoch), if it is one.
    /// A step counts once; whoever reads a code over a shoulder comes too late.
    pub(crate) fn step_of(&self, typed: &str, now: i64, used: i64) -> Option<i64> {
        let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        let current = now.div_euclid(STEP);
        let fits = |step: &i64| bool::from(self.code(*step).as_bytes().ct_eq(typed.as_bytes()));
        (current - DRIFT..=current + DRIFT).filter(|step| *step > used).find(fits)
    }

    fn code(&self, step: i64) -> String {
        let mut mac =
            Hmac::<Sha1>::new_from_slice(&self.0).expect("invariant: HMAC takes keys of any length");
        mac.update(&step.to_be_bytes());
        let made = mac.finalize().into_bytes();
        let at = usize::from(made[made.len() - 1] & 15);
        let word = u32::from_be_bytes([made[at] & 0x7f, made[at + 1], made[at + 2], made[at + 3]]);
        format!("{:0width$}", word % 10_u32.pow(6), width = DIGITS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_specification() {
        let secret = Secret(*b"12345678901234567890");
        // RFC 6238, appendix B, the last six digits.
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret.code(time / STEP), code);
            assert_eq!(secret.step_of(code, time, 0), Some(time / STEP));
        }
    }

    #[test]
    fn a_code_counts_for_a_minute_and_a_half_and_once() {
        let secret = Secret::random();
        let (now, step) = (3_000_000, 100_000);
        let code = secret.code(step);
        for near in [now, now - STEP, now + STEP, now + 2 * STEP - 1] {
            assert_eq!(secret.step_of(&code, near, 0), Some(step), "{near}");
        }
        for far in [now - STEP - 1, now + 2 * STEP] {
            assert_eq!(secret.step_of(&code, far, 0), None, "{far}");
        }
        assert_eq!(secret.step_of(&code, now, step), None, "used up");
        assert_eq!(secret.step_of(&format!(" {} {} ", &code[..3], &code[3..]), now, 0), Some(step));
        for wrong in ["", "0", &code[1..], "abcdef"] {
            assert_eq!(secret.step_of(wrong, now, 0), None, "{wrong}");
        }
    }

    #[test]
    fn an_authenticator_learns_whose_secret_it_is() {
        let address = Secret(*b"12345678901234567890").address("Ada's: Commons", "ada@x.org");
        assert_eq!(
            address,
            "otpauth://totp/Ada%27s%20%20Commons:ada%40x%2Eorg?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Ada%27s%20%20Commons&algorithm=SHA1&digits=6&period=30"
        );
    }
}
