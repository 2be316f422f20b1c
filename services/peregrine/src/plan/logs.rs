//! Transaction logs (peregrine 3.2.6).

use serde_json::json;
use sql::{Condition, Sql};

use super::{
    parts::{direction, from_parents, limit},
    planner::Planner,
};
use crate::ir::{Direction, KeyTree, LogFilter, LogQuery, LogScan, Page};

impl Planner<'_> {
    /// Logs, each as one JSON object. The columns are parent, id and object. Without `parents` all logs are
    /// read, with them those that touched one of these nodes.
    ///
    /// ```sql
    /// select p.n, l.id, jsonb_build_object('id', l.id, ...)
    /// from unnest($1::text[]) with ordinality as p(id, n)
    /// cross join lateral (select l.* from transaction_logs l where ... order by l.id limit 10) l
    /// ```
    pub(crate) fn logs(&self, scan: &LogScan, parents: Option<Vec<String>>) -> Sql {
        let rows = Sql::raw("select l.* from transaction_logs l where ")
            .then(self.log_condition(&scan.query, parents.as_ref()).sql())
            .then(log_order(&scan.query))
            .then(log_limit(&scan.query))
            .in_parentheses();
        let object = log_object(&scan.fields);
        match parents {
            None => Sql::raw("select 1::bigint, l.id, ").then(object).text(" from ").then(rows).text(" l"),
            Some(parents) => {
                let head =
                    Sql::raw("select p.n, l.id, ").then(object).text(" from ").then(from_parents(parents));
                head.text(" cross join lateral ").then(rows).text(" l")
            }
        }
    }

    /// How many logs there are. The columns are parent and number.
    ///
    /// ```sql
    /// select p.n, l.c
    /// from unnest($1::text[]) with ordinality as p(id, n)
    /// cross join lateral (select count(*) as c from (select 1 from transaction_logs l where ...) l) l
    /// ```
    pub(crate) fn log_counts(&self, query: &LogQuery, parents: Option<Vec<String>>) -> Sql {
        let rows = Sql::raw("select 1 from transaction_logs l where ")
            .then(self.log_condition(query, parents.as_ref()).sql())
            .then(log_limit(query))
            .in_parentheses();
        let counted = Sql::raw("select count(*) as c from ").then(rows).text(" l").in_parentheses();
        match parents {
            None => Sql::raw("select 1::bigint, l.c from ").then(counted).text(" l"),
            Some(parents) => {
                let head = Sql::raw("select p.n, l.c from ").then(from_parents(parents));
                head.text(" cross join lateral ").then(counted).text(" l")
            }
        }
    }

    fn log_condition(&self, query: &LogQuery, parents: Option<&Vec<String>>) -> Condition {
        let mut condition = self.readable.logs("l");
        for filter in &query.filters {
            condition = condition.and(log_filter(filter));
        }
        if parents.is_some() {
            let snapshot = "exists (select 1 from transaction_snapshots s where s.transaction_id = l.id and \
                            s.entity_id = p.id)";
            condition = condition.and(Condition::Is(Sql::raw(snapshot)));
        }
        condition
    }
}

fn log_filter(filter: &LogFilter) -> Condition {
    let column = |name: &str| Sql::column("l", name);
    let flag = |name: &str, value: bool| Condition::Is(column(name).text(" = ").bind(value));
    match filter {
        LogFilter::Never => Condition::False,
        LogFilter::Id(id) => Condition::equals(column("id"), *id),
        LogFilter::CommittedBy(id) => Condition::equals(column("committed_by"), *id),
        LogFilter::Text(name, value) => Condition::equals(column(name), value.as_str()),
        LogFilter::Roles(roles) => Condition::one_of(column("role"), roles.clone()),
        LogFilter::ProjectIds(ids) => {
            Condition::one_of(Sql::raw("((l.program || '-') || l.project)"), ids.clone())
        }
        LogFilter::DryRun(value) => flag("is_dry_run", *value),
        LogFilter::Closed(value) => flag("closed", *value),
        LogFilter::Committable(value) => {
            let committable =
                "(l.is_dry_run and l.state = 'SUCCEEDED' and not l.closed and l.committed_by is null)";
            Condition::Is(Sql::raw(committable).text(" = ").bind(*value))
        }
        LogFilter::Entities(ids) => {
            let snapshots = Sql::raw(
                "l.id in (select s.transaction_id from transaction_snapshots s where s.entity_id = any(",
            );
            Condition::Is(snapshots.bind(ids.clone()).text("))"))
        }
        LogFilter::RelatedCases(cases) => {
            Condition::Or(cases.iter().flat_map(|case| related_case(case)).collect())
        }
    }
}

