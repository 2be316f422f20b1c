//! Why the study could not be loaded.

use dictionary::LoadError;
use serde_json::Value;

use crate::{generate::GenerateError, settings::SettingsError};

/// Errors of an answer that are shown; the rest are counted.
const SHOWN: usize = 3;
/// Longest part of an answer that is shown.
const LONGEST: usize = 400;

/// Why the demo study could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The address of the commons cannot be used.
    #[error("{0} is not the address of a commons: {1}")]
    Address(String, String),
    /// The file has no API key.
    #[error("cannot use the API key file {0}: {1}")]
    ApiKeyFile(String, String),
    /// No answer, or one that is cut off.
    #[error("{what}: the commons cannot be reached: {reason}")]
    Unreachable {
        /// What was being done.
        what: String,
        /// What went wrong.
        reason: String,
    },
    /// The commons refused something.
    #[error("{what}: the commons answered {status}: {message}")]
    Refused {
        /// What was being done.
        what: String,
        /// HTTP status.
        status: u16,
        /// Its reason.
        message: String,
    },
    /// An answer of another form than the API promises.
    #[error("{what}: the commons gave an answer that is not understood: {reason}")]
    Unexpected {
        /// What was being done.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An uploaded file did not appear in the file index, or not as it was sent.
    #[error("the uploaded file {file} is not in the file index as it was sent: {reason}")]
    NotIndexed {
        /// Name of the file.
        file: String,
        /// What is missing or different.
        reason: String,
    },
    /// The dictionary of the commons cannot be used.
    #[error("the dictionary of the commons: {0}")]
    Dictionary(#[from] LoadError),
    /// No study fits the dictionary of the commons.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// The settings are wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The process is ending.
    #[error("making the demo study was interrupted: {0}")]
    Interrupted(String),
}

/// The reason in a service's answer: `message`, `error`, or what a refused submission says of its records.
pub(super) fn reason(body: &str) -> String {
    let Ok(answer) = serde_json::from_str::<Value>(body) else { return shortened(body.trim()) };
    let of_record = |entity: &Value| {
        let name = entity
            .pointer("/unique_keys/0/submitter_id")
            .and_then(Value::as_str)
            .unwrap_or("a record")
            .to_owned();
        let errors = entity.get("errors").and_then(Value::as_array).cloned().unwrap_or_default();
        errors.into_iter().map(move |error| format!("{name}: {}", text(&error)))
    };
    let list = |key: &str| answer.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let (entities, whole) = (list("entities"), list("transactional_errors"));
    let mut reasons: Vec<String> =
        entities.iter().flat_map(of_record).chain(whole.iter().map(text)).collect();
    if reasons.is_empty() {
        let said = ["message", "error"].iter().find_map(|key| answer.get(key));
        return said.map_or_else(|| shortened(body), |said| shortened(&text(said)));
    }
    let more = reasons.len().saturating_sub(SHOWN);
    reasons.truncate(SHOWN);
    let shown: Vec<String> = reasons.iter().map(|reason| shortened(reason)).collect();
    match more {
        0 => shown.join("; "),
        more => format!("{}; and {more} more", shown.join("; ")),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(object) => object.get("message").map_or_else(|| value.to_string(), text),
        _ => value.to_string(),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None if text.is_empty() => "no reason given".to_owned(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refused_submission_is_told_by_its_first_errors() {
        let wrong = |name: &str| {
            json!({
                "errors": [{"message": format!("{name} is wrong"), "keys": [], "type": "ERROR"}],
                "unique_keys": [{"project_id": "a-b", "submitter_id": name}],
            })
        };
        let right = json!({"errors": [], "unique_keys": [{"submitter_id": "s0"}]});
        let answer = json!({
            "message": "Transaction aborted due to 4 invalid entities.",
            "transactional_errors": ["Nothing to submit"],
            "entities": [right, wrong("s1"), wrong("s2"), wrong("s3")],
        });
        let told = "s1: s1 is wrong; s2: s2 is wrong; s3: s3 is wrong; and 1 more";
        assert_eq!(reason(&answer.to_string()), told);
    }

    #[test]
    fn other_answers_are_told_by_their_message() {
        assert_eq!(reason(r#"{"message": "program X not found"}"#), "program X not found");
        assert_eq!(reason(r#"{"code": 401, "error": "no token"}"#), "no token");
        assert_eq!(reason(r#"{"error": {"message": "deep"}}"#), "deep");
        assert_eq!(reason(" plain text \n"), "plain text");
        assert_eq!(reason(""), "no reason given");
    }
}
