//! Whose rules and words.

/// Whose rules and words. Clients match on messages, and some rely on what one implementation takes and
/// another does not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// graphql-core 2, of Python: the language of October 2016 with the literal `null`. A `null` that is
    /// given for an argument is as none, and strings are read as numbers where numbers are wanted.
    #[default]
    Core2,
    /// graphql-js 16: block strings, strict values, and a `null` that is given for an argument stands there.
    Js16,
}

/// A place in the text of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// In characters of UTF-16, as JavaScript counts them, from 1.
    pub column: usize,
}

impl Position {
    /// The place at a byte offset.
    pub fn of(source: &str, at: usize) -> Self {
        let before = source.get(..at).unwrap_or(source);
        let start = before.rfind(['\n', '\r']).map_or(0, |newline| newline + 1);
        let returns = before.matches('\r').count();
        let line = 1 + before.matches('\n').count() + returns - before.matches("\r\n").count();
        Self { line, column: 1 + before[start..].encode_utf16().count() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_as_javascript_does() {
        let of = |source: &str, at| {
            let Position { line, column } = Position::of(source, at);
            (line, column)
        };
        assert_eq!(of("{a}", 1), (1, 2));
        assert_eq!(of("{\r\n  a\n}", 5), (2, 3));
        assert_eq!(of("{\rä😀b", 8), (2, 4));
    }
}
