//! Compares two versions of a node type's links.

use super::change::{ChangeKind, Changes, Impact, STRICTER};
use crate::{Link, LinkItem, NodeType};

/// The combinations of more links than this are too many to try.
const MOST_LINKS: usize = 14;
/// At most this many forbidden combinations are listed.
const TOLD: usize = 5;

/// Which links of a node type must and may be used together.
#[derive(Debug, Clone, Copy)]
pub struct LinkRules<'n> {
    links: &'n [LinkItem],
}

impl<'n> LinkRules<'n> {
    /// The rules of `node`.
    pub fn of(node: &'n NodeType) -> Self {
        Self { links: &node.links }
    }

    /// Whether a record may have targets under exactly the links that are `used`.
    pub fn allow(self, used: &dyn Fn(&Link) -> bool) -> bool {
        self.are_enough(used) && self.are_not_too_many(used)
    }

    /// Whether every required link and group is `used`. Inside a group, the group decides what is required,
    /// and an inner group is one of its alternatives.
    fn are_enough(self, used: &dyn Fn(&Link) -> bool) -> bool {
        self.links.iter().all(|item| match item {
            LinkItem::Link(link) => !link.required || used(link),
            LinkItem::Group(group) => !group.required || is_used(item, used),
        })
    }

    /// Whether no exclusive group, inner groups included, is `used` more than once.
    fn are_not_too_many(self, used: &dyn Fn(&Link) -> bool) -> bool {
        self.links.iter().all(|item| match item {
            LinkItem::Link(_) => true,
            LinkItem::Group(group) => {
                let count = group.members.iter().filter(|member| is_used(member, used)).count();
                (count <= 1 || !group.exclusive) && LinkRules { links: &group.members }.are_not_too_many(used)
            }
        })
    }
}

fn is_used(item: &LinkItem, used: &dyn Fn(&Link) -> bool) -> bool {
    item.flatten().into_iter().any(used)
}

pub(super) fn compare(old: &NodeType, new: &NodeType, changes: &mut Changes<'_>) {
    for before in old.all_links() {
        match new.link(&before.name) {
            Some(after) => same_name(before, after, changes),
            None => removed(before, new, changes),
        }
    }
    for after in new.all_links() {
        let is_renamed =
            || old.all_links().iter().any(|link| same_table(link, after) && !new.is_link(&link.name));
        if !old.is_link(&after.name) && !is_renamed() {
            let message = format!("this link to {} is new", after.target_type);
            changes.compatible(Some(&after.name), ChangeKind::LinkAdded, message);
        }
    }
    rules(old, new, changes);
}

fn same_table(a: &Link, b: &Link) -> bool {
    (&a.label, &a.target_type) == (&b.label, &b.target_type)
}

fn removed(before: &Link, new: &NodeType, changes: &mut Changes<'_>) {
    let name = Some(before.name.as_str());
    if let Some(renamed) = new.all_links().into_iter().find(|link| same_table(link, before)) {
        let message = format!("this link is called {} now; what is linked stays linked", renamed.name);
        let remedy = "Use the new name in files and queries";
        let impact = [Impact::Submissions, Impact::Queries];
        changes.add(name, ChangeKind::LinkRenamed, &impact, message, remedy);
        return multiplicity(before, renamed, changes);
    }
    let message =
        format!("this link to {} is gone; stored links stay, but nobody sees them", before.target_type);
    let impact = [Impact::Submissions, Impact::Queries, Impact::Access];
    changes.add(name, ChangeKind::LinkRemoved, &impact, message, "Keep the link while records use it");
}

fn same_name(before: &Link, after: &Link, changes: &mut Changes<'_>) {
    let name = Some(before.name.as_str());
    if !same_table(before, after) {
        let message = format!(
            "this link leads to {} by {} now, and led to {} by {}; stored links stay, but nobody sees them",
            after.target_type, after.label, before.target_type, before.label
        );
        let mut impact = vec![Impact::Queries, Impact::Access];
        if after.required {
            impact.insert(0, Impact::StoredRecords);
        }
        if before.target_type != after.target_type {
            impact.insert(usize::from(after.required), Impact::Submissions);
        }
        let remedy = "Add the new link beside the old one, or submit the records again";
        changes.add(name, ChangeKind::LinkMoved, &impact, message, remedy);
    }
    if before.backref != after.backref {
        let message = format!(
            "from {} it is called {} now, and was {}",
            after.target_type, after.backref, before.backref
        );
        let remedy = "Use the new name in queries";
        changes.add(name, ChangeKind::BackrefRenamed, &[Impact::Queries], message, remedy);
    }
    multiplicity(before, after, changes);
}

