//! Records with one field changed, each with what a commons must say to it.

use std::collections::BTreeSet;

use dictionary::{LinkItem, NodeType};
use serde_json::{Map, Value, json};

use super::{
    draft4::Fault,
    records::{Record, Study, is_apart, is_system, target_key},
    values::candidates,
};

/// What a commons must say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It takes the record.
    Valid,
    /// It takes the record and says that it ignores this property.
    Ignored(String),
    /// The schema refuses it: these are all errors.
    Schema(BTreeSet<Fault>),
    /// Something else refuses it: there is an error of this type that names this property.
    Refused(&'static str, String),
}

/// A changed record.
#[derive(Debug, Clone)]
pub(crate) struct Corruption {
    /// What was done, for people.
    pub(crate) what: String,
    pub(crate) document: Map<String, Value>,
    pub(crate) verdict: Verdict,
    /// It takes a target away from another record, so it must not be in one request with that.
    pub(crate) alone: bool,
}

/// Properties that also say something to the file index: other valid values mean other files.
const INDEXED: [&str; 4] = ["md5sum", "file_size", "urls", "object_id"];

impl Study<'_> {
    /// Every single-field change of a stored record, but changed and missing values only where `tries` says
    /// so of their number: they need not be tried on each record, links have to be.
    pub(crate) fn corruptions(
        &self,
        node: &NodeType,
        record: &Record,
        tries: impl Fn(usize) -> bool,
    ) -> Vec<Corruption> {
        let mut record = record.clone();
        // What it said of the system's properties was not stored, so to say it again would be a change too.
        let needed = |name: &String| node.required.contains(name);
        record.document.retain(|name, _| !is_system(node, name) || needed(name));
        let record = &record;
        let mut all = self.changed_values(node, record, &tries);
        all.extend(self.missing(node, record, &tries));
        all.extend(self.unknown(node, record));
        all.extend(self.changed_links(node, record));
        all.extend(self.unlinked(node, record));
        all
    }

    fn judged(
        &self,
        node: &NodeType,
        what: String,
        document: Map<String, Value>,
        else_: Verdict,
    ) -> Corruption {
        let faults = self.judge(node).faults(&document);
        let verdict = if faults.is_empty() { else_ } else { Verdict::Schema(faults) };
        Corruption { what: format!("{}: {what}", node.id), document, verdict, alone: false }
    }

    /// Values of all kinds and near misses for every property; those that happen to be right must be taken.
    fn changed_values(
        &self,
        node: &NodeType,
        record: &Record,
        tries: impl Fn(usize) -> bool,
    ) -> Vec<Corruption> {
        let (mut all, mut number) = (Vec::new(), 0);
        for property in node.properties.values().filter(|property| property.name != "type") {
            let name = property.name.as_str();
            let good = record.document.get(name).filter(|value| !value.is_null());
            for candidate in candidates(&property.schema, good) {
                number += 1;
                if !tries(number) {
                    continue;
                }
                let mut document = record.document.clone();
                document.insert(name.to_owned(), candidate.clone());
                let what = format!("{name} is {candidate}");
                let corruption = self.judged(node, what, document, self.verdict(node, name, &candidate));
                let is_schema = matches!(corruption.verdict, Verdict::Schema(_));
                // A right value that means another record or file is no corruption.
                let means_another = (is_apart(node, name)
                    && !["project_id", "created_datetime", "updated_datetime"].contains(&name))
                    || (node.category.is_file() && INDEXED.contains(&name));
                if is_schema || !means_another {
                    all.push(corruption);
                }
            }
        }
        all
    }

    /// What is said to a value that the schema takes.
    fn verdict(&self, node: &NodeType, name: &str, value: &Value) -> Verdict {
        let schema = &node.properties[name].schema;
        let default = schema.get("default");
        let given = || name.to_owned();
        match name {
            "project_id" if value.is_null() => Verdict::Valid,
            "project_id" => Verdict::Refused("INVALID_PERMISSIONS", given()),
            "created_datetime" | "updated_datetime" => Verdict::Valid,
            _ if !is_system(node, name) || default.unwrap_or(&Value::Null) == value => Verdict::Valid,
            // Null is what is there without a value, and so nothing to warn about.
            _ if default.is_some() && value.is_null() => Verdict::Valid,
            _ if default.is_some() => Verdict::Ignored(given()),
            _ => Verdict::Refused("INVALID_PERMISSIONS", given()),
        }
    }

    fn missing(&self, node: &NodeType, record: &Record, tries: impl Fn(usize) -> bool) -> Vec<Corruption> {
        let required = node.required.iter().filter(|name| *name != "type");
        required
            .enumerate()
            .filter(|(number, _)| tries(*number))
            .map(|(_, name)| {
                let mut document = record.document.clone();
                document.shift_remove(name);
                self.judged(node, format!("{name} is missing"), document, Verdict::Valid)
            })
            .collect()
    }

    fn unknown(&self, node: &NodeType, record: &Record) -> Vec<Corruption> {
        let names = ["bogus", "submitter id", "_props", "Submitter_id", "ünknown"];
        let unknown = names.into_iter().flat_map(|name| [(name, json!("x")), (name, Value::Null)]);
        unknown
            .map(|(name, value)| {
                let mut document = record.document.clone();
                let what = format!("unknown {name} is {value}");
                document.insert(name.to_owned(), value);
                let refused = Verdict::Refused("INVALID_PROPERTY", name.to_owned());
                self.judged(node, what, document, refused)
            })
            .collect()
    }

    /// Links of a stored record that lead nowhere, elsewhere or too far.
    fn changed_links(&self, node: &NodeType, record: &Record) -> Vec<Corruption> {
        let mut all = Vec::new();
        for link in node.all_links() {
            let key = target_key(link);
            let refused = || Verdict::Refused("INVALID_LINK", link.name.clone());
            let mut add = |what: &str, value: Value, verdict: Verdict, alone: bool| {
                let mut document = record.document.clone();
                document.insert(link.name.clone(), value);
                let what = format!("{} {what}", link.name);
                all.push(Corruption { alone, ..self.judged(node, what, document, verdict) });
            };
            let nobody = "0b0d1e00-0000-4000-8000-000000000000";
            add("leads nowhere", json!({ key: "nobody" }), refused(), false);
            add("leads to an unknown id", json!({ "id": nobody }), refused(), false);
            add("says nothing", json!([{}]), refused(), false);
            add("has an unknown key", json!([{ "nonsense": "x" }]), refused(), false);
            let mine = record.links.get(&link.name).cloned().unwrap_or_default();
            if let Some(target) = mine.first() {
                add("has one bad target", json!([{ key: target }, { key: "nobody" }]), refused(), false);
                add("has an id of another", json!({ key: target, "id": nobody }), refused(), false);
            }
            let others = self.targets(link).into_iter().filter(|target| !mine.contains(target));
            // Only a stored record's: what it has stays, so another one is one too many.
            if let Some(other) =
                others.clone().next().filter(|_| !mine.is_empty() && link.multiplicity.one_target())
            {
                let alone = link.multiplicity.one_source();
                let both = mine.iter().chain([&other]).map(|target| json!({ key: target })).collect();
                add("has two targets", both, refused(), alone);
                add("leads to another target", json!({ key: other }), refused(), alone);
            }
            if link.multiplicity.one_source()
                && let Some(taken) = others.clone().find(|target| self.is_taken(node, &link.name, target))
            {
                add("leads to a taken target", json!([{ key: taken }]), refused(), true);
            }
        }
        all.extend(self.too_many_alternatives(node, record));
        all
    }

    fn is_taken(&self, node: &NodeType, link: &str, target: &str) -> bool {
        self.records[&node.id]
            .iter()
            .any(|record| record.links.get(link).is_some_and(|targets| targets.contains(target)))
    }

    fn too_many_alternatives(&self, node: &NodeType, record: &Record) -> Vec<Corruption> {
        let mut all = Vec::new();
        for (used, other) in exclusive_pairs(&node.links) {
            let is_used = |names: &BTreeSet<String>| names.iter().any(|name| record.links.contains_key(name));
            if !is_used(&used) || is_used(&other) {
                continue;
            }
            for link in node.all_links().into_iter().filter(|link| other.contains(&link.name)) {
                if let Some(target) = self.targets(link).first() {
                    let mut document = record.document.clone();
                    document.insert(link.name.clone(), json!([{ target_key(link): target }]));
                    let what = format!("{} beside one that excludes it", link.name);
                    let refused = Verdict::Refused("INVALID_LINK", link.name.clone());
                    let alone = link.multiplicity.one_source();
                    all.push(Corruption { alone, ..self.judged(node, what, document, refused) });
                }
            }
        }
        all
    }

    /// Links set to null: gone, unless something has to be there.
    fn unlinked(&self, node: &NodeType, record: &Record) -> Vec<Corruption> {
        let mut all = Vec::new();
        for link in node.all_links() {
            let mut document = record.document.clone();
            document.insert(link.name.clone(), Value::Null);
            let left: BTreeSet<&String> = record.links.keys().filter(|name| **name != link.name).collect();
            let breaks = |item: &LinkItem| match item {
                LinkItem::Link(other) => other.required && !left.contains(&other.name),
                LinkItem::Group(group) => {
                    group.required && !item.flatten().iter().any(|member| left.contains(&member.name))
                }
            };
            let verdict = if node.links.iter().any(breaks) {
                Verdict::Refused("INVALID_LINK", told_as(&node.links, &link.name))
            } else {
                Verdict::Valid
            };
            all.push(self.judged(node, format!("{} is cleared", link.name), document, verdict));
        }
        all
    }

    /// New records without a link that must be there, though the schema does not ask for it.
    pub(crate) fn unlinked_newcomers(&self, node: &NodeType, record: &Record) -> Vec<Corruption> {
        let mut all = Vec::new();
        for item in &node.links {
            let required = match item {
                LinkItem::Link(link) => link.required,
                LinkItem::Group(group) => group.required,
            };
            let mut document = record.document.clone();
            let names: Vec<String> = item.flatten().iter().map(|link| link.name.clone()).collect();
            names.iter().for_each(|name| drop(document.shift_remove(name)));
            let what = format!("a new one without any of {names:?}");
            let corruption =
                self.judged(node, what, document, Verdict::Refused("INVALID_LINK", names[0].clone()));
            if required {
                all.push(corruption);
            }
        }
        all
    }
}

