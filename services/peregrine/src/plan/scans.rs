//! Scans of nodes.

use sql::{Condition, Sql};

use super::{
    parts::{
        columns, direction, from_parents, limit, named_columns, order_by, order_key, union_columns, unpack,
    },
    planner::Planner,
};
use crate::{
    graph::{LinkModel, TypeId},
    ir::{Branch, Page, Scan},
};

/// Where the nodes of a branch come from.
#[derive(Clone, Copy)]
enum NodeSource<'l> {
    /// `node_x n`
    Table,
    /// `edge_y e join node_x n on ... where e.near = p.id`
    Parents(&'l LinkModel),
}

impl Planner<'_> {
    /// Nodes of the top level. The columns are parent (always 1), branch, node id and the branch's
    /// properties.
    ///
    /// ```sql
    /// select 1::bigint, 0, n.node_id, n._props -> 'a'
    /// from (select n.node_id, n._props from node_x n where ... order by ... limit 10) n
    /// ```
    pub(crate) fn scan(&self, scan: &Scan) -> Option<Sql> {
        let width = scan.branches.iter().map(|branch| branch.level.columns.len()).max()?;
        if let ([branch], None) = (&scan.branches[..], &scan.together) {
            let head = Sql::raw("select 1::bigint, 0, n.\"node_id\"");
            let columns = columns(&branch.level, width);
            return Some(head.then(columns).text(" from ").then(self.rows(branch, NodeSource::Table)));
        }
        let branches = self.union(scan, width, |_| NodeSource::Table);
        Some(
            Sql::raw("select 1::bigint, u.t, u.node_id")
                .then(union_columns(width))
                .text(" from ")
                .then(branches),
        )
    }

    /// Nodes that are linked to `parents`, which are ids of nodes of type `node`. The columns are as above; a
    /// parent is its position in `parents`, from 1.
    ///
    /// ```sql
    /// select p.n, 0, n.node_id, n._props -> 'a'
    /// from unnest($1::text[]) with ordinality as p(id, n)
    /// cross join lateral (select n.node_id, n._props from edge_y e join node_x n on n.node_id = e.src_id
    ///                     where e.dst_id = p.id and ... order by ... limit 10) n
    /// ```
    ///
    /// Without a page the edges and nodes are joined to the parents directly, which leaves the database free
    /// to choose how.
    pub(crate) fn linked(&self, node: TypeId, branch: &Branch, parents: Vec<String>) -> Option<Sql> {
        let link = self.link(node, branch.link.as_deref()?)?;
        let head =
            Sql::raw("select p.n, 0, n.\"node_id\"").then(columns(&branch.level, branch.level.columns.len()));
        let parents = head.text(" from ").then(from_parents(parents));
        let at_most_one = link.single && branch.page.offset == 0;
        if branch.page != Page::ALL && !at_most_one {
            let rows = self.rows(branch, NodeSource::Parents(link));
            return Some(parents.text(" cross join lateral ").then(rows));
        }
        let joined = parents.text(" join ").then(self.edge_and_node(link));
        let condition = self.condition(branch.node, "n", &branch.filter);
        let unpacked = joined.then(unpack(&branch.level)).text(" where ").then(condition.sql());
        Some(unpacked.then(order_by(&branch.order)))
    }

    /// Nodes at the other end of any link of `parents`, with a branch for each link and columns as above.
    ///
    /// ```sql
    /// select p.n, u.t, u.node_id, u.c0
    /// from unnest($1::text[]) with ordinality as p(id, n)
    /// cross join lateral ((select 0 as t, n.node_id as node_id, n._props -> 'a' as c0 from ...)
    ///                     union all (select 1 as t, ...)) u
    /// ```
    pub(crate) fn neighbours(&self, node: TypeId, scan: &Scan, parents: Vec<String>) -> Option<Sql> {
        let width = scan.branches.iter().map(|branch| branch.level.columns.len()).max()?;
        let links: Vec<&LinkModel> = scan
            .branches
            .iter()
            .map(|branch| self.link(node, branch.link.as_deref()?))
            .collect::<Option<_>>()?;
        let rows = self.union(scan, width, |position| NodeSource::Parents(links[position]));
        let head = Sql::raw("select p.n, u.t, u.node_id").then(union_columns(width));
        Some(head.text(" from ").then(from_parents(parents)).text(" cross join lateral ").then(rows))
    }

    pub(super) fn link(&self, node: TypeId, name: &str) -> Option<&LinkModel> {
        self.graph.types[node].links.get(name)
    }

    /// `edge_y e on e.near = p.id join node_x n on n.node_id = e.far`
    pub(super) fn edge_and_node(&self, link: &LinkModel) -> Sql {
        let edge =
            Sql::ident(&link.edge).text(" e on ").then(Sql::column("e", link.near())).text(" = p.id join ");
        let node =
            edge.then(self.graph.types[link.target].table(self.readable)).text(" n on n.\"node_id\" = ");
        node.then(Sql::column("e", link.far()))
    }

    /// `(select n.node_id, n._props from ... where ... order by ... limit ...) n`, with the properties
    /// unpacked.
    fn rows(&self, branch: &Branch, source: NodeSource<'_>) -> Sql {
        let table = self.graph.types[branch.node].table(self.readable);
        let condition = self.condition(branch.node, "n", &branch.filter);
        let select = Sql::raw("select n.\"node_id\", n._props from ");
        let filtered = match source {
            NodeSource::Table => select.then(table).text(" n where ").then(condition.sql()),
            NodeSource::Parents(link) => {
                let edge = select.then_ident(&link.edge).text(" e join ").then(table);
                let joined = edge.text(" n on n.\"node_id\" = ").then(Sql::column("e", link.far()));
                let near = Condition::same(Sql::column("e", link.near()), Sql::raw("p.id"));
                joined.text(" where ").then(near.and(condition).sql())
            }
        };
        let ordered = filtered.then(order_by(&branch.order)).then(limit(branch.page));
        ordered.in_parentheses().text(" n").then(unpack(&branch.level))
    }

    /// `((select 0 as t, ...) union all (select 1, ...)) u`, ordered and cut when the scan has one page.
    fn union<'l>(&self, scan: &Scan, width: usize, source: impl Fn(usize) -> NodeSource<'l>) -> Sql {
        let order = scan.together.as_ref().map(|(order, _)| order.as_slice()).unwrap_or_default();
        let branch = |(position, branch): (usize, &Branch)| {
            let number = i64::try_from(position).unwrap_or(i64::MAX);
            let head = Sql::raw("select ").number(number).text(" as t, n.\"node_id\" as node_id");
            let columns = named_columns(&branch.level, width);
            let keys = order.iter().enumerate().fold(Sql::new(), |sql, (position, order)| {
                sql.text(", ").then(order_key(order)).text(" as ").then_alias(&sql::alias("o", position))
            });
            head.then(columns)
                .then(keys)
                .text(" from ")
                .then(self.rows(branch, source(position)))
                .in_parentheses()
        };
        let all = Sql::join(" union all ", scan.branches.iter().enumerate().map(branch));
        let all = all.in_parentheses().text(" u");
        let Some((_, page)) = &scan.together else { return all };
        let mut ordered = Sql::raw("(select * from ").then(all);
        if !order.is_empty() {
            let keys = order.iter().enumerate().map(|(position, order)| {
                let key = Sql::raw("u.").then_alias(&sql::alias("o", position));
                key.text(direction(order.direction))
            });
            ordered = ordered.text(" order by ").then(Sql::join(", ", keys));
        }
        ordered.then(limit(*page)).text(") u")
    }
}
