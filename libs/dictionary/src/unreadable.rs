//! Patterns that are none.

use serde_json::Value;

use crate::{Problem, draft4, patterns, problem::step};

/// The patterns of a schema that are none: no text obeys them.
pub(crate) fn unreadable(file: &str, schema: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    collect(file, &draft4::keywords_only(schema), "", &mut problems);
    problems
}

fn collect(file: &str, value: &Value, path: &str, problems: &mut Vec<Problem>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match (key.as_str(), value) {
                    ("pattern", Value::String(pattern)) => {
                        if let Err(error) = patterns::compile(pattern) {
                            let message = format!("the pattern {pattern} cannot be used: {error}");
                            let remedy = "Correct it, as Python reads it; every text is refused.";
                            problems.push(Problem::warning(file, step(path, key), message, remedy));
                        }
                    }
                    _ => collect(file, value, &step(path, key), problems),
                }
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                collect(file, item, &step(path, i), problems);
            }
        }
        _ => {}
    }
}
