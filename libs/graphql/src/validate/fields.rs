//! Fields, and where fragments may stand.

use super::walk::Walk;
use crate::{
    ast::{Field, Selection},
    suggest::listed,
    types::{FieldDef, TypeDef},
};

impl<'s, 'd, 'a, M> Walk<'s, 'd, 'a, M> {
    /// A selection set below `parent`; `None` when the parent's type is unknown, which was reported where it
    /// was found.
    pub(super) fn selections(&mut self, parent: Option<&'s TypeDef<M>>, selections: &'d [Selection<'a>]) {
        for selection in selections {
            if self.is_full() {
                return;
            }
            match selection {
                Selection::Field(field) => self.field(parent, field),
                Selection::Spread { at, name, directives } => {
                    self.at = *at;
                    self.uses.spreads.push(name);
                    self.spread(parent, name);
                    self.directives(directives, "FRAGMENT_SPREAD");
                }
                Selection::Inline { at, on, directives, selections } => {
                    self.at = *at;
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
            let message = self.schema.dialect.spread_of_other(Some(name), &parent.name, &on.name);
            self.report(message);
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
            let message = self.schema.dialect.spread_of_other(None, &parent.name, on);
            self.report(message);
        }
        Some(def)
    }

    fn field(&mut self, parent: Option<&'s TypeDef<M>>, field: &'d Field<'a>) {
        self.at = field.at;
        let found = parent.and_then(|parent| self.schema.field(parent, field.name));
        match (parent, found) {
            (Some(parent), None) => self.unknown_field(parent, field.name),
            (Some(_), Some(def)) => self.leaf(field, def),
            (None, _) => {}
        }
        self.arguments(parent, field, found);
        self.at = field.at;
        self.directives(&field.directives, "FIELD");
        if let Some(selections) = &field.selections {
            let inner =
                found.map(|def| self.schema.def(def.ty.innermost())).filter(|def| def.fields().is_some());
            self.selections(inner, selections);
        }
    }

    fn leaf(&mut self, field: &Field<'_>, def: &FieldDef<M>) {
        let has_fields = self.schema.def(def.ty.innermost()).fields().is_some();
        let (name, ty, dialect) = (field.name, def.ty.to_string(), self.schema.dialect);
        match (has_fields, &field.selections) {
            (true, None) => self.report(dialect.needs_selection(name, &ty)),
            (false, Some(_)) => self.report(dialect.needs_no_selection(name, &ty)),
            _ => {}
        }
    }

    fn unknown_field(&mut self, parent: &'s TypeDef<M>, name: &str) {
        let mut message = format!("Cannot query field \"{name}\" on type \"{}\".", parent.name);
        let fields = parent.fields().into_iter().flat_map(|fields| fields.keys());
        let on_types = self.types_with(parent, name);
        let dialect = self.schema.dialect;
        if on_types.is_empty() {
            message += &dialect.did_you_mean(name, fields.map(String::as_str), "");
        } else {
            let types = listed(dialect, &on_types);
            message += &format!(" Did you mean to use an inline fragment on {types}?");
        }
        self.report(message);
    }

    /// The objects of an interface, if all of them have the field.
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
