//! The `pattern` of a property, as the original services understand it.
//!
//! Dictionaries are written for Python: sheepdog checks a pattern by `re.search` of CPython, and not by the
//! regular expressions of ECMAScript that JSON Schema recommends. The languages differ in what they accept
//! (`{,2}`, `(?P<name>)`, `\A`, `\Z`) and in what the same text means (`\w` and `\d` know all of Unicode, and
//! `$` also matches before a line break at the end).
//!
//! [`compile`] translates a pattern into one for `fancy_regex` that matches the same texts.

mod class;
mod escape;
mod group;
mod quantifier;
mod translate;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use fancy_regex::{Regex, RegexBuilder};
use serde_json::Value;

use crate::{Problem, draft4, problem::step};

/// The steps of backtracking that one search may take. A text that needs more does not match: patterns that
/// backtrack without end would hold up everybody's submissions.
const MAX_STEPS: usize = 200_000;

/// Compiles a pattern of Python 3.11 for `re.search` on text.
///
/// # Errors
/// What Python refuses, in its words, and the few things that cannot be translated (`\N{...}`, lookbehinds
/// whose length varies).
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    let translated = translate::translate(pattern)?;
    RegexBuilder::new(&translated)
        .backtrack_limit(MAX_STEPS)
        .build()
        .map_err(|error| format!("it cannot be translated: {error}"))
}

/// Compiled patterns: a dictionary has the same one in many places.
#[derive(Debug, Default)]
pub(crate) struct Patterns(Mutex<HashMap<String, Option<Arc<Regex>>>>);

impl Patterns {
    /// The compiled pattern; nothing for one that is none.
    pub(crate) fn get(&self, pattern: &str) -> Option<Arc<Regex>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let compiled = known.get(pattern).cloned();
        compiled.unwrap_or_else(|| {
            let compiled = compile(pattern).ok().map(Arc::new);
            known.insert(pattern.to_owned(), compiled.clone());
            compiled
        })
    }
}

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
                        if let Err(error) = compile(pattern) {
                            let message = format!("the pattern {pattern} cannot be used: {error}");
                            let remedy = "Correct it, as Python's re module reads it; until then every text is refused.";
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

#[cfg(test)]
mod tests;