/// What names a link among the keys of an error of its group: a group in a group is one key.
fn told_as(items: &[LinkItem], name: &str) -> String {
    let has = |item: &&LinkItem| item.flatten().iter().any(|link| link.name == name);
    let member = match items.iter().find(has) {
        Some(LinkItem::Group(group)) => group.members.iter().find(has),
        item => item,
    };
    let names = |item: &LinkItem| item.flatten().iter().map(|link| link.name.clone()).collect::<Vec<_>>();
    member.map(names).unwrap_or_default().join(", ")
}

/// Names of links of which those of the first set exclude those of the second.
fn exclusive_pairs(items: &[LinkItem]) -> Vec<(BTreeSet<String>, BTreeSet<String>)> {
    let names =
        |item: &LinkItem| item.flatten().iter().map(|link| link.name.clone()).collect::<BTreeSet<_>>();
    let mut pairs = Vec::new();
    for item in items {
        let LinkItem::Group(group) = item else { continue };
        pairs.extend(exclusive_pairs(&group.members));
        if group.exclusive {
            for (a, one) in group.members.iter().enumerate() {
                let others = group.members.iter().enumerate().filter(|(b, _)| *b != a);
                pairs.extend(others.map(|(_, other)| (names(one), names(other))));
            }
        }
    }
    pairs
}
