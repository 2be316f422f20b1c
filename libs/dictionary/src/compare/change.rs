//! What a change of a dictionary is and whom it affects.

use std::fmt;

use serde::Serialize;

/// Whom a change affects. A change that affects nobody is compatible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Impact {
    /// Stored records may not obey the new dictionary: they stay as they are, but cannot be submitted again.
    StoredRecords,
    /// Files that are accepted today may be refused.
    Submissions,
    /// Queries that are answered today may be refused or answered differently.
    Queries,
    /// Stored data stays in its table, but is no longer shown.
    Access,
}

impl Impact {
    /// The impact in plain words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StoredRecords => "breaks stored records",
            Self::Submissions => "breaks submissions of today's files",
            Self::Queries => "breaks today's queries",
            Self::Access => "hides what is stored",
        }
    }
}

/// What kind of change it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A node type is new.
    NodeAdded,
    /// A node type is gone.
    NodeRemoved,
    /// A node type has another category.
    CategoryChanged,
    /// Properties that the schema does not name are accepted now and were refused before, or the other way
    /// round.
    AdditionalPropertiesChanged,
    /// A property is new.
    PropertyAdded,
    /// A property is gone.
    PropertyRemoved,
    /// A property or link must be given now.
    RequiredGained,
    /// A property or link need not be given any more.
    RequiredLost,
    /// Other types of values are accepted.
    TypeChanged,
    /// Values are no longer in the list, or there is a list where there was none.
    EnumValuesRemoved,
    /// Values are in the list that were not in it before.
    EnumValuesAdded,
    /// A list of values is gone.
    EnumLost,
    /// A pattern is new or different.
    PatternChanged,
    /// A pattern is gone.
    PatternLost,
    /// A bound, length or format admits less.
    BoundTightened,
    /// A bound, length or format admits more.
    BoundLoosened,
    /// A schema differs in another way.
    SchemaChanged,
    /// Users cannot set a property any more.
    SystemPropertyGained,
    /// Users can set a property that they could not set before.
    SystemPropertyLost,
    /// A key must be unique now.
    UniqueKeyAdded,
    /// A key need not be unique any more.
    UniqueKeyRemoved,
    /// A link is new.
    LinkAdded,
    /// A link is gone.
    LinkRemoved,
    /// A link has another name and the same table.
    LinkRenamed,
    /// A link has another table: another label or target.
    LinkMoved,
    /// The backref of a link has another name.
    BackrefRenamed,
    /// The number of records that may be at the ends of a link is different.
    MultiplicityChanged,
    /// Different combinations of links are allowed.
    LinkRulesChanged,
}

/// One difference between two dictionaries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The node type's id.
    pub node: String,
    /// The property or link, if it concerns one.
    pub property: Option<String>,
    /// What kind of change it is.
    pub kind: ChangeKind,
    /// Whom it affects; nobody if empty.
    pub impact: Vec<Impact>,
    /// The difference, in words.
    pub message: String,
    /// What to do about it; empty if nothing is to be done.
    pub remedy: String,
}

impl Change {
    /// Whether it affects anybody.
    pub fn breaks(&self) -> bool {
        !self.impact.is_empty()
    }
}

/// `sample.age: must be given now (breaks stored records). Give ...`
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.node)?;
        if let Some(property) = &self.property {
            write!(f, ".{property}")?;
        }
        let impact: Vec<_> = self.impact.iter().map(|impact| impact.as_str()).collect();
        let impact = if impact.is_empty() { "compatible".to_owned() } else { impact.join(", ") };
        write!(f, ": {} ({impact})", self.message)?;
        if !self.remedy.is_empty() {
            write!(f, ". {}", self.remedy)?;
        }
        Ok(())
    }
}

/// Collects the changes of one node type.
pub(super) struct Changes<'a> {
    pub(super) node: &'a str,
    pub(super) list: Vec<Change>,
}

/// A stricter schema affects stored records and today's files alike.
pub(super) const STRICTER: [Impact; 2] = [Impact::StoredRecords, Impact::Submissions];

impl Changes<'_> {
    pub(super) fn add(
        &mut self,
        property: Option<&str>,
        kind: ChangeKind,
        impact: &[Impact],
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.list.push(Change {
            node: self.node.to_owned(),
            property: property.map(str::to_owned),
            kind,
            impact: impact.to_vec(),
            message: message.into(),
            remedy: remedy.into(),
        });
    }

    pub(super) fn compatible(
        &mut self,
        property: Option<&str>,
        kind: ChangeKind,
        message: impl Into<String>,
    ) {
        self.add(property, kind, &[], message, "");
    }
}

/// At most this many names are listed.
const LISTED: usize = 10;

/// `a, b, c and 7 more`
pub(super) fn listed(names: &[String]) -> String {
    let shown = names.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(LISTED) {
        Some(more) if more > 0 => format!("{shown} and {more} more"),
        _ => shown,
    }
}
