//! From a dictionary and settings to a study.

mod content;
mod image;
mod kin;
mod order;
mod pattern;
mod record;
mod schema;
mod story;
mod study;

use std::collections::HashMap;

use dictionary::{Dictionary, Link, NodeType, Validators};
use serde_json::{Map, Value, json};

pub use self::study::{DemoFile, GenerateError, Record, Skipped, Study, Unfit};
use self::{
    kin::{Kin, Links, Newcomer, Target, Who},
    record::Author,
    story::Scene,
};
use crate::{
    dice::Dice,
    settings::{Amount, Settings},
};

/// Types that the settings do not name have one record for each parent, but at most this many ...
const UNNAMED: usize = 200;
/// ... or, if they are files, at most this many.
const UNNAMED_FILES: usize = 4;
/// The number of records directly below the project, for types that the settings do not name.
const UNNAMED_AT_THE_TOP: usize = 10;

/// A text that matches a regular expression, the same one for the same `seed`; none if the pattern uses
/// features of other dialects, such as look-ahead.
pub fn text_matching(pattern: &str, seed: u64) -> Option<String> {
    pattern::matching(pattern, &mut Dice::of(seed, pattern))
}

impl Study {
    /// Makes the study that these settings describe, as far as the dictionary has types and properties for
    /// it. The same arguments give the same study.
    ///
    /// # Errors
    /// The dictionary has no `program` or `project`, or requires values of them that cannot be made up.
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
                .filter(|node| node.category.is_file() && !node.has_object_id())
                .map(|node| node.id.clone())
                .collect(),
        })
    }

    /// The types that a study of this dictionary may have records of, in the order of the records.
    pub(crate) fn types(dictionary: &Dictionary) -> Vec<&NodeType> {
        order::order(dictionary)
    }
}

/// The place of a record that is to be made: its parent, and its position among the parent's records.
struct Place<'a> {
    parent: Option<Who<'a>>,
    ordinal: usize,
}

/// The records below the project that were made so far.
#[derive(Default)]
struct Family<'a> {
    kin: Kin<'a>,
    /// The positions of a type's records in `records`.
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

    /// The records that a new one links to, then its parent and the records above, nearest first.
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

    /// The type of a record's parent: the one in the settings, else the target of the first link that has
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
                // Spread evenly: the differences between neighbours of evenly spaced whole numbers up to the
                // total.
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

    /// The number of records of `node` that belong to this parent.
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

    /// A link as a record has it: an object if there can only be one target, else a list.
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
