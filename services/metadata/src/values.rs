//! Parameters as the original's web framework (FastAPI) reads them. Pure.

use serde_json::json;
use web::Params;

use crate::error::Error;

/// The value of a parameter that counts: the last one.
fn last<'p>(params: &'p Params, name: &str) -> Option<&'p str> {
    params.iter().filter(|(key, _)| *key == name).last().map(|(_, value)| value)
}

/// # Errors
/// 422 for a text that is no boolean.
pub(crate) fn boolean(params: &Params, name: &str, default: bool) -> Result<bool, Error> {
    let Some(text) = last(params, name) else { return Ok(default) };
    match text.to_lowercase().as_str() {
        "true" | "t" | "1" | "yes" | "y" | "on" => Ok(true),
        "false" | "f" | "0" | "no" | "n" | "off" => Ok(false),
        _ => Err(Error::fault(
            "bool_parsing",
            &[json!("query"), json!(name)],
            "Input should be a valid boolean, unable to interpret input",
        )),
    }
}

/// A number that is not negative, at most `most`.
///
/// # Errors
/// 422 for a text that is no integer, 400 for a negative one.
pub(crate) fn count(params: &Params, name: &str, default: i64, most: i64) -> Result<i64, Error> {
    let Some(text) = last(params, name) else { return Ok(default.min(most)) };
    match integer(text) {
        Some(number) if number < 0 => Err(Error::bad(format!("{name} must not be negative"))),
        Some(number) => Ok(number.min(most)),
        None => Err(Error::fault(
            "int_parsing",
            &[json!("query"), json!(name)],
            "Input should be a valid integer, unable to parse string as an integer",
        )),
    }
}

/// An integer as a person writes it: a sign, digits with `_` between them, perhaps `.0` at the end. What is
/// too large is the largest number.
fn integer(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = match digits.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|byte| byte == b'0') => whole,
        Some(_) => return None,
        None => digits,
    };
    let groups_whole = digits.split('_').all(|group| !group.is_empty());
    let digits = digits.replace('_', "");
    if !groups_whole || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(i64::MAX) * sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_are_read_in_all_their_spellings() {
        let read = |query: &str| boolean(&Params::parse(query), "x", false);
        for (query, expected) in [
            ("", false),
            ("x=True", true),
            ("x=on", true),
            ("x=1", true),
            ("x=No", false),
            ("x=0&x=yes", true),
        ] {
            assert_eq!(read(query).unwrap(), expected, "{query}");
        }
        for query in ["x=", "x", "x=2", "x=maybe"] {
            assert!(matches!(read(query), Err(Error::Unusable(_))), "{query}");
        }
    }

    #[test]
    fn counts_have_bounds() {
        let read = |query: &str| count(&Params::parse(query), "x", 10, 2000);
        for (query, expected) in [
            ("", 10),
            ("x=0", 0),
            ("x= 7 ", 7),
            ("x=%2B7", 7),
            ("x=1_0", 10),
            ("x=5.0", 5),
            ("x=99999999999999999999999", 2000),
        ] {
            assert_eq!(read(query).unwrap(), expected, "{query}");
        }
        for query in ["x=", "x=x", "x=5.5", "x=1__0", "x=_1", "x=1e3", "x=."] {
            assert!(matches!(read(query), Err(Error::Unusable(_))), "{query}");
        }
        for query in ["x=-1", "x=-99999999999999999999999"] {
            assert!(matches!(read(query), Err(Error::BadRequest(_))), "{query}");
        }
    }
}
