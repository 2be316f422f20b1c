//! How much a query makes the database look at, estimated from the sizes of the tables before it is asked.
//! Pure.
//!
//! It counts rows, and several for a row whose look is dear. Where the database has a choice the estimate is
//! that of a full scan, so it is rather too high than too low.

use crate::{
    graph::{Graph, LinkModel, Sizes, TypeId},
    ir::{Branch, Child, Count, Filter, LogFilter, LogQuery, Page, PathFilter, Root, RootValue, Scan},
};

/// A statement of its own costs as much as this many rows.
const STATEMENT: u64 = 50;
/// What a row costs beside itself: one without an index has its document unpacked and compared,
const COMPARED: u64 = 1;
/// its link looked up,
const LOOKED_UP: u64 = 2;
/// or its texts searched.
const SEARCHED: u64 = 4;
/// Nodes that a value of a key names: it is unique within a project only.
const NODES_OF_KEY: u64 = 20;
/// Transactions that touched a node.
const LOGS_OF_NODE: u64 = 20;
/// What an answer in the log costs, each of which may be as large as a submission.
const DOCUMENT: u64 = 50;

/// The rows that the database looks at for `roots`.
pub(crate) fn of_query(graph: &Graph, sizes: &Sizes, roots: &[Root]) -> u64 {
    Costs { graph, sizes }.roots(roots)
}

/// The rows that the database looks at for the numbers of nodes of `types`.
pub(crate) fn of_counts(graph: &Graph, sizes: &Sizes, types: &[TypeId]) -> u64 {
    sum(types.iter().map(|node| graph.types[*node].rows(sizes).saturating_add(STATEMENT)))
}

struct Costs<'c> {
    graph: &'c Graph,
    sizes: &'c Sizes,
}

fn sum(costs: impl Iterator<Item = u64>) -> u64 {
    costs.fold(0, u64::saturating_add)
}

