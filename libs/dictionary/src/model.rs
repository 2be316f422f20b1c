//! The types of a resolved dictionary.

use indexmap::IndexMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::Problem;

/// Files that are not node types.
pub(crate) const NOT_NODES: [&str; 4] =
    ["metaschema.yaml", "_definitions.yaml", "_terms.yaml", "_settings.yaml"];

/// The keys of a link.
pub(crate) const LINK_KEYS: [&str; 6] =
    ["name", "backref", "label", "target_type", "multiplicity", "required"];

/// A resolved and typed dictionary. Node types are in dictionary order, the built-in `root` and
/// `data_release` first.
#[derive(Debug, Clone)]
pub struct Dictionary {
    /// Node types by id.
    pub nodes: IndexMap<String, NodeType>,
    /// All resolved files by stem, without null tolerance: the answers of `_dictionary/<entry>`.
    pub files: IndexMap<String, Value>,
    /// `_settings.yaml`.
    pub settings: Map<String, Value>,
    /// Hex SHA-256 of the sources: two dictionaries with the same digest are the same.
    pub digest: String,
    /// What was loaded otherwise than it is written, or will not work as its author expects.
    pub warnings: Vec<Problem>,
}

/// A node type.
#[derive(Debug, Clone)]
pub struct NodeType {
    /// Label, for example `submitted_aligned_reads`.
    pub id: String,
    /// Title that people see.
    pub title: String,
    /// Category, for example `clinical` or `data_file`.
    pub category: Category,
    /// Properties in schema order, links included (see [`NodeType::is_link`]).
    pub properties: IndexMap<String, Property>,
    /// Names of the properties and links that a record must have.
    pub required: Vec<String>,
    /// Names of the properties that users cannot set.
    pub system_properties: Vec<String>,
    /// Key tuples, `[id]` first.
    pub unique_keys: Vec<Vec<String>>,
    /// Links and groups of links, as declared.
    pub links: Vec<LinkItem>,
    /// Links of other types that point to this one: (source type id, link).
    pub backlinks: Vec<(String, Link)>,
    /// The resolved schema without null tolerance, as `_dictionary` shows it.
    pub schema: Value,
}

/// A category: free text, of which some values have a meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category(pub String);

/// A property of a node type.
#[derive(Debug, Clone)]
pub struct Property {
    /// Name.
    pub name: String,
    /// The first declared type, which decides how values look in GraphQL and TSV.
    pub scalar: ScalarType,
    /// The type of an array's items (`items.type`), if it is stated.
    pub items: Option<ScalarType>,
    /// The resolved JSON schema without null tolerance.
    pub schema: Value,
}

/// How a property's values look in GraphQL and in TSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarType {
    /// `string`, `enum`, no `type`, or `null` first.
    String,
    /// `number` or `float`.
    Number,
    /// `integer`.
    Integer,
    /// `boolean`.
    Boolean,
    /// `array`.
    Array,
}

/// How many nodes may be at either end of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Multiplicity {
    /// One target; each target has one source.
    OneToOne,
    /// Any number of targets; each target has one source.
    OneToMany,
    /// One target; each target has any number of sources.
    ManyToOne,
    /// Any number at both ends.
    ManyToMany,
}

/// A link from a child (source), which declares it, to its parent (target).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Property name on the source.
    pub name: String,
    /// Name of the reverse link on the target.
    pub backref: String,
    /// Edge label, spaces removed.
    pub label: String,
    /// Target node type id.
    pub target_type: String,
    /// How many nodes may be at either end.
    pub multiplicity: Multiplicity,
    /// Whether every record needs it.
    pub required: bool,
}

/// A link or a group of alternatives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkItem {
    /// A plain link.
    Link(Link),
    /// A group.
    Group(LinkGroup),
}

/// A group of alternative links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkGroup {
    /// At most one of the members may be used.
    pub exclusive: bool,
    /// At least one of the members must be used.
    pub required: bool,
    /// Links and nested groups.
    pub members: Vec<LinkItem>,
}

impl Category {
    /// Whether records stand for files (`*_file`): they are registered in the file index and part of
    /// `datanode`.
    pub fn is_file(&self) -> bool {
        self.0.ends_with("_file")
    }

    /// Whether it is exactly `data_file`: these types have a `urls` column in templates and may be in a
    /// manifest.
    pub fn is_data_file(&self) -> bool {
        self.0 == "data_file"
    }

