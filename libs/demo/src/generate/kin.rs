//! Chooses the records that a new one links to.

use std::collections::{BTreeMap, HashMap, HashSet};

use dictionary::{Link, LinkGroup, LinkItem, NodeType};

use crate::dice::Dice;

/// A record: its type and its position among the records of that type.
pub(super) type Who<'a> = (&'a str, usize);

/// The chance of an optional link to a relative, such as from a sample to one of its subject's diagnoses.
const OPTIONAL: f64 = 0.7;

/// The position of the program and of the project, of which there is one each.
const THE_ONLY: usize = 0;

/// The target of a link of a new record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// The program of the study.
    Program,
    /// The project of the study.
    Project,
    /// A record that was made before.
    Record(Who<'a>),
}

/// The links of a record with their targets, in declared order.
pub(super) type Links<'a> = Vec<(&'a Link, Target<'a>)>;

/// How near a target is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nearness {
    /// The record that this one belongs to, one above that, or one that describes any record.
    Own,
    /// Another record with the same parent.
    Relative,
}

/// A new record that looks for its links.
pub(super) struct Newcomer<'a, 'b> {
    pub(super) node: &'a NodeType,
    pub(super) parent: Option<Who<'a>>,
    /// Position among the records of its type.
    pub(super) position: usize,
    /// Links whose targets are settled, by position from 1.
    pub(super) settled: &'b BTreeMap<String, usize>,
}

/// The records made so far, as a family.
#[derive(Default)]
pub(super) struct Kin<'a> {
    /// The lineage of each record of a type: itself, its parent, the parent's parent, and so on.
    lineages: HashMap<&'a str, Vec<Vec<Who<'a>>>>,
    /// Records of a type below a record, at any distance.
    descendants: HashMap<(&'a str, Who<'a>), Vec<usize>>,
    /// Targets that can have only one source of a link and have it: type and name of the link, target.
    taken: HashSet<(&'a str, &'a str, usize)>,
}

impl<'a> Kin<'a> {
    /// The number of records of a type.
    pub(super) fn count(&self, node: &str) -> usize {
        self.lineages.get(node).map_or(0, Vec::len)
    }

    /// A record, its parent, and so on upwards.
    pub(super) fn lineage(&self, who: Who<'a>) -> &[Who<'a>] {
        self.lineages.get(who.0).and_then(|lineages| lineages.get(who.1)).map_or(&[], Vec::as_slice)
    }

    /// Adds the next record of `node`, with its parent and its links.
    pub(super) fn add(
        &mut self,
        node: &'a NodeType,
        parent: Option<Who<'a>>,
        links: &[(&'a Link, Target<'a>)],
    ) {
        let position = self.count(&node.id);
        let mut lineage = vec![(node.id.as_str(), position)];
        lineage.extend(parent.map(|parent| self.lineage(parent)).unwrap_or_default());
        for ancestor in &lineage[1..] {
            self.descendants.entry((&node.id, *ancestor)).or_default().push(position);
        }
        for (link, target) in links {
            if link.multiplicity.one_source() {
                let target = if let Target::Record((_, target)) = target { *target } else { THE_ONLY };
                self.taken.insert((&node.id, &link.name, target));
            }
        }
        self.lineages.entry(&node.id).or_default().push(lineage);
    }

    /// Chooses the links of a new record.
    ///
    /// # Errors
    /// The name of a required link for which there is no target.
    pub(super) fn links(&self, newcomer: &Newcomer<'a, '_>, dice: &mut Dice) -> Result<Links<'a>, &'a str> {
        let mut links = Vec::new();
        for item in &newcomer.node.links {
            match item {
                LinkItem::Link(link) => match self.target(newcomer, link, dice) {
                    Some((target, nearness)) if link.required || wanted(nearness, dice) => {
                        links.push((link, target))
                    }
                    Some(_) => {}
                    None if link.required => return Err(&link.name),
                    None => {}
                },
                LinkItem::Group(group) => {
                    let found = self.group(newcomer, group, dice);
                    if found.is_empty() && group.required {
                        return Err(item.flatten().first().map_or("a link of a group", |link| &link.name));
                    }
                    links.extend(found);
                }
            }
        }
        Ok(links)
    }

    /// Chooses the links of a group: the nearest alternatives, or one where only one is allowed.
    fn group(&self, newcomer: &Newcomer<'a, '_>, group: &'a LinkGroup, dice: &mut Dice) -> Links<'a> {
        let mut own = Vec::new();
        let mut relatives = Vec::new();
        for member in &group.members {
            match member {
                LinkItem::Link(link) => match self.target(newcomer, link, dice) {
                    Some((target, Nearness::Own)) => own.push(vec![(link, target)]),
                    Some((target, Nearness::Relative)) => relatives.push(vec![(link, target)]),
                    None => {}
                },
                LinkItem::Group(inner) => own.push(self.group(newcomer, inner, dice)),
            }
        }
        own.retain(|links| !links.is_empty());
        let parent = newcomer.parent.map(Target::Record);
        let is_parent = |(_, target): &(&Link, Target)| Some(*target) == parent;
        own.sort_by_key(|links| !links.iter().any(is_parent));
        let mut found = if own.is_empty() { relatives } else { own };
        if group.exclusive {
            found.truncate(1);
        }
        found.into_iter().flatten().collect()
    }

    fn target(
        &self,
        newcomer: &Newcomer<'a, '_>,
        link: &'a Link,
        dice: &mut Dice,
    ) -> Option<(Target<'a>, Nearness)> {
        let node = link.target_type.as_str();
        let is_free = |target: &usize| {
            !link.multiplicity.one_source()
                || !self.taken.contains(&(newcomer.node.id.as_str(), link.name.as_str(), *target))
        };
        match node {
            "program" => return is_free(&THE_ONLY).then_some((Target::Program, Nearness::Own)),
            "project" => return is_free(&THE_ONLY).then_some((Target::Project, Nearness::Own)),
            _ if node == newcomer.node.id => return None,
            _ => {}
        }
        let count = self.count(node);
        if let Some(settled) = newcomer.settled.get(&link.name) {
            let target = settled.checked_sub(1).filter(|target| *target < count && is_free(target))?;
            return Some((Target::Record((node, target)), Nearness::Own));
        }
        let lineage = newcomer.parent.map(|parent| self.lineage(parent)).unwrap_or_default();
        if let Some(ancestor) = lineage.iter().find(|ancestor| ancestor.0 == node) {
            return is_free(&ancestor.1).then_some((Target::Record(*ancestor), Nearness::Own));
        }
        let kind_of_target: HashSet<&str> =
            self.lineage((node, 0)).iter().map(|ancestor| ancestor.0).collect();
        match lineage.iter().find(|ancestor| kind_of_target.contains(ancestor.0)) {
            Some(shared) => {
                let relatives = self.descendants.get(&(node, *shared))?;
                let free: Vec<usize> = relatives.iter().copied().filter(is_free).collect();
                dice.pick(&free).map(|target| (Target::Record((node, *target)), Nearness::Relative))
            }
            None => {
                let mut in_turn = (0..count).map(|step| (newcomer.position + step) % count);
                in_turn.find(is_free).map(|target| (Target::Record((node, target)), Nearness::Own))
            }
        }
    }
}

fn wanted(nearness: Nearness, dice: &mut Dice) -> bool {
    nearness == Nearness::Own || dice.chance(OPTIONAL)
}
