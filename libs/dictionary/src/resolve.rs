//! Replaces the references between the files of a dictionary by what they refer to.
//!
//! Every key that begins with `$ref` is a reference. References are resolved in key order: each is removed,
//! and the keys of its referent replace those beside it. The merge is shallow; then each value is resolved in
//! turn.

use std::collections::HashMap;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::{
    model::NOT_NODES,
    problem::{Problem, step},
};

/// The number of values that a resolved dictionary may have: references can multiply a small source beyond
/// any memory.
const MAX_VALUES: usize = 5_000_000;
/// A long string counts as one value for each of this many bytes.
const BYTES_A_VALUE: usize = 256;
/// The number of levels that a value may have; a reference is one.
const MAX_DEPTH: usize = 100;

/// Resolves the node types, and whatever they use of the other files. The rest stays as it is written,
/// references included: published dictionaries have definitions that nobody has ever resolved.
///
/// Node types with a reference that cannot be followed are left out; each such reference is among the
/// problems.
pub(crate) fn resolve(files: &IndexMap<String, Value>) -> (IndexMap<String, Value>, Vec<Problem>) {
    let mut resolver = Resolver::new(files);
    let is_node = |name: &str| !NOT_NODES.contains(&name);
    let (mut nodes, problems) = resolver.files(is_node);
    let resolved = files.iter().filter_map(|(name, value)| {
        let resolved = match nodes.shift_remove(name) {
            None if is_node(name) => return None,
            None => resolver.used(value, &Place { file: name, path: String::new() }),
            Some(node) => node,
        };
        Some((name.clone(), resolved))
    });
    (resolved.collect(), problems)
}

/// The problems of definitions and terms, used or not.
pub(crate) fn problems_of_definitions(files: &IndexMap<String, Value>) -> Vec<Problem> {
    Resolver::new(files).files(|name| ["_definitions.yaml", "_terms.yaml"].contains(&name)).1
}

/// Where a value stands.
#[derive(Clone)]
struct Place<'a> {
    file: &'a str,
    path: String,
}

impl<'a> Place<'a> {
    fn down(&self, key: impl std::fmt::Display) -> Self {
        Place { file: self.file, path: step(&self.path, key) }
    }

    fn problem(&self, message: impl Into<String>, remedy: &str) -> Problem {
        Problem::new(self.file, self.path.clone(), message, remedy)
    }
}

