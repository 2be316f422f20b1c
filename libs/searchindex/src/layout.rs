//! What of an index's documents is kept where: the fields of its mapping, and the columns and words behind
//! them.

use std::collections::{BTreeMap, HashMap};

use search::{Definition, Field, Kind, Mapping};
use serde_json::Value;
use tantivy::{
    Index,
    schema::{
        BytesOptions, Field as Place, IndexRecordOption, NumericOptions, Schema, SchemaBuilder,
        TextFieldIndexing, TextOptions,
    },
    tokenizer::TextAnalyzer,
};

use crate::{
    analysis::{Analyzer, Analyzers},
    numbers::Numeric,
};

/// The level of whole documents; nested objects have levels above it.
pub(crate) const ROOT: usize = 0;

/// A way in which a field is read.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    /// Its whole path, with the name of the sub-field.
    pub(crate) path: String,
    /// The level of the objects that it is a field of.
    pub(crate) level: usize,
    pub(crate) reading: Reading,
    /// The number of the leaf of which this is a sub-field.
    pub(crate) of: Option<usize>,
    /// Its last name, if it is a sub-field.
    pub(crate) subfield: Option<String>,
}

/// What is kept of a field.
#[derive(Debug, Clone)]
pub(crate) enum Reading {
    /// A column of texts. Longer ones, in UTF-16 units, are left out.
    Keyword { column: Place, longest: usize },
    /// A column of numbers.
    Number { column: Place, numeric: Numeric, coerce: bool },
    /// Words; for a field that is text itself also a column that tells whether there is one.
    Text { words: Place, analyzer: Analyzer, asked: Analyzer, there: Option<Place> },
}

/// How a key of a document leads on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Node {
    /// The leaves that read the value.
    pub(crate) leaves: Vec<usize>,
    /// The value in the place of `null`.
    pub(crate) null: Option<Value>,
    pub(crate) inner: Inner,
}

#[derive(Debug, Clone, Default)]
pub(crate) enum Inner {
    /// The value is one of the field.
    #[default]
    None,
    /// It is an object, whose fields are as those around it.
    Object(Nodes),
    /// It is a nested object of this level.
    Nested(usize, Nodes),
}

pub(crate) type Nodes = BTreeMap<String, Node>;

/// A level of objects.
#[derive(Debug, Clone)]
pub(crate) struct Level {
    pub(crate) path: String,
    /// That of the objects around it.
    pub(crate) outer: usize,
}

/// What of an index's documents is kept where.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) mapping: Mapping,
    pub(crate) leaves: Vec<Leaf>,
    pub(crate) levels: Vec<Level>,
    pub(crate) nodes: Nodes,
    by_path: HashMap<String, usize>,
    pub(crate) schema: Schema,
    /// The id, in every object of a document.
    pub(crate) id: Place,
    /// The document as it came.
    pub(crate) source: Place,
    /// When it was written.
    pub(crate) written: Place,
    /// Which level an object is of, in an index with nested objects.
    pub(crate) level: Option<Place>,
}

/// The names of the columns that are not fields of the mapping.
pub(crate) const WRITTEN: &str = "written";
pub(crate) const LEVEL: &str = "level";

/// Parts of a layout that is being made.
struct Draft<'a> {
    builder: SchemaBuilder,
    analyzers: &'a Analyzers,
    leaves: Vec<Leaf>,
    levels: Vec<Level>,
}

impl Layout {
    /// # Errors
    /// The settings or the mapping want what there is not.
    pub(crate) fn new(definition: &Definition) -> Result<Self, String> {
        let analyzers = Analyzers::read(&definition.settings)?;
        let mapping = sorted(definition.mapping.clone());
        let mut builder = Schema::builder();
        let id = builder.add_bytes_field("id", BytesOptions::default().set_indexed().set_stored());
        let source = builder.add_bytes_field("source", BytesOptions::default().set_stored());
        let written = builder.add_u64_field(WRITTEN, NumericOptions::default().set_fast());
        let root = Level { path: String::new(), outer: ROOT };
        let mut draft = Draft { builder, analyzers: &analyzers, leaves: Vec::new(), levels: vec![root] };
        let nodes = draft.nodes(&mapping, "", ROOT)?;
        let Draft { mut builder, leaves, levels, .. } = draft;
        let level =
            (levels.len() > 1).then(|| builder.add_u64_field(LEVEL, NumericOptions::default().set_fast()));
        let by_path = leaves.iter().enumerate().map(|(at, leaf)| (leaf.path.clone(), at)).collect();
        let schema = builder.build();
        Ok(Self { mapping, leaves, levels, nodes, by_path, schema, id, source, written, level })
    }

    /// The number of the leaf at a whole path.
    pub(crate) fn leaf(&self, path: &str) -> Option<usize> {
        self.by_path.get(path).copied()
    }

    /// The level of a nested path.
    pub(crate) fn level_of(&self, path: &str) -> Option<usize> {
        self.levels.iter().skip(1).position(|level| level.path == path).map(|at| at + 1)
    }

