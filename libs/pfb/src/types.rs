//! The types of properties: what JSON schemas allow, as branches of a union of Avro.

use std::collections::HashSet;

use dictionary::Property;
use indexmap::IndexSet;
use serde_json::{Map, Value, json};

use crate::escape::encode;

/// One of the types that a value may have.
#[derive(Debug, Clone, PartialEq)]
pub enum Branch {
    /// Nothing.
    Null,
    /// `boolean`.
    Boolean,
    /// `long`.
    Long,
    /// `double`.
    Double,
    /// `string`.
    Text,
    /// `string` with JSON in it: objects and lists of lists, for which PFB has no type.
    Json,
    /// One of these values.
    Enum {
        /// The name of the type, which no other one in the file has.
        name: String,
        /// The values, as the dictionary has them.
        values: IndexSet<String>,
    },
    /// A list.
    List(Box<Branch>),
}

/// A property of a node type.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What its values may be; one of them is [`Branch::Null`].
    pub branches: Vec<Branch>,
    /// The description of the dictionary.
    pub description: Option<String>,
    /// What the first branch has in the place of nothing.
    pub default: Value,
}

/// What a schema allows, collected from all of its alternatives.
#[derive(Default)]
struct Allowed {
    text: bool,
    json: bool,
    boolean: bool,
    long: bool,
    double: bool,
    values: IndexSet<String>,
    items: Option<Branch>,
}

/// How deep alternatives are looked into.
const DEEPEST: usize = 16;

impl Field {
    /// The field of a property of `node`. Names of types are taken from `taken`, which has all of the file.
    pub(crate) fn of(node: &str, property: &Property, taken: &mut HashSet<String>) -> Self {
        let mut allowed = Allowed::default();
        allowed.add(&property.schema, DEEPEST);
        let mut branches = vec![Branch::Null];
        branches.extend(allowed.branches());
        let stem = format!("{node}_{}", property.name);
        for branch in &mut branches {
            branch.name_types(&stem, taken);
        }
        let mut default = Value::Null;
        if let Some(wanted) = property.schema.get("default").filter(|wanted| !wanted.is_null())
            && let Some(first) = branches.iter().position(|branch| branch.allows(wanted))
        {
            // The default of a union is one of its first branch.
            let first = branches.remove(first);
            let text = |branch: &Branch| matches!(branch, Branch::Json | Branch::List(_));
            if text(&first) {
                branches.push(first);
            } else {
                default = first.default(wanted);
                branches.insert(0, first);
            }
        }
        let description = property.schema.get("description").and_then(Value::as_str).map(str::to_owned);
        Self { name: property.name.clone(), branches, description, default }
    }

    pub(crate) fn avro(&self) -> Value {
        let mut field = Map::new();
        field.insert("name".to_owned(), json!(self.name));
        field.insert("type".to_owned(), self.branches.iter().map(Branch::avro).collect());
        if let Some(description) = &self.description {
            field.insert("doc".to_owned(), json!(description));
        }
        field.insert("default".to_owned(), self.default.clone());
        Value::Object(field)
    }

    /// What values may be, for people.
    pub(crate) fn allowed(&self) -> String {
        let words: Vec<String> = self.branches.iter().filter_map(Branch::told).collect();
        if words.is_empty() { "nothing".to_owned() } else { words.join(" or ") }
    }
}

impl Allowed {
    fn add(&mut self, schema: &Value, deepest: usize) {
        for word in ["oneOf", "anyOf"] {
            for alternative in schema.get(word).and_then(Value::as_array).into_iter().flatten() {
                if deepest > 0 {
                    self.add(alternative, deepest - 1);
                }
            }
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            values.iter().for_each(|value| self.add_value(value));
            return;
        }
        let kinds = match schema.get("type") {
            Some(Value::Array(kinds)) => kinds.as_slice(),
            Some(kind) => std::slice::from_ref(kind),
            None => &[],
        };
        for kind in kinds.iter().filter_map(Value::as_str) {
            match kind {
                "string" => self.text = true,
                "boolean" => self.boolean = true,
                "integer" | "int" | "long" => self.long = true,
                "number" | "float" | "double" => self.double = true,
                "object" => self.json = true,
                "array" => self.items = Some(items(schema.get("items").unwrap_or(&Value::Null), deepest)),
                _ => {}
            }
        }
    }