struct Resolver<'a> {
    files: &'a IndexMap<String, Value>,
    /// The resolved referents with their sizes.
    done: HashMap<(&'a str, String), (Value, usize)>,
    /// The referents that are being resolved: meeting one of them again means a cycle.
    open: Vec<(&'a str, String)>,
    budget: usize,
    /// A limit was passed: nothing more is resolved.
    exhausted: bool,
    /// References that cannot be followed; what they should bring in is left out.
    problems: Vec<Problem>,
}

impl<'a> Resolver<'a> {
    fn new(files: &'a IndexMap<String, Value>) -> Self {
        Resolver {
            files,
            done: HashMap::new(),
            open: Vec::new(),
            budget: MAX_VALUES,
            exhausted: false,
            problems: Vec::new(),
        }
    }

    /// Resolves the files whose names `wanted` accepts, as far as that is possible.
    fn files(&mut self, wanted: impl Fn(&str) -> bool) -> (IndexMap<String, Value>, Vec<Problem>) {
        let mut resolved = IndexMap::new();
        for (name, value) in self.files.iter().filter(|(name, _)| wanted(name)) {
            let before = self.problems.len();
            let whole = self.value(value, &Place { file: name, path: String::new() }, 0);
            self.open.clear();
            match whole {
                Ok(value) if self.problems.len() == before => drop(resolved.insert(name.clone(), value)),
                Ok(_) => {}
                Err(problem) => self.problems.push(problem),
            }
        }
        (resolved, std::mem::take(&mut self.problems))
    }

    /// Gives `value` with the resolved form of those parts that something refers to.
    fn used(&self, value: &Value, place: &Place<'a>) -> Value {
        if let Some((resolved, _)) = self.done.get(&(place.file, place.path.clone())) {
            return resolved.clone();
        }
        match value {
            Value::Object(object) => {
                object.iter().map(|(key, value)| (key.clone(), self.used(value, &place.down(key)))).collect()
            }
            Value::Array(items) => {
                items.iter().enumerate().map(|(i, item)| self.used(item, &place.down(i))).collect()
            }
            other => other.clone(),
        }
    }

    fn spend(&mut self, values: usize, place: &Place<'_>) -> Result<(), Problem> {
        match self.budget.checked_sub(values) {
            Some(rest) => self.budget = rest,
            None => {
                self.exhausted = true;
                let message = format!("the resolved dictionary has more than {MAX_VALUES} values");
                return Err(place.problem(message, "Use fewer references to references."));
            }
        }
        Ok(())
    }

    fn value(&mut self, value: &'a Value, place: &Place<'a>, depth: usize) -> Result<Value, Problem> {
        if depth > MAX_DEPTH {
            self.exhausted = true;
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(place.problem(message, "Make it flatter."));
        }
        let length = value.as_str().map_or(0, str::len);
        self.spend(1 + length / BYTES_A_VALUE, place)?;
        match value {
            Value::Object(object) => self.object(object, place, depth),
            Value::Array(items) => {
                let numbered = items.iter().enumerate();
                numbered.map(|(i, item)| self.value(item, &place.down(i), depth + 1)).collect()
            }
            other => Ok(other.clone()),
        }
    }

    fn object(
        &mut self,
        object: &'a Map<String, Value>,
        place: &Place<'a>,
        depth: usize,
    ) -> Result<Value, Problem> {
        let mut referents = Map::new();
        for (key, target) in object.iter().filter(|(key, _)| key.starts_with("$ref")) {
            match self.referent(target, &place.down(key), depth) {
                Ok(referent) => referents.extend(referent),
                Err(problem) if self.exhausted => return Err(problem),
                Err(problem) if self.problems.contains(&problem) => {}
                Err(problem) => self.problems.push(problem),
            }
        }
        let mut resolved = Map::new();
        for (key, value) in object.iter().filter(|(key, _)| !key.starts_with("$ref")) {
            let value = match referents.remove(key) {
                Some(winner) => winner,
                None => self.value(value, &place.down(key), depth + 1)?,
            };
            resolved.insert(key.clone(), value);
        }
        resolved.extend(referents);
        Ok(Value::Object(resolved))
    }

    /// Resolves the mapping to which the reference `target`, written at `place`, leads.
    fn referent(
        &mut self,
        target: &'a Value,
        place: &Place<'a>,
        depth: usize,
    ) -> Result<Map<String, Value>, Problem> {
        let Some(text) = target.as_str() else {
            return Err(place.problem(
                "a reference must be a string, not a list or anything else",
                "Write one reference a key: $ref, $ref2, ...",
            ));
        };
        let (file, pointer) = self.split(text, place)?;
        let key = (file, format!("/{}", pointer.trim_matches('/')).trim_end_matches('/').to_owned());
        if let Some((value, size)) = self.done.get(&key).cloned() {
            self.spend(size, place)?;
            return mapping(value, text, place);
        }
        if self.open.contains(&key) {
            return Err(place.problem(
                format!("the reference {text} leads back to itself"),
                "Break the cycle; references are replaced by what they stand for.",
            ));
        }
        self.open.push(key.clone());
        let before = self.budget;
        let walked = self.walk(file, pointer, text, place, depth + 1);
        self.open.pop();
        let value = walked?;
        self.done.insert(key, (value.clone(), before - self.budget));
        mapping(value, text, place)
    }

    /// Splits `file.yaml#/pointer`. Without a file, the reference leads into the file in which it is written.
    fn split(&self, text: &'a str, place: &Place<'a>) -> Result<(&'a str, &'a str), Problem> {
        let Some((file, pointer)) = text.split_once('#') else {
            return Err(place.problem(format!("the reference {text} has no #"), "Write file.yaml#/name."));
        };
        if file.is_empty() {
            return Ok((place.file, pointer));
        }
        match self.files.get_key_value(file) {
            Some((file, _)) => Ok((file, pointer)),
            None => Err(place.problem(
                format!("the reference {text} names a file that the dictionary lacks"),
                "Correct the file's name, or add the file.",
            )),
        }
    }

    /// Follows a pointer from the top of `file` and resolves what is there.
    fn walk(
        &mut self,
        file: &'a str,
        pointer: &str,
        text: &str,
        place: &Place<'a>,
        depth: usize,
    ) -> Result<Value, Problem> {
        let nowhere = |problem: Option<Problem>| {
            problem.unwrap_or_else(|| {
                let message = format!("the reference {text} leads nowhere");
                place.problem(message, "Correct its path, or add the target.")
            })
        };
        let found = self.find(file, pointer, depth).map_err(|problem| nowhere(Some(problem)))?;
        let (at, here) = found.ok_or_else(|| nowhere(None))?;
        self.value(at, &here, depth + 1)
    }

    /// The value at a pointer of `file` and where it is written, which is elsewhere when a reference on the
    /// way brings it in. Nothing beside the way is looked at: a property may refer to its neighbour, and two
    /// files to each other.
    fn find(
        &mut self,
        file: &'a str,
        pointer: &str,
        depth: usize,
    ) -> Result<Option<(&'a Value, Place<'a>)>, Problem> {
        let Some(top) = self.files.get(file) else { return Ok(None) };
        let mut at = (top, Place { file, path: String::new() });
        let pointer = pointer.trim_matches('/');
        for key in pointer.split('/').filter(|_| !pointer.is_empty()) {
            let key = key.replace("~1", "/").replace("~0", "~");
            match self.step(&at, &key, depth)? {
                Some(next) => at = next,
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    /// The value under `key`. What references bring in replaces what is written beside them, and the last
    /// reference counts.
    fn step(
        &mut self,
        (at, here): &(&'a Value, Place<'a>),
        key: &str,
        depth: usize,
    ) -> Result<Option<(&'a Value, Place<'a>)>, Problem> {
        if depth > MAX_DEPTH {
            return Err(here.problem(
                format!("references lead to references through more than {MAX_DEPTH} levels, or in a circle"),
                "Break the cycle; references are replaced by what they stand for.",
            ));
        }
        self.spend(1, here)?;
        let references = at.as_object().into_iter().flat_map(|object| object.iter().rev());
        for (name, target) in references.filter(|(name, _)| name.starts_with("$ref")) {
            let place = here.down(name);
            let Some(text) = target.as_str() else { continue };
            let (file, pointer) = self.split(text, &place)?;
            let Some(referent) = self.find(file, pointer, depth + 1)? else { continue };
            if let Some(found) = self.step(&referent, key, depth + 1)? {
                return Ok(Some(found));
            }
        }
        Ok(child(at, key).map(|value| (value, here.down(key))))
    }
}

fn child<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    match value {
        Value::Object(object) => object.get(key),
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        _ => None,
    }
}

fn mapping(value: Value, text: &str, place: &Place<'_>) -> Result<Map<String, Value>, Problem> {
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(place.problem(
            format!("the reference {text} does not lead to a mapping"),
            "Only mappings can be referred to: their keys take the reference's place.",
        )),
    }
}
