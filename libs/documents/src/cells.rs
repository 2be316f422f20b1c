//! From the text of a cell to a value, and back.

use std::sync::OnceLock;

use dictionary::SchemaValidator;
use serde_json::Value;

use crate::{
    json,
    kinds::{Kind, items, kinds, words},
    numbers::{boolean, boolean_item, integer, is_plain, is_usual, number},
    same::same,
};

/// What begins a cell whose value stands there as JSON: for values that a plain cell does not give back.
const AS_JSON: &str = "json:";

/// Whether the cell stands for null.
pub(crate) fn is_null(cell: &str) -> bool {
    cell.is_empty() || cell == "null"
}

/// How the values of a property are written in the cells of a table.
#[derive(Debug)]
pub struct CellType {
    kinds: Kinds,
    items: Items,
}

/// The kinds of values that a schema takes.
#[derive(Debug, Default)]
struct Kinds {
    all: Vec<Kind>,
    /// The schema, if it has to decide between several.
    mixed: Option<Value>,
    validator: OnceLock<Option<SchemaValidator>>,
}

/// The items of lists.
#[derive(Debug, Default)]
struct Items {
    kinds: Kinds,
    /// Words that items may be, if some of them hold commas.
    words: Vec<String>,
    /// The most commas in a word.
    most_commas: usize,
}

/// Why a cell is no value of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BrokenList;

impl CellType {
    /// That of a property with this schema.
    pub fn of(schema: &Value) -> Self {
        let kinds = Kinds::of(schema);
        let items = match items(schema) {
            Some(schema) if kinds.has(Kind::List) => Items::of(schema),
            _ => Items::default(),
        };
        Self { kinds, items }
    }

    /// The value of a trimmed cell; what does not fit stays a text, for the schema to refuse.
    pub(crate) fn read(&self, cell: &str) -> Result<Value, BrokenList> {
        if is_null(cell) {
            return Ok(Value::Null);
        }
        let written = cell.strip_prefix(AS_JSON).and_then(|text| json::value(text).ok());
        if let Some(value) = written {
            return Ok(value);
        }
        let is_open_list = cell.starts_with('[') && cell.ends_with(']') && json::value(cell).is_err();
        if self.kinds.has(Kind::List) && !self.kinds.has(Kind::Text) && is_open_list {
            return Err(BrokenList);
        }
        Ok(self.kinds.choose(cell, |kind| self.read_as(kind, cell)))
    }

    fn read_as(&self, kind: Kind, cell: &str) -> Option<Value> {
        match kind {
            Kind::Text => Some(Value::from(cell)),
            Kind::Number => number(cell),
            Kind::Integer => integer(cell),
            Kind::Boolean => boolean(cell),
            Kind::List => {
                let written = cell.starts_with('[').then(|| json::value(cell).ok()).flatten();
                Some(written.filter(Value::is_array).unwrap_or_else(|| self.items.read(cell)))
            }
            Kind::Object => {
                cell.starts_with('{').then(|| json::value(cell).ok()).flatten().filter(Value::is_object)
            }
        }
    }

    /// The cell of a value: nothing for null, lists with commas, the rest as Python prints it; as JSON what
    /// would not be read back so.
    pub fn write(&self, value: &Value) -> String {
        let plain = match value {
            Value::Null => return String::new(),
            Value::String(text) if self.is_plain_text(text) => return text.clone(),
            Value::Array(items) => items.iter().map(python::str).collect::<Vec<_>>().join(","),
            other => python::str(other),
        };
        let is_read_back = |text: &str| self.read(text.trim()).is_ok_and(|read| same(&read, value));
        if is_read_back(&plain) {
            return plain;
        }
        let written = value.to_string();
        if is_read_back(&written) { written } else { format!("{AS_JSON}{written}") }
    }

    /// Adds the cell of a value that is there as JSON, which is the one of [`CellType::write`].
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn write_json(&self, json: &str, cell: &mut String) -> Result<(), serde_json::Error> {
        match self.evident(json) {
            Some(text) => cell.push_str(text),
            None => cell.push_str(&self.write(&serde_json::from_str(json)?)),
        }
        Ok(())
    }

