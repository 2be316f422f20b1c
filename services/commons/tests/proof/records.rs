//! Valid records of every type of a dictionary, with every property and with as many links as its rules
//! allow.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use dictionary::{Dictionary, Link, LinkItem, NodeType};
use serde_json::{Map, Value, json};

use super::{
    draft4::Judge,
    values::{candidates, value},
};

/// What a record is filled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Every property has a value.
    Full,
    /// Every property that may be null is.
    Nulls,
    /// Only what must be there.
    Minimal,
}

pub(crate) const STYLES: [Style; 5] = [Style::Full, Style::Full, Style::Full, Style::Nulls, Style::Minimal];

/// A record.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) node: String,
    /// Its place among the records of its type.
    pub(crate) position: usize,
    pub(crate) submitter_id: String,
    /// What is submitted.
    pub(crate) document: Map<String, Value>,
    /// Names of the targets of the links that it has; the code for the project.
    pub(crate) links: BTreeMap<String, BTreeSet<String>>,
}

/// All records of a study.
pub(crate) struct Study<'d> {
    pub(crate) dictionary: &'d Dictionary,
    pub(crate) judges: BTreeMap<String, Judge>,
    /// Types in the order in which their records can be submitted one type after the other.
    pub(crate) order: Vec<&'d NodeType>,
    pub(crate) project: String,
    pub(crate) records: BTreeMap<String, Vec<Record>>,
}

/// The name by which a link's target is given.
pub(crate) fn target_key(link: &Link) -> &'static str {
    if link.target_type == "project" { "code" } else { "submitter_id" }
}

/// Properties that nobody sets, or that say which record it is.
pub(crate) fn is_apart(node: &NodeType, name: &str) -> bool {
    let keys = node.unique_keys.iter().flatten();
    ["id", "type", "project_id", "created_datetime", "updated_datetime", "object_id"].contains(&name)
        || keys.into_iter().any(|key| key == name)
        || node.is_link(name)
}

pub(crate) fn is_system(node: &NodeType, name: &str) -> bool {
    node.system_properties.iter().any(|system| system == name)
}

/// The types that can be submitted into a project.
pub(crate) fn types(dictionary: &Dictionary) -> Vec<&NodeType> {
    let in_projects = |node: &&NodeType| node.properties.contains_key("project_id") && node.id != "project";
    let mut rest: Vec<&NodeType> = dictionary.nodes.values().filter(in_projects).collect();
    let mut order: Vec<&NodeType> = Vec::new();
    while !rest.is_empty() {
        let waits = |node: &NodeType| {
            let mut targets = node.all_links().into_iter().map(|link| &link.target_type);
            targets.any(|target| *target != node.id && rest.iter().any(|other| other.id == *target))
        };
        // In a circle somebody has to begin.
        let next = rest.iter().position(|node| !waits(node)).unwrap_or(0);
        order.push(rest.remove(next));
    }
    order
}

impl<'d> Study<'d> {
    /// The study of the project with this code.
    pub(crate) fn of(dictionary: &'d Dictionary, project: &str) -> Self {
        let judge = |node: &NodeType| (node.id.clone(), Judge::of(node));
        let mut study = Self {
            dictionary,
            judges: dictionary.nodes.values().map(judge).collect(),
            order: types(dictionary),
            project: project.to_owned(),
            records: BTreeMap::new(),
        };
        for node in study.order.clone() {
            let records = (0..STYLES.len()).filter_map(|position| study.record(node, position)).collect();
            study.records.insert(node.id.clone(), records);
        }
        study
    }

