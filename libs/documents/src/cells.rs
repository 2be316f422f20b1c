//! From the text of a cell to a value, and back.

use std::sync::OnceLock;

use dictionary::SchemaValidator;
use serde_json::Value;

use crate::{
    json,
    kinds::{Kind, items, kinds, words},
    numbers::{boolean, boolean_item, integer, is_plain, number},
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
mod tests {
    use serde_json::json;

    use super::*;

    fn read(schema: &Value, cell: &str) -> Value {
        CellType::of(schema).read(cell).unwrap()
    }

    #[test]
    fn numbers_are_found_behind_null_and_alternatives() {
        for schema in [
            json!({"type": ["null", "integer"]}),
            json!({"oneOf": [{"type": "null"}, {"type": "integer"}]}),
            json!({"anyOf": [{"enum": ["unknown"]}, {"type": "number"}]}),
            json!({"oneOf": [{"type": "string", "pattern": "^[a-z]+$"}, {"type": "number"}]}),
            json!({"allOf": [{"type": "number"}, {"minimum": 0}]}),
        ] {
            assert_eq!(read(&schema, "5"), json!(5), "{schema}");
        }
        let mixed = json!({"oneOf": [{"enum": ["unknown"]}, {"type": "number"}]});
        assert_eq!(read(&mixed, "unknown"), json!("unknown"));
        assert_eq!(read(&mixed, "bogus"), json!("bogus"));
        assert_eq!(read(&json!({"type": ["integer", "string"]}), "007"), json!("007"));
    }

    #[test]
    fn items_of_lists_are_not_bent() {
        let of = |kind: &str| json!({"type": "array", "items": {"type": kind}});
        assert_eq!(read(&of("integer"), "1, 2.0,9007199254740993"), json!([1, 2, 9_007_199_254_740_993_i64]));
        assert_eq!(read(&of("integer"), "1,1.5"), json!([1, "1.5"]));
        assert_eq!(read(&of("boolean"), "Yes,f,maybe"), json!([true, false, "maybe"]));
        assert_eq!(read(&of("string"), "a,,b,"), json!(["a", "b"]));
    }

    #[test]
    fn the_words_of_a_list_decide_where_its_items_end() {
        let schema =
            json!({"type": "array", "items": {"enum": ["a", "a, b", "b, c", "1, Study enrollment"]}});
        assert_eq!(read(&schema, "1, Study enrollment"), json!(["1, Study enrollment"]));
        assert_eq!(read(&schema, "a, b,1, Study enrollment,a"), json!(["a, b", "1, Study enrollment", "a"]));
        // The longer word first, but not where the rest would then be none.
        assert_eq!(read(&schema, "a, b, c"), json!(["a", "b, c"]));
        assert_eq!(read(&schema, "a, b,bogus,"), json!(["a, b", "bogus"]));
    }

    #[test]
    fn a_list_in_brackets_is_json_or_refused() {
        let schema = json!({"type": "array", "items": {"type": "string"}});
        assert_eq!(read(&schema, r#"["a, b", "c"]"#), json!(["a, b", "c"]));
        assert_eq!(read(&schema, "[18F]FDG"), json!(["[18F]FDG"]));
        assert_eq!(CellType::of(&schema).read("['a', 'b']"), Err(BrokenList));
    }

    #[test]
    fn cells_are_written_as_python_prints_values() {
        let cases = [
            (json!({"type": "boolean"}), json!(true), "True"),
            (json!({"type": "number"}), json!(1000.0), "1000.0"),
            (json!({"type": "integer"}), json!(5), "5"),
            (json!({"type": "array"}), json!(["a", "b"]), "a,b"),
            (json!({"type": "array", "items": {"type": "number"}}), json!([1, 2.5]), "1,2.5"),
            (json!({"type": "string"}), json!("q\"uo te"), "q\"uo te"),
            (json!({"type": "string"}), json!("null"), r#"json:"null""#),
            (json!({"type": "array"}), json!(["a, b"]), r#"["a, b"]"#),
            (json!({"type": "array"}), json!([]), "[]"),
            (json!({"type": "object"}), json!({"a": [1]}), r#"{"a":[1]}"#),
            (json!({"type": ["string", "number"]}), json!(5), "json:5"),
        ];
        for (schema, value, text) in cases {
            assert_eq!(CellType::of(&schema).write(&value), text);
        }
    }

    mod any {
        use proptest::{collection::vec, prelude::*};

        use super::*;

        /// Texts with everything that means something in cells.
        fn text() -> impl Strategy<Value = String> {
            "(a|b, c|,|#| |\t|\n|\"|null|json:|\\[|\\]|\\{|5|5\\.0|007|true|'|1e3|é){0,5}"
        }

        fn scalar() -> impl Strategy<Value = Value> {
            prop_oneof![
                text().prop_map(Value::from),
                any::<i64>().prop_map(Value::from),
                (-1000.0..1000.0).prop_map(|number: f64| json!(number)),
                any::<bool>().prop_map(Value::from),
            ]
        }

        fn value() -> impl Strategy<Value = Value> {
            prop_oneof![
                4 => scalar(),
                4 => vec(scalar(), 0..4).prop_map(Value::from),
                1 => Just(json!({"a": ["b", null]})),
                1 => Just(Value::Null),
            ]
        }

        fn scalar_schema() -> impl Strategy<Value = Value> {
            let simple = prop_oneof![
                Just(json!({"type": "string"})),
                Just(json!({"type": "number"})),
                Just(json!({"type": "integer"})),
                Just(json!({"type": "boolean"})),
                Just(json!({"enum": ["a", "b, c", "5", "a,b, c", "null"]})),
                Just(json!({"enum": ["a", 5, null]})),
                Just(json!({"type": ["string", "null"], "pattern": "^[ab]"})),
                Just(json!({"type": ["null", "integer"]})),
                Just(json!({"type": ["string", "number", "boolean"]})),
                Just(json!({"type": "object"})),
                Just(json!({})),
            ];
            prop_oneof![
                simple.clone(),
                (prop_oneof![Just("oneOf"), Just("anyOf"), Just("allOf")], vec(simple, 1..4))
                    .prop_map(|(key, members)| json!({ key: members })),
            ]
        }

        fn schema() -> impl Strategy<Value = Value> {
            prop_oneof![
                scalar_schema(),
                scalar_schema().prop_map(|items| json!({"type": "array", "items": items})),
                scalar_schema().prop_map(|items| json!({"type": ["null", "array"], "items": items})),
                scalar_schema()
                    .prop_map(|items| json!({"oneOf": [{"type": "array", "items": items}, items]})),
            ]
        }

        proptest! {
            #![proptest_config(ProptestConfig::with_cases(2000))]

            #[test]
            fn what_is_written_is_read_back(schema in schema(), value in value()) {
                let cell_type = CellType::of(&schema);
                let cell = cell_type.write(&value);
                let read = cell_type.read(cell.trim());
                prop_assert!(read.as_ref().is_ok_and(|read| same(read, &value)), "{} {:?}", cell, read);
            }
        }
    }
}
