//! From text to tokens, with the messages of graphql-core.

use std::borrow::Cow;

/// A token and the byte offset at which it starts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: TokenKind<'a>,
    pub(crate) start: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TokenKind<'a> {
    End,
    /// One of `! $ ( ) ... : = @ [ ] { | }`.
    Mark(&'static str),
    Name(&'a str),
    Int(&'a str),
    Float(&'a str),
    String(Cow<'a, str>),
}

impl TokenKind<'_> {
    /// How messages call the token.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::End => "EOF".to_owned(),
            Self::Mark(mark) => (*mark).to_owned(),
            Self::Name(text) => format!("Name \"{text}\""),
            Self::Int(text) => format!("Int \"{text}\""),
            Self::Float(text) => format!("Float \"{text}\""),
            Self::String(text) if text.is_empty() => "String".to_owned(),
            Self::String(text) => format!("String \"{text}\""),
        }
    }
}

/// What is wrong at a byte offset.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) at: usize,
    pub(crate) message: String,
}

pub(crate) struct Lexer<'a> {
    source: &'a str,
    position: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(source: &'a str) -> Self {
        Self { source, position: 0 }
    }

    fn peek(&self) -> Option<char> {
        self.source[self.position..].chars().next()
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.source.as_bytes().get(self.position + ahead).copied()
    }

    fn skip_ignored(&mut self) {
        while let Some(c) = self.peek() {
            match c {
                '\u{feff}' | '\t' | ' ' | '\n' | '\r' | ',' => self.position += c.len_utf8(),
                '#' => {
                    let rest = &self.source[self.position..];
                    let end = rest.find(|c: char| c < ' ' && c != '\t').unwrap_or(rest.len());
                    self.position += end;
                }
                _ => return,
            }
        }
    }

    pub(crate) fn next(&mut self) -> Result<Token<'a>, Refused> {
        self.skip_ignored();
        let start = self.position;
        let Some(c) = self.peek() else { return Ok(Token { kind: TokenKind::End, start }) };
        if let Some(mark) = self.mark(c) {
            self.position += mark.len();
            return Ok(Token { kind: TokenKind::Mark(mark), start });
        }
        let kind = match c {
            'A'..='Z' | 'a'..='z' | '_' => self.name(),
            '-' | '0'..='9' => self.number()?,
            '"' => self.string()?,
            c if c < ' ' => return Err(self.refuse(format!("Invalid character {}.", print_char(Some(c))))),
            c => return Err(self.refuse(format!("Unexpected character {}.", print_char(Some(c))))),
        };
        Ok(Token { kind, start })
    }

    fn mark(&self, c: char) -> Option<&'static str> {
        const MARKS: [&str; 12] = ["!", "$", "(", ")", ":", "=", "@", "[", "]", "{", "|", "}"];
        if c == '.' {
            return self.source[self.position..].starts_with("...").then_some("...");
        }
        MARKS.into_iter().find(|mark| mark.starts_with(c))
    }

    fn refuse(&self, message: String) -> Refused {
        Refused { at: self.position, message }
    }

    fn name(&mut self) -> TokenKind<'a> {
        let rest = &self.source[self.position..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        self.position += end;
        TokenKind::Name(&rest[..end])
    }

    fn number(&mut self) -> Result<TokenKind<'a>, Refused> {
        let (start, mut is_float) = (self.position, false);
        if self.byte(0) == Some(b'-') {
            self.position += 1;
        }
        if self.byte(0) == Some(b'0') {
            self.position += 1;
            if self.byte(0).is_some_and(|b| b.is_ascii_digit()) {
                let found = print_char(self.peek());
                return Err(self.refuse(format!("Invalid number, unexpected digit after 0: {found}.")));
            }
        } else {
            self.digits()?;
        }
        if self.byte(0) == Some(b'.') {
            is_float = true;
            self.position += 1;
            self.digits()?;
        }
        if matches!(self.byte(0), Some(b'e' | b'E')) {
            is_float = true;
            self.position += 1;
            if matches!(self.byte(0), Some(b'+' | b'-')) {
                self.position += 1;
            }
            self.digits()?;
        }
        let text = &self.source[start..self.position];
        Ok(if is_float { TokenKind::Float(text) } else { TokenKind::Int(text) })
    }

    fn digits(&mut self) -> Result<(), Refused> {
        if !self.byte(0).is_some_and(|b| b.is_ascii_digit()) {
            let found = print_char(self.peek());
            return Err(self.refuse(format!("Invalid number, expected digit but got: {found}.")));
        }
        while self.byte(0).is_some_and(|b| b.is_ascii_digit()) {
            self.position += 1;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<TokenKind<'a>, Refused> {
        self.position += 1;
        let start = self.position;
        let mut unescaped: Option<String> = None;
        loop {
            let c = match self.peek() {
                None | Some('\n' | '\r') => return Err(self.refuse("Unterminated string".to_owned())),
                Some(c) => c,
            };
            match c {
                '"' => break,
                '\\' => {
                    let so_far =
                        unescaped.get_or_insert_with(|| self.source[start..self.position].to_owned());
                    let mut text = std::mem::take(so_far);
                    self.position += 1;
                    self.escape(&mut text)?;
                    unescaped = Some(text);
                    continue;
                }
                c if c < ' ' && c != '\t' => {
                    let found = print_char(Some(c));
                    return Err(self.refuse(format!("Invalid character within String: {found}.")));
                }
                c => {
                    if let Some(text) = &mut unescaped {
                        text.push(c);
                    }
                }
            }
            self.position += c.len_utf8();
        }
        let end = self.position;
        self.position += 1;
        Ok(TokenKind::String(unescaped.map_or(Cow::Borrowed(&self.source[start..end]), Cow::Owned)))
    }

    /// Reads what follows a backslash. Surrogate pairs are put together.
    fn escape(&mut self, text: &mut String) -> Result<(), Refused> {
        let Some(c) = self.peek() else { return Err(self.refuse("Unterminated string".to_owned())) };
        let plain = match c {
            '"' | '/' | '\\' => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unicode_escape(text),
            c => return Err(self.refuse(format!("Invalid character escape sequence: \\{c}."))),
        };
        text.push(plain);
        self.position += c.len_utf8();
        Ok(())
    }

    fn unicode_escape(&mut self, text: &mut String) -> Result<(), Refused> {
        let first = self.hex4(self.position + 1)?;
        let mut length = 5;
        let code = match first {
            0xd800..=0xdbff if self.source[self.position + 5..].starts_with("\\u") => {
                let second = self.hex4(self.position + 7)?;
                length = 11;
                0x10000 + ((first - 0xd800) << 10) + (second.wrapping_sub(0xdc00) & 0x3ff)
            }
            code => code,
        };
        // A lone surrogate is not a character, and PostgreSQL could not keep it.
        text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        self.position += length;
        Ok(())
    }

    fn hex4(&self, at: usize) -> Result<u32, Refused> {
        let digits = self.source.get(at..at + 4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).ok_or_else(|| {
            let found: String = self.source[self.position + 1..].chars().take(4).collect();
            self.refuse(format!("Invalid character escape sequence: \\u{found}."))
        })
    }
}

fn print_char(c: Option<char>) -> String {
    match c {
        None => "<EOF>".to_owned(),
        Some(c) if (c as u32) < 0x7f => serde_json::Value::from(c.to_string()).to_string(),
        Some(c) => format!("\"\\u{:04X}\"", c as u32),
    }
}
