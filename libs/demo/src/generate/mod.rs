//! From a dictionary and settings to a study.

mod content;
mod image;
mod kin;
mod order;
mod pattern;
mod record;
mod schema;
mod story;

use std::collections::{HashMap, HashSet};

use dictionary::{Dictionary, Link, LoadError, NodeType, Validators};
use serde_json::{Map, Value, json};

use self::{
    kin::{Kin, Links, Newcomer, Target, Who},
    record::Author,
    story::Scene,
};
use crate::{
    dice::Dice,
    settings::{Amount, Settings},
};

/// Types that the settings do not name have one record for each record that they belong to, but not more than this ...
const UNNAMED: usize = 200;
/// ... nor files more than this.
const UNNAMED_FILES: usize = 4;
/// How many records stand directly below the project, for types that the settings do not name.
const UNNAMED_AT_THE_TOP: usize = 10;

/// A text that matches a regular expression, the same one for the same `seed`; none where the pattern uses what only
/// other dialects have, such as looking ahead.
pub fn text_matching(pattern: &str, seed: u64) -> Option<String> {
    pattern::matching(pattern, &mut Dice::of(seed, pattern))
}

/// A whole study, in the order in which it can be submitted.
#[derive(Debug, Clone)]
pub struct Study {
    /// Name of the program.
    pub program_name: String,
    /// Code of the project.
    pub project_code: String,
    /// The program record.
    pub program: Map<String, Value>,
    /// The project record.
    pub project: Map<String, Value>,
    /// Everything below the project; what a record links to comes before it.
    pub records: Vec<Record>,
    /// Values that were offered to the dictionary and not taken; each property is named once.
    pub unfit: Vec<Unfit>,
    /// Types that some wanted record of could not be made, with the first reason.
    pub skipped: Vec<Skipped>,
    /// Types of files whose own id is that in the file index.
    same_id: HashSet<String>,
}

/// A record of a study.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its type.
    pub node: String,
    /// What is submitted; for files without the `object_id`, which the commons gives at the upload.
    pub document: Map<String, Value>,
    /// The file that it describes.
    pub file: Option<DemoFile>,
}

/// A file of a study.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoFile {
    /// Its name, which no other file of the study has.
    pub name: String,
    /// All of it.
    pub bytes: Vec<u8>,
    /// MD5 in hexadecimal digits.
    pub md5: String,
}

/// A value that the dictionary does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// Type of the record.
    pub node: String,
    /// Name of the property.
    pub property: String,
    /// The value, as JSON.
    pub value: String,
}

/// A type of which a record could not be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The type.
    pub node: String,
    /// Why not.
    pub reason: String,
}

