//! SQL over node and edge tables.

use sql::Sql;

use crate::ir::{Column, Hop, Leaf, Projects, Source};

/// Where more properties of a node than this are read, its document is unpacked once and not for each.
const SINGLE_READS: usize = 3;
/// PostgreSQL cuts longer names of columns.
const LONGEST_NAME: usize = 63;

/// How far along the hops a root must come to have a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// To the end.
    Whole,
    /// Nowhere in particular: what is not reached is null.
    AsFarAsItGoes,
}

impl Reach {
    fn join(self) -> &'static str {
        match self {
            Self::Whole => " join ",
            Self::AsFarAsItGoes => " left join ",
        }
    }
}

/// Which roots are read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Chosen<'c> {
    /// Those behind this id.
    pub(crate) after: Option<&'c str>,
    /// Those of this shard of so many.
    pub(crate) shard: Option<(u32, u32)>,
    /// Those among these.
    pub(crate) only: Option<&'c [String]>,
}

impl Chosen<'_> {
    /// ` where ...`, about the column `node_id` of `alias`.
    fn condition(&self, alias: &str) -> Sql {
        let id = || Sql::column(alias, "node_id");
        let mut parts = Vec::new();
        parts.extend(self.after.map(|after| id().text(" > ").bind(after)));
        parts.extend(self.only.map(|only| id().text(" = any(").bind(only.to_vec()).text(")")));
        parts.extend(self.shard.map(|(number, of)| {
            let hash = Sql::raw("(hashtextextended(").then(id()).text(", 0) & 9223372036854775807) % ");
            hash.number(i64::from(of)).text(" = ").number(i64::from(number))
        }));
        if parts.is_empty() { Sql::new() } else { Sql::raw(" where ").then(Sql::join(" and ", parts)) }
    }
}

/// The next roots, with their fields.
///
/// ```sql
/// select n.node_id, n._props -> 'sex' from node_case n where n.node_id > $1 order by n.node_id limit $2
/// ```
pub(crate) fn window(table: &str, columns: &[Column], chosen: &Chosen<'_>, roots: i64) -> Sql {
    let id = || Sql::column("n", "node_id");
    let names = properties(columns);
    let mut sql =
        Sql::raw("select ").then(id()).then(read("n", "r", &names)).text(" from ").then_ident(table);
    sql = sql.text(" n").then(unpack("n", "r", &names, Reach::Whole)).then(chosen.condition("n"));
    sql.text(" order by ").then(id()).text(" limit ").bind(roots)
}

/// The ids of the next leaves, with the positions of their types.
///
/// ```sql
/// select u.t, u.node_id from (select 0 as t, n.node_id from node_a n union all ...) u
/// where u.node_id > $1 order by u.node_id limit $2
/// ```
pub(crate) fn leaves(leaves: &[Leaf], chosen: &Chosen<'_>, roots: i64) -> Sql {
    let one = |(position, leaf): (usize, &Leaf)| {
        let number = i64::try_from(position).unwrap_or(i64::MAX);
        let head = Sql::raw("select ").number(number).text(" as t, n.\"node_id\" from ");
        head.then_ident(&leaf.table).text(" n")
    };
    let all = Sql::join(" union all ", leaves.iter().enumerate().map(one));
    let head = Sql::raw("select u.t, ").then(Sql::column("u", "node_id")).text(" from ");
    let from = head.then(all.in_parentheses()).text(" u").then(chosen.condition("u"));
    from.text(" order by ").then(Sql::column("u", "node_id")).text(" limit ").bind(roots)
}

/// Nodes with these ids, with their fields.
pub(crate) fn nodes(table: &str, columns: &[Column], ids: Vec<String>) -> Sql {
    let names = properties(columns);
    let head = Sql::raw("select n.\"node_id\"").then(read("n", "r", &names)).text(" from ").then_ident(table);
    let from = head.text(" n").then(unpack("n", "r", &names, Reach::Whole));
    from.text(" where n.\"node_id\" = any(").bind(ids).text(")")
}

/// What stands at the end of the hops: the root's position in `ids`, from 1, the ids on the way, and fields
/// of the last one.
///
/// ```sql
/// select p.n, e0.src_id, e1.src_id, n1._props -> 'a'
/// from unnest($1::text[]) with ordinality as p(id, n)
/// join edge_x e0 on e0.dst_id = p.id join edge_y e1 on e1.dst_id = e0.src_id
/// join node_z n1 on n1.node_id = e1.src_id
/// order by p.n, e0.src_id, e1.src_id
/// ```
pub(crate) fn ends(hops: &[Hop], columns: &[Column], ids: Vec<String>, reach: Reach) -> Sql {
    let last = hops.len().saturating_sub(1);
    along(hops, |level| if level == last { columns } else { &[] }, ids, reach)
}

/// The same, with fields of each level behind the ids.
pub(crate) fn parents(levels: &[(Hop, Vec<Column>)], ids: Vec<String>, reach: Reach) -> Sql {
    let hops: Vec<Hop> = levels.iter().map(|(hop, _)| hop.clone()).collect();
    along(&hops, |level| levels.get(level).map(|(_, columns)| &columns[..]).unwrap_or_default(), ids, reach)
}