    fn add_value(&mut self, value: &Value) {
        match value {
            Value::Null => {}
            Value::String(value) => drop(self.values.insert(value.clone())),
            Value::Bool(_) => self.boolean = true,
            Value::Number(number) if number.is_f64() => self.double = true,
            Value::Number(_) => self.long = true,
            Value::Array(_) | Value::Object(_) => self.json = true,
        }
    }

    fn branches(self) -> Vec<Branch> {
        let mut branches = Vec::new();
        // An empty symbol is no name of Avro.
        let is_text = self.text || self.values.contains("");
        match (is_text, self.json) {
            (true, _) => branches.push(Branch::Text),
            (false, true) => branches.push(Branch::Json),
            (false, false) if !self.values.is_empty() => {
                branches.push(Branch::Enum { name: String::new(), values: self.values });
            }
            (false, false) => {}
        }
        if self.double {
            branches.push(Branch::Double);
        } else if self.long {
            branches.push(Branch::Long);
        }
        if self.boolean {
            branches.push(Branch::Boolean);
        }
        branches.extend(self.items.map(|items| Branch::List(Box::new(items))));
        if branches.is_empty() {
            branches.push(Branch::Text);
        }
        branches
    }
}

/// The one type of the items of a list; items of several kinds are texts, as pypfb has them.
fn items(schema: &Value, deepest: usize) -> Branch {
    let mut allowed = Allowed::default();
    if deepest > 0 {
        allowed.add(schema, deepest - 1);
    }
    let mut branches = allowed.branches();
    match (branches.pop(), branches.is_empty()) {
        (Some(Branch::List(_) | Branch::Json), true) => Branch::Json,
        (Some(only), true) => only,
        _ => Branch::Text,
    }
}

impl Branch {
    fn name_types(&mut self, stem: &str, taken: &mut HashSet<String>) {
        match self {
            Self::Enum { name, .. } => {
                let mut free = stem.to_owned();
                while !taken.insert(free.clone()) {
                    free.push_str("_enum");
                }
                *name = free;
            }
            Self::List(items) => items.name_types(&format!("{stem}_anon_enum"), taken),
            _ => {}
        }
    }

    fn avro(&self) -> Value {
        match self {
            Self::Null => json!("null"),
            Self::Boolean => json!("boolean"),
            Self::Long => json!("long"),
            Self::Double => json!("double"),
            Self::Text | Self::Json => json!("string"),
            Self::Enum { name, values } => {
                let symbols: Vec<String> = values.iter().map(|value| encode(value)).collect();
                json!({ "type": "enum", "name": name, "symbols": symbols })
            }
            Self::List(items) => json!({ "type": "array", "items": items.avro() }),
        }
    }

    fn default(&self, value: &Value) -> Value {
        match (self, value) {
            (Self::Enum { .. }, Value::String(value)) => json!(encode(value)),
            (Self::Double, value) => json!(value.as_f64()),
            (_, value) => value.clone(),
        }
    }

    /// Whether this value can be written so that it is read again as it is.
    pub(crate) fn allows(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Null, Value::Null) | (Self::Boolean, Value::Bool(_)) | (Self::Text, Value::String(_)) => {
                true
            }
            (Self::Long, Value::Number(number)) => number.as_i64().is_some(),
            (Self::Double, Value::Number(_)) | (Self::Json, Value::Array(_) | Value::Object(_)) => true,
            (Self::Enum { values, .. }, Value::String(value)) => values.contains(value),
            (Self::List(items), Value::Array(values)) => values.iter().all(|value| items.takes_item(value)),
            _ => false,
        }
    }

    /// Items of lists with several kinds of them become texts.
    pub(crate) fn takes_item(&self, value: &Value) -> bool {
        let is_plain = matches!(value, Value::Number(_) | Value::Bool(_));
        self.allows(value) || (matches!(self, Self::Text) && is_plain)
    }

    fn told(&self) -> Option<String> {
        Some(match self {
            Self::Null => return None,
            Self::Boolean => "true and false".to_owned(),
            Self::Long => "whole numbers of 64 bits".to_owned(),
            Self::Double => "numbers".to_owned(),
            Self::Text => "texts".to_owned(),
            Self::Json => "objects and lists".to_owned(),
            Self::Enum { values, .. } if values.len() > 10 => format!("one of {} values", values.len()),
            Self::Enum { values, .. } => {
                format!("one of {}", values.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
            }
            Self::List(items) => format!("lists of {}", items.told().unwrap_or_default()),
        })
    }
}
