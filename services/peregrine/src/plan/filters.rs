//! From filters to conditions.

use serde_json::Value;
use sql::{Condition, Sql};

use super::planner::Planner;
use crate::{
    access::Scope,
    graph::TypeId,
    ir::{Filter, Side},
};

impl Planner<'_> {
    /// The condition that node `alias` may be read and passes `filter`. Every scan of nodes uses it.
    pub(super) fn condition(&self, node: TypeId, alias: &str, filter: &Filter) -> Condition {
        let readable = self.readable.nodes(self.graph.types[node].scope, alias);
        readable.and(self.filter(node, alias, filter))
    }

    pub(super) fn filter(&self, node: TypeId, alias: &str, filter: &Filter) -> Condition {
        let id = || Sql::column(alias, "node_id");
        let text = |property: &str| Sql::property(alias, property);
        let stored = |property: &str| Sql::new().then_alias(alias).text("._props -> ").literal(property);
        let each = |filters: &[Filter]| -> Vec<Condition> {
            filters.iter().map(|filter| self.filter(node, alias, filter)).collect()
        };
        match filter {
            Filter::All(filters) => Condition::all_of(each(filters)),
            Filter::Any(filters) => Condition::some_of(each(filters)),
            Filter::Not(inner) => !self.filter(node, alias, inner),
            Filter::Never => Condition::False,
            Filter::Ids(ids) => Condition::one_of(id(), ids.clone()),
            Filter::Search(wanted) => search(id(), text("submitter_id"), wanted),
            Filter::TextIn { property, values } => Condition::one_of(text(property), values.clone()),
            Filter::ValueIn { values, .. } if values.is_empty() => Condition::False,
            Filter::ValueIn { property, values } => {
                // Documents compare numbers as numbers: 7 equals 7.0.
                if let [value] = &values[..] {
                    return Condition::Is(stored(property).text(" = ").bind(value.clone()));
                }
                let values: Vec<String> = values.iter().map(Value::to_string).collect();
                Condition::Is(stored(property).text(" = any(").bind(values).text("::text[]::jsonb[])"))
            }
            Filter::Contains { property, values } => {
                let list = Value::from(values.clone());
                Condition::Is(stored(property).text(" @> ").bind(list))
            }
            Filter::Present(property) => Condition::Is(text(property).text(" is not null")),
            Filter::OtherText { property, value } => {
                Condition::Is(text(property).text(" <> ").bind(value.as_str()))
            }
            Filter::OtherValue { property, value: number } => Condition::And(vec![
                Condition::Is(text(property).text(" is not null")),
                Condition::Is(stored(property).text(" <> ").bind(number.clone())),
            ]),
            Filter::Time { property, side, moment } => {
                let stored = text(property).in_parentheses().text("::timestamp");
                let compared = stored.text(match side {
                    Side::After => " > ",
                    Side::Before => " < ",
                });
                Condition::Is(compared.bind(moment.as_str()).text("::text::timestamp"))
            }
            Filter::Linked(link) => self.linked_condition(node, alias, link),
            Filter::Path(path) => self.path(node, alias, path),
            Filter::ProjectNames(names) => Condition::one_of(id(), self.readable.nodes_of(names)),
        }
    }

    /// The condition that node `alias` has a link. Links stay within a project, so the other end is looked at
    /// only where everybody may read this one.
    ///
    /// ```sql
    /// exists (select 1 from edge_y l where l.src_id = n.node_id)
    /// ```
    pub(super) fn linked_condition(&self, node: TypeId, alias: &str, link: &str) -> Condition {
        let Some(link) = self.graph.types[node].links.get(link) else { return Condition::False };
        let target = &self.graph.types[link.target];
        let mut select = sql::Select::from(Sql::ident(&link.edge).text(" l"));
        select.expression(Sql::raw("1"));
        if self.graph.types[node].scope == Scope::Open {
            let on = Condition::same(Sql::column("t", "node_id"), Sql::column("l", link.far()));
            select.join(target.table(self.readable).text(" t"), on);
            select.filter(self.readable.nodes(target.scope, "t"));
        }
        select.filter(Condition::same(Sql::column("l", link.near()), Sql::column(alias, "node_id")));
        Condition::Exists(Box::new(select))
    }
}

/// `node_id ilike '%text%' or _props ->> 'submitter_id' ilike '%text%'`; a backslash is an ordinary
/// character.
fn search(id: Sql, submitter_id: Sql, wanted: &str) -> Condition {
    let pattern = format!("%{wanted}%");
    let like =
        |expression: Sql| Condition::Is(expression.text(" ilike ").bind(pattern.as_str()).text(" escape ''"));
    Condition::Or(vec![like(id), like(submitter_id)])
}
