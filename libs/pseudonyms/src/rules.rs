//! What becomes of the properties of each node type.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use dictionary::{Dictionary, LinkItem, NodeType, Property, ScalarType};
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

/// Of every node type.
const ALL: &str = "*";
/// The most days of a shift.
const MOST_DAYS: u16 = 36_500;

/// What becomes of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is left out.
    Drop,
    /// Its texts are replaced: equal ones by equal ones.
    Hash,
    /// Its dates are shifted by at most so many days, all of a person by the same number.
    Shift(u16),
}

/// Rules as a file has them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Node types that are left out.
    #[serde(default)]
    leave_out: Vec<String>,
    /// The node type whose records are persons.
    person: Option<String>,
    /// By `NODE.PROPERTY`, or `*.PROPERTY`.
    #[serde(default)]
    properties: IndexMap<String, Value>,
}

/// What a file says of a property.
#[derive(Clone, Copy)]
enum Said {
    Drop,
    Hash,
    Keep,
    Shift(u16),
}

impl Said {
    fn read(value: &Value) -> Result<Self, String> {
        let shift = value.as_object().filter(|shift| shift.len() == 1).and_then(|shift| shift.get("shift"));
        match (value.as_str(), shift.and_then(Value::as_u64)) {
            (Some("drop"), _) => Ok(Self::Drop),
            (Some("hash"), _) => Ok(Self::Hash),
            (Some("keep"), _) => Ok(Self::Keep),
            (None, Some(days)) => Ok(Self::Shift(u16::try_from(days).unwrap_or(u16::MAX))),
            _ => Err("write drop, hash, keep, or {shift: DAYS}".to_owned()),
        }
    }

    /// `None` for what is kept.
    fn fate(self) -> Option<Fate> {
        match self {
            Self::Keep => None,
            Self::Drop => Some(Fate::Drop),
            Self::Hash => Some(Fate::Hash),
            Self::Shift(days) => Some(Fate::Shift(days)),
        }
    }
}

/// Something that is wrong with rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: the key in the file.
    pub place: String,
    /// What, and the remedy.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Rules that fit a dictionary: what they leave of its records is valid under it.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    pub(crate) left_out: HashSet<String>,
    pub(crate) person: Option<String>,
    pub(crate) fates: HashMap<String, HashMap<String, Fate>>,
}

impl Rules {
    /// Reads rules, YAML:
    ///
    /// ```yaml
    /// leave_out: [family_history]        # with all types that cannot be without it
    /// person: subject                    # whose records share one shift in time
    /// properties:
    ///   "*.submitter_id": hash           # of all node types that have it
    ///   study.submitter_id: keep
    ///   subject.name: drop
    ///   visit.date: { shift: 180 }       # days, at most
    /// ```
    ///
    /// # Errors
    /// All problems: what the dictionary does not have, and what would leave records that are not valid.
    pub fn read(text: &str, dictionary: &Dictionary) -> Result<Self, Vec<Problem>> {
        let file: File = serde_yaml_ng::from_str(text)
            .map_err(|error| vec![Problem { place: "the file".to_owned(), what: error.to_string() }])?;
        let mut problems = Vec::new();
        let mut problem =
            |place: &str, what: String| problems.push(Problem { place: place.to_owned(), what });
        for name in &file.leave_out {
            if matches!(name.as_str(), "program" | "project") || !dictionary.nodes.contains_key(name) {
                problem("leave_out", format!("{name} is no node type whose records can be left out"));
            }
        }
        if let Some(person) = file.person.as_deref().filter(|person| !dictionary.nodes.contains_key(*person))
        {
            problem("person", format!("the dictionary has no node type {person}"));
        }
        let left_out = left_out(dictionary, &file.leave_out);
        let mut fates: HashMap<String, HashMap<String, Fate>> = HashMap::new();
        // What is said of one type counts before what is said of all.
        let (of_all, of_one): (Vec<_>, Vec<_>) =
            file.properties.iter().partition(|(key, _)| key.starts_with("*."));
        for (key, said) in of_all.into_iter().chain(of_one) {
            let (said, meant) = match (Said::read(said), meant(dictionary, key)) {
                (Ok(said), Ok(meant)) => (said, meant),
                (Err(what), _) | (_, Err(what)) => {
                    problem(key, what);
                    continue;
                }
            };
            for (node, property) in meant.into_iter().filter(|(node, _)| !left_out.contains(&node.id)) {
                if let Err(what) = suits(node, property, said) {
                    problem(key, what);
                }
                let of_node = fates.entry(node.id.clone()).or_default();
                match said.fate() {
                    None => drop(of_node.remove(&property.name)),
                    Some(fate) => drop(of_node.insert(property.name.clone(), fate)),
                }
            }
        }
        let shifts = || fates.values().flat_map(HashMap::values).any(|fate| matches!(fate, Fate::Shift(_)));
        if file.person.is_none() && shifts() {
            problem("person", "name the node type whose records share one shift, such as subject".to_owned());
        }
        if problems.is_empty() { Ok(Self { left_out, person: file.person, fates }) } else { Err(problems) }
    }

    /// Whether records of this type are left out.
    pub fn leaves_out(&self, node: &str) -> bool {
        self.left_out.contains(node)
    }

