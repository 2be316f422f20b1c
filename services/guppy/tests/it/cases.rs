//! A request to each endpoint, with its status for every caller. The tests of a whole commons send the same
//! requests.

use serde_json::json;
use testing::endpoints::Case;

/// All of it is public, because there are no documents that a caller could lack the right to read.
pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case::new("GET", "/_status", "/_status", [200; 3]),
        Case::new("GET", "/_version", "/_version", [200; 3]),
        Case::new("POST", "/_refresh", "/_refresh", [404; 3]),
        Case::new("POST", "/graphql", "/graphql", [200; 3])
            .with(json!({ "query": "{subject {project_id}}" })),
        Case::new("POST", "/download", "/download", [200; 3]).with(json!({ "type": "subject" })),
    ]
}
