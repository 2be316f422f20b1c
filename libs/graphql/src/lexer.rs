//! From text to tokens, with the messages of the dialect.

use std::borrow::Cow;

use crate::dialect::Dialect;

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
    pub(crate) fn describe(&self, dialect: Dialect) -> String {
        match self {
            Self::End if dialect == Dialect::Js16 => "<EOF>".to_owned(),
            Self::End => "EOF".to_owned(),
            Self::Mark(mark) if dialect == Dialect::Js16 => format!("\"{mark}\""),
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
    dialect: Dialect,
    source: &'a str,
    position: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(dialect: Dialect, source: &'a str) -> Self {
        Self { dialect, source, position: 0 }
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
            '"' if self.dialect == Dialect::Js16 && self.source[start..].starts_with("\"\"\"") => {
                self.block_string()?
            }
            '"' => self.string()?,
            c => return Err(self.unexpected(c)),
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

    fn unexpected(&self, c: char) -> Refused {
        let found = self.print(Some(c));
        self.refuse(match (self.dialect, c) {
            (Dialect::Js16, '\'') => {
                "Unexpected single quote character ('), did you mean to use a double quote (\")?".to_owned()
            }
            (Dialect::Js16, '\0'..' ') => format!("Invalid character: {found}."),
            (Dialect::Js16, _) => format!("Unexpected character: {found}."),
            (Dialect::Core2, '\0'..' ') => format!("Invalid character {found}."),
            (Dialect::Core2, _) => format!("Unexpected character {found}."),
        })
    }

    fn print(&self, c: Option<char>) -> String {
        match (self.dialect, c) {
            (Dialect::Core2, c) => print_char(c),
            (Dialect::Js16, None) => "<EOF>".to_owned(),
            (Dialect::Js16, Some('"')) => "'\"'".to_owned(),
            (Dialect::Js16, Some(c @ ' '..='~')) => format!("\"{c}\""),
            (Dialect::Js16, Some(c)) => format!("U+{:04X}", c as u32),
        }
    }

    fn unterminated(&self) -> Refused {
        let end = if self.dialect == Dialect::Core2 { "" } else { "." };
        self.refuse(format!("Unterminated string{end}"))
    }

    /// Text between three quotes: lines lose the indentation that they have in common, and blank lines around
    /// them go.
    fn block_string(&mut self) -> Result<TokenKind<'a>, Refused> {
        self.position += 3;
        let mut text = String::new();
        loop {
            let rest = &self.source[self.position..];
            let stop = rest.find(['"', '\\']).ok_or_else(|| self.unterminated())?;
            text.push_str(&rest[..stop]);
            let rest = &rest[stop..];
            self.position += stop;
            if rest.starts_with("\"\"\"") {
                self.position += 3;
                return Ok(TokenKind::String(Cow::Owned(dedented(&text))));
            }
            let taken = if rest.starts_with("\\\"\"\"") { 4 } else { 1 };
            text.push_str(if taken == 4 { "\"\"\"" } else { &rest[..1] });
            self.position += taken;
        }
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
                let found = self.print(self.peek());
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
        let begins_a_name = |b: u8| b == b'.' || b == b'_' || b.is_ascii_alphabetic();
        if self.dialect == Dialect::Js16 && self.byte(0).is_some_and(begins_a_name) {
            let found = self.print(self.peek());
            return Err(self.refuse(format!("Invalid number, expected digit but got: {found}.")));
        }
        let text = &self.source[start..self.position];
        Ok(if is_float { TokenKind::Float(text) } else { TokenKind::Int(text) })
    }

    fn digits(&mut self) -> Result<(), Refused> {
        if !self.byte(0).is_some_and(|b| b.is_ascii_digit()) {
            let found = self.print(self.peek());
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
                None | Some('\n' | '\r') => return Err(self.unterminated()),
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
        let Some(c) = self.peek() else { return Err(self.unterminated()) };
        let plain = match c {
            '"' | '/' | '\\' => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unicode_escape(text),
            c if self.dialect == Dialect::Js16 => {
                let message = format!("Invalid character escape sequence: \"\\{c}\".");
                return Err(Refused { at: self.position - 1, message });
            }
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

/// The lines of a block string without what is only there for the eye.
fn dedented(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.split('\n').collect();
    let blank = |line: &&str| line.chars().all(|c| c == ' ' || c == '\t');
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let common = lines.iter().skip(1).filter(|line| !blank(line)).map(|line| indent(line)).min().unwrap_or(0);
    let first = lines.iter().position(|line| !blank(line)).unwrap_or(lines.len());
    let last = lines.iter().rposition(|line| !blank(line)).map_or(first, |last| last + 1);
    let shown = lines[first..last].iter().enumerate().map(|(place, line)| match first + place {
        0 => *line,
        _ => line.get(common..).unwrap_or_default(),
    });
    shown.collect::<Vec<_>>().join("\n")
}

fn print_char(c: Option<char>) -> String {
    match c {
        None => "<EOF>".to_owned(),
        Some(c) if (c as u32) < 0x7f => serde_json::Value::from(c.to_string()).to_string(),
        Some(c) => format!("\"\\u{:04X}\"", c as u32),
    }
}
