//! Makes a tree of selected fields from a validated document: fragments are flattened by type, `@include` and
//! `@skip` applied, equal fields merged, arguments coerced.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::{
    ast::{Directive, Document, Field, Fragment, Operation, Selection},
    builtin::condition_type,
    dialect::Dialect,
    error::Problem,
    limits::Limits,
    schema::Schema,
    strict::Variables,
    types::{FieldDef, TypeDef, TypeRef},
};

/// A field of the answer.
#[derive(Debug)]
pub struct Selected<'s, M> {
    /// The key in the answer.
    pub key: String,
    /// The byte of the text at which it begins.
    pub at: usize,
    /// The type whose field it is.
    pub parent: &'s str,
    /// The field. `__typename` and the fields of introspection have no meaning.
    pub field: &'s FieldDef<M>,
    /// Coerced arguments in the order of the text, and defaults after them. Others are absent; `null` is
    /// there only in dialects where it can be given.
    pub args: Map<String, Value>,
    /// What is selected of it.
    pub sub: Sub<'s, M>,
}

/// What is selected of a field's value.
#[derive(Debug)]
pub enum Sub<'s, M> {
    /// Nothing, because the value is a leaf.
    Leaf,
    /// Fields of an object.
    Object(Vec<Selected<'s, M>>),
    /// Fields of an interface.
    Interface {
        /// What is selected of objects whose type no fragment names.
        common: Vec<Selected<'s, M>>,
        /// Everything that is selected of objects whose types fragments name, by type.
        special: IndexMap<&'s str, Vec<Selected<'s, M>>>,
    },
}

/// Flattens `operation`.
///
/// # Errors
/// Fields of the same key that differ, or more fields than `limits` permits.
pub(crate) fn select<'s, M>(
    schema: &'s Schema<M>,
    document: &Document<'_>,
    operation: &Operation<'_>,
    variables: &Variables,
    limits: &Limits,
) -> Result<Vec<Selected<'s, M>>, Problem> {
    let fragments = document.fragments().map(|fragment| (fragment.name, fragment)).collect();
    let mut selector = Selector {
        schema,
        fragments,
        variables,
        fields_left: limits.fields,
        looks_left: limits.fields.saturating_mul(LOOKS_A_FIELD),
        bytes_left: limits.arguments,
        limits,
    };
    selector.fields(schema.query(), &[&operation.selections], limits.depth)
}

struct Selector<'s, 'd, 'a, M> {
    schema: &'s Schema<M>,
    fragments: HashMap<&'a str, &'d Fragment<'a>>,
    variables: &'d Variables,
    fields_left: usize,
    /// How much may still be looked at, selected or not: a fragment may spread thousands of others that
    /// select nothing.
    looks_left: usize,
    /// Bytes that arguments may still have: a variable's value may be used in thousands of places.
    bytes_left: usize,
    limits: &'d Limits,
}

/// Selections that may be looked at for each field that may be selected.
const LOOKS_A_FIELD: usize = 10;
/// Fragments that spread one another in a row, counted within one selection set. It bounds the stack.
const LONGEST_CHAIN: usize = 200;

/// Fields of the same key, merged.
type Groups<'d, 'a> = IndexMap<&'a str, Vec<&'d Field<'a>>>;

