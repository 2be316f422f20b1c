//! A request to each endpoint, with its status for every caller. The tests of a whole commons send the same
//! requests.

use serde_json::json;
use testing::endpoints::Case;

/// Everybody may ask; what is in the answer depends on who asks.
pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case::new("GET", "/_status", "/_status", [200; 3]),
        Case::new("GET", "/_version", "/_version", [200; 3]),
        Case::new("POST", "/_refresh", "/_refresh", [404; 3]),
        // A browser could be made to send this by the page of somebody else.
        Case::new("GET", "/graphql", "/graphql?query=%7B__typename%7D", [400; 3]),
        Case::new("POST", "/graphql", "/graphql", [200; 3])
            .with(json!({ "query": "{subject {project_id}}" })),
        Case::new("POST", "/download", "/download", [200; 3]).with(json!({ "type": "subject" })),
    ]
}
