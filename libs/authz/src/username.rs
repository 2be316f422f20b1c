//! Names of users, as policies and tokens carry them.
//!
//! Services compare names without regard to letter case. What looks like a name but is another string would
//! be another user to one of them and the same to another, so that such names are not given to anybody.

use unicode_normalization::is_nfkc;

/// The longest user name that the services store.
const LONGEST: usize = 255;

/// Why nobody can have a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UsernameError {
    /// It is empty, or too long to be stored.
    #[error("a user name has 1 to {LONGEST} characters")]
    Length,
    /// It has blanks at its ends, two in a row, or other blanks than spaces.
    #[error("a user name has no blanks at its ends, and no other blanks than single spaces")]
    Blanks,
    /// It has characters that cannot be seen.
    #[error("a user name has no characters that cannot be seen")]
    Invisible,
    /// It has characters that stand for others, such as the Kelvin sign for the letter K.
    #[error("a user name has no characters that stand for others, such as wide letters (Unicode NFKC)")]
    Alike,
}

/// Whether somebody can be given the name `name`. Names that exist already are not asked about.
///
/// # Errors
/// What is wrong with it.
pub fn check(name: &str) -> Result<(), UsernameError> {
    if name.is_empty() || name.chars().count() > LONGEST {
        return Err(UsernameError::Length);
    }
    if name.chars().any(is_invisible) {
        return Err(UsernameError::Invisible);
    }
    if name.trim() != name || name.contains("  ") || name.chars().any(|c| c.is_whitespace() && c != ' ') {
        return Err(UsernameError::Blanks);
    }
    if !is_nfkc(name) {
        return Err(UsernameError::Alike);
    }
    Ok(())
}

/// Controls, and the characters without a width that survive normalisation.
fn is_invisible(c: char) -> bool {
    let without_width = matches!(
        u32::from(c),
        0x00ad | 0x034f | 0x061c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f
            | 0x202a..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffb
            | 0xe0000..=0xe0fff
    );
    c.is_control() || without_width
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_of_the_world_can_be_given() {
        for name in ["ada", "Ada@Example.org", "Ada Lovelace", "josé", "李雷", "o'neil+x@y", &"x".repeat(255)]
        {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn names_that_only_look_like_others_can_not() {
        for (name, error) in [
            ("", UsernameError::Length),
            (&*"x".repeat(256), UsernameError::Length),
            (" ada", UsernameError::Blanks),
            ("ada ", UsernameError::Blanks),
            ("ada  l", UsernameError::Blanks),
            ("ada\u{a0}l", UsernameError::Blanks),
            ("ada\n", UsernameError::Invisible),
            ("a\0", UsernameError::Invisible),
            ("a\u{200b}da", UsernameError::Invisible),
            ("\u{202e}ada", UsernameError::Invisible),
            ("mi\u{212a}e", UsernameError::Alike),
            ("\u{ff4d}ike", UsernameError::Alike),
            ("jose\u{301}", UsernameError::Alike),
        ] {
            assert_eq!(check(name), Err(error), "{name:?}");
        }
    }
}
