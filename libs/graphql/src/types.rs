//! Types, fields and arguments. `M` is what a field means to the program that owns the schema.

use std::{fmt, sync::Arc};

use indexmap::IndexMap;
use serde_json::Value;

/// Arguments of a field, or fields of an input object. They are shared, because many fields take the same.
pub type Inputs = Arc<IndexMap<String, Input>>;

/// A named type.
#[derive(Debug)]
pub struct TypeDef<M> {
    pub(crate) name: String,
    pub(crate) description: Option<&'static str>,
    pub(crate) kind: Kind<M>,
}

/// The kinds of types.
#[derive(Debug)]
pub(crate) enum Kind<M> {
    Scalar(Scalar),
    /// A leaf value, one of these words.
    Enum(Vec<String>),
    Object {
        fields: IndexMap<String, FieldDef<M>>,
        /// The interfaces that it implements.
        interfaces: Vec<String>,
    },
    Interface {
        fields: IndexMap<String, FieldDef<M>>,
    },
    /// An object that is given as an argument.
    InputObject(Inputs),
}

/// The scalars of GraphQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar {
    /// 32 bits, signed.
    Int,
    Float,
    String,
    Boolean,
    /// A string or a whole number, handled as a string.
    Id,
    /// Any value of JSON.
    Json,
}

/// A field of an object or interface.
#[derive(Debug, Clone)]
pub struct FieldDef<M> {
    /// Its name.
    pub name: String,
    /// Its arguments.
    pub args: Inputs,
    /// The type of its value.
    pub ty: TypeRef,
    /// What it means to the owner of the schema; the fields of introspection have no meaning.
    pub meaning: Option<M>,
    pub(crate) description: Option<&'static str>,
    pub(crate) deprecation: Option<&'static str>,
}

/// An argument, or a field of an input object.
#[derive(Debug, Clone)]
pub struct Input {
    /// Its type.
    pub ty: TypeRef,
    /// Its value when none is given.
    pub default: Option<Value>,
    pub(crate) description: Option<&'static str>,
}

/// A reference to a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeRef {
    /// `T`.
    Named(String),
    /// `[T]`.
    List(Box<TypeRef>),
    /// `T!`.
    NonNull(Box<TypeRef>),
    /// `T`, a scalar, which is shown so. But values of the other scalars are taken too, as they are: the type
    /// of an argument is too narrow for what is stored.
    Loose(String),
}

impl TypeRef {
    /// `name`.
    pub fn named(name: &str) -> Self {
        Self::Named(name.to_owned())
    }

    /// A scalar that is shown as `name` and takes values of any scalar.
    pub fn loose(name: &str) -> Self {
        Self::Loose(name.to_owned())
    }

    /// `[name]`.
    pub fn list(name: &str) -> Self {
        Self::List(Box::new(Self::named(name)))
    }

    /// `name!`.
    pub fn required(name: &str) -> Self {
        Self::NonNull(Box::new(Self::named(name)))
    }

    /// The name of the type inside all lists.
    pub fn innermost(&self) -> &str {
        match self {
            Self::Named(name) | Self::Loose(name) => name,
            Self::List(inner) | Self::NonNull(inner) => inner.innermost(),
        }
    }
}

impl fmt::Display for TypeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) | Self::Loose(name) => f.write_str(name),
            Self::List(item) => write!(f, "[{item}]"),
            Self::NonNull(inner) => write!(f, "{inner}!"),
        }
    }
}

impl Input {
    /// An optional argument of this type.
    pub fn new(ty: TypeRef) -> Self {
        Self { ty, default: None, description: None }
    }

    /// The same with what introspection says of it.
    #[must_use]
    pub fn described(mut self, description: &'static str) -> Self {
        self.description = Some(description);
        self
    }

    /// The same with a value when none is given.
    #[must_use]
    pub fn or(mut self, default: impl Into<Value>) -> Self {
        self.default = Some(default.into());
        self
    }
}

impl<M> FieldDef<M> {
    /// A field without arguments.
    pub fn new(name: &str, ty: TypeRef, meaning: M) -> Self {
        let (name, args, meaning) = (name.to_owned(), Inputs::default(), Some(meaning));
        Self { name, args, ty, meaning, description: None, deprecation: None }
    }

    /// The same with what introspection says of it.
    #[must_use]
    pub fn described(mut self, description: &'static str) -> Self {
        self.description = Some(description);
        self
    }

    /// The same field with arguments.
    #[must_use]
    pub fn with_args(mut self, args: Inputs) -> Self {
        self.args = args;
        self
    }
}

impl<M> TypeDef<M> {
    /// An object type.
    pub fn object(name: &str, fields: Vec<FieldDef<M>>, interfaces: Vec<String>) -> Self {
        Self::new(name, Kind::Object { fields: by_name(fields), interfaces })
    }

    /// An interface.
    pub fn interface(name: &str, fields: Vec<FieldDef<M>>) -> Self {
        Self::new(name, Kind::Interface { fields: by_name(fields) })
    }

    /// A scalar that takes and gives any value of JSON.
    pub fn json(name: &str) -> Self {
        Self::new(name, Kind::Scalar(Scalar::Json))
    }

    /// An enum of these words.
    pub fn words(name: &str, words: &[&str]) -> Self {
        Self::new(name, Kind::Enum(words.iter().map(|word| (*word).to_owned()).collect()))
    }

    /// An input object.
    pub fn input(name: &str, fields: Inputs) -> Self {
        Self::new(name, Kind::InputObject(fields))
    }

    pub(crate) fn new(name: &str, kind: Kind<M>) -> Self {
        Self { name: name.to_owned(), description: None, kind }
    }

    /// The same with what introspection says of it.
    #[must_use]
    pub fn described(mut self, description: &'static str) -> Self {
        self.description = Some(description);
        self
    }

    /// Whether it is of a kind that has fields, and has none.
    pub fn is_empty(&self) -> bool {
        self.fields().is_some_and(IndexMap::is_empty)
    }

    /// Its fields, if it is of a kind that has fields to select.
    pub(crate) fn fields(&self) -> Option<&IndexMap<String, FieldDef<M>>> {
        match &self.kind {
            Kind::Object { fields, .. } | Kind::Interface { fields } => Some(fields),
            Kind::Scalar(_) | Kind::Enum(_) | Kind::InputObject(_) => None,
        }
    }

    pub(crate) fn is_input(&self) -> bool {
        matches!(self.kind, Kind::Scalar(_) | Kind::Enum(_) | Kind::InputObject(_))
    }

    pub(crate) fn is_interface(&self) -> bool {
        matches!(self.kind, Kind::Interface { .. })
    }
}

fn by_name<M>(fields: Vec<FieldDef<M>>) -> IndexMap<String, FieldDef<M>> {
    fields.into_iter().map(|field| (field.name.clone(), field)).collect()
}
