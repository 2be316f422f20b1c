//! A request to each endpoint, with its status for nobody, for a stranger and for somebody who may. The tests
//! of a whole commons send the same requests.

use serde_json::json;
use testing::endpoints::Case;

/// A user may read their own requests without any right, and nobody learns of those of others. `id` is a
/// request of another user; nobody has asked for `policy` for `username` yet.
pub(crate) fn cases(id: &str, username: &str, policy: &str) -> Vec<Case> {
    let one = "/request/{request_id}";
    let url = format!("/request/{id}");
    let new = json!({"username": username, "policy_id": policy});
    vec![
        Case::new("POST", "/request", "/request", [403, 403, 201]).with(new),
        Case::new("POST", "/request", "/request", [422, 422, 422]).with(json!([])).noted("nothing"),
        Case::new("GET", "/request", "/request", [401, 200, 200]),
        Case::new("GET", "/request/user", "/request/user", [401, 200, 200]),
        Case::new("POST", "/request/user_resource_paths", "/request/user_resource_paths", [401, 200, 200])
            .with(json!({"resource_paths": ["/a"]})),
        Case::new("GET", one, &url, [404, 404, 200]),
        Case::new("PUT", one, &url, [403, 403, 200]).with(json!({"status": "SUBMITTED"})),
        Case::new("PUT", one, "/request/x", [422, 422, 422])
            .with(json!({"status": "SUBMITTED"}))
            .noted("no id"),
        Case::new("DELETE", one, &url, [403, 403, 200]),
        Case::new("GET", "/_status", "/_status", [200, 200, 200]),
        Case::new("GET", "/_version", "/_version", [200, 200, 200]),
    ]
}
