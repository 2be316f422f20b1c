//! The validation rules, in one walk over the document. Messages are graphql-core's.

mod arguments;
mod documents;

use std::collections::{HashMap, HashSet};

use crate::{
    ast::{Definition, Document, Field, Fragment, Selection},
    schema::{Field as FieldDef, Schema, TypeDef, TypeRef},
    suggest::{quoted_or_list, similar},
};

/// Everything that is wrong with `document`, up to `most` messages, in the order of the text.
pub fn validate<M>(schema: &Schema<M>, document: &Document<'_>, most: usize) -> Vec<String> {
    let mut fragments = HashMap::new();
    for fragment in document.fragments() {
        fragments.entry(fragment.name).or_insert(fragment);
    }
    let spreads = documents::spreads_of_fragments(document);
    let mut walk = Walk { schema, fragments, spreads, problems: Vec::new(), most, uses: Uses::default() };
    walk.document(document);
    walk.problems.truncate(most);
    walk.problems
}

/// What one operation or fragment refers to.
#[derive(Default)]
struct Uses<'s, 'a> {
    spreads: Vec<&'a str>,
    /// Variables with the type that their place expects, when it is known.
    variables: Vec<(&'a str, Option<&'s TypeRef>)>,
}

struct Walk<'s, 'd, 'a, M> {
    schema: &'s Schema<M>,
    fragments: HashMap<&'a str, &'d Fragment<'a>>,
    /// The fragments that each fragment spreads, each once, in the order of the text.
    spreads: HashMap<&'a str, Vec<&'a str>>,
    problems: Vec<String>,
    most: usize,
    uses: Uses<'s, 'a>,
}

impl<'s, 'd, 'a, M> Walk<'s, 'd, 'a, M> {
    fn report(&mut self, problem: String) {
        if self.problems.len() < self.most {
            self.problems.push(problem);
        }
    }

    fn is_full(&self) -> bool {
        self.problems.len() >= self.most
    }

    fn document(&mut self, document: &'d Document<'a>) {
        let operations = document.operations().count();
        let mut per_operation = Vec::new();
        let mut per_fragment: HashMap<&'a str, Uses<'s, 'a>> = HashMap::new();
        let (mut operation_names, mut fragment_names) = (HashSet::new(), HashSet::new());
        for definition in &document.definitions {
            match definition {
                Definition::Operation(operation) => {
                    self.operation(operation, operations, &mut operation_names);
                    per_operation.push((operation, std::mem::take(&mut self.uses)));
                }
                Definition::Fragment(fragment) => {
                    self.fragment(fragment, &mut fragment_names);
                    per_fragment.entry(fragment.name).or_insert(std::mem::take(&mut self.uses));
                }
            }
        }
        let mut reached = HashSet::new();
        for (operation, uses) in &per_operation {
            self.variables(operation, uses, &per_fragment, &mut reached);
        }
        for fragment in document.fragments() {
            if !reached.contains(fragment.name) {
                self.report(format!("Fragment \"{}\" is never used.", fragment.name));
            }
        }
    }