    pub(crate) fn judge(&self, node: &NodeType) -> &Judge {
        &self.judges[&node.id]
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Record> {
        self.order.iter().flat_map(|node| &self.records[&node.id])
    }

    /// Names of the records that a link may lead to.
    pub(crate) fn targets(&self, link: &Link) -> Vec<String> {
        if link.target_type == "project" {
            return vec![self.project.clone()];
        }
        let records = self.records.get(&link.target_type).into_iter().flatten();
        records.map(|record| record.submitter_id.clone()).collect()
    }

    /// Nothing where a link has to be that cannot be, as of a second record that belongs to the project one
    /// to one.
    fn record(&self, node: &NodeType, position: usize) -> Option<Record> {
        let style = STYLES[position];
        let submitter_id = format!("{}-{position}", node.id);
        let mut document = Map::new();
        document.insert("type".to_owned(), json!(node.id));
        document.insert("submitter_id".to_owned(), json!(submitter_id));
        if node.required.iter().any(|name| name == "project_id") {
            document.insert("project_id".to_owned(), json!(format!("PROOF-{}", self.project)));
        }
        for property in node.stored_properties() {
            let name = property.name.as_str();
            if let Some(value) = self.property(node, name, position, style) {
                document.insert(name.to_owned(), value);
            }
        }
        let mut links = BTreeMap::new();
        for item in &node.links {
            let wanted = style == Style::Full || self.must_be(node, item);
            self.choose(node, item, position, wanted, &mut links);
        }
        for item in &node.links {
            if self.must_be(node, item) && !item.flatten().iter().any(|link| links.contains_key(&link.name)) {
                return None;
            }
        }
        for link in node.all_links() {
            match links.get(&link.name) {
                Some(targets) => drop(document.insert(link.name.clone(), written(link, targets, position))),
                None if style == Style::Nulls && self.judge(node).allows(&link.name, &Value::Null) => {
                    document.insert(link.name.clone(), Value::Null);
                }
                None => {}
            }
        }
        let faults = self.judge(node).faults(&document);
        assert!(faults.is_empty(), "no valid record of {} was made: {faults:?} {document:?}", node.id);
        Some(Record { node: node.id.clone(), position, submitter_id, document, links })
    }

    fn property(&self, node: &NodeType, name: &str, position: usize, style: Style) -> Option<Value> {
        let (schema, required) = (&node.properties[name].schema, node.required.iter().any(|r| r == name));
        if is_apart(node, name) {
            let guid = name == "object_id" && (required || position == 0);
            return guid.then(|| json!(self.guid(&node.id, position)));
        }
        if is_system(node, name) {
            // What the record says of these does not count; one that must be there must be right all the
            // same.
            return (required || position == 2).then(|| self.made(node, name, schema, position)).flatten();
        }
        match name {
            _ if !node.category.is_file() => {}
            "md5sum" => return Some(json!(self.hex(&node.id, position))),
            "file_size" => return Some(json!(1000 + position)),
            // Any other state would stop all updates.
            "file_state" => return Some(json!("registered")),
            "urls" => return None,
            _ => {}
        }
        match style {
            Style::Nulls if self.judge(node).allows(name, &Value::Null) => Some(Value::Null),
            Style::Full => self.made(node, name, schema, position),
            _ if required => self.made(node, name, schema, position),
            _ => None,
        }
    }

    /// A value that the judge allows.
    fn made(&self, node: &NodeType, name: &str, schema: &Value, position: usize) -> Option<Value> {
        let fits = |value: &Value| self.judge(node).allows(name, value);
        let mut made = (position..position + 8).filter_map(|seed| value(schema, seed)).filter(fits);
        let made =
            made.next().or_else(|| candidates(schema, None).into_iter().find(|v| !v.is_null() && fits(v)));
        assert!(made.is_some(), "{}.{name} has no value that could be made up: {schema}", node.id);
        made
    }

    fn hex(&self, node: &str, position: usize) -> String {
        let part = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            (salt, &self.project, node, position).hash(&mut hasher);
            hasher.finish()
        };
        format!("{:016x}{:016x}", part(0), part(1))
    }

    fn guid(&self, node: &str, position: usize) -> String {
        let hex = self.hex(node, position + 100);
        format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
    }

    /// Whether a record without it would be refused, by the rules of links or by the schema.
    fn must_be(&self, node: &NodeType, item: &LinkItem) -> bool {
        let by_rule = match item {
            LinkItem::Link(link) => link.required,
            LinkItem::Group(group) => group.required,
        };
        by_rule || item.flatten().iter().any(|link| node.required.contains(&link.name))
    }

    /// Chooses targets for the links of `item`, and says whether there are any.
    fn choose(
        &self,
        node: &NodeType,
        item: &LinkItem,
        position: usize,
        wanted: bool,
        links: &mut BTreeMap<String, BTreeSet<String>>,
    ) -> bool {
        let group = match item {
            LinkItem::Link(link) => {
                let targets = if wanted { self.choose_targets(link, position) } else { BTreeSet::new() };
                let any = !targets.is_empty();
                if any {
                    links.insert(link.name.clone(), targets);
                }
                return any;
            }
            LinkItem::Group(group) => group,
        };
        if !wanted {
            return false;
        }
        let one_only = group.exclusive || STYLES[position] != Style::Full;
        let rotated = (0..group.members.len()).map(|n| &group.members[(position + n) % group.members.len()]);
        let (needed, others): (Vec<_>, Vec<_>) = rotated.partition(|member| self.must_be(node, member));
        let mut any = false;
        for member in needed.iter().chain(&others) {
            if !(one_only && any) {
                any |= self.choose(node, member, position, true, links);
            }
        }
        any
    }

    fn choose_targets(&self, link: &Link, position: usize) -> BTreeSet<String> {
        let targets = self.targets(link);
        if targets.is_empty() {
            return BTreeSet::new();
        }
        if link.multiplicity.one_source() {
            return targets.get(position).cloned().into_iter().collect();
        }
        let more = if link.multiplicity.one_target() { 1 } else { 2 };
        (0..more).map(|step| targets[(position + step) % targets.len()].clone()).collect()
    }
}

/// The forms in which a link may be written.
fn written(link: &Link, targets: &BTreeSet<String>, position: usize) -> Value {
    let mut references: Vec<Value> =
        targets.iter().map(|target| json!({ target_key(link): target })).collect();
    if references.len() == 1 && position.is_multiple_of(2) {
        return references.remove(0);
    }
    Value::Array(references)
}
