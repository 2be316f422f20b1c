//! A schema: its types, checked to fit together, and what can be looked up in it.

use std::fmt;

use indexmap::IndexMap;

use crate::{
    builtin,
    types::{FieldDef, Inputs, Kind, TypeDef},
};

/// A schema: types by name, one of them the root of queries.
#[derive(Debug)]
pub struct Schema<M> {
    types: IndexMap<String, TypeDef<M>>,
    query: String,
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

impl<M> Schema<M> {
    /// A schema of `types` with queries starting at the type `query`; scalars and introspection are added.
    ///
    /// # Errors
    /// Two types have the same name, a type is missing, or the root is not an object.
    pub fn new(query: &str, types: Vec<TypeDef<M>>) -> Result<Self, SchemaError> {
        let mut by_name: IndexMap<String, TypeDef<M>> = IndexMap::new();
        for def in types.into_iter().chain(builtin::types()) {
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

    /// The arguments of `@include` and `@skip`.
    pub(crate) fn condition_inputs(&self) -> &Inputs {
        match &self.def(builtin::CONDITION).kind {
            Kind::InputObject(inputs) => inputs,
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
