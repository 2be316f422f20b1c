//! Which stored records a new dictionary breaks or hides.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::IsTerminal as _,
};

use dictionary::{
    Breach, Change, ChangeKind, Dictionary, LinkRules, NodeType, StoredValidators, changed_types,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use psqlgraph::survey::{Found, Survey};
use serde::Serialize;
use sqlx::PgPool;

/// Records that are in memory at once.
const BATCH: i64 = 1000;
const TEMPLATE: &str = "stored records {wide_bar} {pos}/{len} {msg}";

/// What was found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Look {
    /// How many records were compared with their schema.
    pub(crate) records: u64,
    /// By node type, property and reason.
    pub(crate) findings: Vec<Finding>,
}

/// Records, or links, that are broken or hidden for one reason.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    /// The node type.
    pub(crate) node: String,
    /// The property or link, if it is about one.
    pub(crate) property: Option<String>,
    /// A keyword of JSON schema, or `links`, `many_targets`, `many_sources`, `unique_key`, `hidden`,
    /// `hidden_links`.
    pub(crate) reason: String,
    /// How many records are meant; for `many_sources` targets, for `hidden_links` links.
    pub(crate) count: u64,
    /// Ids of some of them.
    pub(crate) examples: Vec<String>,
}

impl Finding {
    /// The reason in plain words, to follow a number.
    pub(crate) fn meaning(&self) -> String {
        let words = match self.reason.as_str() {
            "type" => "a value of a wrong type",
            "enum" => "a value that is not in the list",
            "required" => "no value where one is required",
            "additionalProperties" => "a value of a property that is gone",
            "pattern" => "a value that does not match the pattern",
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => "a value beyond a bound",
            "minLength" | "maxLength" | "minItems" | "maxItems" => "a value that is too long or too short",
            "links" => "a combination of links that is not allowed",
            "many_targets" => "more than one target",
            "many_sources" => "a target of more than one record",
            "unique_key" => "the same values as another record",
            "hidden" => "a record that nobody sees any more",
            "hidden_links" => "a link that nobody sees any more",
            keyword => return format!("a value that breaks the condition {keyword}"),
        };
        words.to_owned()
    }
}

/// Looks at all records of the types whose records `changes` may break, and counts what they hide.
pub(crate) async fn look(
    pool: &PgPool,
    examples: u32,
    old: &Dictionary,
    new: &Dictionary,
    changes: &[Change],
) -> anyhow::Result<Look> {
    let types = changed_types(changes, new);
    let mut looking = Looking {
        survey: Survey::begin(pool, examples).await?,
        examples: usize::try_from(examples)?,
        old_rules: StoredValidators::compile(types.iter().filter_map(|node| old.nodes.get(&node.id)))?,
        new_rules: StoredValidators::compile(types.iter().copied())?,
        look: Look::default(),
        bar: bar(),
    };
    for node in &types {
        let count = looking.survey.count(&node.id).await?;
        looking.bar.inc_length(count);
    }
    for node in &types {
        looking.bar.set_message(node.id.clone());
        looking.values(node).await?;
    }
    for change in changes {
        looking.change(change, old, new).await?;
    }
    for node in types {
        if let Some(before) = old.nodes.get(&node.id) {
            looking.links(before, node, changes).await?;
        }
    }
    looking.bar.finish_and_clear();
    Ok(looking.look)
}

fn bar() -> ProgressBar {
    let seen = std::io::stderr().is_terminal();
    let target = if seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(0), target).with_style(style)
}

struct Looking {
    survey: Survey,
    examples: usize,
    old_rules: StoredValidators,
    new_rules: StoredValidators,
    look: Look,
    bar: ProgressBar,
}

impl Looking {
    fn find(&mut self, node: &str, property: Option<&str>, reason: &str, found: Found) {
        if found.count > 0 {
            self.look.findings.push(Finding {
                node: node.to_owned(),
                property: property.map(str::to_owned),
                reason: reason.to_owned(),
                count: found.count,
                examples: found.examples,
            });
        }
    }

