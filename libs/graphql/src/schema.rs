//! Types, fields and arguments. `M` is what a field means to the program that owns the schema.

use std::{fmt, sync::Arc};

use indexmap::IndexMap;
use serde_json::Value;

/// Arguments of a field, or fields of an input object. Shared, because many fields take the same ones.
pub type Inputs = Arc<IndexMap<String, Input>>;

/// A schema: types by name, one of them the root of queries.
#[derive(Debug)]
pub struct Schema<M> {
    types: IndexMap<String, TypeDef<M>>,
    query: String,
}

/// A named type.
#[derive(Debug)]
pub struct TypeDef<M> {
    /// Its name.
    pub name: String,
    /// Text for people.
    pub description: Option<String>,
    /// Which kind of type.
    pub kind: Kind<M>,
}

/// The kinds of types.
#[derive(Debug)]
pub enum Kind<M> {
    /// A leaf value.
    Scalar(Scalar),
    /// A leaf value out of a list.
    Enum(Vec<String>),
    /// An object.
    Object {
        /// Its fields.
        fields: IndexMap<String, Field<M>>,
        /// Interfaces that it has all fields of.
        interfaces: Vec<String>,
    },
    /// An interface.
    Interface {
        /// Its fields.
        fields: IndexMap<String, Field<M>>,
    },
    /// An object in arguments.
    InputObject(Inputs),
}

/// The scalars of GraphQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scalar {
    /// 32 bits, signed.
    Int,
    /// A number.
    Float,
    /// Text.
    String,
    /// `true` or `false`.
    Boolean,
    /// Text or a whole number, handled as text.
    Id,
}

/// A field of an object or interface.
#[derive(Debug)]
pub struct Field<M> {
    /// Its name.
    pub name: String,
    /// Text for people.
    pub description: Option<String>,
    /// Its arguments.
    pub args: Inputs,
    /// What it gives.
    pub ty: TypeRef,
    /// What it means to the owner of the schema; `None` for the fields of introspection.
    pub meaning: Option<M>,
}

/// An argument, or a field of an input object.
#[derive(Debug, Clone)]
pub struct Input {
    /// Its type.
    pub ty: TypeRef,
    /// Text for people.
    pub description: Option<String>,
    /// Used when nothing is given.
    pub default: Option<Value>,
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
}

/// A schema that does not fit together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaError(pub String);

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SchemaError {}

impl TypeRef {
    /// `name`.
    pub fn named(name: &str) -> Self {
        Self::Named(name.to_owned())
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
            Self::Named(name) => name,
            Self::List(inner) | Self::NonNull(inner) => inner.innermost(),
        }
    }
}

impl fmt::Display for TypeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::List(item) => write!(f, "[{item}]"),
            Self::NonNull(inner) => write!(f, "{inner}!"),
        }
    }
}

impl Input {
    /// An optional argument of this type.
    pub fn new(ty: TypeRef) -> Self {
        Self { ty, description: None, default: None }
    }
}

impl<M> Field<M> {
    /// A field without arguments.
    pub fn new(name: &str, ty: TypeRef, meaning: M) -> Self {
        Self { name: name.to_owned(), description: None, args: Inputs::default(), ty, meaning: Some(meaning) }
    }

    /// The same with arguments.
    #[must_use]
    pub fn with_args(mut self, args: Inputs) -> Self {
        self.args = args;
        self
    }
}

impl<M> TypeDef<M> {
    /// An object type.
    pub fn object(name: &str, fields: Vec<Field<M>>, interfaces: Vec<String>) -> Self {
        Self::new(name, Kind::Object { fields: by_name(fields), interfaces })
    }

    /// An interface.
    pub fn interface(name: &str, fields: Vec<Field<M>>) -> Self {
        Self::new(name, Kind::Interface { fields: by_name(fields) })
    }

    /// An input object.
    pub fn input(name: &str, fields: Inputs) -> Self {
        Self::new(name, Kind::InputObject(fields))
    }

    pub(crate) fn new(name: &str, kind: Kind<M>) -> Self {
        Self { name: name.to_owned(), description: None, kind }
    }