/// The conditions under which the answer to one of the transaction's documents names the case.
fn related_case(case: &str) -> [Condition; 2] {
    ["id", "submitter_id"].map(|key| {
        let wanted = json!({ "entities": [{ "related_cases": [{ key: case }] }] });
        let documents = Sql::raw(
            "l.id in (select d.transaction_id from transaction_documents d where d.response_json @> ",
        );
        Condition::Is(documents.bind(wanted).text(")"))
    })
}

fn log_order(query: &LogQuery) -> Sql {
    let by_id = ("id", Direction::Ascending);
    let keys = query.order.iter().chain([&by_id]).map(|(name, order)| {
        let key = match *name {
            "project_id" => Sql::raw("((l.program || '-') || l.project)"),
            name => Sql::column("l", name),
        };
        key.text(direction(*order))
    });
    Sql::raw(" order by ").then(Sql::join(", ", keys))
}

fn log_limit(query: &LogQuery) -> Sql {
    limit(Page { first: query.first, offset: query.offset })
}

/// The log as JSON. In snapshots of deletions older versions of ours had the old and the new properties the
/// other way round: those are told by what is empty. Small columns are always in it, large ones and other
/// tables when they are selected.
fn log_object(fields: &[KeyTree]) -> Sql {
    let mut object = Sql::raw(
        "jsonb_build_object('id', l.id, 'is_dry_run', l.is_dry_run, 'closed', l.closed, 'committed_by', \
         l.committed_by, \
         'state', l.state, 'submitter', l.submitter, 'role', l.role, 'program', l.program, 'project', \
         l.project, \
         'created_datetime', to_char(l.created_datetime at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS.US') || \
         '+00:00', 'project_id', (l.program || '-') || l.project)",
    );
    if KeyTree::has(fields, &["canonical_json"]) {
        object = object.text(" || jsonb_build_object('canonical_json', l.canonical_json)");
    }
    if KeyTree::has(fields, &["snapshots"]) {
        object = object.text(
            " || jsonb_build_object('snapshots', (select coalesce(jsonb_agg(jsonb_build_object('id', s.id, \
             'transaction_id', s.transaction_id, 'action', s.action, \
             'old_props', case when is_swapped then s.new_props else s.old_props end, \
             'new_props', case when is_swapped then s.old_props else s.new_props end) \
             order by s.id), '[]') from transaction_snapshots s \
             cross join lateral (select s.action = 'delete' and s.new_props = '{}' and s.old_props <> '{}' \
             as is_swapped) w where s.transaction_id = l.id))",
        );
    }
    if KeyTree::has(fields, &["documents"]) || KeyTree::has(fields, &["related_cases"]) {
        object = object
            .text(
                " || jsonb_build_object('documents', (select coalesce(jsonb_agg(jsonb_build_object('id', \
                 d.id, \
                 'transaction_id', d.transaction_id, 'name', d.name, 'doc_format', d.doc_format",
            )
            .then(document_columns(fields))
            .text(") order by d.id), '[]') from transaction_documents d where d.transaction_id = l.id))");
    }
    object
}

/// The columns of a document that may be as large as a submission: they are read only when they are selected.
fn document_columns(fields: &[KeyTree]) -> Sql {
    let shows = |name: &str| KeyTree::has(fields, &["documents", name]);
    let mut columns = Sql::new();
    if shows("doc") {
        columns = columns.text(", 'doc', d.doc");
    }
    if shows("doc_size") {
        columns = columns.text(", 'doc_size', char_length(d.doc)");
    }
    if shows("response_json") || shows("response") || KeyTree::has(fields, &["related_cases"]) {
        columns = columns.text(", 'response_json', d.response_json");
    }
    columns
}
