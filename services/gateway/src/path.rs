//! One spelling for each path, so that a row cannot be avoided by writing its path differently. Pure.

/// Why a path has no meaning that everybody would agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// It does not begin with a slash.
    NotAbsolute,
    /// A backslash, as it is or escaped: some programs read it as a slash.
    Backslash,
    /// A control character, as it is or escaped.
    Control,
    /// A percent sign without two hex digits.
    Escape,
}

impl Malformed {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::NotAbsolute => "the path must begin with a slash",
            Self::Backslash => "the path has a backslash",
            Self::Control => "the path has a control character",
            Self::Escape => "the path has a percent sign that begins no escape",
        }
    }
}

/// `path` with merged slashes, without `.` and `..`, with unreserved characters decoded (RFC 3986 §6.2.2) and
/// the hex digits of the remaining escapes in upper case. What may not stand in a path as it is (RFC 3986
/// §3.3) is escaped, so that no reader behind this one has anything to decide. An escaped slash stays
/// escaped: it is part of a name.
pub(crate) fn normalise(path: &str) -> Result<String, Malformed> {
    if !path.starts_with('/') {
        return Err(Malformed::NotAbsolute);
    }
    let merged = web::collapse_slashes(&respelled(path)?);
    if !merged.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Ok(merged);
    }
    let mut kept: Vec<&str> = Vec::new();
    for segment in merged.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            other => kept.push(other),
        }
    }
    let folder = matches!(merged.rsplit('/').next(), Some("." | ".."));
    Ok(format!("/{}{}", kept.join("/"), if folder && !kept.is_empty() { "/" } else { "" }))
}

/// Each character in the one spelling that it has here.
fn respelled(path: &str) -> Result<String, Malformed> {
    let mut out = String::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        let (byte, escaped) = match byte {
            b'%' => (hex_byte(bytes.next(), bytes.next()).ok_or(Malformed::Escape)?, true),
            byte => (byte, false),
        };
        match byte {
            b'\\' => return Err(Malformed::Backslash),
            byte if byte.is_ascii_control() => return Err(Malformed::Control),
            byte if is_unreserved(byte) => out.push(char::from(byte)),
            byte if !escaped && is_delimiter(byte) => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(out)
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// What stands for itself in a path, and means something else escaped.
fn is_delimiter(byte: u8) -> bool {
    b"/:@!$&'()*+,;=".contains(&byte)
}

fn hex_byte(first: Option<u8>, second: Option<u8>) -> Option<u8> {
    let digit = |d: Option<u8>| char::from(d?).to_digit(16).and_then(|d| u8::try_from(d).ok());
    Some(digit(first)? * 16 + digit(second)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_path_become_one() {
        let cases = [
            ("/user/metrics", "/user/metrics"),
            ("/user//metrics", "/user/metrics"),
            ("/user/%6detrics", "/user/metrics"),
            ("/user/data/../metrics", "/user/metrics"),
            ("/user/data/%2e%2E/metrics", "/user/metrics"),
            ("/user/./metrics", "/user/metrics"),
            ("/../..", "/"),
            ("/a/b/..", "/a/"),
            ("/index/dg.1%2fa", "/index/dg.1%2Fa"),
            ("/x%25 6d", "/x%25%206d"),
            ("/user/x%252e%252e/metrics", "/user/x%252e%252e/metrics"),
            ("/%C3%A9", "/%C3%A9"),
            ("/\u{e9}", "/%C3%A9"),
            ("/a;b=c/d", "/a;b=c/d"),
            ("/a%3bb%2F%3fc%23d", "/a%3Bb%2F%3Fc%23d"),
            ("/a\"<>^`{|}", "/a%22%3C%3E%5E%60%7B%7C%7D"),
        ];
        for (given, wanted) in cases {
            assert_eq!(normalise(given).as_deref(), Ok(wanted), "{given}");
        }
    }

    #[test]
    fn what_programs_read_differently_is_refused() {
        let cases = [
            ("", Malformed::NotAbsolute),
            ("*", Malformed::NotAbsolute),
            ("user/metrics", Malformed::NotAbsolute),
            (r"/user/x\..\metrics", Malformed::Backslash),
            ("/user/%5cmetrics", Malformed::Backslash),
            ("/user/%5Cmetrics", Malformed::Backslash),
            ("/user/%00metrics", Malformed::Control),
            ("/user/%0d%0aX: y", Malformed::Control),
            ("/user/%7f", Malformed::Control),
            ("/user/\tmetrics", Malformed::Control),
            ("/user/%zz", Malformed::Escape),
            ("/user/%", Malformed::Escape),
            ("/user/%4", Malformed::Escape),
        ];
        for (given, wanted) in cases {
            assert_eq!(normalise(given), Err(wanted), "{given:?}");
        }
    }

    #[test]
    fn a_normal_path_is_its_own_normal_form_also_for_the_parser_of_urls() {
        for given in
            ["/a b/c|d^e", "/x/./y/../%7e%41", "/%e2%82%ac/;a=1&b,c(d)*'!$", "/{a}`\"", "/a%2f%2e%2e%2fb"]
        {
            let normal = normalise(given).unwrap();
            assert_eq!(normalise(&normal).as_deref(), Ok(normal.as_str()), "{given}");
            let url = url::Url::parse(&format!("http://a{normal}")).unwrap();
            assert_eq!(url.path(), normal, "{given}");
        }
    }
}
