//! A request to each endpoint, with its status for nobody, for a user without any right, and for one who may
//! make tasks and has made `task`. The tests of a whole commons send the same requests.

use serde_json::json;
use testing::endpoints::Case;

pub(crate) fn cases(task: &str) -> Vec<Case> {
    let body = json!({"executors": [{"image": "i", "command": ["true"]}]});
    let below = |rest: &str| format!("/ga4gh/tes/v1{rest}");
    vec![
        Case::new("GET", "/ga4gh/tes/v1/service-info", &below("/service-info"), [401, 200, 200]),
        Case::new("GET", "/ga4gh/tes/v1/tasks", &below("/tasks"), [401, 200, 200]),
        Case::new("POST", "/ga4gh/tes/v1/tasks", &below("/tasks"), [401, 403, 200]).with(body),
        Case::new("GET", "/ga4gh/tes/v1/tasks/{id}", &below(&format!("/tasks/{task}")), [401, 404, 200]),
        Case::new(
            "GET",
            "/ga4gh/tes/v1/tasks/{id}/outputs/{number}",
            &below(&format!("/tasks/{task}/outputs/0")),
            [401, 404, 404],
        ),
        Case::new(
            "POST",
            "/ga4gh/tes/v1/tasks/{id}:cancel",
            &below(&format!("/tasks/{task}:cancel")),
            [401, 404, 200],
        ),
    ]
}
