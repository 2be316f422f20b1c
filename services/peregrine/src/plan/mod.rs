//! From [`crate::ir`] to SQL: one statement a selection level. Pure; each function shows the SQL that it makes.
//!
//! A [`Planner`] can only be made with a [`Readable`], and everything that it plans is restricted to it.

mod filters;
mod logs;
mod paths;
#[cfg(test)]
mod tests;

use sql::{Condition, Order, Select, Sql};

use crate::{
    access::Readable,
    graph::{Graph, LinkModel, TypeId},
    ir::{Branch, Count, Level, OrderBy, OrderKey, Page, Scan},
};

/// Reading more properties of a row than this unpacks the document once and not once a property.
const SINGLE_READS: usize = 3;
/// PostgreSQL cuts longer names of columns.
const LONGEST_NAME: usize = 63;

/// Plans statements for somebody.
pub(crate) struct Planner<'p> {
    pub(crate) graph: &'p Graph,
    pub(crate) readable: &'p Readable,
}

/// Where the nodes of a branch come from.
#[derive(Clone, Copy)]
enum Source<'l> {
    /// `node_x n`
    Table,
    /// `edge_y e join node_x n on ... where e.near = p.id`
    Parents(&'l LinkModel),
}

impl Planner<'_> {
    /// Nodes of the top level. Columns: parent (1), branch, node id, then the branch's properties.
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
            return Some(head.then(columns).text(" from ").then(self.rows(branch, Source::Table)));
        }
        let branches = self.union(scan, width, |_| Source::Table);
        Some(
            Sql::raw("select 1::bigint, u.t, u.node_id")
                .then(union_columns(width))
                .text(" from ")
                .then(branches),
        )
    }

    /// Nodes linked to `parents` (ids of nodes of type `node`). Columns as above; the parent is a position in
    /// `parents`, from 1.
    ///
    /// ```sql
    /// select p.n, 0, n.node_id, n._props -> 'a'
    /// from unnest($1::text[]) with ordinality as p(id, n)
    /// cross join lateral (select n.node_id, n._props from edge_y e join node_x n on n.node_id = e.src_id
    ///                     where e.dst_id = p.id and ... order by ... limit 10) n
    /// ```
    /// Without a page the edges and nodes are joined to the parents directly, which leaves the planner free.
    pub(crate) fn linked(&self, node: TypeId, branch: &Branch, parents: Vec<String>) -> Option<Sql> {
        let link = self.link(node, branch.link.as_deref()?)?;
        let head =
            Sql::raw("select p.n, 0, n.\"node_id\"").then(columns(&branch.level, branch.level.columns.len()));
        let parents = head.text(" from ").then(from_parents(parents));
        let at_most_one = link.single && branch.page.offset == 0;
        if branch.page != Page::ALL && !at_most_one {
            let rows = self.rows(branch, Source::Parents(link));
            return Some(parents.text(" cross join lateral ").then(rows));
        }
        let joined = parents.text(" join ").then(self.edge_and_node(link));
        let condition = self.condition(branch.node, "n", &branch.filter);
        let unpacked = joined.then(unpack(&branch.level)).text(" where ").then(condition.sql());
        Some(unpacked.then(order_by(&branch.order)))
    }

    /// Nodes at the other end of any link of `parents`. A branch a link; columns as above.
    pub(crate) fn neighbours(&self, node: TypeId, scan: &Scan, parents: Vec<String>) -> Option<Sql> {
        let width = scan.branches.iter().map(|branch| branch.level.columns.len()).max()?;
        let links: Vec<&LinkModel> = scan
            .branches
            .iter()
            .map(|branch| self.link(node, branch.link.as_deref()?))
            .collect::<Option<_>>()?;
        let rows = self.union(scan, width, |position| Source::Parents(links[position]));
        let head = Sql::raw("select p.n, u.t, u.node_id").then(union_columns(width));
        Some(head.text(" from ").then(from_parents(parents)).text(" cross join lateral ").then(rows))
    }

    /// All counts in one statement.
    ///
    /// ```sql
    /// select (select count(*) from node_x n where ...), (select count(*) from node_y n where ...)
    /// ```
    pub(crate) fn counts(&self, counts: &[&Count]) -> Sql {
        let one = |count: &&Count| {
            let select = Sql::raw("select ").then(self.counted(count)).text(" from ");
            let table = select.then_ident(&self.graph.types[count.node].table).text(" n where ");
            table.then(self.condition(count.node, "n", &count.filter).sql()).in_parentheses()
        };
        Sql::raw("select ").then(Sql::join(", ", counts.iter().map(one)))
    }

    /// How many nodes are linked to each of `parents`. Columns: parent, number; parents without any are absent.
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

    /// How many readable nodes of a type each project has. Columns: project id, number.
    pub(crate) fn project_counts(&self, node: TypeId) -> Sql {
        let model = &self.graph.types[node];
        let mut select = Select::from(Sql::ident(&model.table).text(" n"));
        select.column(Sql::property("n", "project_id"), "project_id").expression(Sql::raw("count(*)"));
        select.filter(self.readable.nodes(model, "n")).group_by(Sql::property("n", "project_id"));
        select.sql()
    }

    /// `count(*)`; with `with_links_any` each node counts once for each of the links that it has, as in the
    /// original, which adds up one query a link.
    fn counted(&self, count: &Count) -> Sql {
        let Some(links) = &count.any_links else { return Sql::raw("count(*)") };
        let has = |link: &String| {
            let condition = self.linked_condition(count.node, "n", link);
            condition.sql().in_parentheses().text("::int")
        };
        Sql::raw("coalesce(sum(").then(Sql::join(" + ", links.iter().map(has))).text("), 0)::bigint")
    }

    fn link(&self, node: TypeId, name: &str) -> Option<&LinkModel> {
        self.graph.types[node].links.get(name)
    }

    /// `edge_y e on e.near = p.id join node_x n on n.node_id = e.far`
    fn edge_and_node(&self, link: &LinkModel) -> Sql {
        let edge =
            Sql::ident(&link.edge).text(" e on ").then(Sql::column("e", link.near())).text(" = p.id join ");
        let node = edge.then_ident(&self.graph.types[link.target].table).text(" n on n.\"node_id\" = ");
        node.then(Sql::column("e", link.far()))
    }

    /// `(select n.node_id, n._props from ... where ... order by ... limit ...) n`, properties unpacked.
    fn rows(&self, branch: &Branch, source: Source<'_>) -> Sql {
        let table = &self.graph.types[branch.node].table;
        let condition = self.condition(branch.node, "n", &branch.filter);
        let select = Sql::raw("select n.\"node_id\", n._props from ");
        let filtered = match source {
            Source::Table => select.then_ident(table).text(" n where ").then(condition.sql()),
            Source::Parents(link) => {
                let edge = select.then_ident(&link.edge).text(" e join ").then_ident(table);
                let joined = edge.text(" n on n.\"node_id\" = ").then(Sql::column("e", link.far()));
                let near = Condition::same(Sql::column("e", link.near()), Sql::raw("p.id"));
                joined.text(" where ").then(near.and(condition).sql())
            }
        };
        let ordered = filtered.then(order_by(&branch.order)).then(limit(branch.page));
        ordered.in_parentheses().text(" n").then(unpack(&branch.level))
    }

    /// `((select 0 as t, ...) union all (select 1, ...)) u`, ordered and cut when the scan has one page.
    fn union<'l>(&self, scan: &Scan, width: usize, source: impl Fn(usize) -> Source<'l>) -> Sql {
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
        let keys = order.iter().enumerate().map(|(position, order)| {
            let key = Sql::raw("u.").then_alias(&sql::alias("o", position));
            key.text(if order.descending { " desc" } else { "" })
        });
        let ordered = match order.is_empty() {
            true => Sql::raw("(select * from ").then(all),
            false => Sql::raw("(select * from ").then(all).text(" order by ").then(Sql::join(", ", keys)),
        };
        ordered.then(limit(*page)).text(") u")
    }
}