    /// Whether it is `internal`: these types are never exported.
    pub fn is_internal(&self) -> bool {
        self.0 == "internal"
    }
}

impl Multiplicity {
    /// Whether a source has at most one target.
    pub fn one_target(self) -> bool {
        matches!(self, Self::OneToOne | Self::ManyToOne)
    }

    /// Whether a target has at most one source.
    pub fn one_source(self) -> bool {
        matches!(self, Self::OneToOne | Self::OneToMany)
    }

    /// The dictionary's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OneToOne => "one_to_one",
            Self::OneToMany => "one_to_many",
            Self::ManyToOne => "many_to_one",
            Self::ManyToMany => "many_to_many",
        }
    }

    /// Reads the dictionary's word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::OneToOne, Self::OneToMany, Self::ManyToOne, Self::ManyToMany]
            .into_iter()
            .find(|multiplicity| multiplicity.as_str() == word)
    }
}

impl ScalarType {
    /// The type of a property with this schema: the first of a list of types, or a string if there is no
    /// `type`.
    pub fn of(schema: &Value) -> Self {
        let kind = match schema.get("type") {
            Some(Value::Array(kinds)) => kinds.first(),
            kind => kind,
        };
        match kind.and_then(Value::as_str) {
            Some("number" | "float") => Self::Number,
            Some("integer") => Self::Integer,
            Some("boolean") => Self::Boolean,
            Some("array") => Self::Array,
            _ => Self::String,
        }
    }
}

impl LinkItem {
    /// All links inside, groups flattened, in declared order.
    pub fn flatten(&self) -> Vec<&Link> {
        match self {
            Self::Link(link) => vec![link],
            Self::Group(group) => group.members.iter().flat_map(Self::flatten).collect(),
        }
    }

    /// Takes out the links that `keep` refuses.
    pub(crate) fn retain(&mut self, keep: &mut impl FnMut(&Link) -> bool) -> bool {
        match self {
            Self::Link(link) => keep(link),
            Self::Group(group) => {
                group.members.retain_mut(|member| member.retain(keep));
                true
            }
        }
    }

    /// The link of this name inside.
    pub fn find(&self, name: &str) -> Option<&Link> {
        match self {
            Self::Link(link) => (link.name == name).then_some(link),
            Self::Group(group) => group.members.iter().find_map(|member| member.find(name)),
        }
    }
}

impl NodeType {
    /// All links, groups flattened, in declared order.
    pub fn all_links(&self) -> Vec<&Link> {
        self.links.iter().flat_map(LinkItem::flatten).collect()
    }

    /// The link of this name.
    pub fn link(&self, name: &str) -> Option<&Link> {
        self.links.iter().find_map(|item| item.find(name))
    }

    /// Whether `name` is one of this type's links.
    pub fn is_link(&self, name: &str) -> bool {
        self.link(name).is_some()
    }

    /// Properties that are stored in `_props`: all but links, `id` and `type`.
    pub fn stored_properties(&self) -> impl Iterator<Item = &Property> {
        self.properties.values().filter(|p| p.name != "id" && p.name != "type" && !self.is_link(&p.name))
    }

    /// The key tuples that do not name `id`.
    pub fn natural_keys(&self) -> impl Iterator<Item = &Vec<String>> {
        self.unique_keys.iter().filter(|key| !key.iter().any(|member| member == "id"))
    }

    /// Whether records keep the GUID of their bytes in a property; otherwise their own id is the GUID.
    pub fn has_object_id(&self) -> bool {
        self.properties.contains_key("object_id")
    }

    /// All stored properties with their values in `props`, null where nothing is set: the form of snapshots.
    pub fn all_properties<'a>(&'a self, props: &'a Map<String, Value>) -> AllProperties<'a> {
        let value = |name: &str| props.get(name).unwrap_or(&Value::Null);
        let properties = self.stored_properties();
        let mut all: Vec<_> =
            properties.map(|property| (property.name.as_str(), value(&property.name))).collect();
        all.sort_unstable_by_key(|(name, _)| *name);
        AllProperties(all)
    }
}

/// See [`NodeType::all_properties`]. Serialized as an object in the order of the names.
pub struct AllProperties<'a>(Vec<(&'a str, &'a Value)>);

impl Serialize for AllProperties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}
