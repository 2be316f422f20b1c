//! A request to each endpoint, with its status for nobody, for another user and for the owner. The tests of a
//! whole commons send the same requests.

use serde_json::json;
use testing::endpoints::Case;

/// Each user has a library; that of another is not there for them. `id` is a list of the one who may.
pub(crate) fn cases(id: &str) -> Vec<Case> {
    let one = "/lists/{list_id}";
    let url = format!("/lists/{id}");
    let file = json!({"type": "GA4GH_DRS", "dataset_guid": "1"});
    let list = json!({"name": "other", "items": {"a": file}});
    vec![
        Case::new("GET", "/lists", "/lists/", [401, 200, 200]),
        Case::new("PUT", "/lists", "/lists", [401, 201, 201]).with(json!({"lists": [list]})),
        Case::new("GET", one, &url, [401, 404, 200]),
        Case::new("PATCH", one, &url, [401, 404, 200]).with(json!({"b": file})),
        Case::new("PUT", one, &url, [401, 404, 200]).with(json!({"name": "again", "items": {}})),
        Case::new("GET", one, "/lists/1", [401, 422, 422]).noted("no id"),
        Case::new("DELETE", one, &url, [401, 404, 204]),
        Case::new("DELETE", "/lists", "/lists", [401, 204, 204]),
        Case::new("GET", "/_status", "/_status", [201, 201, 201]),
        Case::new("GET", "/_version", "/_version", [200, 200, 200]),
    ]
}
