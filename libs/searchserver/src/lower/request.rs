//! Searches.

use search::{Search, Sort, Source};
use serde_json::{Value, json};

use super::{aggregation::aggregations, query::query};

/// What stands at the end of every order: the number that a shard gives to each write. It says in which order
/// documents were written, also after segments were merged.
pub(crate) const WRITTEN: &str = "_seq_no";

/// The body of a search, with as many aggregations as it has.
pub(crate) fn search(search: &Search) -> Value {
    let mut body = json!({
        "size": search.size,
        "query": query(&search.query),
        "_source": source(&search.source),
        "track_total_hits": true,
    });
    if search.size > 0 {
        let mut sort = order(&search.sort);
        sort.push(json!({WRITTEN: "asc"}));
        body["sort"] = sort.into();
        if search.from > 0 {
            body["from"] = search.from.into();
        }
        if let Some(name) = &search.highlight {
            body["highlight"] = json!({
                "pre_tags": ["<em>"], "post_tags": ["</em>"], "fields": {format!("*.{name}"): {}},
            });
        }
    }
    if !search.aggregations.is_empty() {
        body["aggs"] = aggregations(&search.aggregations);
    }
    body
}

/// The `sort` of a search, without what breaks ties.
pub(crate) fn order(sort: &[Sort]) -> Vec<Value> {
    let one = |sort: &Sort| {
        let (order, mode) = if sort.descending { ("desc", "max") } else { ("asc", "min") };
        let mut how = json!({"order": order, "mode": mode, "missing": "_last", "unmapped_type": "keyword"});
        if let Some(path) = &sort.nested {
            how["nested"] = json!({"path": path});
        }
        super::query::object(&sort.field, how)
    };
    sort.iter().map(one).collect()
}

/// The `_source` of a search.
pub(crate) fn source(source: &Source) -> Value {
    match source {
        Source::All => true.into(),
        Source::None => false.into(),
        // No path at all would mean everything.
        Source::Fields(fields) if fields.is_empty() => false.into(),
        Source::Fields(fields) => fields.clone().into(),
    }
}
