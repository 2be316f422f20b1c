//! What a server says when it does not answer.

use search::SearchError;
use serde_json::Value;

/// What is kept of what a server says.
const LONGEST_REASON: usize = 1000;
/// A name that an index has already, or an alias.
const TAKEN: [&str; 2] = ["resource_already_exists_exception", "index_already_exists_exception"];

/// The error of an answer with a status that is not of success. `index` is what was asked.
pub(crate) fn refusal(status: u16, body: &Value, index: &str) -> SearchError {
    let (kind, reason) = cause(&body["error"]);
    let told = || if reason.is_empty() { format!("status {status}") } else { reason.clone() };
    if kind == "index_not_found_exception" {
        let name = body["error"]["index"].as_str().filter(|name| !name.is_empty());
        return SearchError::NoIndex(name.unwrap_or(index).to_owned());
    }
    let alias = kind == "invalid_index_name_exception" && reason.contains("already exists as alias");
    if alias || TAKEN.contains(&kind.as_str()) {
        return SearchError::Exists(index.to_owned());
    }
    match status {
        // More than a server does for one question: it will not be less later.
        503 if kind == "too_many_buckets_exception" => SearchError::Refused(told()),
        413 => SearchError::Refused("the question is larger than the search engine accepts".to_owned()),
        // Elasticsearch 7 says so of what goes wrong within a question, and has it to blame.
        500 if kind == "illegal_argument_exception" => SearchError::Refused(told()),
        429 | 502 | 503 | 504 => SearchError::Unavailable(told().into()),
        401 | 403 => {
            SearchError::Failed(format!("it does not let us do this (status {status}): {}", told()).into())
        }
        400 | 404 | 405 | 409 => SearchError::Refused(told()),
        _ => SearchError::Failed(told().into()),
    }
}

/// An answer that has not the form that it should have.
pub(crate) fn unexpected(what: &str) -> SearchError {
    SearchError::Failed(format!("its answer has no {what}").into())
}

/// The kind and the reason of what is at the root of an error: of that of the first shard, where the whole
/// error only says that all shards failed.
fn cause(error: &Value) -> (String, String) {
    let root = &error["root_cause"][0];
    let shard = &error["failed_shards"][0]["reason"];
    let candidates = [root, &error["caused_by"], shard, error];
    let chosen = candidates.into_iter().find(|cause| cause["type"].is_string()).unwrap_or(error);
    let kind = chosen["type"].as_str().unwrap_or_default().to_owned();
    // A proxy before the server says what it wants.
    let reason = chosen["reason"].as_str().or_else(|| error.as_str()).unwrap_or_default();
    (kind, reason.chars().take(LONGEST_REASON).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(status: u16, error: Value) -> String {
        format!("{:?}", refusal(status, &json!({"error": error, "status": status}), "case"))
    }

    #[test]
    fn errors_are_what_is_at_their_root() {
        let missing = json!({
            "root_cause": [{"type": "index_not_found_exception", "reason": "no such index", "index": "x"}],
            "type": "index_not_found_exception", "reason": "no such index [x]", "index": "x",
        });
        assert_eq!(told(404, missing), r#"NoIndex("x")"#);
        let question = json!({
            "root_cause": [{"type": "query_shard_exception", "reason": "failed to create query"}],
            "type": "search_phase_execution_exception", "reason": "all shards failed",
        });
        assert_eq!(told(400, question), r#"Refused("failed to create query")"#);
        // As Elasticsearch 7.10 and OpenSearch say it: the root has nothing.
        let buckets = json!({
            "root_cause": [], "type": "search_phase_execution_exception", "reason": "",
            "caused_by": {
                "type": "too_many_buckets_exception", "reason": "Trying to create too many buckets",
            },
        });
        assert_eq!(told(503, buckets), r#"Refused("Trying to create too many buckets")"#);
        let busy = json!({"root_cause": [{"type": "es_rejected_execution_exception", "reason": "full"}]});
        assert_eq!(told(429, busy), r#"Unavailable("full")"#);
        assert_eq!(told(502, Value::Null), r#"Unavailable("status 502")"#);
        let exists =
            json!({"root_cause": [{"type": "resource_already_exists_exception", "reason": "index [case]"}]});
        assert_eq!(told(400, exists), r#"Exists("case")"#);
        let alias = "Invalid index name [case], already exists as alias";
        let alias = json!({"root_cause": [{"type": "invalid_index_name_exception", "reason": alias}]});
        assert_eq!(told(400, alias), r#"Exists("case")"#);
        assert!(told(403, json!("no permissions for [indices:data/read]")).starts_with("Failed("));
    }
}
