//! Arguments and directives.

use std::collections::HashSet;

use super::walk::Walk;
use crate::{
    ast::{Argument, Directive, Field, Literal},
    builtin::CONDITION_LOCATIONS,
    dialect::Dialect,
    types::{FieldDef, Input, Inputs, Kind, TypeDef, TypeRef},
};

impl<'s, 'd, 'a, M> Walk<'s, 'd, 'a, M> {
    pub(super) fn arguments(
        &mut self,
        parent: Option<&'s TypeDef<M>>,
        field: &'d Field<'a>,
        def: Option<&'s FieldDef<M>>,
    ) {
        let owner = match (parent, def) {
            (Some(parent), Some(_)) => Some(self.schema.dialect.field_of(field.name, &parent.name)),
            _ => None,
        };
        self.each_argument(&field.arguments, def.map(|def| &def.args), owner.as_deref());
        for (name, input) in def.into_iter().flat_map(|def| def.args.iter()) {
            if is_missing(&field.arguments, name, input) {
                let owner = format!("Field \"{}\"", field.name);
                self.report(self.schema.dialect.missing_argument(&owner, name, &input.ty.to_string()));
            }
        }
    }

    fn each_argument(
        &mut self,
        arguments: &'d [Argument<'a>],
        inputs: Option<&'s Inputs>,
        owner: Option<&str>,
    ) {
        let mut seen = HashSet::new();
        for argument in arguments {
            self.at = argument.at;
            let name = argument.name;
            let input = inputs.and_then(|inputs| inputs.get(name));
            if let (Some(inputs), Some(owner), None) = (inputs, owner, input) {
                let mut message = format!("Unknown argument \"{name}\" on {owner}.");
                message += &self.schema.dialect.did_you_mean(name, inputs.keys().map(String::as_str), "");
                self.report(message);
            }
            if !seen.insert(name) {
                self.report(self.schema.dialect.only_one("argument", name));
            }
            if let Some(input) = input {
                let problems = self.schema.literal_problems(&input.ty, Some(&argument.value));
                match self.schema.dialect {
                    Dialect::Core2 if !problems.is_empty() => {
                        let (value, list) = (&argument.value, problems.join("\n"));
                        self.report(format!("Argument \"{name}\" has invalid value {value}.\n{list}"));
                    }
                    _ => problems.into_iter().for_each(|problem| self.report(problem)),
                }
            }
            self.literal(input.map(|input| &input.ty), &argument.value);
            if self.is_full() {
                return;
            }
        }
    }

    /// Finds variables and doubled object keys in a value whose place expects `ty`.
    fn literal(&mut self, ty: Option<&'s TypeRef>, literal: &'d Literal<'a>) {
        match literal {
            Literal::Variable(name) => self.uses.variables.push((name, self.at, ty)),
            Literal::List(items) => {
                let item = ty.and_then(|ty| match ty {
                    TypeRef::NonNull(inner) => list_item(inner),
                    ty => list_item(ty),
                });
                items.iter().for_each(|value| self.literal(item, value));
            }
            Literal::Object(fields) => {
                let inputs = ty.and_then(|ty| match &self.schema.def(ty.innermost()).kind {
                    Kind::InputObject(inputs) => Some(inputs),
                    _ => None,
                });
                let mut seen = HashSet::new();
                for (name, value) in fields {
                    if !seen.insert(name) {
                        self.report(format!("There can be only one input field named \"{name}\"."));
                    }
                    self.literal(inputs.and_then(|inputs| inputs.get(*name)).map(|input| &input.ty), value);
                }
            }
            _ => {}
        }
    }

    pub(super) fn directives(&mut self, directives: &'d [Directive<'a>], location: &str) {
        let (schema, dialect) = (self.schema, self.schema.dialect);
        for directive in directives {
            self.at = directive.at;
            let name = directive.name;
            let inputs = schema.directive_inputs(name);
            let is_known = inputs.is_some() || (name == "oneOf" && dialect == Dialect::Js16);
            if !is_known {
                self.report(format!("Unknown directive {}.", dialect.directive(name)));
            } else if !(matches!(name, "include" | "skip") && CONDITION_LOCATIONS.contains(&location)) {
                self.report(dialect.misplaced_directive(name, location));
            }
            let owner = inputs.map(|_| format!("directive \"@{name}\""));
            self.each_argument(&directive.arguments, inputs, owner.as_deref());
            for (argument, input) in inputs.into_iter().flat_map(|inputs| inputs.iter()) {
                if is_missing(&directive.arguments, argument, input) {
                    self.at = directive.at;
                    let owner = format!("Directive {}", dialect.directive(name));
                    self.report(dialect.missing_argument(&owner, argument, &input.ty.to_string()));
                }
            }
        }
    }
}

fn is_missing(arguments: &[Argument<'_>], name: &str, input: &Input) -> bool {
    matches!(input.ty, TypeRef::NonNull(_))
        && input.default.is_none()
        && !arguments.iter().any(|argument| argument.name == name)
}

/// The type of a list's items.
fn list_item(ty: &TypeRef) -> Option<&TypeRef> {
    match ty {
        TypeRef::List(item) => Some(item),
        _ => None,
    }
}
