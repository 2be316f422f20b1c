//! One spelling for each path, so that a row cannot be avoided by writing its path differently. Pure.

/// `path` with merged slashes, without `.` and `..`, with unreserved characters decoded (RFC 3986 §6.2.2) and
/// the hex digits of the remaining escapes in upper case. An escaped slash stays escaped: it is part of a
/// name.
pub(crate) fn normalise(path: &str) -> String {
    let decoded = decode_unreserved(path);
    let merged = web::collapse_slashes(&decoded);
    if !merged.split('/').any(|segment| matches!(segment, "." | "..")) {
        return merged;
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
    format!("/{}{}", kept.join("/"), if folder && !kept.is_empty() { "/" } else { "" })
}

fn decode_unreserved(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = String::with_capacity(path.len());
    let mut rest = 0;
    while let Some(at) = path[rest..].find('%').map(|found| rest + found) {
        out.push_str(&path[rest..at]);
        let byte = bytes.get(at + 1..at + 3).and_then(hex_byte);
        match byte {
            Some(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                out.push(char::from(byte))
            }
            Some(byte) => out.push_str(&format!("%{byte:02X}")),
            None => out.push('%'),
        }
        rest = at + if byte.is_some() { 3 } else { 1 };
    }
    out.push_str(&path[rest..]);
    out
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let digit = |d: u8| char::from(d).to_digit(16).and_then(|d| u8::try_from(d).ok());
    Some(digit(*digits.first()?)? * 16 + digit(*digits.get(1)?)?)
}

#[cfg(test)]
mod tests {
    use super::normalise;

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
            ("/x%25 6d%zz%", "/x%25 6d%zz%"),
            ("/%C3%A9", "/%C3%A9"),
        ];
        for (given, wanted) in cases {
            assert_eq!(normalise(given), wanted, "{given}");
        }
    }
}
