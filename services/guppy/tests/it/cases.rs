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
        Case::new("GET", "/v1/indices", "/v1/indices", [200; 3]),
        Case::new("POST", "/v1/facets", "/v1/facets", [200; 3])
            .with(json!({ "type": "subject", "fields": [{ "field": "project_id" }] })),
        Case::new("POST", "/v1/rows", "/v1/rows", [200; 3]).with(json!({ "type": "subject" })),
        Case::new("POST", "/v1/compare", "/v1/compare", [200; 3])
            .with(json!({ "type": "subject", "cohorts": [{ "name": "a" }, { "name": "b" }], "fields": [] })),
        Case::new("POST", "/v1/crosstab", "/v1/crosstab", [200; 3])
            .with(json!({ "type": "subject", "rows": "project_id", "columns": "auth_resource_path" })),
        Case::new("POST", "/v1/export", "/v1/export", [200; 3])
            .with(json!({ "type": "subject", "format": "tsv" })),
        Case::new("POST", "/v1/manifest", "/v1/manifest", [200; 3]).with(json!({
            "type": "subject", "resourceIndexType": "subject", "resourceIdField": "project_id",
            "referenceIdFieldInResourceIndex": "project_id", "referenceIdFieldInDataIndex": "project_id",
        })),
        Case::new("GET", "/v1/download/{ticket}/result", "/v1/download/0/result", [404; 3]),
        Case::new("GET", "/v1/download/{ticket}", "/v1/download/0", [404; 3]),
        // Each user has sets; those of others are not there for them.
        Case::new("POST", "/v1/sets", "/v1/sets", [401, 201, 201])
            .with(json!({ "name": "a", "ids": ["1", "2"] })),
        Case::new("GET", "/v1/sets", "/v1/sets", [401, 200, 200]),
        Case::new("GET", "/v1/sets/{set}", "/v1/sets/0", [401, 404, 404]),
        Case::new("PATCH", "/v1/sets/{set}", "/v1/sets/0", [401, 404, 404]).with(json!({ "name": "b" })),
        Case::new("DELETE", "/v1/sets/{set}", "/v1/sets/0", [401, 404, 404]),
        Case::new("GET", "/v1/sets/{set}/members", "/v1/sets/0/members", [401, 404, 404]),
    ]
}
