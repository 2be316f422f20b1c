//! From a JSON document to the objects that are kept of it.

use std::borrow::Cow;

use serde_json::{Map, Value};
use tantivy::TantivyDocument;

use crate::layout::{Inner, Layout, Node, Nodes, ROOT, Reading};

/// A longer keyword is refused, as Lucene does.
const LONGEST_KEYWORD: usize = 32_766;
/// More nested objects of one document are refused, as Elasticsearch does.
const MOST_OBJECTS: usize = 10_000;
/// A longer id is refused.
const LONGEST_ID: usize = 512;

/// A value of a leaf, as its column holds it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Held<'a> {
    Number(u64),
    Text(Cow<'a, str>),
}

/// The objects of a document: nested ones first, each before that in which it is, and the document last.
///
/// # Errors
/// Why the document does not fit.
pub(crate) fn objects(
    layout: &Layout,
    id: &str,
    body: &str,
    written: u64,
) -> Result<Vec<TantivyDocument>, String> {
    if id.is_empty() || id.len() > LONGEST_ID {
        return Err(format!("the id is empty or longer than {LONGEST_ID} bytes"));
    }
    let document: Map<String, Value> =
        serde_json::from_str(body).map_err(|error| format!("mapper_parsing_exception: {error}"))?;
    let mut reader = Reader { layout, id, made: Vec::new() };
    let mut root = reader.object(&document, &layout.nodes, ROOT)?;
    root.add_bytes(layout.source, body.as_bytes());
    root.add_u64(layout.written, written);
    reader.made.push(root);
    Ok(reader.made)
}

struct Reader<'a> {
    layout: &'a Layout,
    id: &'a str,
    made: Vec<TantivyDocument>,
}

impl<'a> Reader<'a> {
    fn object<'v>(
        &mut self,
        object: &'v Map<String, Value>,
        nodes: &'v Nodes,
        level: usize,
    ) -> Result<TantivyDocument, String>
    where
        'a: 'v,
    {
        let mut held = Vec::with_capacity(object.len() * 2);
        self.fields(object, nodes, &mut held)?;
        // As Lucene keeps them: in order, and each keyword once.
        held.sort_unstable();
        held.dedup_by(|one, other| one == other && matches!(one.1, Held::Text(_)) && !self.is_text(one.0));
        let mut made = TantivyDocument::default();
        made.add_bytes(self.layout.id, self.id.as_bytes());
        if let Some(place) = self.layout.level {
            made.add_u64(place, level as u64);
        }
        let mut before = None;
        for (leaf, held) in held {
            match (&self.layout.leaves[leaf].reading, held) {
                (Reading::Number { column, .. }, Held::Number(number)) => made.add_u64(*column, number),
                (Reading::Keyword { column, .. }, Held::Text(text)) => {
                    made.add_bytes(*column, text.as_bytes())
                }
                (Reading::Text { words, there, .. }, Held::Text(text)) => {
                    made.add_text(*words, &text);
                    if let (Some(there), true) = (there, before != Some(leaf)) {
                        made.add_u64(*there, 1);
                    }
                }
                _ => {}
            }
            before = Some(leaf);
        }
        Ok(made)
    }

    fn is_text(&self, leaf: usize) -> bool {
        self.layout.leaves[leaf].is_text()
    }

    fn fields<'v>(
        &mut self,
        object: &'v Map<String, Value>,
        nodes: &'v Nodes,
        held: &mut Vec<(usize, Held<'v>)>,
    ) -> Result<(), String>
    where
        'a: 'v,
    {
        for (key, value) in object {
            if let Some(node) = nodes.get(key) {
                self.value(key, value, node, held)?;
            } else if key.contains('.') {
                self.dotted(key, value, nodes, held)?;
            }
        }
        Ok(())
    }

    /// A key with dots stands for objects in objects.
    fn dotted<'v>(
        &mut self,
        key: &'v str,
        value: &'v Value,
        nodes: &'v Nodes,
        held: &mut Vec<(usize, Held<'v>)>,
    ) -> Result<(), String>
    where
        'a: 'v,
    {
        for (at, _) in key.rmatch_indices('.') {
            if let Some(Node { inner: Inner::Object(inner), .. }) = nodes.get(&key[..at]) {
                let rest = &key[at + 1..];
                return match inner.get(rest) {
                    Some(node) => self.value(rest, value, node, held),
                    None => self.dotted(rest, value, inner, held),
                };
            }
        }
        Ok(())
    }

    fn value<'v>(
        &mut self,
        key: &str,
        value: &'v Value,
        node: &'v Node,
        held: &mut Vec<(usize, Held<'v>)>,
    ) -> Result<(), String>
    where
        'a: 'v,
    {
        match (value, &node.inner) {
            (Value::Array(values), _) => {
                values.iter().try_for_each(|value| self.value(key, value, node, held))
            }
            (Value::Null, Inner::None) => match &node.null {
                Some(instead) => node.leaves.iter().try_for_each(|leaf| self.leaf(*leaf, instead, held)),
                None => Ok(()),
            },
            (value, Inner::None) => node.leaves.iter().try_for_each(|leaf| self.leaf(*leaf, value, held)),
            (Value::Null, _) => Ok(()),
            (Value::Object(object), Inner::Object(nodes)) => self.fields(object, nodes, held),
            (Value::Object(object), Inner::Nested(level, nodes)) => {
                let made = self.object(object, nodes, *level)?;
                if self.made.len() >= MOST_OBJECTS {
                    return Err(format!(
                        "The number of nested documents has exceeded the allowed limit of [{MOST_OBJECTS}]."
                    ));
                }
                self.made.push(made);
                Ok(())
            }
            _ => Err(format!(
                "mapper_parsing_exception: object mapping for [{key}] tried to parse field [{key}] \
                 as object, but found a concrete value"
            )),
        }
    }

    fn leaf<'v>(
        &self,
        number: usize,
        value: &'v Value,
        held: &mut Vec<(usize, Held<'v>)>,
    ) -> Result<(), String> {
        let leaf = &self.layout.leaves[number];
        let fault = |why: String| {
            let (path, id) = (&leaf.path, self.id);
            format!(
                "mapper_parsing_exception: failed to parse field [{path}] in document with id '{id}': {why}"
            )
        };
        let longest = match &leaf.reading {
            Reading::Number { numeric, coerce, .. } => {
                if let Some(column) = numeric.take(value, *coerce).map_err(fault)? {
                    held.push((number, Held::Number(column)));
                }
                return Ok(());
            }
            Reading::Keyword { longest, .. } => *longest,
            Reading::Text { .. } => usize::MAX,
        };
        let text: Cow<'v, str> = match value {
            Value::String(text) => Cow::Borrowed(text),
            Value::Number(_) | Value::Bool(_) => Cow::Owned(value.to_string()),
            _ => return Err(fault("Can't get text on a START_OBJECT".to_owned())),
        };
        // A UTF-16 unit is at least one byte.
        if text.len() > longest && text.encode_utf16().count() > longest {
            return Ok(());
        }
        if text.len() > LONGEST_KEYWORD && !leaf.is_text() {
            return Err(fault(format!(
                "Document contains at least one immense term: the longest has {LONGEST_KEYWORD} bytes"
            )));
        }
        held.push((number, Held::Text(text)));
        Ok(())
    }
}