/// Why there is no study.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The schemas cannot be used.
    #[error(transparent)]
    Dictionary(#[from] LoadError),
    /// The dictionary lacks what every project stands on.
    #[error("the dictionary has no node type {0}")]
    MissingType(&'static str),
    /// The dictionary wants something of the project record that cannot be made up.
    #[error("no {node} record can be made that fits the dictionary: {reason}")]
    Unmakeable {
        /// `program` or `project`.
        node: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl Record {
    /// The name that its submitter gives it.
    pub fn submitter_id(&self) -> &str {
        self.document.get("submitter_id").and_then(Value::as_str).unwrap_or("")
    }
}

impl Study {
    /// Makes the study that these settings describe, as far as this dictionary has a place for it. The same arguments
    /// give the same study.
    ///
    /// # Errors
    /// The dictionary has no `program` or `project`, or wants something of them that cannot be made up.
    pub fn generate(dictionary: &Dictionary, settings: &Settings) -> Result<Self, GenerateError> {
        let validators = Validators::compile(dictionary)?;
        let mut author = Author::new(settings, &validators);
        let node = |id: &'static str| dictionary.nodes.get(id).ok_or(GenerateError::MissingType(id));
        let (program, project) = (author.program(node("program")?)?, author.project(node("project")?)?);
        let mut generator = Generator { settings, author, family: Family::default(), skipped: Vec::new() };
        for node in order::order(dictionary) {
            generator.records_of(node);
        }
        Ok(Self {
            program_name: settings.program.clone(),
            project_code: settings.project.clone(),
            program,
            project,
            records: generator.family.records,
            unfit: generator.author.unfit,
            skipped: generator.skipped,
            same_id: dictionary
                .nodes
                .values()
                .filter(|node| has_same_id(node))
                .map(|node| node.id.clone())
                .collect(),
        })
    }

    /// The property of a file's record that has its GUID in the file index: `object_id`; `id` in old dictionaries.
    pub fn guid_property(&self, node: &str) -> &'static str {
        if self.same_id.contains(node) { "id" } else { "object_id" }
    }

    /// The types that a study of this dictionary may have records of, in the order of the records.
    pub(crate) fn types(dictionary: &Dictionary) -> Vec<&NodeType> {
        order::order(dictionary)
    }

    /// Size of all files in bytes.
    pub fn file_bytes(&self) -> u64 {
        self.records
            .iter()
            .filter_map(|record| record.file.as_ref())
            .map(|file| file.bytes.len() as u64)
            .sum()
    }
}

/// Old dictionaries have no `object_id`: a file's record has the id of the file.
fn has_same_id(node: &NodeType) -> bool {
    node.category.is_file() && !node.properties.contains_key("object_id")
}

/// A record that is to be made: what it belongs to, and its place among those that belong to the same.
struct Place<'a> {
    parent: Option<Who<'a>>,
    ordinal: usize,
}

/// Everything below the project that was made so far.
#[derive(Default)]
struct Family<'a> {
    kin: Kin<'a>,
    /// Where the records of a type stand in `records`.
    made: HashMap<&'a str, Vec<usize>>,
    records: Vec<Record>,
}

impl<'a> Family<'a> {
    fn add(
        &mut self,
        node: &'a NodeType,
        parent: Option<Who<'a>>,
        links: &[(&'a Link, Target<'a>)],
        record: Record,
    ) {
        self.kin.add(node, parent, links);
        self.made.entry(&node.id).or_default().push(self.records.len());
        self.records.push(record);
    }

    fn document(&self, who: Who<'_>) -> Option<&Map<String, Value>> {
        let at = self.made.get(who.0)?.get(who.1)?;
        self.records.get(*at).map(|record| &record.document)
    }

    fn submitter_id(&self, who: Who<'_>) -> &str {
        self.document(who).and_then(|record| record.get("submitter_id")?.as_str()).unwrap_or("")
    }

    /// What a new record links to, and what those and its parent belong to, nearest first.
    fn related(
        &self,
        parent: Option<Who<'a>>,
        links: &[(&'a Link, Target<'a>)],
    ) -> Vec<(&str, &Map<String, Value>)> {
        let targets = links.iter().filter_map(|(_, target)| match target {
            Target::Record(who) => Some(*who),
            Target::Program | Target::Project => None,
        });
        let above = parent.map(|parent| self.kin.lineage(parent)).unwrap_or_default();
        targets.chain(above.iter().copied()).filter_map(|who| Some((who.0, self.document(who)?))).collect()
    }
}

struct Generator<'a> {
    settings: &'a Settings,
    author: Author<'a>,
    family: Family<'a>,
    skipped: Vec<Skipped>,
}

impl<'a> Generator<'a> {
    fn records_of(&mut self, node: &'a NodeType) {
        let amount = self.settings.records.get(&node.id).cloned().unwrap_or_default();
        for place in self.places(node, &amount) {
            match self.record(node, &amount, &place) {
                Ok((record, links)) => self.family.add(node, place.parent, &links, record),
                Err(_) if self.skipped.iter().any(|skipped| skipped.node == node.id) => {}
                Err(reason) => self.skipped.push(Skipped { node: node.id.clone(), reason }),
            }
        }
    }