    /// The cell of a value of the only kind that there may be, if nothing about it has to be changed.
    fn evident<'j>(&self, json: &'j str) -> Option<&'j str> {
        match (json, &self.kinds.all[..]) {
            ("null", _) => Some(""),
            ("true", [Kind::Boolean]) => Some("True"),
            ("false", [Kind::Boolean]) => Some("False"),
            (_, [Kind::Text]) => {
                let text = json.strip_prefix('"')?.strip_suffix('"').filter(|text| !text.contains('\\'))?;
                self.is_plain_text(text).then_some(text)
            }
            (_, [Kind::Integer]) if json.contains('.') => None,
            (_, [Kind::Integer | Kind::Number]) => is_usual(json).then_some(json),
            _ => None,
        }
    }

    fn is_plain_text(&self, text: &str) -> bool {
        self.kinds.all == [Kind::Text] && !is_null(text) && text.trim() == text && !text.starts_with(AS_JSON)
    }
}

impl Items {
    fn of(schema: &Value) -> Self {
        let words: Vec<String> = words(schema).into_iter().map(str::to_owned).collect();
        let commas = |word: &String| word.matches(',').count();
        let most_commas = words.iter().map(commas).max().unwrap_or_default();
        let words = if most_commas > 0 { words } else { Vec::new() };
        Self { kinds: Kinds::of(schema), words, most_commas }
    }

    /// The items of a list with commas; blank ones do not count.
    fn read(&self, cell: &str) -> Value {
        let items = self.split(cell).into_iter().map(str::trim).filter(|item| !item.is_empty());
        let read = |item: &str| {
            self.kinds.choose(item, |kind| match kind {
                Kind::Text => Some(Value::from(item)),
                Kind::Number => number(item),
                Kind::Integer => integer(item),
                Kind::Boolean => boolean_item(item),
                Kind::List | Kind::Object => None,
            })
        };
        Value::Array(items.map(read).collect())
    }

    /// Cuts at commas, but not within a word that the items may be. Where there is a choice, the longer word
    /// is taken, as far as the rest can then be cut into words, too.
    fn split<'c>(&self, cell: &'c str) -> Vec<&'c str> {
        if self.most_commas == 0 {
            return cell.split(',').collect();
        }
        let mut starts = vec![0];
        starts.extend(cell.match_indices(',').map(|(at, _)| at + 1));
        let parts = starts.len();
        let end = |part: usize| starts.get(part + 1).map_or(cell.len(), |next| next - 1);
        let word = |from: usize, to: usize| {
            let text = cell[starts[from]..end(to)].trim();
            text.is_empty() && from == to || self.words.iter().any(|word| word == text)
        };
        let longest = |from: usize| (from..parts.min(from + self.most_commas + 1)).rev();
        // For each part, whether the rest from there on is words only.
        let mut is_complete = vec![false; parts + 1];
        is_complete[parts] = true;
        for from in (0..parts).rev() {
            is_complete[from] = longest(from).any(|to| is_complete[to + 1] && word(from, to));
        }
        let (mut from, mut items) = (0, Vec::new());
        while from < parts {
            let best = longest(from).find(|to| is_complete[to + 1] && word(from, *to));
            let to = best.or_else(|| longest(from).find(|to| word(from, *to))).unwrap_or(from);
            items.push(&cell[starts[from]..end(to)]);
            from = to + 1;
        }
        items
    }
}

impl Kinds {
    fn of(schema: &Value) -> Self {
        let mut all = kinds(schema);
        if all.is_empty() {
            all.push(Kind::Text);
        }
        let mixed = (all.len() > 1).then(|| schema.clone());
        Self { all, mixed, validator: OnceLock::new() }
    }

    fn has(&self, kind: Kind) -> bool {
        self.all.contains(&kind)
    }

    /// The first of the kinds by which the text is a value that fits the schema; else the first by which it
    /// is a value at all, else the text.
    fn choose(&self, text: &str, read_as: impl Fn(Kind) -> Option<Value>) -> Value {
        let mut first = None;
        let is_code = self.has(Kind::Text) && !is_plain(text);
        for kind in &self.all {
            if is_code && matches!(kind, Kind::Number | Kind::Integer) {
                continue;
            }
            let Some(value) = read_as(*kind) else { continue };
            if self.is_valid(&value) {
                return value;
            }
            first = first.or(Some(value));
        }
        first.unwrap_or_else(|| Value::from(text))
    }

    fn is_valid(&self, value: &Value) -> bool {
        let Some(schema) = &self.mixed else { return true };
        let validator = self.validator.get_or_init(|| SchemaValidator::compile(schema).ok());
        validator.as_ref().is_none_or(|validator| validator.is_valid(value))
    }
}

#[cfg(test)]
mod tests;
