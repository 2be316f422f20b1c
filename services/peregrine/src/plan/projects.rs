//! The projects that exist.

use psqlgraph::names;
use sql::{Condition, Order, Select, Sql};

use crate::graph::Graph;

/// All projects with the names of their programs; `None` for a dictionary without them. This is what a
/// `Readable` is made of, so it is the one statement about nodes that does not ask for one.
///
/// ```sql
/// select j.node_id as "node_id", g._props ->> 'name' as "program", j._props ->> 'code' as "code",
///     j._props ->> 'availability_type' as "availability"
/// from node_project j join edge_y e on e.src_id = j.node_id join node_program g on g.node_id = e.dst_id
/// where g._props ->> 'name' is not null and j._props ->> 'code' is not null order by j.node_id
/// ```
pub(crate) fn projects(graph: &Graph) -> Option<Sql> {
    let (project, program) = (graph.find("project")?, graph.find("program")?);
    let link = graph.types[project].links.values().find(|link| link.target == program)?;
    let mut select = Select::from(Sql::ident(&names::node_table("project")).text(" j"));
    select
        .column(Sql::column("j", "node_id"), "node_id")
        .column(Sql::property("g", "name"), "program")
        .column(Sql::property("j", "code"), "code")
        .column(Sql::property("j", "availability_type"), "availability")
        .join(
            Sql::ident(&link.edge).text(" e"),
            Condition::same(Sql::column("e", link.near()), Sql::column("j", "node_id")),
        )
        .join(
            Sql::ident(&names::node_table("program")).text(" g"),
            Condition::same(Sql::column("g", "node_id"), Sql::column("e", link.far())),
        )
        .filter(Condition::Is(Sql::property("g", "name").text(" is not null")))
        .filter(Condition::Is(Sql::property("j", "code").text(" is not null")))
        .order_by(Sql::column("j", "node_id"), Order::Ascending);
    Some(select.sql())
}