    /// Finds what records break in the new schema but did not break in the old one.
    async fn values(&mut self, node: &NodeType) -> anyhow::Result<()> {
        let mut broken: BTreeMap<Breach, Found> = BTreeMap::new();
        let mut after = String::new();
        loop {
            let records = self.survey.records(&node.id, &after, BATCH).await?;
            let Some((last, _)) = records.last() else { break };
            after.clone_from(last);
            for (id, properties) in &records {
                let breaches = self.new_rules.breaches(&node.id, properties);
                let known = if breaches.is_empty() {
                    BTreeSet::new()
                } else {
                    self.old_rules.breaches(&node.id, properties)
                };
                for breach in breaches.difference(&known) {
                    let found = broken.entry(breach.clone()).or_default();
                    found.count += 1;
                    if found.examples.len() < self.examples {
                        found.examples.push(id.clone());
                    }
                }
            }
            self.look.records += records.len() as u64;
            self.bar.inc(records.len() as u64);
        }
        for (breach, found) in broken {
            self.find(&node.id, breach.property.as_deref(), &breach.keyword, found);
        }
        Ok(())
    }

    async fn change(&mut self, change: &Change, old: &Dictionary, new: &Dictionary) -> anyhow::Result<()> {
        let link = |dictionary: &Dictionary| {
            let node = dictionary.nodes.get(&change.node)?;
            node.link(change.property.as_deref()?).cloned()
        };
        match change.kind {
            ChangeKind::NodeRemoved => {
                let count = self.survey.count(&change.node).await?;
                self.find(&change.node, None, "hidden", Found { count, examples: Vec::new() });
            }
            ChangeKind::LinkRemoved | ChangeKind::LinkMoved => {
                let Some(link) = link(old) else { return Ok(()) };
                let count = self.survey.count_links(&change.node, &link).await?;
                let found = Found { count, examples: Vec::new() };
                self.find(&change.node, Some(&link.name), "hidden_links", found);
            }
            ChangeKind::MultiplicityChanged => {
                let (Some(before), Some(link)) = (link(old), link(new)) else { return Ok(()) };
                if link.multiplicity.one_target() && !before.multiplicity.one_target() {
                    let found = self.survey.many_targets(&change.node, &link).await?;
                    self.find(&change.node, Some(&link.name), "many_targets", found);
                }
                if link.multiplicity.one_source() && !before.multiplicity.one_source() {
                    let found = self.survey.many_sources(&change.node, &link).await?;
                    self.find(&change.node, Some(&link.name), "many_sources", found);
                }
            }
            ChangeKind::UniqueKeyAdded => self.keys(change, old, new).await?,
            _ => {}
        }
        Ok(())
    }

    async fn keys(&mut self, change: &Change, old: &Dictionary, new: &Dictionary) -> anyhow::Result<()> {
        let (Some(before), Some(after)) = (old.nodes.get(&change.node), new.nodes.get(&change.node)) else {
            return Ok(());
        };
        let is_new =
            |key: &&Vec<String>| !before.unique_keys.contains(key) && !key.iter().any(|name| name == "id");
        for key in after.unique_keys.iter().filter(is_new) {
            let found = self.survey.duplicates(&change.node, key).await?;
            self.find(&change.node, Some(&key.join(", ")), "unique_key", found);
        }
        Ok(())
    }

    /// Finds combinations of links that the new rules refuse.
    async fn links(&mut self, old: &NodeType, new: &NodeType, changes: &[Change]) -> anyhow::Result<()> {
        if old.links == new.links {
            return Ok(());
        }
        let other_tables = [ChangeKind::LinkMoved, ChangeKind::LinkRenamed];
        let comparable =
            !changes.iter().any(|change| change.node == new.id && other_tables.contains(&change.kind));
        let mut refused = Found::default();
        for combination in self.survey.link_uses(new).await? {
            let allowed = |node| LinkRules::of(node).allow(&|link| combination.used.contains(&link.name));
            let is_news = !comparable || allowed(old);
            if !allowed(new) && is_news {
                refused.count += combination.records.count;
                refused.examples.extend(combination.records.examples);
            }
        }
        refused.examples.sort();
        refused.examples.truncate(self.examples);
        self.find(&new.id, None, "links", refused);
        Ok(())
    }
}
