//! Pieces of JSON, and what could not be said in its place.

use graphql::Position;
use serde_json::{Value, json};

use crate::lower::Failure;

/// Errors that are told; a page may have one for each of its rows.
const MOST_ERRORS: usize = 1_000;

/// A step on the way to a place.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'a> {
    Key(&'a str),
    Item(usize),
}

/// JSON as it is written, and the errors on the way.
pub(super) struct Writer<'a> {
    pub(super) json: Vec<u8>,
    source: &'a str,
    path: Vec<Step<'a>>,
    /// Where in the query the field is that is written.
    at: usize,
    errors: Vec<Value>,
}

impl<'a> Writer<'a> {
    /// For a query of this text.
    pub(super) fn new(source: &'a str) -> Self {
        Self { json: Vec::new(), source, path: Vec::new(), at: 0, errors: Vec::new() }
    }

    pub(super) fn into_parts(self) -> (Vec<u8>, Vec<Value>) {
        (self.json, self.errors)
    }

    pub(super) fn raw(&mut self, json: &str) {
        self.json.extend_from_slice(json.as_bytes());
    }

    pub(super) fn null(&mut self) {
        self.raw("null");
    }

    pub(super) fn text(&mut self, text: &str) {
        // Writing to a vector does not fail.
        let _ = serde_json::to_writer(&mut self.json, text);
    }

    /// A number as JavaScript writes it: whole ones have no fraction.
    pub(super) fn number(&mut self, number: f64) {
        if !number.is_finite() {
            return self.null();
        }
        if number.fract() == 0.0 && number.abs() < 1e21 {
            // The sign of 0 is lost, as there.
            let text = if number == 0.0 { "0".to_owned() } else { format!("{number:.0}") };
            return self.raw(&text);
        }
        let _ = serde_json::to_writer(&mut self.json, &number);
    }

    pub(super) fn optional_number(&mut self, number: Option<f64>) {
        match number {
            Some(number) => self.number(number),
            None => self.null(),
        }
    }

    pub(super) fn count(&mut self, count: i64) {
        self.raw(&count.to_string());
    }

    /// `{"key": value, ...}`
    pub(super) fn object<T>(
        &mut self,
        fields: impl IntoIterator<Item = (&'a str, usize, T)>,
        mut value: impl FnMut(&mut Self, T),
    ) {
        self.raw("{");
        for (position, (key, at, field)) in fields.into_iter().enumerate() {
            if position > 0 {
                self.raw(",");
            }
            self.text(key);
            self.raw(":");
            let before = std::mem::replace(&mut self.at, at);
            self.path.push(Step::Key(key));
            value(self, field);
            self.path.pop();
            self.at = before;
        }
        self.raw("}");
    }

    /// `[value, ...]`
    pub(super) fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut value: impl FnMut(&mut Self, T),
    ) {
        self.raw("[");
        for (position, item) in items.into_iter().enumerate() {
            if position > 0 {
                self.raw(",");
            }
            self.path.push(Step::Item(position));
            value(self, item);
            self.path.pop();
        }
        self.raw("]");
    }

    /// Writes `null`, and tells why.
    pub(super) fn failed(&mut self, failure: &Failure) {
        self.null();
        if self.errors.len() >= MOST_ERRORS {
            return;
        }
        let path: Vec<Value> = self.path.iter().map(Step::value).collect();
        self.errors.push(json!({
            "message": failure.to_string(),
            "locations": [place(self.source, self.at)],
            "path": path,
            "extensions": { "code": failure.code() },
        }));
    }
}

impl Step<'_> {
    fn value(&self) -> Value {
        match self {
            Self::Key(key) => (*key).into(),
            Self::Item(item) => (*item).into(),
        }
    }
}

/// A place of a query as clients read it.
pub(super) fn place(source: &str, at: usize) -> Value {
    let Position { line, column } = Position::of(source, at);
    json!({ "line": line, "column": column })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_javascript_does() {
        let written = |number: f64| {
            let mut writer = Writer::new("");
            writer.number(number);
            String::from_utf8(writer.json).unwrap()
        };
        for (number, text) in
            [(3.0, "3"), (-0.0, "0"), (2.5, "2.5"), (1e20, "100000000000000000000"), (1e21, "1e+21")]
        {
            assert_eq!(written(number), text);
        }
        assert_eq!(written(f64::INFINITY), "null");
    }
}