impl<'s, 'd, 'a, M> Selector<'s, 'd, 'a, M> {
    /// What `sets` select of an object of type `def` (or, for an interface, of every object of it).
    fn fields(
        &mut self,
        def: &'s TypeDef<M>,
        sets: &[&'d [Selection<'a>]],
        depth: usize,
    ) -> Result<Vec<Selected<'s, M>>, Problem> {
        let mut groups = Groups::new();
        let mut visited = HashSet::new();
        for set in sets {
            self.collect(def, set, &mut groups, &mut visited, LONGEST_CHAIN)?;
        }
        let mut selected = Vec::with_capacity(groups.len());
        for (key, fields) in groups {
            selected.push(self.field(def, key, &fields, depth)?);
        }
        Ok(selected)
    }

    fn collect(
        &mut self,
        def: &'s TypeDef<M>,
        set: &'d [Selection<'a>],
        groups: &mut Groups<'d, 'a>,
        visited: &mut HashSet<&'a str>,
        chain: usize,
    ) -> Result<(), Problem> {
        let shorter = chain.checked_sub(1).ok_or_else(too_long_a_chain)?;
        for selection in set {
            self.look(selection)?;
            match selection {
                Selection::Field(field) if self.included(&field.directives) => {
                    self.fields_left = self.fields_left.checked_sub(1).ok_or_else(|| {
                        Problem::new(format!("The query selects more than {} fields.", self.limits.fields))
                    })?;
                    groups.entry(field.key()).or_default().push(field);
                }
                Selection::Spread { name, directives, .. } if self.included(directives) => {
                    let Some(fragment) = self.fragments.get(name).copied() else { continue };
                    if visited.insert(name) && self.applies(def, fragment.on) {
                        self.collect(def, &fragment.selections, groups, visited, shorter)?;
                    }
                }
                Selection::Inline { on, directives, selections, .. }
                    if self.included(directives) && on.is_none_or(|on| self.applies(def, on)) =>
                {
                    self.collect(def, selections, groups, visited, shorter)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn look(&mut self, selection: &Selection<'a>) -> Result<(), Problem> {
        let (Selection::Field(Field { directives, .. })
        | Selection::Spread { directives, .. }
        | Selection::Inline { directives, .. }) = selection;
        let looks = 1 + directives.len();
        self.looks_left = self
            .looks_left
            .checked_sub(looks)
            .ok_or_else(|| Problem::new("The query uses its fragments too often.".to_owned()))?;
        Ok(())
    }

    fn applies(&self, def: &TypeDef<M>, condition: &str) -> bool {
        def.name == condition || self.schema.implements(def, condition)
    }

    fn included(&self, directives: &[Directive<'_>]) -> bool {
        directives.iter().all(|directive| {
            let condition = directive.arguments.iter().find(|argument| argument.name == "if");
            let ty = condition_type();
            let value = condition
                .and_then(|argument| self.schema.coerce_literal(&ty, &argument.value, self.variables));
            let value = value.and_then(|value| value.as_bool()).unwrap_or(false);
            value == (directive.name == "include")
        })
    }

    fn field(
        &mut self,
        def: &'s TypeDef<M>,
        key: &str,
        fields: &[&'d Field<'a>],
        depth: usize,
    ) -> Result<Selected<'s, M>, Problem> {
        let first = fields[0];
        for other in &fields[1..] {
            if let Some(reason) = difference(self.schema.dialect, first, other) {
                let message = format!(
                    "Fields \"{key}\" conflict because {reason}. \
                     Use different aliases on the fields to fetch both if this was intentional."
                );
                return Err(Problem { message, at: Some(first.at) });
            }
        }
        let found = self.schema.field(def, first.name);
        let field = found.ok_or_else(|| {
            Problem::new(format!("Cannot query field \"{}\" on type \"{}\".", first.name, def.name))
        })?;
        let args = self.arguments(field, first)?;
        let sets: Vec<&'d [Selection<'a>]> =
            fields.iter().filter_map(|field| field.selections.as_deref()).collect();
        let sub = self.sub(self.schema.def(field.ty.innermost()), &sets, depth)?;
        Ok(Selected { key: key.to_owned(), at: first.at, parent: &def.name, field, args, sub })
    }

    fn sub(
        &mut self,
        def: &'s TypeDef<M>,
        sets: &[&'d [Selection<'a>]],
        depth: usize,
    ) -> Result<Sub<'s, M>, Problem> {
        if def.fields().is_none() {
            return Ok(Sub::Leaf);
        }
        let depth =
            depth.checked_sub(1).ok_or_else(|| Problem::new("The query is nested too deeply.".to_owned()))?;
        let fields = self.fields(def, sets, depth)?;
        if !def.is_interface() {
            return Ok(Sub::Object(fields));
        }
        let mut named = HashSet::new();
        let mut visited = HashSet::new();
        for set in sets {
            self.conditions(set, &mut named, &mut visited, LONGEST_CHAIN)?;
        }
        let mut special = IndexMap::new();
        for object in self.schema.possible_types(def) {
            if named.contains(object.name.as_str()) {
                special.insert(object.name.as_str(), self.fields(object, sets, depth)?);
            }
        }
        Ok(Sub::Interface { common: fields, special })
    }

    /// The types that fragments of this very selection set name.
    fn conditions(
        &mut self,
        set: &'d [Selection<'a>],
        named: &mut HashSet<&'a str>,
        visited: &mut HashSet<&'a str>,
        chain: usize,
    ) -> Result<(), Problem> {
        let shorter = chain.checked_sub(1).ok_or_else(too_long_a_chain)?;
        for selection in set {
            self.look(selection)?;
            match selection {
                Selection::Field(_) => {}
                Selection::Spread { name, .. } => {
                    let Some(fragment) = self.fragments.get(name).copied() else { continue };
                    if visited.insert(name) {
                        named.insert(fragment.on);
                        self.conditions(&fragment.selections, named, visited, shorter)?;
                    }
                }
                Selection::Inline { on, selections, .. } => {
                    named.extend(*on);
                    self.conditions(selections, named, visited, shorter)?;
                }
            }
        }
        Ok(())
    }

    fn arguments(&mut self, field: &FieldDef<M>, written: &Field<'_>) -> Result<Map<String, Value>, Problem> {
        let mut args = Map::new();
        for argument in &written.arguments {
            let Some(input) = field.args.get(argument.name) else { continue };
            match self.schema.coerce_literal(&input.ty, &argument.value, self.variables) {
                Some(value) if !value.is_null() || self.schema.dialect == Dialect::Js16 => {
                    self.bytes_left = self.bytes_left.checked_sub(size(&value)).ok_or_else(|| {
                        let most = self.limits.arguments;
                        Problem::new(format!("The arguments of the query have more than {most} bytes."))
                    })?;
                    args.insert(argument.name.to_owned(), value);
                }
                _ => {}
            }
        }
        for (name, input) in field.args.iter() {
            if args.contains_key(name) {
                continue;
            }
            if let Some(default) = &input.default {
                args.insert(name.clone(), default.clone());
            } else if matches!(input.ty, TypeRef::NonNull(_)) {
                return Err(Problem::new(format!(
                    "Argument \"{name}\" of required type {}\" was not provided.",
                    input.ty
                )));
            }
        }
        Ok(args)
    }
}

fn too_long_a_chain() -> Problem {
    Problem::new(format!("The query has a chain of more than {LONGEST_CHAIN} fragments."))
}

/// About as many bytes as a value needs. A small value counts as much as what holds it.
fn size(value: &Value) -> usize {
    const HOLDER: usize = 16;
    HOLDER
        + match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(size).sum(),
            Value::Object(map) => map.iter().map(|(key, value)| key.len() + size(value)).sum(),
            _ => 0,
        }
}

fn difference(dialect: Dialect, first: &Field<'_>, other: &Field<'_>) -> Option<String> {
    if first.name != other.name {
        return Some(dialect.different_fields(first.name, other.name));
    }
    let same = first.arguments.len() == other.arguments.len()
        && first.arguments.iter().all(|argument| {
            other.arguments.iter().any(|a| (a.name, &a.value) == (argument.name, &argument.value))
        });
    (!same).then(|| "they have differing arguments".to_owned())
}
