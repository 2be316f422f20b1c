//! The blocks of an aggregator.

use serde_json::Value;
use yaml::{Content, Kind, Node, Scalar};

use super::{
    model::{
        AggregatedProp, Aggregator, FlattenBlock, Function, JoinBlock, NestedBlock, ParentPath, Prop,
        Relation, SortBy, Word,
    },
    paths,
    reader::{Reader, Section},
};
use crate::likeness::meant;

impl Reader<'_> {
    pub(super) fn aggregator(&mut self, section: &Section<'_>, root: Option<Word>) -> Option<Aggregator> {
        let joining = if section.get("joining_props").is_some() { "joining_props" } else { "joining" };
        let settings = section.get("settings").and_then(|node| self.section(node, "`settings`"));
        let bypass = settings.as_ref().and_then(|settings| settings.get("bypass_multiplicity_check"));
        Some(Aggregator {
            props: self.items(section, "props", Self::prop),
            parents: self.items(section, "parent_props", Self::parent),
            flatten: self.items(section, "flatten_props", Self::flatten),
            aggregated: self.items(section, "aggregated_props", Self::aggregated),
            nested: self.items(section, "nested_props", Self::nested),
            joining: self.items(section, joining, Self::joining),
            filter: section.get("filter").and_then(|node| self.filter(node)),
            several_allowed: bypass.is_some_and(is_true),
            root: root?,
        })
    }

    pub(super) fn prop(&mut self, node: &Node) -> Option<Prop> {
        let section = self.section(node, "a property")?;
        self.unknown_keys(&section, &["name", "src", "fn", "value_mappings", "path"]);
        let src = section.get("src").and_then(|node| self.word_at(node));
        let function = section.get("fn").and_then(|node| self.function(node));
        let values = section.get("value_mappings").map(|node| self.values(node)).unwrap_or_default();
        Some(Prop { name: self.word(&section, "name")?, src, function, values })
    }

    fn function(&mut self, node: &Node) -> Option<Function> {
        let word = self.word_at(node)?;
        let found = Function::ALL.into_iter().find(|(name, _)| *name == word.text);
        if found.is_none() {
            let remedy = meant(&word.text, Function::ALL.iter().map(|(name, _)| *name));
            self.report.error(word.at, format!("`{}` is no function", word.text), remedy);
        }
        found.map(|(_, function)| function)
    }

    /// A list of mappings with one key each, or one mapping.
    fn values(&mut self, node: &Node) -> Vec<(Value, Value)> {
        let mut values = Vec::new();
        match &node.content {
            Content::List(items) => {
                for item in items {
                    values.extend(self.values_of(item));
                }
            }
            _ => values = self.values_of(node),
        }
        values
    }

    fn values_of(&mut self, node: &Node) -> Vec<(Value, Value)> {
        let Content::Mapping(mapping) = &node.content else {
            self.report.error(
                node.position,
                "this maps no value to another",
                "write `original: replacement`",
            );
            return Vec::new();
        };
        let pair = |entry: &yaml::Entry| (of_scalar(&entry.key), entry.value.clone().into_json());
        mapping.iter().map(pair).collect()
    }

    fn parent(&mut self, node: &Node) -> Option<ParentPath> {
        let section = self.section(node, "an item of `parent_props`")?;
        self.unknown_keys(&section, &["path", "relation"]);
        let relation = match section.get("relation").and_then(|node| self.word_at(node)) {
            None => Relation::Many,
            Some(word) => match word.text.to_lowercase().as_str() {
                "1-1" => Relation::One,
                "1-n" => Relation::Many,
                other => {
                    let message = format!("`{other}` is no relation");
                    self.report.error(word.at, message, "write `1-1` or `1-n`");
                    Relation::Many
                }
            },
        };
        let path = self.word(&section, "path")?;
        match paths::parents(&path.text) {
            Ok(steps) => Some(ParentPath { at: path.at, steps, relation }),
            Err(wrong) => {
                let message = format!("`{}` is no path of parents: {wrong}", path.text);
                self.report.error(path.at, message, "write `link[property,name:source].link2[...]`");
                None
            }
        }
    }

    fn flatten(&mut self, node: &Node) -> Option<FlattenBlock> {
        let section = self.section(node, "an item of `flatten_props`")?;
        self.unknown_keys(&section, &["path", "props", "sorted_by"]);
        let sorted_by = section.get("sorted_by").and_then(|node| self.sorted_by(node));
        let props = self.items(&section, "props", Self::prop);
        Some(FlattenBlock { path: self.word(&section, "path")?, props, sorted_by })
    }

    fn sorted_by(&mut self, node: &Node) -> Option<SortBy> {
        let word = self.word_at(node)?;
        let (property, order) = word.text.split_once(',').unwrap_or((&word.text, "asc"));
        let order = order.trim();
        if order != "asc" && order != "desc" {
            self.report.error(word.at, format!("`{order}` is no order"), "write `asc` or `desc`");
        }
        let property = Word { text: property.trim().to_owned(), at: word.at };
        Some(SortBy { property, descending: order == "desc" })
    }

    fn aggregated(&mut self, node: &Node) -> Option<AggregatedProp> {
        let section = self.section(node, "an item of `aggregated_props`")?;
        self.unknown_keys(&section, &["name", "path", "fn", "src", "value_mappings"]);
        let (name, path) = (self.word(&section, "name"), self.word(&section, "path"));
        let src = section.get("src").and_then(|node| self.word_at(node));
        if section.get("fn").is_none() {
            self.report.error(section.at, "`fn` is missing", "add `fn: count`, or another function");
        }
        let function = section.get("fn").and_then(|node| self.function(node))?;
        Some(AggregatedProp { name: name?, path: path?, function, src })
    }

    fn nested(&mut self, node: &Node) -> Option<NestedBlock> {
        let section = self.section(node, "an item of `nested_props`")?;
        self.unknown_keys(&section, &["name", "path", "props", "nested_props", "filter"]);
        let props = self.items(&section, "props", Self::prop);
        let nested = self.items(&section, "nested_props", Self::nested);
        let filter = section.get("filter").and_then(|node| self.filter(node));
        let path = self.word(&section, "path")?;
        let default = || Word { text: path.text.replace('.', "_"), at: path.at };
        let name = section.get("name").and_then(|node| self.word_at(node)).unwrap_or_else(default);
        Some(NestedBlock { name, path, props, nested, filter })
    }

    fn joining(&mut self, node: &Node) -> Option<JoinBlock> {
        let section = self.section(node, "an item of `joining_props`")?;
        self.unknown_keys(&section, &["index", "join_on", "props"]);
        let props = self.items(&section, "props", Self::prop);
        let (index, keys) = (self.word(&section, "index"), self.word(&section, "join_on"));
        let (index, keys) = (index?, keys?);
        let key = |text: &str| Word { text: text.trim().to_owned(), at: keys.at };
        let join_on = keys.text.split(',').filter(|key| !key.trim().is_empty()).map(key).collect();
        Some(JoinBlock { index, join_on, props })
    }
}

fn is_true(node: &Node) -> bool {
    matches!(&node.content, Content::Scalar(Scalar { kind: Kind::Bool(true), .. }))
}

/// A key, as YAML takes it.
fn of_scalar(scalar: &Scalar) -> Value {
    match &scalar.kind {
        Kind::Null => Value::Null,
        Kind::Bool(flag) => Value::Bool(*flag),
        Kind::Number(number) => Value::Number(number.clone()),
        Kind::String => Value::String(scalar.text.clone()),
    }
}
