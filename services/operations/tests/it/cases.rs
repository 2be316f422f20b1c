//! A request to each endpoint, with its status for nobody, for another user and for the one who may. The
//! tests of a whole commons send the same requests.

use serde_json::json;
use testing::endpoints::Case;

/// `run` is one of the kind `kind` that waits or has ended; `ended` is one that has ended.
pub(crate) fn cases(kind: &str, run: &str, ended: &str) -> Vec<Case> {
    let (one, job) = ("/v1/runs/{id}", "/archiver/jobs/{id}");
    let of = |run: &str, what: &str| format!("/v1/runs/{run}{what}");
    let named = |what: &str| format!("/wes/v2/{what}/{kind}-{ended}");
    let unknown = "00000000-0000-4000-8000-000000000000";
    vec![
        Case::new("GET", "/v1/kinds", "/v1/kinds", [401, 200, 200]),
        Case::new("GET", "/v1/runs", "/v1/runs", [401, 200, 200]),
        Case::new("GET", "/v1/runs", "/v1/runs?size=x", [401, 400, 400]).noted("no size"),
        Case::new("POST", "/v1/runs", "/v1/runs", [401, 403, 201]).with(json!({"kind": kind})),
        Case::new("POST", "/v1/runs", "/v1/runs", [401, 404, 404])
            .with(json!({"kind": "fly"}))
            .noted("no kind"),
        Case::new("GET", one, &of(run, ""), [401, 403, 200]),
        Case::new("GET", one, &of(unknown, ""), [401, 404, 404]).noted("no run"),
        Case::new("GET", "/v1/runs/{id}/logs", &of(run, "/logs"), [401, 403, 200]),
        Case::new("POST", "/v1/runs/{id}/cancel", &of(ended, "/cancel"), [401, 403, 409]),
        Case::new("POST", "/v1/runs/{id}/retry", &of(ended, "/retry"), [401, 403, 201]),
        Case::new("GET", "/v1/runs/{id}/report", &of(run, "/report"), [401, 403, 404]),
        // Here is no archive.
        Case::new("GET", "/v1/archive", "/v1/archive", [401, 404, 404]),
        Case::new("POST", "/v1/archive", "/v1/archive", [401, 404, 404]).with(json!({"selector": {}})),
        Case::new("POST", "/v1/retrieve", "/v1/retrieve", [401, 404, 404]).with(json!({"selector": {}})),
        Case::new("POST", "/v1/verify", "/v1/verify", [401, 404, 404]).with(json!({"selector": {}})),
        // The body is no manifest.
        Case::new("POST", "/v1/manifests", "/v1/manifests?format=ndjson", [401, 403, 400])
            .with(json!("wrong"))
            .noted("no rows"),
        Case::new("GET", "/v1/limits", "/v1/limits", [401, 200, 200]),
        Case::new("PUT", "/v1/limits/{name}", "/v1/limits/none", [401, 403, 404]).with(json!({"most": 1})),
        Case::new("GET", "/v1/config", "/v1/config", [401, 403, 200]),
        Case::new("GET", "/v1/storage", "/v1/storage", [401, 403, 200]),
        Case::new("GET", "/v1/health", "/v1/health", [200, 200, 200]),
        Case::new("POST", "/dispatch", "/dispatch", [401, 403, 400])
            .with(json!({"action": "fly", "input": {}}))
            .noted("no action"),
        Case::new("GET", "/status", &format!("/status?UID={unknown}"), [401, 403, 404]),
        Case::new("GET", "/output", &format!("/output?UID={unknown}"), [401, 403, 404]),
        Case::new("GET", "/list", "/list", [401, 403, 200]),
        // Without an archive there are no jobs of it.
        Case::new("GET", "/archiver/jobs", "/archiver/jobs", [401, 404, 404]),
        Case::new("POST", "/archiver/jobs", "/archiver/jobs", [401, 404, 404])
            .with(json!({"type": "archive", "datasetList": [{"pid": "P-x"}]})),
        Case::new("GET", job, &format!("/archiver/jobs/{unknown}"), [401, 404, 404]),
        Case::new("PATCH", job, &format!("/archiver/jobs/{unknown}"), [401, 404, 404])
            .with(json!({"statusCode": "finishedUnsuccessful"})),
        Case::new("GET", "/wes/v2/test", "/wes/v2/test", [200, 200, 200]),
        Case::new("POST", "/wes/v2/submit", "/wes/v2/submit", [401, 403, 200])
            .with(json!({"workflow_name": kind})),
        Case::new("POST", "/wes/v2/submit", "/wes/v2/submit", [401, 403, 404])
            .with(json!({"workflow_name": "fly"}))
            .noted("no kind"),
        Case::new("GET", "/wes/v2/status/{name}", &named("status"), [401, 403, 200]),
        Case::new("GET", "/wes/v2/logs/{name}", &named("logs"), [401, 403, 200]),
        Case::new("POST", "/wes/v2/cancel/{name}", &named("cancel"), [401, 403, 409]),
        Case::new("POST", "/wes/v2/retry/{name}", &named("retry"), [401, 403, 200]),
        Case::new("GET", "/wes/v2/workflows", "/wes/v2/workflows", [401, 403, 200]),
        Case::new("GET", "/_status", "/_status", [200, 200, 200]),
        Case::new("GET", "/_version", "/_version", [200, 200, 200]),
    ]
}
