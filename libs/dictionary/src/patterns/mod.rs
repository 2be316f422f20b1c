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
mod walk;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use fancy_regex::{Regex, RegexBuilder};

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

#[cfg(test)]
mod tests;
