//! Resource paths and how the database keeps them.
//!
//! People write `/programs/DEV-test`; the table holds the `ltree` value `programs.DEV_S1test`. A label of an
//! `ltree` may hold only letters, digits and `_`, so everything else is escaped: `_ - . ~` as `_S0 _S1 _S2
//! _S3`, other bytes as `__` and two upper-case hexadecimal digits. A space has no spelling at all (the
//! original makes it a `+`, which `ltree` refuses), so a resource name cannot hold one.

use std::fmt::Write;

/// Longest path that can be asked about, in bytes of its encoded form.
const MAX_ENCODED: usize = 4096;

/// Why a string is not a resource path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PathError {
    /// There is nothing, or nothing but slashes.
    #[error("resource path is empty")]
    Empty,
    /// There is a slash at the end, or two in a row.
    #[error("resource path has an empty part (a slash at the end, or two in a row)")]
    EmptyPart,
    /// A space cannot be stored.
    #[error("resource path holds a space")]
    Space,
    /// It is longer than [`MAX_ENCODED`].
    #[error("resource path is too long")]
    TooLong,
}

/// A well-formed path of a resource, existing or not; held in its `ltree` form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ResourcePath(String);

impl ResourcePath {
    /// Reads a path such as `/programs/A`. Slashes at the beginning do not matter.
    ///
    /// # Errors
    /// When the path cannot be stored; see [`PathError`].
    pub(crate) fn parse(path: &str) -> Result<Self, PathError> {
        let path = path.trim_start_matches('/');
        if path.is_empty() {
            return Err(PathError::Empty);
        }
        let mut encoded = String::with_capacity(path.len() + 16);
        for part in path.split('/') {
            if part.is_empty() {
                return Err(PathError::EmptyPart);
            }
            if !encoded.is_empty() {
                encoded.push('.');
            }
            encode_part(part, &mut encoded)?;
        }
        if encoded.len() > MAX_ENCODED {
            return Err(PathError::TooLong);
        }
        Ok(Self(encoded))
    }

    /// Reads a path that is written exactly as arborist answers it: with one slash at the beginning.
    pub(crate) fn parse_exact(path: &str) -> Option<Self> {
        let rest = path.strip_prefix('/')?;
        if rest.starts_with('/') { None } else { Self::parse(rest).ok() }
    }

    /// Takes over what the database holds.
    pub(crate) fn from_ltree(stored: String) -> Self {
        Self(stored)
    }

    /// Returns the `ltree` text.
    pub(crate) fn ltree(&self) -> &str {
        &self.0
    }

    /// Returns the path as people write it, with a leading slash.
    pub(crate) fn decoded(&self) -> String {
        let mut out = String::with_capacity(self.0.len() + 1);
        for label in self.0.split('.') {
            out.push('/');
            out.push_str(&decode_label(label));
        }
        out
    }

    /// Returns the last part, as people write it.
    pub(crate) fn name(&self) -> String {
        decode_label(self.0.rsplit('.').next().unwrap_or(&self.0))
    }

    /// Returns the `ltree` texts of this path and of everything above it, shortest first.
    pub(crate) fn with_ancestors(&self) -> impl Iterator<Item = &str> {
        let above = self.0.match_indices('.').map(|(end, _)| &self.0[..end]);
        above.chain(std::iter::once(self.0.as_str()))
    }

    /// Returns the path one step up; a resource at the top has none.
    pub(crate) fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('.').map(|(parent, _)| Self(parent.to_owned()))
    }

    /// Returns whether `other` is this path or lies below it.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        other.0.strip_prefix(&self.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// Returns the length of the longest label in bytes.
    pub(crate) fn longest_label(&self) -> usize {
        self.0.split('.').map(str::len).max().unwrap_or(0)
    }
}

fn encode_part(part: &str, out: &mut String) -> Result<(), PathError> {
    for byte in part.bytes() {
        match byte {
            b'_' => out.push_str("_S0"),
            b'-' => out.push_str("_S1"),
            b'.' => out.push_str("_S2"),
            b'~' => out.push_str("_S3"),
            b' ' => return Err(PathError::Space),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            byte => {
                let _ = write!(out, "__{byte:02X}");
            }
        }
    }
    Ok(())
}

/// Reads a label from left to right; sequences that the encoder never writes stay as they are.
fn decode_label(label: &str) -> String {
    let bytes = label.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let (byte, taken) = match bytes.get(at..) {
            Some([b'_', b'S', b'0', ..]) => (b'_', 3),
            Some([b'_', b'S', b'1', ..]) => (b'-', 3),
            Some([b'_', b'S', b'2', ..]) => (b'.', 3),
            Some([b'_', b'S', b'3', ..]) => (b'~', 3),
            Some([b'_', b'_', high, low, ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, 4),
                _ => (b'_', 1),
            },
            _ => (bytes[at], 1),
        };
        out.push(byte);
        at += taken;
    }
    String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_spelled_as_the_original_spells_them() {
        let vectors = [
            ("/programs/DEV-test", "programs.DEV_S1test"),
            ("/a@b.c", "a__40b_S2c"),
            ("/_S0", "_S0S0"),
            ("/__", "_S0_S0"),
            ("/a%2Fb", "a__252Fb"),
            ("/ü", "__C3__BC"),
            ("/a+b/~x", "a__2Bb._S3x"),
            ("/tab\there", "tab__09here"),
            ("programs/a", "programs.a"),
            ("//programs", "programs"),
        ];
        for (path, ltree) in vectors {
            assert_eq!(
                ResourcePath::parse(path).map(|p| p.ltree().to_owned()),
                Ok(ltree.to_owned()),
                "{path}"
            );
        }
    }

    #[test]
    fn paths_that_cannot_be_stored_are_refused() {
        let refused = [
            ("", PathError::Empty),
            ("/", PathError::Empty),
            ("/a/", PathError::EmptyPart),
            ("/a//b", PathError::EmptyPart),
            ("/a b", PathError::Space),
        ];
        for (path, error) in refused {
            assert_eq!(ResourcePath::parse(path), Err(error), "{path}");
        }
        assert_eq!(ResourcePath::parse(&"/x".repeat(5000)), Err(PathError::TooLong));
    }

    #[test]
    fn ancestors_come_shortest_first_and_cover_what_is_below() {
        let path = ResourcePath::parse("/a/b/c").unwrap();
        assert_eq!(path.with_ancestors().collect::<Vec<_>>(), ["a", "a.b", "a.b.c"]);
        assert_eq!(path.parent().unwrap().decoded(), "/a/b");
        assert!(ResourcePath::parse("/a/b").unwrap().covers(&path));
        assert!(!ResourcePath::parse("/a/b").unwrap().covers(&ResourcePath::parse("/a/bc").unwrap()));
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded_to_the_same(parts in proptest::collection::vec("[^/ ]{1,12}", 1..5)) {
            let path = format!("/{}", parts.join("/"));
            let parsed = ResourcePath::parse(&path).unwrap();
            prop_assert_eq!(parsed.decoded(), path);
            prop_assert!(parsed.ltree().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.'));
        }
    }
}