impl Costs<'_> {
    fn roots(&self, roots: &[Root]) -> u64 {
        sum(roots.iter().map(|root| match &root.value {
            RootValue::Known(_) | RootValue::Failed(_) => 0,
            RootValue::Scan(scan) => self.scan(scan),
            RootValue::Count(count) => self.count(count),
            RootValue::Viewer(roots) => self.roots(roots),
            RootValue::Logs(logs) => self.logs(&logs.query).saturating_add(STATEMENT),
            RootValue::LogCount(query) => self.logs(query).saturating_add(STATEMENT),
        }))
    }

    fn scan(&self, scan: &Scan) -> u64 {
        // One page of several types is the first of all of them in its order.
        let is_ordered = scan.together.as_ref().is_some_and(|(order, _)| !order.is_empty());
        sum(scan.branches.iter().map(|branch| self.list(branch, is_ordered)))
    }

    /// A list at the top.
    fn list(&self, branch: &Branch, is_ordered: bool) -> u64 {
        let all = self.graph.types[branch.node].rows(self.sizes);
        let candidates = named(self, branch.node, &branch.filter).unwrap_or(all).min(all);
        let shown = page(&branch.page).map_or(candidates, |page| page.min(candidates));
        let takes_first = !is_ordered && branch.order.is_empty() && is_free(&branch.filter);
        let looked = if takes_first { shown } else { self.looks(branch.node, &branch.filter, candidates) };
        sum([STATEMENT, looked, self.below(branch, shown)].into_iter())
    }

    fn count(&self, count: &Count) -> u64 {
        let all = self.graph.types[count.node].rows(self.sizes);
        let candidates = named(self, count.node, &count.filter).unwrap_or(all).min(all);
        let links = count.any_links.as_ref().map_or(0, |links| candidates.saturating_mul(links.len() as u64));
        sum([STATEMENT, self.looks(count.node, &count.filter, candidates), links].into_iter())
    }

    /// Looking at `candidates` of a type with a filter.
    fn looks(&self, node: TypeId, filter: &Filter, candidates: u64) -> u64 {
        candidates.saturating_mul(1 + weight(filter)).saturating_add(self.paths(node, filter))
    }

    /// What is shown below `parents` nodes of a branch.
    fn below(&self, branch: &Branch, parents: u64) -> u64 {
        sum(branch.level.children.iter().map(|child| {
            let below = match child {
                Child::Linked(linked) => self.linked(branch.node, linked, parents),
                Child::Neighbours(scan) => {
                    sum(scan.branches.iter().map(|linked| self.linked(branch.node, linked, parents)))
                }
                Child::Count { link, count } => {
                    let edges = self.edges(branch.node, Some(link), parents);
                    let links = count.any_links.as_ref().map_or(0, Vec::len) as u64;
                    let looked = self.looks(count.node, &count.filter, edges);
                    looked.saturating_add(edges.saturating_mul(links))
                }
                Child::Logs(_) | Child::LogCount(_) => parents.saturating_mul(LOGS_OF_NODE),
                Child::Failed(_) => return 0,
            };
            below.saturating_add(STATEMENT)
        }))
    }

    fn linked(&self, node: TypeId, branch: &Branch, parents: u64) -> u64 {
        let edges = self.edges(node, branch.link.as_deref(), parents);
        let shown = page(&branch.page).map_or(edges, |page| page.saturating_mul(parents).min(edges));
        self.looks(branch.node, &branch.filter, edges).saturating_add(self.below(branch, shown))
    }

    /// Links of `parents` nodes: their share of all links of this kind.
    fn edges(&self, node: TypeId, link: Option<&str>, parents: u64) -> u64 {
        let model = &self.graph.types[node];
        let Some(link) = link.and_then(|link| model.links.get(link)) else { return 0 };
        let all = self.rows(link);
        let each = all.div_ceil(model.rows(self.sizes).max(1)).max(1);
        parents.saturating_mul(each).min(all.max(parents))
    }

    fn rows(&self, link: &LinkModel) -> u64 {
        self.sizes.rows(&link.edge)
    }

    /// What the paths of a filter cost, once for each statement.
    fn paths(&self, node: TypeId, filter: &Filter) -> u64 {
        match filter {
            Filter::All(filters) | Filter::Any(filters) => {
                sum(filters.iter().map(|filter| self.paths(node, filter)))
            }
            Filter::Not(filter) => self.paths(node, filter),
            Filter::Path(path) => self.path(node, path),
            _ => 0,
        }
    }

    /// All links that the paths lead over, and the nodes at their end unless the filter names these.
    fn path(&self, node: TypeId, path: &PathFilter) -> u64 {
        let Some(paths) = self.graph.paths(node, path.to) else { return 0 };
        let ends = match &path.project_names {
            Some(names) => names.len() as u64,
            None if path.id.is_some() => 1,
            None => self.graph.types[path.to].rows(self.sizes),
        };
        let steps = paths.states.iter().flatten().map(|step| self.sizes.rows(&step.edge));
        ends.saturating_add(sum(steps))
    }

    fn logs(&self, query: &LogQuery) -> u64 {
        let all = self.sizes.rows("transaction_logs");
        let documents = self.sizes.rows("transaction_documents").saturating_mul(DOCUMENT);
        let snapshots = self.sizes.rows("transaction_snapshots");
        let filters = sum(query.filters.iter().map(|filter| match filter {
            LogFilter::RelatedCases(cases) => documents.saturating_mul(cases.len() as u64),
            LogFilter::Entities(_) => snapshots,
            _ => all,
        }));
        all.saturating_add(filters)
    }
}

fn page(page: &Page) -> Option<u64> {
    page.first.map(|first| u64::try_from(first.saturating_add(page.offset)).unwrap_or_default())
}

/// Whether every node passes the filter.
fn is_free(filter: &Filter) -> bool {
    match filter {
        Filter::All(filters) => filters.iter().all(is_free),
        _ => false,
    }
}

/// At most how many nodes the filter leaves, where an index finds them.
fn named(costs: &Costs<'_>, node: TypeId, filter: &Filter) -> Option<u64> {
    match filter {
        Filter::All(filters) => filters.iter().filter_map(|filter| named(costs, node, filter)).min(),
        Filter::Any(filters) => filters.iter().map(|filter| named(costs, node, filter)).sum(),
        Filter::Never => Some(0),
        Filter::Ids(ids) => Some(ids.len() as u64),
        Filter::ProjectNames(names) => Some(names.len() as u64),
        Filter::TextIn { property, values } if costs.graph.types[node].is_key(property) => {
            Some((values.len() as u64).saturating_mul(NODES_OF_KEY))
        }
        _ => None,
    }
}

