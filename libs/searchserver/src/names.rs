//! Names of indices, which servers would take for patterns, dates or lists of several if they were let.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use search::SearchError;

/// The longest name in bytes.
const LONGEST: usize = 255;
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A name as it stands in a path.
///
/// # Errors
/// It can be no index's: then there is none.
pub(crate) fn concrete(name: &str) -> Result<String, SearchError> {
    if can_be(name, false) { Ok(encoded(name)) } else { Err(SearchError::NoIndex(name.to_owned())) }
}

/// A name that is to be given.
///
/// # Errors
/// It cannot be.
pub(crate) fn fresh(name: &str) -> Result<String, SearchError> {
    let fault = || SearchError::Refused(format!("{name:?} cannot be the name of an index"));
    if can_be(name, false) { Ok(encoded(name)) } else { Err(fault()) }
}

/// Checks an alias that is to be given. Unlike the own name of an index it may have capital letters, as the
/// moments of an ETL run have.
///
/// # Errors
/// It cannot be given.
pub(crate) fn alias(name: &str) -> Result<(), SearchError> {
    let fault = || SearchError::Refused(format!("{name:?} cannot be an alias"));
    if can_be(&name.to_lowercase(), false) { Ok(()) } else { Err(fault()) }
}

/// A name or a pattern with `*`, as it stands in a path; `None` if no index can be meant.
pub(crate) fn pattern(name: &str) -> Option<String> {
    can_be(name, true).then(|| encoded(name))
}

/// A text as it stands in a path.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}

fn can_be(name: &str, pattern: bool) -> bool {
    let bad = |letter: char| match letter {
        '*' => !pattern,
        letter => letter.is_uppercase() || letter.is_control() || "\\/?\"<>| ,#:".contains(letter),
    };
    !name.is_empty()
        && name.len() <= LONGEST
        && !name.starts_with(['-', '_', '+'])
        && !matches!(name, "." | "..")
        && !name.contains(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_may_have_capital_letters() {
        assert!(alias("time_20260101T000000Z").is_ok());
        assert!(matches!(fresh("time_20260101T000000Z"), Err(SearchError::Refused(_))));
        assert!(matches!(alias("a,B"), Err(SearchError::Refused(_))));
    }

    #[test]
    fn a_name_means_one_index() {
        for name in ["case_0", "dev-array-config", ".kibana", "größe"] {
            assert!(concrete(name).is_ok(), "{name}");
        }
        for name in ["", "*", "a,b", "_all", "<logs-{now/d}>", "remote:case", "-case", "Case", "..", "a/b"] {
            assert!(matches!(concrete(name), Err(SearchError::NoIndex(_))), "{name}");
            assert!(matches!(fresh(name), Err(SearchError::Refused(_))), "{name}");
        }
        assert_eq!(pattern("time_*").as_deref(), Some("time_%2A"));
        assert_eq!(pattern("a*,b"), None);
    }
}
