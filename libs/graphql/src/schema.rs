//! A schema: its types, checked to fit together, and what can be looked up in it.

use std::{collections::HashSet, fmt};

use indexmap::IndexMap;

use crate::{
    builtin,
    dialect::Dialect,
    types::{FieldDef, Inputs, Kind, TypeDef, TypeRef},
};

/// A schema: types by name, one of them the root of queries.
#[derive(Debug)]
pub struct Schema<M> {
    types: IndexMap<String, TypeDef<M>>,
    query: String,
    pub(crate) dialect: Dialect,
}

/// Why types do not make a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaError(pub String);

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SchemaError {}

/// The types with each scalar of GraphQL behind the first type that refers to it.
fn with_scalars<M>(types: Vec<TypeDef<M>>) -> Vec<TypeDef<M>> {
    let mut named = HashSet::new();
    let mut all = Vec::new();
    let mut scalars = |names: Vec<String>, all: &mut Vec<TypeDef<M>>| {
        for name in names {
            if let Some(scalar) = builtin::scalar(&name).filter(|_| named.insert(name)) {
                all.push(scalar);
            }
        }
    };
    for def in types {
        let mut names = Vec::new();
        for field in def.fields().into_iter().flat_map(IndexMap::values) {
            names.extend(field.args.values().map(|input| input.ty.innermost().to_owned()));
            names.push(field.ty.innermost().to_owned());
        }
        if let Kind::InputObject(inputs) = &def.kind {
            names.extend(inputs.values().map(|input| input.ty.innermost().to_owned()));
        }
        all.push(def);
        scalars(names, &mut all);
    }
    // Introspection speaks of these in any case.
    scalars(["String", "Boolean"].map(str::to_owned).into(), &mut all);
    all
}

impl<M> Schema<M> {
    /// A schema of `types` with queries starting at the type `query`; scalars and introspection are added.
    ///
    /// # Errors
    /// Two types have the same name, a type is missing, or the root is not an object.
    pub fn new(query: &str, types: Vec<TypeDef<M>>) -> Result<Self, SchemaError> {
        Self::in_dialect(Dialect::Core2, query, types)
    }

    /// As [`new`](Schema::new), with the rules and words of a dialect.
    ///
    /// # Errors
    /// As [`new`](Schema::new).
    pub fn in_dialect(dialect: Dialect, query: &str, types: Vec<TypeDef<M>>) -> Result<Self, SchemaError> {
        let mut by_name: IndexMap<String, TypeDef<M>> = IndexMap::new();
        let types = if dialect == Dialect::Js16 { with_scalars(types) } else { types };
        for def in types.into_iter().chain(builtin::types(dialect)) {
            if by_name.contains_key(&def.name) {
                return Err(SchemaError(format!("two types are named {}", def.name)));
            }
            by_name.insert(def.name.clone(), def);
        }
        let schema = Self { types: by_name, query: query.to_owned(), dialect };
        schema.check()?;
        Ok(schema)
    }

    fn check(&self) -> Result<(), SchemaError> {
        if !matches!(self.types.get(&self.query).map(|def| &def.kind), Some(Kind::Object { .. })) {
            return Err(SchemaError(format!("the query type {} is not an object", self.query)));
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
    pub(crate) fn get(&self, name: &str) -> Option<&TypeDef<M>> {
        self.types.get(name)
    }

    /// The type of this name, which exists because something in the schema refers to it.
    pub(crate) fn def(&self, name: &str) -> &TypeDef<M> {
        self.types.get(name).expect("invariant: every reference was checked when the schema was made")
    }

    /// Whether it is an enum.
    pub(crate) fn is_enum(&self, ty: &TypeRef) -> bool {
        matches!(self.def(ty.innermost()).kind, Kind::Enum(_))
    }

    /// The root of queries.
    pub(crate) fn query(&self) -> &TypeDef<M> {
        self.def(&self.query)
    }

    /// All types, in order.
    pub(crate) fn types(&self) -> impl Iterator<Item = &TypeDef<M>> {
        self.types.values()
    }

    /// The objects that a value of `def` can be: the object itself, or all that implement the interface.
    pub(crate) fn possible_types<'s>(&'s self, def: &'s TypeDef<M>) -> Vec<&'s TypeDef<M>> {
        match &def.kind {
            Kind::Object { .. } => vec![def],
            Kind::Interface { .. } => {
                self.types.values().filter(|other| self.implements(other, &def.name)).collect()
            }
            _ => Vec::new(),
        }
    }

    pub(crate) fn implements(&self, def: &TypeDef<M>, interface: &str) -> bool {
        match &def.kind {
            Kind::Object { interfaces, .. } => interfaces.iter().any(|name| name == interface),
            _ => false,
        }
    }

    /// Whether some object is both a `left` and a `right`.
    pub(crate) fn overlap(&self, left: &TypeDef<M>, right: &TypeDef<M>) -> bool {
        let others = self.possible_types(right);
        self.possible_types(left).iter().any(|def| others.iter().any(|other| other.name == def.name))
    }

    /// The arguments of a directive; `None` if there is none of this name.
    pub(crate) fn directive_inputs(&self, name: &str) -> Option<&Inputs> {
        let holder = match (name, self.dialect) {
            ("include" | "skip", _) => builtin::CONDITION,
            ("deprecated", Dialect::Js16) => builtin::DEPRECATED,
            ("specifiedBy", Dialect::Js16) => builtin::SPECIFIED,
            _ => return None,
        };
        match &self.def(holder).kind {
            Kind::InputObject(inputs) => Some(inputs),
            _ => unreachable!("invariant: builtin::types makes it an input object"),
        }
    }

    /// The field `name` of `def`, the fields included that introspection does not list.
    pub(crate) fn field<'s>(&'s self, def: &'s TypeDef<M>, name: &str) -> Option<&'s FieldDef<M>> {
        let field = |def: &'s TypeDef<M>| def.fields().and_then(|fields| fields.get(name));
        match name {
            "__schema" | "__type" if def.name == self.query => field(self.def(builtin::META)),
            "__typename" if def.fields().is_some() => field(self.def(builtin::META)),
            _ => {
                let later = builtin::later(&def.name).and_then(|later| self.get(&later));
                later.and_then(field).or_else(|| field(def))
            }
        }
    }
}
