//! A request to each endpoint, with its status for nobody, for another user and for the owner. The
//! tests of a whole commons send the same requests.

use serde_json::json;
use testing::endpoints::Case;

/// Each user has a folder; what is in that of another is not there for them. The owner has these files.
pub(crate) fn cases(manifest_name: &str, metadata_name: &str) -> Vec<Case> {
    let (file, exported) = (format!("/file/{manifest_name}"), format!("/metadata/{metadata_name}"));
    let list = json!([{"object_id": "1"}]);
    let cohort = json!({"guid": "5183a350-9d56-4084-8a03-6471cafeb7fe"});
    vec![
        Case::new("GET", "/", "/", [403, 200, 200]),
        Case::new("POST", "/", "/", [403, 200, 200]).with(list.clone()),
        Case::new("PUT", "/", "/", [403, 200, 200]).with(list),
        Case::new("POST", "/", "/", [403, 400, 400]).with(json!({})).noted("no manifest"),
        Case::new("GET", "/file/{name}", &file, [403, 404, 200]),
        Case::new("GET", "/file/{name}", "/file/m.txt", [403, 400, 400]).noted("no JSON"),
        Case::new("GET", "/cohorts", "/cohorts/", [403, 200, 200]),
        Case::new("POST", "/cohorts", "/cohorts", [403, 200, 200]).with(cohort.clone()),
        Case::new("PUT", "/cohorts", "/cohorts", [403, 200, 200]).with(cohort),
        Case::new("GET", "/metadata", "/metadata", [403, 200, 200]),
        Case::new("POST", "/metadata", "/metadata", [403, 200, 200]).with(json!({"a": 1})),
        Case::new("PUT", "/metadata", "/metadata", [403, 200, 200]).with(json!({"a": 1})),
        Case::new("GET", "/metadata/{name}", &exported, [403, 404, 200]),
        Case::new("GET", "/_status", "/_status", [200; 3]),
    ]
}