fn along<'c>(hops: &[Hop], columns: impl Fn(usize) -> &'c [Column], ids: Vec<String>, reach: Reach) -> Sql {
    let (mut keys, mut reads) = (vec![Sql::raw("p.n")], Sql::new());
    let mut from = from_roots(ids);
    for (level, hop) in hops.iter().enumerate() {
        let (node, record) = (sql::alias("n", level), sql::alias("r", level));
        let names = properties(columns(level));
        let far = Sql::column(&sql::alias("e", level), hop.far);
        from = from.text(reach.join()).then(edge(hops, level));
        if !names.is_empty() {
            from = from.text(reach.join()).then_ident(&hop.table).text(" ").then_alias(&node);
            from = from.text(" on ").then(Sql::column(&node, "node_id")).text(" = ").then(far.clone());
            from = from.then(unpack(&node, &record, &names, reach));
            reads = reads.then(read(&node, &record, &names));
        }
        keys.push(far);
    }
    let head = Sql::raw("select ").then(Sql::join(", ", keys.clone())).then(reads);
    head.text(" from ").then(from).text(" order by ").then(Sql::join(", ", keys))
}

/// How many ways lead along the hops, for each root that comes at least to the last hop.
///
/// ```sql
/// select p.n, count(e1.src_id) from unnest($1::text[]) with ordinality as p(id, n)
/// join edge_x e0 on e0.dst_id = p.id left join edge_y e1 on e1.dst_id = e0.src_id group by p.n
/// ```
pub(crate) fn counts(hops: &[Hop], ids: Vec<String>) -> Sql {
    let Some((last, before)) = hops.split_last() else { return Sql::new() };
    let last_edge = sql::alias("e", before.len());
    let mut from = from_roots(ids);
    for level in 0..before.len() {
        from = from.text(" join ").then(edge(hops, level));
    }
    from = from.text(" left join ").then(edge(hops, before.len()));
    let counted = Sql::raw("select p.n, count(").then(Sql::column(&last_edge, last.far)).text(") from ");
    counted.then(from).text(" group by p.n")
}

/// One step of a walk: the position of the hop, that of the node in `ids`, from 1, and the id at the other
/// end.
///
/// ```sql
/// with p as (select * from unnest($1::text[]) with ordinality as p(id, n))
/// select 0, p.n, e.dst_id from p join edge_x e on e.src_id = p.id union all select 1, ...
/// ```
pub(crate) fn steps(hops: &[Hop], ids: Vec<String>) -> Sql {
    let one = |(position, hop): (usize, &Hop)| {
        let number = i64::try_from(position).unwrap_or(i64::MAX);
        let head = Sql::raw("select ").number(number).text("::bigint, p.n, ").then(Sql::column("e", hop.far));
        let from = head.text(" from p join ").then_ident(&hop.edge).text(" e on ");
        from.then(Sql::column("e", hop.near)).text(" = p.id")
    };
    let all = Sql::join(" union all ", hops.iter().enumerate().map(one));
    Sql::raw("with p as (select * from ").then(from_roots(ids)).text(") ").then(all)
}

/// All projects: id, code, name of the program.
pub(crate) fn projects(projects: &Projects) -> Sql {
    let hop = &projects.program;
    let head = Sql::raw("select n.\"node_id\", n._props ->> 'code', m._props ->> 'name' from ");
    let edge = head.then_ident(&projects.table).text(" n join ").then_ident(&hop.edge).text(" e on ");
    let near = edge.then(Sql::column("e", hop.near)).text(" = n.\"node_id\" join ").then_ident(&hop.table);
    let joined = near.text(" m on m.\"node_id\" = ").then(Sql::column("e", hop.far));
    joined.text(" order by 1, 3")
}

fn from_roots(ids: Vec<String>) -> Sql {
    Sql::raw("unnest(").bind(ids).text("::text[]) with ordinality as p(id, n)")
}

/// `edge_x e1 on e1.near = e0.far`
fn edge(hops: &[Hop], level: usize) -> Sql {
    let alias = sql::alias("e", level);
    let before = match level.checked_sub(1).and_then(|before| Some((before, hops.get(before)?))) {
        Some((before, hop)) => Sql::column(&sql::alias("e", before), hop.far),
        None => Sql::raw("p.id"),
    };
    let hop = &hops[level];
    let near =
        Sql::ident(&hop.edge).text(" ").then_alias(&alias).text(" on ").then(Sql::column(&alias, hop.near));
    near.text(" = ").then(before)
}

/// The properties that are read, in order.
fn properties(columns: &[Column]) -> Vec<&str> {
    let read = columns.iter().filter_map(|column| match &column.source {
        Source::Property(name) => Some(name.as_str()),
        Source::Id | Source::Absent => None,
    });
    read.collect()
}

fn is_unpacked(names: &[&str]) -> bool {
    names.len() > SINGLE_READS && names.iter().all(|name| name.len() <= LONGEST_NAME)
}

fn read(node: &str, record: &str, names: &[&str]) -> Sql {
    names.iter().fold(Sql::new(), |sql, name| {
        let value = if is_unpacked(names) {
            Sql::column(record, name)
        } else {
            Sql::new().then_alias(node).text("._props -> ").literal(name)
        };
        sql.text(", ").then(value)
    })
}

/// ` join lateral jsonb_to_record(n._props) as r("a" jsonb, ...) on true`
fn unpack(node: &str, record: &str, names: &[&str], reach: Reach) -> Sql {
    if !is_unpacked(names) {
        return Sql::new();
    }
    let mut distinct: Vec<&str> = Vec::new();
    for name in names {
        if !distinct.contains(name) {
            distinct.push(name);
        }
    }
    let columns = distinct.into_iter().map(|name| Sql::ident(name).text(" jsonb"));
    let head = Sql::new().text(reach.join()).text("lateral jsonb_to_record(").then_alias(node);
    let record = head.text("._props) as ").then_alias(record).text("(").then(Sql::join(", ", columns));
    record.text(") on true")
}