fn multiplicity(before: &Link, after: &Link, changes: &mut Changes<'_>) {
    let (was, is) = (before.multiplicity, after.multiplicity);
    if was == is {
        return;
    }
    let message = format!("it is {} now, and was {}", is.as_str(), was.as_str());
    let kind = ChangeKind::MultiplicityChanged;
    let fewer_targets = is.one_target() && !was.one_target();
    let fewer_sources = is.one_source() && !was.one_source();
    let what = match (fewer_targets, fewer_sources) {
        (false, false) => return changes.compatible(Some(&after.name), kind, message),
        (true, false) => "a record may have one target only",
        (false, true) => "a target may have one record only",
        (true, true) => "a record may have one target only, and a target one record",
    };
    let remedy = "Remove the additional links first";
    changes.add(Some(&after.name), kind, &STRICTER, format!("{message}: {what}"), remedy);
}

/// Tries all combinations of the old links: which were allowed, and are not?
fn rules(old: &NodeType, new: &NodeType, changes: &mut Changes<'_>) {
    let links = old.all_links();
    if links.len() > MOST_LINKS || new.all_links().len() > MOST_LINKS {
        if old.links != new.links {
            let message = "the rules of its many links are others; they were not compared one by one";
            let remedy = "Compare required and exclusive by hand";
            changes.add(None, ChangeKind::LinkRulesChanged, &STRICTER, message, remedy);
        }
        return;
    }
    let missing = newly_refused(old, new, |rules, used| rules.are_enough(used));
    let too_many = newly_refused(old, new, |rules, used| rules.are_not_too_many(used));
    if missing.is_empty() && too_many.is_empty() {
        if !newly_refused(new, old, |rules, used| rules.allow(used)).is_empty() {
            let message = "more combinations of links are allowed";
            changes.compatible(None, ChangeKind::LinkRulesChanged, message);
        }
        return;
    }
    let names = |combination: u32| -> Vec<&str> {
        let used = links.iter().enumerate().filter(|(bit, _)| combination & (1 << bit) != 0);
        used.map(|(_, link)| link.name.as_str()).collect()
    };
    let remedy = "Correct the links of stored records first, or make the rule stricter in a later version";
    for used in missing.into_iter().take(TOLD).map(names) {
        let (property, message) = what_is_missing(&used, new);
        changes.add(property.as_deref(), ChangeKind::RequiredGained, &STRICTER, message, remedy);
    }
    for used in too_many.into_iter().take(TOLD).map(names) {
        let message = format!("{} can no longer be used together", used.join(" and "));
        changes.add(None, ChangeKind::LinkRulesChanged, &STRICTER, message, remedy);
    }
}

/// A rule about the links that are used.
type Rule = fn(LinkRules<'_>, &dyn Fn(&Link) -> bool) -> bool;

/// The combinations of links that `before` allows and that break the `rule` of `after`, as bits of the links
/// of `before`. Only the smallest ones are given, because the others follow from them.
fn newly_refused(before: &NodeType, after: &NodeType, rule: Rule) -> Vec<u32> {
    let links = before.all_links();
    let uses = |combination: u32, name: &str| {
        links.iter().enumerate().any(|(bit, link)| combination & (1 << bit) != 0 && link.name == name)
    };
    // A link that was renamed is used under its new name.
    let former = |link: &Link| {
        let by_table = || links.iter().find(|old| same_table(old, link) && !after.is_link(&old.name));
        links.iter().find(|old| old.name == link.name).or_else(by_table).map(|old| old.name.as_str())
    };
    let is_refused = |combination: &u32| {
        let then = |link: &Link| uses(*combination, &link.name);
        let now = |link: &Link| former(link).is_some_and(|name| uses(*combination, name));
        LinkRules::of(before).allow(&then) && !rule(LinkRules::of(after), &now)
    };
    let mut refused: Vec<u32> = (0..1_u32 << links.len()).filter(is_refused).collect();
    refused.sort_by_key(|combination| combination.count_ones());
    let mut smallest: Vec<u32> = Vec::new();
    for combination in refused {
        if !smallest.iter().any(|known| combination & known == *known) {
            smallest.push(combination);
        }
    }
    smallest
}

/// The required link, if it is a single one, and what is missing.
fn what_is_missing(used: &[&str], new: &NodeType) -> (Option<String>, String) {
    let is_among = |link: &Link| used.contains(&link.name.as_str());
    let needed: Vec<String> = new
        .links
        .iter()
        .filter_map(|item| match item {
            LinkItem::Link(link) if link.required && !is_among(link) => Some(link.name.clone()),
            LinkItem::Group(group) if group.required && !is_used(item, &is_among) => {
                let members: Vec<_> = item.flatten().iter().map(|link| link.name.as_str()).collect();
                Some(format!("one of {}", members.join(", ")))
            }
            _ => None,
        })
        .collect();
    match (needed.as_slice(), used) {
        ([only], []) if new.is_link(only) => (Some(only.clone()), "this link must be given now".to_owned()),
        (needed, []) => (None, format!("{} must be linked now", needed.join(" and "))),
        (needed, used) => {
            (None, format!("with {} alone, {} is missing now", used.join(" and "), needed.join(" and ")))
        }
    }
}
