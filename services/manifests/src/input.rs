//! Bodies of requests, and texts of files. Pure.

use serde_json::Value;

use crate::{error::Error, names};

/// The text of a body that says something in JSON.
fn json(body: &[u8]) -> Result<(&str, Value), Error> {
    let told = || Error::bad("Please provide valid JSON.");
    let text = std::str::from_utf8(body).map_err(|_| told())?;
    let value: Value = serde_json::from_str(text).map_err(|_| told())?;
    let says_nothing = match &value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    };
    if says_nothing { Err(told()) } else { Ok((text, value)) }
}

/// The text of a manifest: a list of objects, each with an `object_id`.
///
/// # Errors
/// 400 for another form.
pub(crate) fn manifest(body: &[u8]) -> Result<String, Error> {
    let (text, value) = json(body)?;
    let has_id = |item: &Value| item.get("object_id").is_some();
    if value.as_array().is_some_and(|items| items.iter().all(has_id)) {
        return Ok(text.to_owned());
    }
    Err(Error::bad("a manifest is a list of objects, each with the key object_id"))
}

/// The text of exported metadata: any JSON.
///
/// # Errors
/// 400 for anything else.
pub(crate) fn metadata(body: &[u8]) -> Result<String, Error> {
    json(body).map(|(text, _)| text.to_owned())
}

/// The GUID of a cohort: `{"guid": ...}`.
///
/// # Errors
/// 400 for another form.
pub(crate) fn cohort(body: &[u8]) -> Result<String, Error> {
    let (_, value) = json(body)?;
    let guid = value.get("guid").and_then(Value::as_str).filter(|guid| names::is_guid(guid));
    guid.map(str::to_owned).ok_or_else(|| Error::bad("a cohort has the key guid, which ends in a UUID"))
}

/// A file as it is answered. The original writes lists as Python prints them, with single quotes; those
/// become double quotes, as there. What is JSON already stays as it is.
pub(crate) fn answered(text: String) -> String {
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
    if is_json { text } else { text.replace('\'', "\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_a_list_of_objects_with_ids() {
        let text = r#"[{"object_id": "1", "file_name": "it's"}]"#;
        assert_eq!(manifest(text.as_bytes()).unwrap(), text);
        let deep = format!("[{}{}]", "[".repeat(10_000), "]".repeat(10_000));
        let wrong =
            ["", "[]", "{}", "null", "0", "\"\"", "[1]", "[{}]", r#"{"object_id": 1}"#, "{", "[{]", &deep];
        for body in wrong {
            assert!(matches!(manifest(body.as_bytes()), Err(Error::BadRequest(_))), "{body:.40}");
        }
        assert!(manifest(b"[{\"object_id\": \"\xff\"}]").is_err());
    }

    #[test]
    fn metadata_is_any_json_that_says_something() {
        for body in [r#"{"a": 1}"#, "[1]", "\"x\"", "1", "true"] {
            assert_eq!(metadata(body.as_bytes()).unwrap(), body);
        }
        for body in ["{}", "false", "x"] {
            assert!(metadata(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn a_cohort_has_a_guid() {
        let guid = "5183a350-9d56-4084-8a03-6471cafeb7fe";
        assert_eq!(cohort(format!("{{\"guid\": \"{guid}\"}}").as_bytes()).unwrap(), guid);
        for body in [r#"{"guid": "x"}"#, r#"{"guid": 5}"#, r#"{"id": "x"}"#, "[]", "x"] {
            assert!(cohort(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn what_the_original_has_written_is_answered_as_json() {
        for (stored, expected) in [
            (r#"[{'object_id': '1'}]"#, r#"[{"object_id": "1"}]"#),
            (r#"[{"name": "it's"}]"#, r#"[{"name": "it's"}]"#),
        ] {
            assert_eq!(answered(stored.to_owned()), expected);
        }
    }
}
