//! Arguments of transaction logs (peregrine 3.2.6).

use graphql::{Selected, Sub};
use serde_json::Value;

use super::{
    args::{Args, FIRST, number, wanted_order},
    filters::names,
};
use crate::{
    ir::{Direction, KeyTree, LogFilter, LogQuery, LogScan},
    schema::Meaning,
};

const ORDERS: [&str; 8] =
    ["id", "submitter", "role", "program", "project", "created_datetime", "canonical_json", "project_id"];

pub(super) fn scan(field: &Selected<'_, Meaning>) -> LogScan {
    let args = &field.args;
    let mut query = LogQuery { filters: filters(args), order: order(args), ..LogQuery::default() };
    let first = number(args, "first").unwrap_or(FIRST);
    query.first = (first > 0).then_some(first);
    query.offset = number(args, "offset").unwrap_or(0).max(0);
    if let Some(last) = number(args, "last") {
        query.order.push(("id", Direction::Descending));
        query.first = Some(last.max(0));
    }
    LogScan { query, fields: keys(field).unwrap_or_default() }
}

/// Which logs are counted: `first` limits them, unlike counts of nodes, and `last` does not.
pub(super) fn count(args: &Args) -> LogQuery {
    let first = number(args, "first").map(|first| first.max(0));
    let offset = number(args, "offset").unwrap_or(0).max(0);
    LogQuery { filters: filters(args), order: Vec::new(), first, offset }
}

/// The selection as keys of JSON objects.
pub(super) fn keys(field: &Selected<'_, Meaning>) -> Option<Vec<KeyTree>> {
    let Sub::Object(fields) = &field.sub else { return None };
    let tree = |field: &Selected<'_, Meaning>| KeyTree {
        key: field.key.clone(),
        name: field.field.name.clone(),
        parent: field.parent.to_owned(),
        sub: keys(field),
    };
    Some(fields.iter().map(tree).collect())
}

fn order(args: &Args) -> Vec<(&'static str, Direction)> {
    let known = |(key, direction)| Some((ORDERS.into_iter().find(|name| *name == key)?, direction));
    wanted_order(args).filter_map(known).collect()
}

fn filters(args: &Args) -> Vec<LogFilter> {
    args.iter().filter_map(|(name, value)| filter(args, name, value)).collect()
}

fn filter(args: &Args, name: &str, value: &Value) -> Option<LogFilter> {
    let text = || value.as_str().unwrap_or_default().to_owned();
    let by_number = |filter: fn(i64) -> LogFilter| text().trim().parse().map_or(LogFilter::Never, filter);
    let flag = || value.as_bool().unwrap_or(false);
    Some(match name {
        "id" | "quick_search" => by_number(LogFilter::Id),
        "committed_by" => by_number(LogFilter::CommittedBy),
        "type" if text() == "upload" => LogFilter::Roles(vec!["create".to_owned(), "update".to_owned()]),
        "type" => LogFilter::Roles(vec![text()]),
        "project_id" => LogFilter::ProjectIds(names(args, name)),
        "project" => LogFilter::Text("project", text()),
        "program" => LogFilter::Text("program", text()),
        "state" => LogFilter::Text("state", text()),
        "is_dry_run" => LogFilter::DryRun(flag()),
        "closed" => LogFilter::Closed(flag()),
        "committable" => LogFilter::Committable(flag()),
        "entities" => LogFilter::Entities(names(args, name)),
        "related_cases" => LogFilter::RelatedCases(names(args, name)),
        _ => return None,
    })
}