    /// The type that a record of `node` belongs to: as the settings say, else the target of the first link that has
    /// records, required links first.
    fn parent_type(&self, node: &'a NodeType, amount: &Amount) -> Option<&'a str> {
        let mut links = node.all_links();
        links.retain(|link| link.target_type != node.id && self.family.kin.count(&link.target_type) > 0);
        links.sort_by_key(|link| (amount.per.as_ref() != Some(&link.target_type), !link.required));
        links.first().map(|link| link.target_type.as_str())
    }

    fn places(&self, node: &'a NodeType, amount: &Amount) -> Vec<Place<'a>> {
        let Some(parent_type) = self.parent_type(node, amount) else {
            let count = amount.total.unwrap_or(UNNAMED_AT_THE_TOP);
            return (0..count).map(|ordinal| Place { parent: None, ordinal }).collect();
        };
        let all = (0..self.family.kin.count(parent_type)).map(|position| (parent_type, position));
        let parents: Vec<Who<'a>> = all.filter(|parent| self.may_have_any(*parent, amount)).collect();
        let total =
            match (amount.total, self.settings.records.contains_key(&node.id), node.category.is_file()) {
                (Some(total), ..) => Some(total),
                (None, true, _) => None,
                (None, false, true) => Some(UNNAMED_FILES.min(parents.len())),
                (None, false, false) => Some(UNNAMED.min(parents.len())),
            };
        let mut places = Vec::new();
        for (index, parent) in parents.iter().enumerate() {
            let count = match total {
                // Spread evenly: the differences of neighbours in a sequence of whole numbers from 0 to the total.
                Some(total) => (index + 1) * total / parents.len() - index * total / parents.len(),
                None => self.number(node, amount, *parent),
            };
            places.extend((0..count).map(|ordinal| Place { parent: Some(*parent), ordinal }));
        }
        places
    }

    fn may_have_any(&self, parent: Who<'a>, amount: &Amount) -> bool {
        let record = self.family.document(parent);
        amount.only.iter().all(|(property, values)| {
            let value = record.and_then(|record| record.get(property)).and_then(Value::as_str);
            value.is_some_and(|value| values.iter().any(|allowed| allowed == value))
        })
    }

    /// How many records of `node` belong to this one.
    fn number(&self, node: &NodeType, amount: &Amount, parent: Who<'a>) -> usize {
        let Some(record) = self.family.document(parent) else { return 0 };
        if amount.each.is_empty() {
            return story::count(self.settings, &node.id, parent.0, record).unwrap_or(1);
        }
        let name = self.family.submitter_id(parent);
        Dice::of(self.settings.seed, &format!("number of {} of {name}", node.id)).weighted(&amount.each)
    }

    fn record(
        &mut self,
        node: &'a NodeType,
        amount: &Amount,
        place: &Place<'a>,
    ) -> Result<(Record, Links<'a>), String> {
        let position = self.family.kin.count(&node.id);
        let name = self.name(node, amount, place);
        let mut dice = Dice::of(self.settings.seed, &format!("links of {name}"));
        let newcomer = Newcomer { node, parent: place.parent, position, settled: &amount.links };
        let links = self.family.kin.links(&newcomer, &mut dice);
        let links = links.map_err(|link| format!("nothing is there for the link {link}"))?;
        let written =
            links.iter().map(|(link, target)| (link.name.clone(), self.reference(link, target))).collect();
        let given = amount.values.get(position).cloned().unwrap_or_default();
        let related = self.family.related(place.parent, &links);
        let scene = Scene { name: &name, ordinal: place.ordinal, related };
        let record = self.author.record(node, &scene, written, given)?;
        Ok((record, links))
    }

    /// A link as it is written in a record: an object where there can be one, else a list.
    fn reference(&self, link: &Link, target: &Target<'_>) -> Value {
        let reference = match target {
            Target::Program => json!({"name": self.settings.program}),
            Target::Project => json!({"code": self.settings.project}),
            Target::Record(who) => json!({"submitter_id": self.family.submitter_id(*who)}),
        };
        if link.multiplicity.one_target() { reference } else { Value::Array(vec![reference]) }
    }

    fn name(&self, node: &NodeType, amount: &Amount, place: &Place<'a>) -> String {
        match (&amount.suffix, place.parent) {
            (Some(suffix), Some(parent)) => {
                format!("{}-{suffix}-{}", self.family.submitter_id(parent), place.ordinal + 1)
            }
            _ => format!("{}-{:04}", node.id.replace('_', "-"), self.family.kin.count(&node.id) + 1),
        }
    }
}
