//! Arguments and directives.

use std::collections::HashSet;

use super::walk::Walk;
use crate::{
    ast::{Argument, Directive, Field, Literal},
    builtin::CONDITION_LOCATIONS,
    suggest::{quoted_or_list, similar},
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
            (Some(parent), Some(_)) => Some(format!("field \"{}\" of type \"{}\"", field.name, parent.name)),
            _ => None,
        };
        self.each_argument(&field.arguments, def.map(|def| &def.args), owner.as_deref());
        for (name, input) in def.into_iter().flat_map(|def| def.args.iter()) {
            if is_missing(&field.arguments, name, input) {
                let (field, ty) = (field.name, &input.ty);
                self.report(format!(
                    "Field \"{field}\" argument \"{name}\" of type \"{ty}\" is required but not provided."
                ));
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
            let name = argument.name;
            let input = inputs.and_then(|inputs| inputs.get(name));
            if let (Some(inputs), Some(owner), None) = (inputs, owner, input) {
                let mut message = format!("Unknown argument \"{name}\" on {owner}.");
                let meant = similar(name, inputs.keys().map(String::as_str));
                if !meant.is_empty() {
                    message += &format!(" Did you mean {}?", quoted_or_list(&meant));
                }
                self.report(message);
            }
            if !seen.insert(name) {
                self.report(format!("There can only be one argument named \"{name}\"."));
            }
            if let Some(input) = input {
                let problems = self.schema.literal_problems(&input.ty, Some(&argument.value));
                if !problems.is_empty() {
                    let (value, list) = (&argument.value, problems.join("\n"));
                    self.report(format!("Argument \"{name}\" has invalid value {value}.\n{list}"));
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
            Literal::Variable(name) => self.uses.variables.push((name, ty)),
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
        for directive in directives {
            let name = directive.name;
            let inputs = match name {
                "include" | "skip" => Some(self.schema.condition_inputs()),
                _ => None,
            };
            match inputs {
                None => self.report(format!("Unknown directive \"{name}\".")),
                Some(_) if !CONDITION_LOCATIONS.contains(&location) => {
                    self.report(format!("Directive \"{name}\" may not be used on \"{location}\"."));
                }
                Some(_) => {}
            }
            let owner = inputs.map(|_| format!("directive \"@{name}\""));
            self.each_argument(&directive.arguments, inputs, owner.as_deref());
            for (argument, input) in inputs.into_iter().flat_map(|inputs| inputs.iter()) {
                if is_missing(&directive.arguments, argument, input) {
                    let ty = &input.ty;
                    self.report(format!(
                        "Directive \"{name}\" argument \"{argument}\" of type \"{ty}\" \
                         is required but not provided."
                    ));
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
