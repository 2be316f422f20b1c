//! What sheepdog says of a submission.

use std::io::Read;

use serde_json::{Map, Value};

use super::items;

/// Refused records of which a message tells.
const TOLD: usize = 50;

/// What became of a submission.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Told {
    pub(super) is_success: bool,
    pub(super) created: u64,
    pub(super) updated: u64,
    pub(super) refused: u64,
    /// The first reasons.
    pub(super) reasons: Vec<String>,
}

/// Reads an answer, however long it is.
///
/// # Errors
/// When it is none of sheepdog's.
pub(super) fn read(answer: impl Read) -> anyhow::Result<Told> {
    let mut told = Told::default();
    let mut of_entities = Vec::new();
    let others = items::read(answer, "entities", &mut |entity| {
        told.entity(&entity, &mut of_entities);
        Ok(())
    })?;
    told.is_success = others.get("success").and_then(Value::as_bool).unwrap_or(false);
    for error in others.get("transactional_errors").and_then(Value::as_array).into_iter().flatten() {
        told.reasons.push(words(error));
    }
    told.reasons.extend(of_entities);
    if !told.is_success
        && told.reasons.is_empty()
        && let Some(message) = others.get("message")
    {
        told.reasons.push(words(message));
    }
    Ok(told)
}

impl Told {
    fn entity(&mut self, entity: &Map<String, Value>, reasons: &mut Vec<String>) {
        match entity.get("action").and_then(Value::as_str) {
            Some("create") => self.created += 1,
            Some("update") => self.updated += 1,
            _ => {}
        }
        let Some(errors) = entity.get("errors").and_then(Value::as_array).filter(|errors| !errors.is_empty())
        else {
            return;
        };
        self.refused += 1;
        if reasons.len() < TOLD {
            let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or("?").to_owned();
            let keys = entity.get("unique_keys").and_then(|keys| keys.get(0));
            let name = keys.and_then(|keys| keys.get("submitter_id")).or(entity.get("id"));
            let errors: Vec<String> =
                errors.iter().map(|error| error.get("message").map_or_else(|| words(error), words)).collect();
            reasons.push(format!("{} {}: {}", text(entity.get("type")), text(name), errors.join("; ")));
        }
    }
}

fn words(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_records_are_named_with_their_reasons() {
        let answer = r#"{"code": 400, "entities": [
            {"action": null, "errors": [{"message": "no such sample", "keys": ["samples"], "type": "X"}], "id": null,
             "type": "aliquot", "unique_keys": [{"project_id": "P-Q", "submitter_id": "a1"}], "valid": false},
            {"action": "create", "errors": [], "id": "1", "type": "sample", "unique_keys": [], "valid": true}],
            "message": "Transaction aborted", "success": false, "transactional_errors": ["too late"]}"#;
        let told = read(answer.as_bytes()).unwrap();
        assert_eq!((told.is_success, told.created, told.refused), (false, 1, 1));
        assert_eq!(told.reasons, ["too late", "aliquot a1: no such sample"]);
        let told = read(&br#"{"message": "You do not have access", "code": 403}"#[..]).unwrap();
        assert_eq!(told.reasons, ["You do not have access"]);
        assert!(read(&b"<html>"[..]).is_err());
    }
}
