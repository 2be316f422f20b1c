//! JSON values as text. What is stored and answered is never taken apart here, so that numbers stay as they
//! are. Pure.

use serde_json::{Value, json, value::RawValue};

use crate::error::Error;

/// A body may be nested this deep.
pub(crate) const MOST_DEEP: usize = 100;

/// The text of a JSON value.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub struct Document(String);

impl Document {
    pub(crate) fn null() -> Self {
        Self("null".to_owned())
    }

    /// What the database has.
    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }

    /// Whether it says nothing: null, or an object without fields.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self.0.as_str(), "null" | "{}")
    }
}

impl From<Box<RawValue>> for Document {
    fn from(value: Box<RawValue>) -> Self {
        Self(Box::<str>::from(value).into_string())
    }
}

impl From<&Value> for Document {
    fn from(value: &Value) -> Self {
        Self(value.to_string())
    }
}

/// The body of a request, as far as it is read before anybody is asked whether the sender may send it.
#[derive(Debug)]
pub(crate) enum Body {
    /// There is none.
    Absent,
    /// JSON, not deeper than [`MOST_DEEP`].
    Json(Box<RawValue>),
    /// Something that is not said to be JSON.
    Other,
}

impl Body {
    /// # Errors
    /// 422 for text that is no JSON, 400 for what is no text or is too deep.
    pub(crate) fn read(bytes: &[u8], content_type: Option<&str>) -> Result<Self, Error> {
        if bytes.is_empty() {
            return Ok(Self::Absent);
        }
        if !content_type.is_some_and(is_json) {
            return Ok(Self::Other);
        }
        let text =
            std::str::from_utf8(bytes).map_err(|_| Error::bad("There was an error parsing the body"))?;
        if depth(text) > MOST_DEEP {
            return Err(Error::bad(format!("the body is nested deeper than {MOST_DEEP} levels")));
        }
        serde_json::from_str(text).map(Self::Json).map_err(|error| {
            let position = json!(offset(text, error.line(), error.column()));
            Error::fault("json_invalid", &[json!("body"), position], "JSON decode error")
        })
    }
}

/// `application/json`, or a type that ends in `+json`; parameters do not count.
fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.strip_prefix("application/").is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}

/// How deep lists and objects are nested, at most. Text that is no JSON gives some number.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_text, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The position in bytes of a line and column, which count from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    before + column.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Body, Error> {
        Body::read(text.as_bytes(), Some("application/json"))
    }

    #[test]
    fn a_body_is_read_where_it_is_said_to_be_json() {
        for (content_type, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/ld+json", true),
            ("application/jsonx", false),
            ("text/json", false),
            ("", false),
        ] {
            let body = Body::read(b"{}", Some(content_type)).unwrap();
            assert_eq!(matches!(body, Body::Json(_)), expected, "{content_type}");
        }
        assert!(matches!(Body::read(b"{}", None), Ok(Body::Other)));
        assert!(matches!(Body::read(b"", Some("application/json")), Ok(Body::Absent)));
    }

    #[test]
    fn what_is_no_json_is_told_with_its_position() {
        for (text, position) in [("{", 0), ("[1,\n x]", 5), ("5 5", 2), ("NaN", 0)] {
            let Err(Error::Unusable(faults)) = read(text) else { panic!("{text} is accepted") };
            assert_eq!(faults[0].kind, "json_invalid");
            let told = faults[0].loc[1].as_u64().unwrap();
            assert!(told.abs_diff(position) <= 1, "{text}: {told}");
        }
        assert!(matches!(Body::read(b"\"\xff\"", Some("application/json")), Err(Error::BadRequest(_))));
    }

    #[test]
    fn nesting_has_a_limit_and_brackets_in_texts_do_not_count() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(&nested(MOST_DEEP)).is_ok());
        for levels in [MOST_DEEP + 1, 10_000] {
            assert!(matches!(read(&nested(levels)), Err(Error::BadRequest(_))));
        }
        assert!(read(&format!("\"{}\"", "[{".repeat(500))).is_ok());
        assert!(read(&format!("\"\\\"{}\"", "[{".repeat(500))).is_ok());
        assert!(read(&format!("[{}1]", "[],".repeat(500))).is_ok());
    }

    #[test]
    fn numbers_stay_as_they_are() {
        let Ok(Body::Json(value)) = read(r#" {"a": 12345678901234567890123.50} "#) else { panic!("refused") };
        assert_eq!(Document::from(value).as_str(), r#"{"a": 12345678901234567890123.50}"#);
    }
}
