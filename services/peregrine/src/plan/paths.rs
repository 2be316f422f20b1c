//! `with_path_to` as one set of ids.

use serde_json::Value;
use sql::{Condition, Sql};

use super::planner::Planner;
use crate::{
    graph::{Step, TypeId},
    ir::PathFilter,
};

impl Planner<'_> {
    /// Follows all paths backwards from the wanted nodes at once, with a step for each state of the path
    /// graph.
    ///
    /// ```sql
    /// n.node_id in (with p0 as (select d.node_id as id from node_aliquot d where ...),
    ///                    p1 as (select e.dst_id as id from edge_y e join p0 s on s.id = e.src_id)
    ///               select e.dst_id as id from edge_x e join p1 s on s.id = e.src_id)
    /// ```
    ///
    /// The wanted nodes are only those that may be read, so that nothing can be learnt about others.
    pub(super) fn path(&self, from: TypeId, alias: &str, filter: &PathFilter) -> Condition {
        let Some(paths) = self.graph.paths(from, filter.to) else { return Condition::False };
        let (start, states) =
            paths.states.split_last().map_or((&[][..], &[][..]), |(start, rest)| (&start[..], rest));
        let mut tables = vec![self.destination(filter)];
        tables.extend(states.iter().skip(1).map(|steps| follow(steps)));
        let named = tables.into_iter().enumerate().map(|(number, table)| {
            Sql::new().then_alias(&sql::alias("p", number)).text(" as ").then(table.in_parentheses())
        });
        let set = Sql::raw("with ").then(Sql::join(", ", named)).text(" ").then(follow(start));
        Condition::Is(Sql::column(alias, "node_id").text(" in ").then(set.in_parentheses()))
    }

    fn destination(&self, filter: &PathFilter) -> Sql {
        let node = &self.graph.types[filter.to];
        let mut condition = self.readable.nodes(node.scope, "d");
        if let Some(id) = &filter.id {
            condition = condition.and(Condition::equals(Sql::column("d", "node_id"), id.as_str()));
        }
        if let Some(names) = &filter.project_names {
            condition =
                condition.and(Condition::one_of(Sql::column("d", "node_id"), self.readable.nodes_of(names)));
        }
        if !filter.properties.is_empty() {
            let wanted = Value::Object(filter.properties.clone());
            condition = condition.and(Condition::Is(Sql::raw("d._props @> ").bind(wanted)));
        }
        for more in &filter.filters {
            condition = condition.and(self.filter(filter.to, "d", more));
        }
        let table = Sql::raw("select d.\"node_id\" as id from ").then(node.table(self.readable));
        table.text(" d where ").then(condition.sql())
    }
}

/// The ids from which one of `steps` leads to its state, each once.
fn follow(steps: &[Step]) -> Sql {
    let one = |step: &Step| {
        let ids =
            Sql::raw("select ").then(Sql::column("e", step.near)).text(" as id from ").then_ident(&step.edge);
        let state = ids.text(" e join ").then_alias(&sql::alias("p", step.to)).text(" s on s.id = ");
        state.then(Sql::column("e", step.far))
    };
    Sql::join(" union ", steps.iter().map(one))
}
