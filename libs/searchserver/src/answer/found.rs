//! Hits and their number.

use std::collections::BTreeMap;

use search::{Hit, SearchError, Source};
use serde_json::{Map, Value};

use super::errors::unexpected;

/// The answers of a `_msearch`, in order.
pub(crate) fn responses(mut body: Value) -> Result<Vec<Value>, SearchError> {
    match body["responses"].take() {
        Value::Array(responses) => Ok(responses),
        _ => Err(unexpected("responses")),
    }
}

/// How many documents a query has.
pub(crate) fn total(answer: &Value) -> Result<u64, SearchError> {
    let total = &answer["hits"]["total"];
    // A number before Elasticsearch 7, and of those with `rest_total_hits_as_int`.
    total["value"].as_u64().or_else(|| total.as_u64()).ok_or_else(|| unexpected("number of hits"))
}

/// The hits of an answer. `source`: what was chosen of them. `subfield`: what was marked.
pub(crate) fn hits(
    answer: &mut Value,
    source: &Source,
    subfield: Option<&str>,
) -> Result<Vec<Hit>, SearchError> {
    match answer["hits"]["hits"].take() {
        Value::Array(hits) => hits.into_iter().map(|value| hit(value, source, subfield)).collect(),
        _ => Err(unexpected("hits")),
    }
}

fn hit(mut hit: Value, chosen: &Source, subfield: Option<&str>) -> Result<Hit, SearchError> {
    let Value::String(id) = hit["_id"].take() else { return Err(unexpected("id of a hit")) };
    let mut source = match hit["_source"].take() {
        Value::Object(source) => source,
        _ => Map::new(),
    };
    if let Source::Fields(fields) = chosen {
        source.retain(|name, value| something_left(value, name, fields));
    }
    let position = match hit["sort"].take() {
        Value::Array(position) => position,
        _ => Vec::new(),
    };
    let highlights = subfield.map(|name| highlights(&hit["highlight"], name)).unwrap_or_default();
    Ok(Hit { id, source, highlights, position })
}

/// Servers differ in whether they leave `{}` in a list where nothing of an object was chosen. Takes such out
/// of what is on the way to the fields; what was chosen stays as it is.
fn something_left(value: &mut Value, path: &str, fields: &[String]) -> bool {
    let is_below =
        |field: &String| path.strip_prefix(field.as_str()).is_some_and(|rest| rest.starts_with('.'));
    if fields.iter().any(|field| field == path || is_below(field)) {
        return true;
    }
    match value {
        Value::Array(values) => {
            values.retain_mut(|value| something_left(value, path, fields));
            !values.is_empty()
        }
        Value::Object(object) => {
            object.retain(|name, value| something_left(value, &format!("{path}.{name}"), fields));
            !object.is_empty()
        }
        _ => true,
    }
}

fn highlights(marked: &Value, subfield: &str) -> BTreeMap<String, Vec<String>> {
    let fields = marked.as_object().into_iter().flatten();
    let read = |(field, fragments): (&String, &Value)| {
        let outer = field.strip_suffix(subfield).and_then(|field| field.strip_suffix('.'));
        let fragments = fragments.as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        Some((outer.unwrap_or(field).to_owned(), fragments))
    };
    fields.filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn totals_are_objects_or_numbers() {
        assert_eq!(total(&json!({"hits": {"total": {"value": 7, "relation": "eq"}}})).unwrap(), 7);
        assert_eq!(total(&json!({"hits": {"total": 7}})).unwrap(), 7);
        assert!(total(&json!({"hits": {}})).is_err());
    }

    #[test]
    fn objects_in_which_nothing_was_chosen_are_taken_out_of_lists() {
        let source = json!({"a": [], "o": {}, "v": [{}, {"b": 1}, {"c": [{}]}], "w": [{}], "x": {"y": [{}]}});
        let mut answer = json!({"hits": {"hits": [{"_id": "1", "_source": source, "sort": [3]}]}});
        let fields = ["a", "o", "v.b", "w.z", "x.y"].map(str::to_owned).to_vec();
        let hits = hits(&mut answer, &Source::Fields(fields), None).unwrap();
        let expected = json!({"a": [], "o": {}, "v": [{"b": 1}], "x": {"y": [{}]}});
        assert_eq!(Value::from(hits[0].source.clone()), expected);
        assert_eq!(hits[0].position, [json!(3)]);
    }
}
