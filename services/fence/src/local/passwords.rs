//! Which passwords may be set.

use std::{collections::HashSet, sync::LazyLock};

use unicode_normalization::UnicodeNormalization as _;

/// The longest password, in bytes: whoever sends more does not type it.
const LONGEST: usize = 1_000;

/// Passwords that many people use, in lower case: the first that somebody tries who guesses.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// A password as somebody types it; keyboards write the same letters in different ways.
#[derive(Clone)]
pub(crate) struct Password(String);

// Written by hand so that a password can never reach a log.
impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(..)")
    }
}

impl Password {
    /// # Errors
    /// When it is too long to be one.
    pub(crate) fn read(typed: &str) -> Result<Self, Weakness> {
        if typed.len() > LONGEST { Err(Weakness::Long) } else { Ok(Self(typed.nfkc().collect())) }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn check(&self, username: &str, email: Option<&str>, shortest: usize) -> Result<(), Weakness> {
        if self.0.chars().count() < shortest {
            return Err(Weakness::Short(shortest));
        }
        let lower = self.0.to_lowercase();
        if COMMON.contains(lower.as_str()) || has_one_character(&lower) {
            return Err(Weakness::Common);
        }
        let names = [Some(username), email].into_iter().flatten();
        let parts = names.flat_map(|name| [name, name.split('@').next().unwrap_or_default()]);
        if parts.map(str::to_lowercase).any(|name| name == lower) {
            return Err(Weakness::Name);
        }
        Ok(())
    }
}

/// A password that may be set.
#[derive(Debug, Clone)]
pub(crate) struct NewPassword(pub(super) Password);

impl NewPassword {
    /// The password that somebody has chosen, for the user of this name and address.
    ///
    /// # Errors
    /// Why it may not be set.
    pub(crate) fn choose(
        typed: &str,
        username: &str,
        email: Option<&str>,
        shortest: usize,
    ) -> Result<Self, Weakness> {
        let password = Password::read(typed)?;
        password.check(username, email, shortest)?;
        Ok(Self(password))
    }
}

fn has_one_character(text: &str) -> bool {
    let mut characters = text.chars();
    let first = characters.next();
    characters.all(|c| Some(c) == first)
}

/// Why a password may not be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Weakness {
    #[error("A password has at least {0} characters. Several words are easy to remember and hard to guess.")]
    Short(usize),
    #[error("A password has at most {LONGEST} bytes.")]
    Long,
    #[error("This is one of the passwords that are tried first, because many people use them.")]
    Common,
    #[error("Your name is not a password: everybody knows it.")]
    Name,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), Weakness> {
        NewPassword::choose(text, "Ada.Lovelace@x.org", Some("countess.lovelace@y.org"), 12).map(drop)
    }

    #[test]
    fn the_list_has_a_thousand_passwords_in_lower_case() {
        assert!(COMMON.len() >= 1_000, "{}", COMMON.len());
        let is_odd = |line: &&&str| line.trim() != **line || line.to_lowercase() != **line;
        let odd: Vec<_> = COMMON.iter().filter(is_odd).collect();
        assert_eq!(odd.len(), 0, "{odd:?}");
    }

    #[test]
    fn what_is_easily_guessed_is_no_password() {
        let (short, common, name) = (Weakness::Short(12), Weakness::Common, Weakness::Name);
        for (text, why) in [
            ("", short),
            ("eleven char", short),
            ("Password1234", common),
            ("QWERTYuiop123", common),
            ("aaaaaaaaaaaaaaaa", common),
            ("ADA.lovelace@X.org", name),
            ("ada.lovelace", name),
            ("Countess.Lovelace", name),
            (&*"x".repeat(1_001), Weakness::Long),
        ] {
            assert_eq!(check(text), Err(why), "{text}");
        }
        for good in ["twelve chars", "Ada.Lovelace@x.orgs", "ünïcödé wörds", &*"x y".repeat(333)] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn letters_count_as_typed_on_any_keyboard() {
        let [composed, decomposed] = ["\u{e9}t\u{e9}", "e\u{301}te\u{301}"].map(|text| {
            let Ok(password) = Password::read(text) else { panic!("{text} is short enough") };
            password.as_bytes().to_vec()
        });
        assert_eq!(composed, decomposed);
    }
}
