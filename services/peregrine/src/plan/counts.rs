//! Counts of nodes.

use sql::{Select, Sql};

use super::{parts::from_parents, planner::Planner};
use crate::{graph::TypeId, ir::Count};

impl Planner<'_> {
    /// All counts in one statement.
    ///
    /// ```sql
    /// select (select count(*) from node_x n where ...), (select count(*) from node_y n where ...)
    /// ```
    pub(crate) fn counts(&self, counts: &[&Count]) -> Sql {
        let one = |count: &&Count| {
            let select = Sql::raw("select ").then(self.counted(count)).text(" from ");
            let table = select.then(self.graph.types[count.node].table(self.readable)).text(" n where ");
            table.then(self.condition(count.node, "n", &count.filter).sql()).in_parentheses()
        };
        Sql::raw("select ").then(Sql::join(", ", counts.iter().map(one)))
    }

    /// How many nodes are linked to each of `parents`. The columns are parent and number; a parent without
    /// any has no row.
    ///
    /// ```sql
    /// select p.n, count(*)
    /// from unnest($1::text[]) with ordinality as p(id, n)
    /// join edge_y e on e.dst_id = p.id join node_x n on n.node_id = e.src_id
    /// where ... group by p.n
    /// ```
    pub(crate) fn link_counts(
        &self,
        node: TypeId,
        link: &str,
        count: &Count,
        parents: Vec<String>,
    ) -> Option<Sql> {
        let link = self.link(node, link)?;
        let head =
            Sql::raw("select p.n, ").then(self.counted(count)).text(" from ").then(from_parents(parents));
        let joined = head.text(" join ").then(self.edge_and_node(link)).text(" where ");
        let condition = self.condition(count.node, "n", &count.filter);
        Some(joined.then(condition.sql()).text(" group by p.n"))
    }

    /// `count(*)`; with `with_links_any` each node counts once for each of the links that it has, as in the
    /// original, which adds up one query for each link.
    fn counted(&self, count: &Count) -> Sql {
        let Some(links) = &count.any_links else { return Sql::raw("count(*)") };
        let has = |link: &String| {
            let condition = self.linked_condition(count.node, "n", link);
            condition.sql().in_parentheses().text("::int")
        };
        Sql::raw("coalesce(sum(").then(Sql::join(" + ", links.iter().map(has))).text("), 0)::bigint")
    }

    /// How many readable nodes of a type each project has. The columns are project id and number.
    ///
    /// ```sql
    /// select n._props ->> 'project_id' as "project_id", count(*)
    /// from node_x n where ... group by n._props ->> 'project_id'
    /// ```
    pub(crate) fn project_counts(&self, node: TypeId) -> Sql {
        let model = &self.graph.types[node];
        let mut select = Select::from(model.table(self.readable).text(" n"));
        select.column(Sql::property("n", "project_id"), "project_id").expression(Sql::raw("count(*)"));
        select.filter(self.readable.nodes(model.scope, "n")).group_by(Sql::property("n", "project_id"));
        select.sql()
    }
}