/// All projects with the names of their programs; `None` for a dictionary without them.
pub(crate) fn projects(graph: &Graph) -> Option<Sql> {
    let (project, program) = (graph.find("project")?, graph.find("program")?);
    let link = graph.types[project].links.values().find(|link| link.target == program)?;
    let mut select = Select::from(Sql::ident(&graph.types[project].table).text(" j"));
    select
        .column(Sql::column("j", "node_id"), "node_id")
        .column(Sql::property("g", "name"), "program")
        .column(Sql::property("j", "code"), "code")
        .column(Sql::property("j", "availability_type"), "availability");
    let same = |left: Sql, right: Sql| Condition::same(left, right);
    select
        .join(
            Sql::ident(&link.edge).text(" e"),
            same(Sql::column("e", link.near()), Sql::column("j", "node_id")),
        )
        .join(
            Sql::ident(&graph.types[program].table).text(" g"),
            same(Sql::column("g", "node_id"), Sql::column("e", link.far())),
        )
        .filter(Condition::Is(Sql::property("g", "name").text(" is not null")))
        .filter(Condition::Is(Sql::property("j", "code").text(" is not null")))
        .order_by(Sql::column("j", "node_id"), Order::Ascending);
    Some(select.sql())
}

/// `unnest($1::text[]) with ordinality as p(id, n)`
fn from_parents(parents: Vec<String>) -> Sql {
    Sql::raw("unnest(").bind(parents).text("::text[]) with ordinality as p(id, n)")
}

