//! Operations, fragments and variables.

use std::collections::{HashMap, HashSet};

use super::walk::{Uses, Walk};
use crate::{
    ast::{Definition, Document, Fragment, Operation, OperationKind, Selection, Type, VariableDefinition},
    dialect::Dialect,
    types::TypeRef,
};

/// What a loose argument takes.
const SCALARS: [&str; 4] = ["Int", "Float", "String", "Boolean"];

/// What is wrong with the default of a variable.
fn default_problems(
    dialect: Dialect,
    definition: &VariableDefinition<'_>,
    ty: &TypeRef,
    problems: Vec<String>,
) -> Vec<String> {
    let (name, Some(default)) = (definition.name, &definition.default) else { return Vec::new() };
    if dialect == Dialect::Js16 || problems.is_empty() {
        return problems;
    }
    let list = problems.join("\n");
    vec![format!("Variable \"${name}\" of type \"{ty}\" has invalid default value: {default}.\n{list}")]
}

impl<'s, 'd, 'a, M> Walk<'s, 'd, 'a, M> {
    pub(super) fn document(&mut self, document: &'d Document<'a>) {
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
                self.at = fragment.at;
                self.report(format!("Fragment \"{}\" is never used.", fragment.name));
            }
        }
    }

    fn operation(&mut self, operation: &'d Operation<'a>, operations: usize, names: &mut HashSet<&'a str>) {
        self.at = operation.at;
        let dialect = self.schema.dialect;
        match operation.name {
            Some(name) if !names.insert(name) => self.report(dialect.only_one("operation", name)),
            None if operations > 1 => {
                self.report("This anonymous operation must be the only defined operation.".to_owned());
            }
            _ => {}
        }
        let mut seen = HashSet::new();
        for definition in &operation.variables {
            self.variable_definition(definition, &mut seen);
        }
        let (root, location) = match operation.kind {
            OperationKind::Query => (Some(self.schema.query()), "QUERY"),
            OperationKind::Mutation => (None, "MUTATION"),
            OperationKind::Subscription => (None, "SUBSCRIPTION"),
        };
        self.at = operation.at;
        self.directives(&operation.directives, location);
        self.selections(root, &operation.selections);
    }

    fn variable_definition(&mut self, definition: &'d VariableDefinition<'a>, seen: &mut HashSet<&'a str>) {
        let (name, written, dialect) = (definition.name, &definition.ty, self.schema.dialect);
        self.at = definition.at;
        let def = self.named_type(innermost(written));
        if def.is_some_and(|def| !def.is_input()) {
            self.report(format!("Variable \"${name}\" cannot be non-input type \"{written}\"."));
        }
        if let (Some(default), Some(ty)) = (&definition.default, self.schema.resolve(written)) {
            if let TypeRef::NonNull(inner) = &ty
                && dialect == Dialect::Core2
            {
                self.report(format!(
                    "Variable \"${name}\" of type \"{ty}\" is required and will not use the default value. \
                     Perhaps you meant to use type \"{inner}\"."
                ));
            }
            let problems = if def.is_some_and(|def| def.is_input()) {
                self.schema.literal_problems(&ty, Some(default))
            } else {
                Vec::new()
            };
            for problem in default_problems(dialect, definition, &ty, problems) {
                self.report(problem);
            }
        }
        if !seen.insert(name) {
            self.report(dialect.only_one("variable", name));
        }
    }

    fn fragment(&mut self, fragment: &'d Fragment<'a>, names: &mut HashSet<&'a str>) {
        self.at = fragment.at;
        let dialect = self.schema.dialect;
        let def = self.named_type(fragment.on);
        let composite = def.filter(|def| def.fields().is_some());
        if def.is_some() && composite.is_none() {
            let (name, on) = (fragment.name, fragment.on);
            self.report(format!("Fragment \"{name}\" cannot condition on non composite type \"{on}\"."));
        }
        if !names.insert(fragment.name) {
            self.report(dialect.only_one("fragment", fragment.name));
        }
        if let Some(via) = self.cycle(fragment) {
            self.report(dialect.within_itself(fragment.name, &via));
        }
        self.directives(&fragment.directives, "FRAGMENT_DEFINITION");
        self.selections(composite, &fragment.selections);
    }

    /// The fragments on the way from `fragment` back to itself, if there is one.
    fn cycle(&self, fragment: &'d Fragment<'a>) -> Option<Vec<&'a str>> {
        if self.is_full() {
            return None;
        }
        let mut came_from: HashMap<&'a str, Option<&'a str>> = HashMap::new();
        let mut to_visit = vec![fragment.name];
        while let Some(current) = to_visit.pop() {
            let from = (current != fragment.name).then_some(current);
            for name in self.spreads.get(current).into_iter().flatten().copied() {
                if name == fragment.name {
                    let mut via: Vec<&str> =
                        std::iter::successors(from, |name| came_from.get(name).copied().flatten()).collect();
                    via.reverse();
                    return Some(via);
                }
                if came_from.contains_key(name) {
                    continue;
                }
                came_from.insert(name, from);
                to_visit.push(name);
            }
        }
        None
    }

    /// Reports undefined, unused and misplaced variables of an operation and of all fragments that it
    /// reaches.
    fn variables(
        &mut self,
        operation: &Operation<'a>,
        uses: &Uses<'s, 'a>,
        fragments: &HashMap<&'a str, Uses<'s, 'a>>,
        reached: &mut HashSet<&'a str>,
    ) {
        let mut mine: HashSet<&str> = HashSet::new();
        let mut all = vec![uses];
        let mut next = 0;
        while let Some(uses) = all.get(next).copied() {
            for name in &uses.spreads {
                if mine.insert(name) {
                    all.extend(fragments.get(name));
                }
            }
            next += 1;
        }
        reached.extend(all.iter().flat_map(|uses| uses.spreads.iter().copied()));
        let by = operation.name.map(|name| format!(" by operation \"{name}\"")).unwrap_or_default();
        let mut used = HashSet::new();
        let mut declared = HashMap::new();
        for definition in &operation.variables {
            declared.entry(definition.name).or_insert(definition);
        }
        for (name, at, expected) in all.iter().flat_map(|uses| &uses.variables) {
            used.insert(*name);
            self.at = *at;
            if self.is_full() {
                return;
            }
            let Some(definition) = declared.get(name).copied() else {
                self.report(format!("Variable \"${name}\" is not defined{by}."));
                continue;
            };
            self.position(definition, *expected);
        }
        let within = operation.name.map(|name| format!(" in operation \"{name}\"")).unwrap_or_default();
        for definition in operation.variables.iter().filter(|definition| !used.contains(definition.name)) {
            self.at = definition.at;
            self.report(format!("Variable \"${}\" is never used{within}.", definition.name));
        }
    }

    fn position(&mut self, definition: &VariableDefinition<'a>, expected: Option<&TypeRef>) {
        let (Some(expected), Some(declared)) = (expected, self.schema.resolve(&definition.ty)) else {
            return;
        };
        let effective = match (&declared, &definition.default) {
            (TypeRef::NonNull(_), _) | (_, None) => declared.clone(),
            (_, Some(_)) => TypeRef::NonNull(Box::new(declared.clone())),
        };
        if !fits(&effective, expected) {
            let (declared, expected) = (declared.to_string(), expected.to_string());
            let dialect = self.schema.dialect;
            self.report(dialect.variable_of_other_type(definition.name, &declared, &expected));
        }
    }
}

