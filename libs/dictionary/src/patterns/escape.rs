//! What a backslash begins.

use super::{
    class::{push_literal, set, shorthand},
    walk::{Flags, Item, Walk},
};

impl Walk<'_> {
    /// Writes the escape whose backslash was taken, outside a class.
    pub(super) fn escape(&mut self, flags: Flags) -> Result<Item, String> {
        let c = self.next().ok_or("bad escape (end of pattern)")?;
        match c {
            'A' => self.out.push_str("\\A"),
            'Z' => self.out.push_str("\\z"),
            'b' | 'B' => self.boundary(c, flags),
            _ => {
                match c {
                    'd' | 'D' | 'w' | 'W' | 's' | 'S' => self.out.push_str(&shorthand(c, flags)),
                    '0' => self.literal_octal(c)?,
                    '1'..='9' => self.number(c)?,
                    other => {
                        let literal = self.character(other)?;
                        push_literal(&mut self.out, literal);
                    }
                }
                return Ok(Item::Repeatable);
            }
        }
        Ok(Item::Position)
    }

    /// The engine's own boundary counts combining marks as letters, Python's does not.
    fn boundary(&mut self, letter: char, flags: Flags) {
        let word = set('w', flags);
        self.out.push_str(&match letter {
            'b' => format!("(?:(?<=[{word}])(?![{word}])|(?<![{word}])(?=[{word}]))"),
            // In an empty text there is no place for it before Python 3.14.
            _ => format!(r"(?!\A\z)(?:(?<=[{word}])(?=[{word}])|(?<![{word}])(?![{word}]))"),
        });
    }

    fn literal_octal(&mut self, first: char) -> Result<(), String> {
        let literal = self.octal(first)?;
        push_literal(&mut self.out, literal);
        Ok(())
    }

    /// A reference to a group, or an octal number of three digits.
    fn number(&mut self, first: char) -> Result<(), String> {
        let digit = |walk: &Self, ahead: usize| walk.text.get(walk.at + ahead).copied();
        let is_octal = |c: Option<char>| c.is_some_and(|c| ('0'..='7').contains(&c));
        if is_octal(Some(first)) && is_octal(digit(self, 0)) && is_octal(digit(self, 1)) {
            return self.literal_octal(first);
        }
        let mut number = first.to_string();
        if let Some(second) = self.peek().filter(char::is_ascii_digit) {
            self.at += 1;
            number.push(second);
        }
        let group = number.parse().map_err(|_| format!("invalid group reference {number}"))?;
        self.reference(group)
    }

    /// Writes a reference to the group, which must be closed.
    pub(super) fn reference(&mut self, group: usize) -> Result<(), String> {
        if group == 0 || group > self.groups {
            return Err(format!("invalid group reference {group}"));
        }
        if self.open.contains(&group) {
            return Err("cannot refer to an open group".to_owned());
        }
        self.out.push_str(&format!("(?:\\{group})"));
        Ok(())
    }

    /// The character of up to three octal digits, of which the first was taken.
    pub(super) fn octal(&mut self, first: char) -> Result<char, String> {
        let mut value = u32::from(first) - u32::from('0');
        for _ in 0..2 {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) else { break };
            self.at += 1;
            value = value * 8 + digit;
        }
        if value > 0o377 {
            return Err(format!("octal escape value \\{value:o} outside of range 0-0o377"));
        }
        char::from_u32(value).ok_or_else(|| "bad escape".to_owned())
    }

    /// The character that an escape other than a set, a position or a number stands for.
    pub(super) fn character(&mut self, letter: char) -> Result<char, String> {
        Ok(match letter {
            'a' => '\u{7}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            'x' => self.hexadecimal(2)?,
            'u' => self.hexadecimal(4)?,
            'U' => self.hexadecimal(8)?,
            other if other.is_ascii_alphanumeric() => return Err(format!("bad escape \\{other}")),
            other => other,
        })
    }

    fn hexadecimal(&mut self, digits: usize) -> Result<char, String> {
        let mut value = 0;
        for _ in 0..digits {
            let digit = self.next().and_then(|c| c.to_digit(16)).ok_or("incomplete escape")?;
            value = value * 16 + digit;
        }
        char::from_u32(value).ok_or_else(|| format!("bad escape: {value:x} is no character"))
    }
}