    /// Its fields, if it has any to select.
    pub fn fields(&self) -> Option<&IndexMap<String, Field<M>>> {
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

fn by_name<M>(fields: Vec<Field<M>>) -> IndexMap<String, Field<M>> {
    fields.into_iter().map(|field| (field.name.clone(), field)).collect()
}

impl<M> Schema<M> {
    /// A schema of `types` with queries starting at the type `query`; scalars and introspection are added.
    ///
    /// # Errors
    /// Names a field or argument of a type that does not exist, or a root that is no object.
    pub fn new(query: &str, types: Vec<TypeDef<M>>) -> Result<Self, SchemaError> {
        let mut by_name: IndexMap<String, TypeDef<M>> = IndexMap::new();
        for def in types.into_iter().chain(crate::introspection::types()) {
            if by_name.contains_key(&def.name) {
                return Err(SchemaError(format!("two types are named {}", def.name)));
            }
            by_name.insert(def.name.clone(), def);
        }
        let schema = Self { types: by_name, query: query.to_owned() };
        schema.check()?;
        Ok(schema)
    }

    fn check(&self) -> Result<(), SchemaError> {
        if !matches!(self.types.get(&self.query).map(|def| &def.kind), Some(Kind::Object { .. })) {
            return Err(SchemaError(format!("the query type {} is no object", self.query)));
        }
        for def in self.types.values() {
            let inputs = match &def.kind {
                Kind::InputObject(inputs) => vec![inputs],
                _ => def.fields().into_iter().flat_map(IndexMap::values).map(|field| &field.args).collect(),
            };
            let given = def.fields().into_iter().flat_map(IndexMap::values).map(|field| &field.ty);
            let taken = inputs.into_iter().flat_map(|inputs| inputs.values().map(|input| &input.ty));
            for ty in given.chain(taken) {
                if !self.types.contains_key(ty.innermost()) {
                    return Err(SchemaError(format!("{} refers to the unknown type {ty}", def.name)));
                }
            }
        }
        Ok(())
    }

    /// The type of this name.
    pub fn get(&self, name: &str) -> Option<&TypeDef<M>> {
        self.types.get(name)
    }

    /// The type of this name, which a checked schema has.
    pub(crate) fn def(&self, name: &str) -> &TypeDef<M> {
        self.types.get(name).expect("invariant: every reference was checked when the schema was made")
    }

    /// The root of queries.
    pub fn query(&self) -> &TypeDef<M> {
        self.def(&self.query)
    }

    /// All types in order.
    pub fn types(&self) -> impl Iterator<Item = &TypeDef<M>> {
        self.types.values()
    }

    /// The objects that a value of `def` can be: the object itself, or all that implement the interface.
    pub fn possible_types<'s>(&'s self, def: &'s TypeDef<M>) -> Vec<&'s TypeDef<M>> {
        match &def.kind {
            Kind::Object { .. } => vec![def],
            Kind::Interface { .. } => {
                self.types.values().filter(|other| self.implements(other, &def.name)).collect()
            }
            _ => Vec::new(),
        }
    }

    pub(crate) fn implements(&self, def: &TypeDef<M>, interface: &str) -> bool {
        matches!(&def.kind, Kind::Object { interfaces, .. } if interfaces.iter().any(|name| name == interface))
    }

    /// Whether some object is both a `left` and a `right`.
    pub(crate) fn overlap(&self, left: &TypeDef<M>, right: &TypeDef<M>) -> bool {
        let others = self.possible_types(right);
        self.possible_types(left).iter().any(|def| others.iter().any(|other| other.name == def.name))
    }

    /// The field `name` of `def`, the meta fields included.
    pub(crate) fn field<'s>(&'s self, def: &'s TypeDef<M>, name: &str) -> Option<&'s Field<M>> {
        match name {
            "__schema" | "__type" if def.name == self.query => {
                self.def(crate::introspection::META).fields().and_then(|fields| fields.get(name))
            }
            "__typename" if def.fields().is_some() => {
                self.def(crate::introspection::META).fields().and_then(|fields| fields.get(name))
            }
            _ => {
                let later = crate::introspection::later(&def.name).and_then(|later| self.get(&later));
                let field = |def: &'s TypeDef<M>| def.fields().and_then(|fields| fields.get(name));
                later.and_then(field).or_else(|| field(def))
            }
        }
    }
}
