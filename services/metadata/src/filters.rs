//! The grammar of queries: `a.b=1&a.b=2&c=*` finds documents whose `a.b` is 1 or 2 and that have a `c`. Pure.

use indexmap::IndexMap;
use serde_json::json;
use web::Params;

use crate::error::Error;

/// Parameters that are no filters.
const RESERVED: [&str; 3] = ["data", "limit", "offset"];
/// Paths of one query.
const MOST_FILTERS: usize = 50;
/// Values of one query.
const MOST_VALUES: usize = 1_000;
/// Keys of a path.
const MOST_KEYS: usize = 32;
/// Digits of a number that is looked for as one.
const MOST_DIGITS: usize = 300;

/// What one path of a document must be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Filter {
    pub(crate) path: Vec<String>,
    pub(crate) wanted: Wanted,
}

/// What must be there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Wanted {
    /// Anything, null included.
    Anything,
    /// A value whose text is one of these.
    OneOf(Vec<String>),
}

impl Filter {
    /// All parameters but the reserved ones.
    ///
    /// # Errors
    /// 400 for too many.
    pub(crate) fn read(params: &Params) -> Result<Vec<Self>, Error> {
        let mut values: IndexMap<&str, Vec<&str>> = IndexMap::new();
        let mut count = 0;
        for (name, value) in params.iter().filter(|(name, _)| !RESERVED.contains(name)) {
            count += 1;
            values.entry(name).or_default().push(value);
        }
        if values.len() > MOST_FILTERS || count > MOST_VALUES {
            return Err(Error::bad(format!(
                "a query has at most {MOST_FILTERS} keys and {MOST_VALUES} values"
            )));
        }
        values.into_iter().map(|(name, values)| Self::of(name, &values)).collect()
    }

    fn of(name: &str, values: &[&str]) -> Result<Self, Error> {
        let wanted = if values.contains(&"*") {
            Wanted::Anything
        } else {
            let literal = |value: &&str| if *value == "\\*" { "*".to_owned() } else { (*value).to_owned() };
            Wanted::OneOf(values.iter().map(literal).collect())
        };
        Ok(Self { path: path(name)?, wanted })
    }

    /// Whether the path reaches into objects only. A number may be a position in a list.
    pub(crate) fn has_names_only(&self) -> bool {
        !self.path.iter().any(|key| is_position(key))
    }

    /// Documents one of which every document contains that this filter finds, for the index; `None` if no
    /// such can be named.
    pub(crate) fn contained(&self) -> Option<Vec<String>> {
        let Wanted::OneOf(values) = &self.wanted else { return None };
        if !self.has_names_only() {
            return None;
        }
        let nest = |inside: String, key: &String| format!("{{{}:{inside}}}", json!(key));
        let mut contained = Vec::new();
        for value in values {
            let nested = |candidate| self.path.iter().rev().fold(candidate, nest);
            contained.extend(candidates(value)?.into_iter().map(nested));
        }
        Some(contained)
    }
}

/// The keys of a path with dots between them.
///
/// # Errors
/// 400 for too many.
pub(crate) fn path(name: &str) -> Result<Vec<String>, Error> {
    if name.split('.').count() > MOST_KEYS {
        return Err(Error::bad(format!("a path has at most {MOST_KEYS} keys")));
    }
    Ok(name.split('.').map(str::to_owned).collect())
}

/// Whether PostgreSQL would take the key as a position where there is a list.
pub(crate) fn is_position(key: &str) -> bool {
    key.trim().parse::<i64>().is_ok()
}

/// The values whose text is `text`; `None` for what may be a list or an object.
fn candidates(text: &str) -> Option<Vec<String>> {
    if text.starts_with(['[', '{']) {
        return None;
    }
    let mut candidates = vec![json!(text).to_string()];
    if matches!(text, "true" | "false") || is_number(text) {
        candidates.push(text.to_owned());
    }
    Some(candidates)
}

/// Whether a number can have this text in the database, which writes no exponents.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let has_leading_zero = whole.len() > 1 && whole.starts_with('0');
    all_digits(whole) && all_digits(fraction) && !has_leading_zero && text.len() <= MOST_DIGITS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Vec<Filter> {
        Filter::read(&Params::parse(query)).unwrap()
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn values_of_a_path_are_alternatives_and_a_star_is_any_value() {
        let filters = read("a.b=1&data=true&c=*&a.b=x&limit=3&c=2&offset=1&d=%5C*&e");
        let filter = |path: &[&str], wanted| Filter { path: texts(path), wanted };
        let expected = [
            filter(&["a", "b"], Wanted::OneOf(texts(&["1", "x"]))),
            filter(&["c"], Wanted::Anything),
            filter(&["d"], Wanted::OneOf(texts(&["*"]))),
            filter(&["e"], Wanted::OneOf(texts(&[""]))),
        ];
        assert_eq!(filters, expected);
        assert_eq!(read("..=1")[0].path, ["", "", ""]);
    }

    #[test]
    fn the_index_is_asked_for_every_value_of_that_text() {
        let contained = |query: &str| read(query)[0].contained();
        assert_eq!(contained("a=x\"y"), Some(texts(&[r#"{"a":"x\"y"}"#])));
        assert_eq!(
            contained("a.b=3&a.b=true"),
            Some(texts(&[
                r#"{"a":{"b":"3"}}"#,
                r#"{"a":{"b":3}}"#,
                r#"{"a":{"b":"true"}}"#,
                r#"{"a":{"b":true}}"#,
            ]))
        );
        assert_eq!(contained("a=-1.50").unwrap().len(), 2);
        for text in ["007", "1e5", "1.", ".5", "-", "True", "null", "+1"] {
            assert_eq!(contained(&format!("a={text}").replace('+', "%2B")).unwrap().len(), 1, "{text}");
        }
        assert_eq!(contained(&format!("a={}", "9".repeat(400))).unwrap().len(), 1);
        for query in ["a=[1]", "a={}", "a=x&a={}", "l.0=1", "l.-1=1", "a=*"] {
            assert_eq!(contained(query), None, "{query}");
        }
    }

    #[test]
    fn queries_have_limits() {
        let many =
            |count: usize, name: fn(usize) -> String| (0..count).map(name).collect::<Vec<_>>().join("&");
        for query in [
            many(MOST_FILTERS + 1, |number| format!("k{number}=1")),
            many(MOST_VALUES + 1, |number| format!("k={number}")),
            format!("{}=1", "a.".repeat(MOST_KEYS)),
        ] {
            assert!(matches!(Filter::read(&Params::parse(&query)), Err(Error::BadRequest(_))));
        }
        assert_eq!(read(&many(MOST_VALUES, |number| format!("k={number}"))).len(), 1);
    }
}
