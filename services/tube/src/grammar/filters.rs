//! Filters.

use serde_json::Value;
use yaml::{Content, Node};

use super::{
    model::{Comparison, Filter},
    reader::{Reader, Section},
};
use crate::likeness::meant;

impl Reader<'_> {
    /// `{op: and|or, logics: [...]}` or `{prop, op, value}`.
    pub(super) fn filter(&mut self, node: &Node) -> Option<Filter> {
        let section = self.section(node, "a filter")?;
        let op = self.word(&section, "op")?;
        let written = op.text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        if written == "and" || written == "or" {
            self.unknown_keys(&section, &["op", "logics"]);
            let logics = self.items(&section, "logics", Self::filter);
            if logics.is_empty() {
                self.report.error(section.at, "the filter combines nothing", "write its parts in `logics`");
                return None;
            }
            return Some(if written == "and" { Filter::And(logics) } else { Filter::Or(logics) });
        }
        self.unknown_keys(&section, &["op", "prop", "value"]);
        let Some((_, comparison)) = Comparison::ALL.into_iter().find(|(name, _)| *name == written) else {
            let remedy = meant(&written, Comparison::ALL.iter().map(|(name, _)| *name).chain(["and", "or"]));
            self.report.error(op.at, format!("`{}` is no operator of filters", op.text), remedy);
            return None;
        };
        self.simple(&section, comparison)
    }

    fn simple(&mut self, section: &Section<'_>, comparison: Comparison) -> Option<Filter> {
        let prop = self.word(section, "prop")?;
        let Some(value) = section.get("value") else {
            self.report.error(section.at, "the filter has no `value`", "add what `prop` is compared with");
            return None;
        };
        let is_list = matches!(comparison, Comparison::In | Comparison::NotIn);
        match &value.content {
            Content::List(_) if is_list => {}
            Content::Scalar(_) if !is_list => {}
            _ if is_list => self.report.error(value.position, "this is not a list", "write `[a, b]`"),
            _ => self.report.error(value.position, "this is not a single value", "write one value"),
        }
        Some(Filter::Is { prop, comparison, value: unquoted(value.clone().into_json()) })
    }
}

/// Lists used to go into SQL as they are, so their strings bring quotes along.
fn unquoted(value: Value) -> Value {
    match value {
        Value::Array(values) => Value::Array(values.into_iter().map(unquoted).collect()),
        Value::String(text) => {
            let inner = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
            inner.map_or(Value::String(text.clone()), |inner| Value::String(inner.replace("''", "'")))
        }
        other => other,
    }
}