    /// Node types that are left out, in the order of the alphabet.
    pub fn left_out(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.left_out.iter().map(String::as_str).collect();
        all.sort_unstable();
        all
    }

    /// What becomes of a property; `None` if it stays as it is.
    pub fn fate(&self, node: &str, property: &str) -> Option<Fate> {
        self.fates.get(node)?.get(property).copied()
    }

    pub(crate) fn shifts(&self) -> bool {
        self.fates.values().flat_map(HashMap::values).any(|fate| matches!(fate, Fate::Shift(_)))
    }
}

/// The properties that a key means.
fn meant<'d>(dictionary: &'d Dictionary, key: &str) -> Result<Vec<(&'d NodeType, &'d Property)>, String> {
    let (node, property) = key.split_once('.').ok_or("write NODE.PROPERTY, or *.PROPERTY")?;
    let nodes: Vec<&NodeType> = match node {
        // Programs and projects are the places of records, and named only where they are meant.
        ALL => dictionary.nodes.values().filter(|node| !is_head(node)).collect(),
        node => {
            vec![
                dictionary
                    .nodes
                    .get(node)
                    .ok_or_else(|| format!("the dictionary has no node type {node}"))?,
            ]
        }
    };
    let found: Vec<_> = nodes
        .into_iter()
        .filter(|node| !node.is_link(property))
        .filter_map(|node| Some((node, node.properties.get(property)?)))
        .collect();
    if found.is_empty() { Err(format!("no such node type has a property {property}")) } else { Ok(found) }
}

/// Whether what is left is still valid.
fn suits(node: &NodeType, property: &Property, said: Said) -> Result<(), String> {
    const NEEDED: [&str; 3] = ["type", "project_id", "id"];
    let name = format!("{}.{}", node.id, property.name);
    if NEEDED.contains(&property.name.as_str()) && !matches!(said, Said::Keep) {
        return Err(format!("{name} is what a record needs to be one; ids are replaced in any case"));
    }
    let is_required = node.required.contains(&property.name);
    let is_head = is_head(node);
    match said {
        Said::Keep => Ok(()),
        Said::Drop if is_required || is_head => Err(format!("{name} is required; `hash` it, or `keep` it")),
        Said::Drop => Ok(()),
        Said::Hash if is_head => Err(format!("{name} names the place of records; it can only be kept")),
        Said::Hash => match constraint(property) {
            None => Ok(()),
            Some(what) => Err(format!("{name} has {what}, which a pseudonym does not keep; `drop` it")),
        },
        Said::Shift(days) if days == 0 || days > MOST_DAYS => {
            Err(format!("{name} is shifted by 1 to {MOST_DAYS} days"))
        }
        Said::Shift(_) if is_text(property) => Ok(()),
        Said::Shift(_) => Err(format!("{name} has no texts, so there are no dates in it; `drop` it")),
    }
}

fn is_head(node: &NodeType) -> bool {
    matches!(node.id.as_str(), "program" | "project")
}

fn is_text(property: &Property) -> bool {
    property.scalar == ScalarType::String
        || (property.scalar == ScalarType::Array && property.items == Some(ScalarType::String))
}

/// What keeps a text from being any other one.
fn constraint(property: &Property) -> Option<&'static str> {
    if !is_text(property) {
        return Some("no texts");
    }
    let schemas = [Some(&property.schema), property.schema.get("items")];
    schemas.into_iter().flatten().find_map(|schema| {
        let has = |key: &str| schema.get(key).is_some();
        let shortest = schema.get("maxLength").and_then(Value::as_u64).is_some_and(|most| most < 25);
        match () {
            () if has("enum") => Some("an `enum`"),
            () if has("pattern") => Some("a `pattern`"),
            () if has("format") => Some("a `format`"),
            () if has("oneOf") || has("anyOf") || has("allOf") => Some("alternatives"),
            () if shortest => Some("a `maxLength` below 25"),
            () => None,
        }
    })
}

/// Those types, and all whose records cannot be without them.
fn left_out(dictionary: &Dictionary, named: &[String]) -> HashSet<String> {
    let mut left_out: HashSet<String> = named.iter().cloned().collect();
    loop {
        let before = left_out.len();
        for node in dictionary.nodes.values() {
            if node.links.iter().any(|item| needs(item, &left_out)) {
                left_out.insert(node.id.clone());
            }
        }
        if left_out.len() == before {
            return left_out;
        }
    }
}

/// Whether what an item requires is left out.
fn needs(item: &LinkItem, left_out: &HashSet<String>) -> bool {
    match item {
        LinkItem::Link(link) => link.required && left_out.contains(&link.target_type),
        LinkItem::Group(group) if group.required => group.members.iter().all(|member| gone(member, left_out)),
        LinkItem::Group(group) => group.members.iter().any(|member| needs(member, left_out)),
    }
}

/// Whether nothing of an item is left.
fn gone(item: &LinkItem, left_out: &HashSet<String>) -> bool {
    match item {
        LinkItem::Link(link) => left_out.contains(&link.target_type),
        LinkItem::Group(group) => group.members.iter().all(|member| gone(member, left_out)),
    }
}
