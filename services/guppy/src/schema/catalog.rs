//! The fields of the configured indices, as far as GraphQL can name them.

use indexmap::IndexMap;
use search::{Kind, Mapping};

use crate::config::{Index, Tier, is_name};

/// Fields that every document written by the ETL has. They stand for the mapping of an index that is not
/// there.
const ALWAYS_PRESENT: [&str; 2] = ["auth_resource_path", "project_id"];
/// Names that the types of indices give to other things.
const TAKEN: [&str; 2] = ["_matched", "_totalCount"];

/// All indices, in the order of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Catalog {
    pub(crate) indices: Vec<IndexModel>,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IndexModel {
    /// Its name, or that of its alias.
    pub(crate) name: String,
    pub(crate) doc_type: String,
    pub(crate) tier: Tier,
    pub(crate) own_tier: Option<Tier>,
    pub(crate) fields: Fields,
    /// Paths that the array configuration names, those without a field left out; `None` without a document.
    pub(crate) arrays: Option<Vec<String>>,
    /// Whether the index exists. One that does not is empty.
    pub(crate) exists: bool,
}

/// Fields by name, in the order of the mapping.
pub(crate) type Fields = IndexMap<String, Field>;

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    /// The whole path.
    pub(crate) path: String,
    /// Whether it is a list.
    pub(crate) values: Values,
    pub(crate) shape: Shape,
}

/// How many values a field has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Values {
    One,
    Many,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    Leaf(Leaf),
    /// Objects, each of which is found by itself.
    Nested(Fields),
}

/// A value, and what may be asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaf {
    Keyword,
    Boolean,
    /// A whole number of at most 32 bits.
    Integer,
    /// A whole number of 64 bits, which GraphQL calls a float.
    Long,
    Float,
    /// A value that is only shown; the engine's name of its type.
    Shown(&'static str),
}

/// The scalars of GraphQL that values are shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar {
    String,
    Int,
    Float,
}

impl Leaf {
    fn of(kind: &Kind) -> Option<Self> {
        Some(match kind {
            Kind::Keyword => Self::Keyword,
            Kind::Text => Self::Shown("text"),
            Kind::Date => Self::Shown("date"),
            Kind::Boolean => Self::Boolean,
            Kind::Integer(name) if name == "long" => Self::Long,
            Kind::Integer(_) => Self::Integer,
            Kind::Float(_) => Self::Float,
            Kind::Nested(_) | Kind::Object(_) | Kind::Other(_) => return None,
        })
    }

    pub(crate) fn scalar(self) -> Scalar {
        match self {
            Self::Keyword | Self::Boolean | Self::Shown(_) => Scalar::String,
            Self::Integer => Scalar::Int,
            Self::Long | Self::Float => Scalar::Float,
        }
    }

    pub(crate) fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Long | Self::Float)
    }
}

impl IndexModel {
    /// The index with this mapping, and what the array configuration says of it.
    pub(crate) fn new(index: &Index, mapping: &Mapping, arrays: Option<&[String]>) -> Self {
        let fields = fields(mapping, "", arrays.unwrap_or_default());
        let arrays = arrays.map(|arrays| {
            let known = |path: &&String| {
                let found = find(&fields, path).is_some();
                if !found {
                    tracing::warn!(index.name = index.index, field = path.as_str(), "no field is called so");
                }
                found
            };
            arrays.iter().filter(known).cloned().collect()
        });
        Self { fields, arrays, exists: true, ..Self::absent(index) }
    }

    /// An index that is not there.
    pub(crate) fn absent(index: &Index) -> Self {
        let field = |name: &str| {
            let shape = Shape::Leaf(Leaf::Keyword);
            (name.to_owned(), Field { path: name.to_owned(), values: Values::One, shape })
        };
        Self {
            name: index.index.clone(),
            doc_type: index.doc_type.clone(),
            tier: index.tier,
            own_tier: index.own_tier,
            fields: ALWAYS_PRESENT.into_iter().map(field).collect(),
            arrays: None,
            exists: false,
        }
    }

    /// The field at a whole path.
    pub(crate) fn find(&self, path: &str) -> Option<&Field> {
        find(&self.fields, path)
    }

    /// The paths of all values, in the order of the mapping; none of an index that is not there.
    pub(crate) fn leaves(&self) -> Vec<&str> {
        let mut leaves = Vec::new();
        if self.exists {
            collect_leaves(&self.fields, &mut leaves);
        }
        leaves
    }
}

fn collect_leaves<'f>(fields: &'f Fields, leaves: &mut Vec<&'f str>) {
    for field in fields.values() {
        match &field.shape {
            Shape::Leaf(_) => leaves.push(&field.path),
            Shape::Nested(inner) => collect_leaves(inner, leaves),
        }
    }
}

fn find<'f>(fields: &'f Fields, path: &str) -> Option<&'f Field> {
    match path.split_once('.') {
        None => fields.get(path),
        Some((first, rest)) => match &fields.get(first)?.shape {
            Shape::Nested(inner) => find(inner, rest),
            Shape::Leaf(_) => None,
        },
    }
}

fn fields(mapping: &Mapping, within: &str, arrays: &[String]) -> Fields {
    let mut fields = Fields::new();
    for field in &mapping.fields {
        let path = if within.is_empty() { field.name.clone() } else { format!("{within}.{}", field.name) };
        let shape = match &field.kind {
            Kind::Nested(inner) => {
                Some(self::fields(inner, &path, arrays)).filter(|inner| !inner.is_empty()).map(Shape::Nested)
            }
            kind => Leaf::of(kind).map(Shape::Leaf),
        };
        match shape {
            Some(shape) if is_name(&field.name) && !TAKEN.contains(&field.name.as_str()) => {
                let values = if arrays.contains(&path) { Values::Many } else { Values::One };
                fields.insert(field.name.clone(), Field { path, values, shape });
            }
            _ => tracing::debug!(field = path, kind = field.kind.name(), "GraphQL cannot show this field"),
        }
    }
    fields
}