fn unpacks(level: &Level) -> bool {
    level.columns.len() > SINGLE_READS
        && level.columns.iter().all(|column| column.property.len() <= LONGEST_NAME)
}

/// ` cross join lateral jsonb_to_record(n._props) as r("a" jsonb, ...)` when there is much to read.
fn unpack(level: &Level) -> Sql {
    if !unpacks(level) {
        return Sql::new();
    }
    let columns = level.columns.iter().map(|column| Sql::ident(&column.property).text(" jsonb"));
    Sql::raw(" cross join lateral jsonb_to_record(n._props) as r(").then(Sql::join(", ", columns)).text(")")
}

fn column(level: &Level, position: usize) -> Sql {
    match level.columns.get(position) {
        Some(column) if unpacks(level) => Sql::column("r", &column.property),
        Some(column) => Sql::raw("n._props -> ").literal(&column.property),
        None => Sql::raw("null::jsonb"),
    }
}

/// `, first, second, ...`
fn columns(level: &Level, width: usize) -> Sql {
    (0..width).fold(Sql::new(), |sql, position| sql.text(", ").then(column(level, position)))
}

/// `, first as c0, second as c1, ...`
fn named_columns(level: &Level, width: usize) -> Sql {
    (0..width).fold(Sql::new(), |sql, position| {
        sql.text(", ").then(column(level, position)).text(" as ").then_alias(&sql::alias("c", position))
    })
}

/// `, u.c0, u.c1, ...`
fn union_columns(width: usize) -> Sql {
    (0..width).fold(Sql::new(), |sql, position| sql.text(", u.").then_alias(&sql::alias("c", position)))
}

fn order_key(order: &OrderBy) -> Sql {
    match &order.key {
        OrderKey::Id => Sql::column("n", "node_id"),
        OrderKey::Property(name) => Sql::raw("n._props -> ").literal(name),
    }
}

/// ` order by n._props -> 'k' desc`. PostgreSQL's own order of documents and nulls: ascending, explicit nulls come
/// first and absent properties last; descending the other way round (peregrine 3.2.6).
fn order_by(order: &[OrderBy]) -> Sql {
    if order.is_empty() {
        return Sql::new();
    }
    let keys = order.iter().map(|order| order_key(order).text(if order.descending { " desc" } else { "" }));
    Sql::raw(" order by ").then(Sql::join(", ", keys))
}

fn limit(page: Page) -> Sql {
    let mut sql = Sql::new();
    if let Some(first) = page.first {
        sql = sql.text(" limit ").bind(first);
    }
    if page.offset > 0 {
        sql = sql.text(" offset ").bind(page.offset);
    }
    sql
}