    /// The numbers of the leaves that are the field at a path, or that are in the object there.
    pub(crate) fn below(&self, path: &str) -> Vec<usize> {
        if let Some(leaf) = self.leaf(path) {
            return vec![leaf];
        }
        match self.mapping.find(path) {
            Some((Field { kind: Kind::Object(_), .. }, within)) => {
                let level = within.map_or(Some(ROOT), |path| self.level_of(&path));
                let prefix = format!("{path}.");
                let is = |leaf: &Leaf| Some(leaf.level) == level && leaf.path.starts_with(&prefix);
                (0..self.leaves.len()).filter(|at| is(&self.leaves[*at])).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Makes the analyzers known to the index that writes.
    pub(crate) fn register(&self, index: &Index) {
        for (number, leaf) in self.leaves.iter().enumerate() {
            if let Reading::Text { analyzer, .. } = &leaf.reading {
                let analyzer = TextAnalyzer::builder(analyzer.clone()).build();
                index.tokenizers().register(&words_name(number), analyzer);
            }
        }
    }
}

impl Leaf {
    pub(crate) fn is_text(&self) -> bool {
        matches!(self.reading, Reading::Text { .. })
    }
}

/// The name of the column of a leaf.
pub(crate) fn column_name(leaf: usize) -> String {
    format!("c{leaf}")
}

fn words_name(leaf: usize) -> String {
    format!("w{leaf}")
}

impl Draft<'_> {
    fn nodes(&mut self, mapping: &Mapping, prefix: &str, level: usize) -> Result<Nodes, String> {
        mapping
            .fields
            .iter()
            .map(|field| Ok((field.name.clone(), self.node(field, prefix, level)?)))
            .collect()
    }

    fn node(&mut self, field: &Field, prefix: &str, level: usize) -> Result<Node, String> {
        let path = format!("{prefix}{}", field.name);
        let below = format!("{path}.");
        let inner = match &field.kind {
            Kind::Object(inner) => Inner::Object(self.nodes(inner, &below, level)?),
            Kind::Nested(inner) => {
                let own = self.levels.len();
                self.levels.push(Level { path, outer: level });
                Inner::Nested(own, self.nodes(inner, &below, own)?)
            }
            _ => return self.leaf(field, path, level),
        };
        Ok(Node { inner, ..Node::default() })
    }

    fn leaf(&mut self, field: &Field, path: String, level: usize) -> Result<Node, String> {
        let own = self.leaves.len();
        let reading = self.reading(field, &path, own, None)?;
        self.leaves.push(Leaf { path: path.clone(), level, reading, of: None, subfield: None });
        let mut leaves = vec![own];
        for sub in &field.subfields {
            let number = self.leaves.len();
            let path = format!("{path}.{}", sub.name);
            let reading = self.reading(sub, &path, number, Some(own))?;
            let subfield = Some(sub.name.clone());
            self.leaves.push(Leaf { path, level, reading, of: Some(own), subfield });
            leaves.push(number);
        }
        let null = field.options.get("null_value").filter(|value| !value.is_null()).cloned();
        Ok(Node { leaves, null, inner: Inner::None })
    }

    fn reading(
        &mut self,
        field: &Field,
        path: &str,
        number: usize,
        of: Option<usize>,
    ) -> Result<Reading, String> {
        let fast = || NumericOptions::default().set_fast();
        let option = |name: &str| field.options.get(name);
        if let Some(numeric) = Numeric::of(&field.kind, &field.options) {
            let column = self.builder.add_u64_field(&column_name(number), fast());
            let coerce =
                !matches!(option("coerce").map(Value::to_string).as_deref(), Some("false" | "\"false\""));
            return Ok(Reading::Number { column, numeric, coerce });
        }
        if field.kind != Kind::Text {
            let column =
                self.builder.add_bytes_field(&column_name(number), BytesOptions::default().set_fast());
            let longest = option("ignore_above").and_then(Value::as_u64).map_or(usize::MAX, |n| n as usize);
            return Ok(Reading::Keyword { column, longest });
        }
        let named = |name: &str| option(name).and_then(Value::as_str);
        let analyzer = |name: Option<&str>| {
            let missing = || format!("field [{path}]: there is no analyzer [{}]", name.unwrap_or_default());
            self.analyzers.get(name).ok_or_else(missing)
        };
        let (own, asked) = (named("analyzer"), named("search_analyzer"));
        let asked = analyzer(asked.or(own))?;
        let analyzer = analyzer(own)?;
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(&words_name(number))
            .set_index_option(IndexRecordOption::Basic)
            .set_fieldnorms(false);
        let options = TextOptions::default().set_indexing_options(indexing);
        let words = self.builder.add_text_field(&words_name(number), options);
        let there = of.is_none().then(|| self.builder.add_u64_field(&column_name(number), fast()));
        Ok(Reading::Text { words, analyzer, asked, there })
    }
}

/// The fields by their names, as the engines answer them.
fn sorted(mut mapping: Mapping) -> Mapping {
    fn sort(fields: &mut [Field]) {
        fields.sort_by(|one, other| one.name.cmp(&other.name));
        for field in fields {
            sort(&mut field.subfields);
            if let Kind::Nested(inner) | Kind::Object(inner) = &mut field.kind {
                sort(&mut inner.fields);
            }
        }
    }
    sort(&mut mapping.fields);
    mapping
}