    /// A selection set below `parent`; `None` when the parent's type is unknown, which was reported where it
    /// was found.
    fn selections(&mut self, parent: Option<&'s TypeDef<M>>, selections: &'d [Selection<'a>]) {
        for selection in selections {
            if self.is_full() {
                return;
            }
            match selection {
                Selection::Field(field) => self.field(parent, field),
                Selection::Spread { name, directives } => {
                    self.uses.spreads.push(name);
                    self.spread(parent, name);
                    self.directives(directives, "FRAGMENT_SPREAD");
                }
                Selection::Inline { on, directives, selections } => {
                    let inner = self.inline(parent, *on);
                    self.directives(directives, "INLINE_FRAGMENT");
                    self.selections(inner, selections);
                }
            }
        }
    }

    fn spread(&mut self, parent: Option<&'s TypeDef<M>>, name: &str) {
        let Some(fragment) = self.fragments.get(name) else {
            return self.report(format!("Unknown fragment \"{name}\"."));
        };
        let (Some(parent), Some(on)) = (parent, self.schema.get(fragment.on)) else { return };
        if on.fields().is_some() && !self.schema.overlap(parent, on) {
            let (parent, on) = (&parent.name, &on.name);
            self.report(format!(
                "Fragment {name} cannot be spread here as objects of type {parent} can never be of type {on}"
            ));
        }
    }

    fn inline(&mut self, parent: Option<&'s TypeDef<M>>, on: Option<&'a str>) -> Option<&'s TypeDef<M>> {
        let Some(on) = on else { return parent };
        let def = self.named_type(on)?;
        if def.fields().is_none() {
            self.report(format!("Fragment cannot condition on non composite type \"{on}\"."));
            return None;
        }
        if let Some(parent) = parent.filter(|parent| !self.schema.overlap(parent, def)) {
            let parent = &parent.name;
            self.report(format!(
                "Fragment cannot be spread here as objects of type {parent} can never be of type {on}"
            ));
        }
        Some(def)
    }

    /// The type of this name; an unknown one is reported.
    fn named_type(&mut self, name: &str) -> Option<&'s TypeDef<M>> {
        let schema = self.schema;
        let found = schema.get(name);
        if found.is_none() {
            let mut message = format!("Unknown type \"{name}\".");
            let meant = similar(name, schema.types().map(|def| def.name.as_str()));
            if !meant.is_empty() {
                message += &format!(" Perhaps you meant {}?", quoted_or_list(&meant));
            }
            self.report(message);
        }
        found
    }

    fn field(&mut self, parent: Option<&'s TypeDef<M>>, field: &'d Field<'a>) {
        let found = parent.and_then(|parent| self.schema.field(parent, field.name));
        match (parent, found) {
            (Some(parent), None) => self.unknown_field(parent, field.name),
            (Some(_), Some(def)) => self.leaf(field, def),
            (None, _) => {}
        }
        self.arguments(parent, field, found);
        self.directives(&field.directives, "FIELD");
        if let Some(selections) = &field.selections {
            let inner =
                found.map(|def| self.schema.def(def.ty.innermost())).filter(|def| def.fields().is_some());
            self.selections(inner, selections);
        }
    }

    fn leaf(&mut self, field: &Field<'_>, def: &FieldDef<M>) {
        let has_fields = self.schema.def(def.ty.innermost()).fields().is_some();
        let (name, ty) = (field.name, &def.ty);
        match (has_fields, &field.selections) {
            (true, None) => {
                self.report(format!("Field \"{name}\" of type \"{ty}\" must have a sub selection."))
            }
            (false, Some(_)) => {
                self.report(format!("Field \"{name}\" of type \"{ty}\" must not have a sub selection."));
            }
            _ => {}
        }
    }

    fn unknown_field(&mut self, parent: &'s TypeDef<M>, name: &str) {
        let mut message = format!("Cannot query field \"{name}\" on type \"{}\".", parent.name);
        let fields = parent.fields().into_iter().flat_map(|fields| fields.keys());
        let on_types = self.types_with(parent, name);
        if on_types.is_empty() {
            let meant = similar(name, fields.map(String::as_str));
            if !meant.is_empty() {
                message += &format!(" Did you mean {}?", quoted_or_list(&meant));
            }
        } else {
            message += &format!(" Did you mean to use an inline fragment on {}?", quoted_or_list(&on_types));
        }
        self.report(message);
    }

    /// For an interface: its objects, when all of them have the field.
    fn types_with(&self, parent: &'s TypeDef<M>, field: &str) -> Vec<&'s str> {
        if !parent.is_interface() {
            return Vec::new();
        }
        let possible = self.schema.possible_types(parent);
        let all_have_it =
            possible.iter().all(|def| def.fields().is_some_and(|fields| fields.contains_key(field)));
        if all_have_it { possible.into_iter().map(|def| def.name.as_str()).collect() } else { Vec::new() }
    }
}