fn innermost<'a>(ty: &Type<'a>) -> &'a str {
    match ty {
        Type::Named(name) => name,
        Type::List(inner) | Type::NonNull(inner) => innermost(inner),
    }
}

/// Whether a value of type `given` can stand where `expected` is.
fn fits(given: &TypeRef, expected: &TypeRef) -> bool {
    match (given, expected) {
        (TypeRef::NonNull(given), TypeRef::NonNull(expected)) => fits(given, expected),
        (_, TypeRef::NonNull(_)) => false,
        (TypeRef::NonNull(given), expected) => fits(given, expected),
        (TypeRef::List(given), TypeRef::List(expected)) => fits(given, expected),
        (TypeRef::Named(given), TypeRef::Loose(_)) => SCALARS.contains(&given.as_str()),
        (given, expected) => given == expected,
    }
}

/// The fragments that each fragment spreads; of several fragments of one name the first counts.
pub(super) fn spreads_of_fragments<'a>(document: &Document<'a>) -> HashMap<&'a str, Vec<&'a str>> {
    let mut all = HashMap::new();
    for fragment in document.fragments() {
        all.entry(fragment.name).or_insert_with(|| {
            let mut seen = HashSet::new();
            let mut names = spreads(&fragment.selections);
            names.retain(|name| seen.insert(*name));
            names
        });
    }
    all
}

/// Names of the fragments spread anywhere in `selections`.
fn spreads<'a>(selections: &[Selection<'a>]) -> Vec<&'a str> {
    let mut names = Vec::new();
    for selection in selections {
        match selection {
            Selection::Spread { name, .. } => names.push(*name),
            Selection::Inline { selections, .. } => names.extend(spreads(selections)),
            Selection::Field(field) => names.extend(field.selections.iter().flat_map(|inner| spreads(inner))),
        }
    }
    names
}
