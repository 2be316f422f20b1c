//! Character classes, and the sets that `\w`, `\d` and `\s` stand for.

use super::walk::{Flags, Walk};

/// The inside of a class for `\d`, `\w` or `\s`, as `str.isdecimal`, `str.isalnum` (with `_`) and
/// `str.isspace` have them.
pub(super) fn set(letter: char, flags: Flags) -> &'static str {
    match (letter.to_ascii_lowercase(), flags.ascii) {
        ('d', false) => r"\p{Nd}",
        ('d', true) => "0-9",
        ('w', false) => r"\p{L}\p{N}_",
        ('w', true) => "a-zA-Z0-9_",
        (_, false) => {
            r"\x09-\x0d\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
        }
        (_, true) => r"\x09-\x0d\x20",
    }
}

/// The class of `\d`, `\D`, `\w`, `\W`, `\s` or `\S`.
pub(super) fn shorthand(letter: char, flags: Flags) -> String {
    let not = if letter.is_ascii_uppercase() { "^" } else { "" };
    format!("[{not}{}]", set(letter, flags))
}

/// Writes one character that stands for itself, in a class or outside.
pub(super) fn push_literal(out: &mut String, c: char) {
    if c.is_ascii_punctuation() || c.is_ascii_control() || c.is_whitespace() {
        out.push_str(&format!("\\x{{{:x}}}", u32::from(c)));
    } else {
        out.push(c);
    }
}

/// A member of a class.
enum Member {
    One(char),
    Shorthand(char),
}

impl Walk<'_> {
    /// Writes the class whose `[` was taken.
    pub(super) fn class(&mut self, flags: Flags) -> Result<(), String> {
        let opening = if self.take("^") { "[^" } else { "[" };
        self.out.push_str(opening);
        let first = self.at;
        loop {
            let c = self.peek().ok_or("unterminated character set")?;
            if c == ']' && self.at > first {
                self.at += 1;
                break;
            }
            let low = self.member()?;
            let range = self.peek() == Some('-') && self.text.get(self.at + 1).is_some_and(|c| *c != ']');
            if range {
                self.at += 1;
                let high = self.member()?;
                self.range(&low, &high)?;
            } else {
                self.write(&low, flags);
            }
        }
        self.out.push(']');
        Ok(())
    }

    fn range(&mut self, low: &Member, high: &Member) -> Result<(), String> {
        match (low, high) {
            (Member::One(low), Member::One(high)) if low <= high => {
                push_literal(&mut self.out, *low);
                self.out.push('-');
                push_literal(&mut self.out, *high);
                Ok(())
            }
            (Member::One(low), Member::One(high)) => Err(format!("bad character range {low}-{high}")),
            _ => Err("bad character range".to_owned()),
        }
    }

    fn write(&mut self, member: &Member, flags: Flags) {
        match member {
            Member::One(c) => push_literal(&mut self.out, *c),
            Member::Shorthand(letter) => self.out.push_str(&shorthand(*letter, flags)),
        }
    }

    fn member(&mut self) -> Result<Member, String> {
        let c = self.next().ok_or("unterminated character set")?;
        if c != '\\' {
            return Ok(Member::One(c));
        }
        match self.next().ok_or("bad escape (end of pattern)")? {
            letter @ ('d' | 'D' | 'w' | 'W' | 's' | 'S') => Ok(Member::Shorthand(letter)),
            'b' => Ok(Member::One('\u{8}')),
            digit @ '0'..='7' => self.octal(digit).map(Member::One),
            other => self.character(other).map(Member::One),
        }
    }
}