/// What a filter costs a row.
fn weight(filter: &Filter) -> u64 {
    match filter {
        Filter::All(filters) | Filter::Any(filters) => sum(filters.iter().map(weight)),
        Filter::Not(filter) => weight(filter),
        Filter::Search(_) => SEARCHED,
        Filter::Linked(_) => LOOKED_UP,
        Filter::Never | Filter::Ids(_) | Filter::ProjectNames(_) => 0,
        Filter::TextIn { .. }
        | Filter::ValueIn { .. }
        | Filter::Contains { .. }
        | Filter::Present(_)
        | Filter::OtherText { .. }
        | Filter::OtherValue { .. }
        | Filter::Time { .. }
        | Filter::Path(_) => COMPARED,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use dictionary::Dictionary;
    use serde_json::Map;

    use super::*;
    use crate::{compiler::Compiler, config::Config};

    /// The cost where there are a million samples of half as many cases.
    fn cost(query: &str) -> u64 {
        let files = serde_json::from_str(include_str!("../tests/data/dictionary.json")).unwrap();
        let compiler = Compiler::new(Arc::new(Dictionary::from_files(files).unwrap()));
        let table = |label: &str| psqlgraph::names::node_table(label);
        let edges = psqlgraph::names::edge_table("sample", "derived_from", "case");
        let sizes = Sizes::from_iter([
            (table("case"), 500_000),
            (table("sample"), 1_000_000),
            (edges, 1_000_000),
            ("transaction_logs".to_owned(), 1_000),
            ("transaction_documents".to_owned(), 1_000),
        ]);
        let roots = compiler.meaning(query, &Map::new(), &Config::default()).unwrap();
        of_query(&compiler.graph, &sizes, &roots)
    }

    #[test]
    fn what_an_index_or_a_page_ends_soon_is_small() {
        for query in [
            "{case {id}}",
            "{case(first: 100) {id samples {id} _samples_count}}",
            "{case(submitter_id: [\"a\", \"b\"]) {id samples(first: 0) {id}}}",
            "{case(ids: [\"a\"]) {id}} ",
            "{_case_count(id: \"a\")}",
            "{transaction_log {id}}",
            "{__typename}",
        ] {
            assert!(cost(query) < 5_000, "{query}: {}", cost(query));
        }
    }

    #[test]
    fn whole_tables_cost_their_rows_and_dear_looks_more() {
        let plain = cost("{_sample_count}");
        assert!((1_000_000..1_100_000).contains(&plain), "{plain}");
        assert!(cost("{_sample_count(quick_search: \"x\")}") >= 4 * plain);
        assert!(cost("{_sample_count(with_links: [\"cases\"])}") >= 2 * plain);
        assert!(cost("{sample(first: 1, order_by_asc: \"submitter_id\") {id}}") >= plain);
        assert!(cost("{sample(first: 1, composition: \"x\") {id}}") >= plain);
        assert!(cost("{case(first: 0) {samples(first: 0) {id}}}") >= plain);
        assert!(cost("{case(with_path_to: {type: \"sample\"}) {id}}") >= plain);
        assert!(cost("{transaction_log(related_cases: [\"x\"]) {id}}") >= 50_000);
    }

    #[test]
    fn costs_of_many_fields_add_up() {
        let counts: String =
            (0..100).map(|n| format!("c{n}: _sample_count(quick_search: \"{n}\") ")).collect();
        let one = cost("{_sample_count(quick_search: \"1\")}");
        assert_eq!(cost(&format!("{{{counts}}}")), 100 * one);
        assert_eq!(cost(&format!("{{viewer {{{counts}}}}}")), 100 * one);
        assert_eq!(cost(&format!("{{node {{id}} {counts}}}")), cost("{node {id}}") + 100 * one);
    }

    #[test]
    fn what_has_no_end_stays_a_number() {
        assert_eq!(sum([u64::MAX, 1].into_iter()), u64::MAX);
    }
}
