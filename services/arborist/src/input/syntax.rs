//! What is wrong with text that is no JSON, in the words of the original's reader, which clients have seen.

/// Deeper values are refused.
const DEEPEST: usize = 10_000;

/// Returns the first fault of `text`; none if it is JSON as far as its signs go.
pub(super) fn fault(text: &[u8]) -> Option<String> {
    let mut reader = Reader { text, at: 0 };
    reader.whole().err().map(|fault| match fault {
        Fault::End => "unexpected end of JSON input".to_owned(),
        Fault::Depth => "exceeded max depth".to_owned(),
        Fault::Sign(sign, place) => format!("invalid character {} {place}", quoted(sign)),
    })
}

enum Fault {
    /// The text ends too early.
    End,
    Depth,
    /// A sign that does not belong where it stands.
    Sign(u8, String),
}

/// A sign in single quotes. The original takes each byte for a character.
fn quoted(sign: u8) -> String {
    match sign {
        b'\'' => r"'\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        b'\\' => r"'\\'".to_owned(),
        b'\n' => r"'\n'".to_owned(),
        b'\r' => r"'\r'".to_owned(),
        b'\t' => r"'\t'".to_owned(),
        0x07 => r"'\a'".to_owned(),
        0x08 => r"'\b'".to_owned(),
        0x0b => r"'\v'".to_owned(),
        0x0c => r"'\f'".to_owned(),
        0x20..=0x7e | 0xa1..=0xac | 0xae..=0xff => format!("'{}'", char::from(sign)),
        0x00..=0x1f | 0x7f => format!(r"'\x{sign:02x}'"),
        0x80..=0xa0 | 0xad => format!(r"'\u{sign:04x}'"),
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Result<u8, Fault> {
        self.text.get(self.at).copied().ok_or(Fault::End)
    }

    fn wrong<T>(&self, place: impl Into<String>) -> Result<T, Fault> {
        Err(Fault::Sign(self.peek()?, place.into()))
    }

    fn skip_blanks(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Takes one of `signs` after blanks.
    fn one_of(&mut self, signs: &[u8], place: &str) -> Result<u8, Fault> {
        self.skip_blanks();
        let sign = self.peek()?;
        if !signs.contains(&sign) {
            return self.wrong(place);
        }
        self.at += 1;
        Ok(sign)
    }

    /// Reads all of the text. What is open is on a stack of its own: a body can be deeper than ours.
    fn whole(&mut self) -> Result<(), Fault> {
        let mut open: Vec<u8> = Vec::new();
        loop {
            self.skip_blanks();
            match self.peek()? {
                sign @ (b'{' | b'[') => {
                    self.at += 1;
                    if open.len() >= DEEPEST {
                        return Err(Fault::Depth);
                    }
                    self.skip_blanks();
                    if self.peek()? != (if sign == b'{' { b'}' } else { b']' }) {
                        open.push(sign);
                        if sign == b'{' {
                            self.key()?;
                        }
                        continue;
                    }
                    self.at += 1;
                }
                _ => self.scalar()?,
            }
            // A value is read; perhaps the last of what is around it.
            loop {
                let (signs, place): (&[u8], _) = match open.last() {
                    None => {
                        self.skip_blanks();
                        return if self.at == self.text.len() {
                            Ok(())
                        } else {
                            self.wrong("after top-level value")
                        };
                    }
                    Some(b'{') => (b",}", "after object key:value pair"),
                    Some(_) => (b",]", "after array element"),
                };
                if self.one_of(signs, place)? == b',' {
                    break;
                }
                open.pop();
            }
            if open.last() == Some(&b'{') {
                self.skip_blanks();
                self.key()?;
            }
        }
    }

    fn key(&mut self) -> Result<(), Fault> {
        if self.peek()? != b'"' {
            return self.wrong("looking for beginning of object key string");
        }
        self.string()?;
        self.one_of(b":", "after object key").map(drop)
    }

    fn scalar(&mut self) -> Result<(), Fault> {
        match self.peek()? {
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            _ => self.wrong("looking for beginning of value"),
        }
    }

    fn string(&mut self) -> Result<(), Fault> {
        self.at += 1;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => self.escape()?,
                0x00..0x20 => return self.wrong("in string literal"),
                _ => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<(), Fault> {
        self.at += 1;
        match self.peek()? {
            b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => self.at += 1,
            b'u' => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.peek()?.is_ascii_hexdigit() {
                        return self.wrong(r"in \u hexadecimal character escape");
                    }
                    self.at += 1;
                }
            }
            _ => return self.wrong("in string escape code"),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Fault> {
        if self.peek()? == b'-' {
            self.at += 1;
        }
        if self.peek()? == b'0' {
            self.at += 1;
        } else {
            self.digits("in numeric literal")?;
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if matches!(self.text.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek()?, b'+' | b'-') {
                self.at += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        Ok(())
    }

    /// Takes one digit or more.
    fn digits(&mut self, place: &str) -> Result<(), Fault> {
        if !self.peek()?.is_ascii_digit() {
            return self.wrong(place);
        }
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        Ok(())
    }

    fn literal(&mut self, word: &str) -> Result<(), Fault> {
        for sign in word.bytes() {
            if self.peek()? != sign {
                return self.wrong(format!("in literal {word} (expecting '{}')", char::from(sign)));
            }
            self.at += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::fault;

    #[test]
    fn faults_are_told_with_their_sign_and_place() {
        for (text, told) in [
            ("", "unexpected end of JSON input"),
            ("{", "unexpected end of JSON input"),
            ("[1, ", "unexpected end of JSON input"),
            ("x", "invalid character 'x' looking for beginning of value"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
            ("{a: 1}", "invalid character 'a' looking for beginning of object key string"),
            ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            ("{\"a\":1 \"b\"}", "invalid character '\"' after object key:value pair"),
            ("[1 2]", "invalid character '2' after array element"),
            ("{} {}", "invalid character '{' after top-level value"),
            ("nul", "unexpected end of JSON input"),
            ("nuh", "invalid character 'h' in literal null (expecting 'l')"),
            ("\"a\nb\"", r"invalid character '\n' in string literal"),
            (r#""\q""#, "invalid character 'q' in string escape code"),
            (r#""\u00g0""#, r"invalid character 'g' in \u hexadecimal character escape"),
            ("-x", "invalid character 'x' in numeric literal"),
            ("01", "invalid character '1' after top-level value"),
            ("1.x", "invalid character 'x' after decimal point in numeric literal"),
            ("1e+x", "invalid character 'x' in exponent of numeric literal"),
            ("'", r"invalid character '\'' looking for beginning of value"),
            ("\u{4}", r"invalid character '\x04' looking for beginning of value"),
            ("\u{feff}{}", "invalid character 'ï' looking for beginning of value"),
        ] {
            assert_eq!(fault(text.as_bytes()).as_deref(), Some(told), "{text}");
        }
        assert_eq!(fault("[".repeat(20_000).as_bytes()).as_deref(), Some("exceeded max depth"));
        assert_eq!(fault(br#" {"a": [1, -0.5e3, "x\n\u00e9", true, false, null, {}, []], "b": {}} "#), None);
    }

    proptest! {
        #[test]
        fn it_finds_fault_with_what_is_no_json_and_with_nothing_else(
            text in r#"[\[\]{},:"a\\ntrue0-9.eE\- u]{0,14}"#,
        ) {
            let parsed: Result<Box<serde_json::value::RawValue>, _> = serde_json::from_str(&text);
            // The other reader looks into strings: half of a surrogate pair is one fault more.
            prop_assert_eq!(fault(text.as_bytes()).is_none(), parsed.is_ok(), "{}", text);
        }
    }
}
