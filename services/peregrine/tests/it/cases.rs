//! A request to each endpoint, with its status for nobody, for a stranger and for somebody who may. The tests
//! of a whole commons send the same requests.

use serde_json::json;
use testing::endpoints::Case;

/// Queries and figures need a token, and without rights tell nothing of a project; a file needs the right to
/// its project. The schema is everybody's.
///
/// `object_id` is a file that the one who may may see.
pub(crate) fn cases(object_id: &str) -> Vec<Case> {
    let query = json!({"query": "{_case_count}"});
    let file = "/coremetadata/{object_id:.+}";
    let mut cases = vec![
        Case::new("POST", "/submission/graphql", "/submission/graphql", [401, 200, 200]).with(query.clone()),
        Case::new("POST", "/v0/submission/graphql", "/v0/submission/graphql", [401, 200, 200]).with(query),
        Case::new("GET", file, &format!("/coremetadata/{object_id}"), [401, 404, 200]),
        Case::new(
            "GET",
            "/v0/coremetadata/{object_id:.+}",
            &format!("/v0/coremetadata/{object_id}"),
            [401, 404, 200],
        ),
        Case::new("GET", "/datasets", "/datasets?nodes=case", [401, 200, 200]),
        Case::new("GET", "/v0/datasets", "/v0/datasets?nodes=case", [401, 200, 200]),
    ];
    for (path, statuses) in [
        ("/submission/getschema", [200; 3]),
        ("/v0/submission/getschema", [200; 3]),
        ("/datasets/projects", [401, 200, 200]),
        ("/v0/datasets/projects", [401, 200, 200]),
        ("/_status", [200; 3]),
        ("/_version", [200; 3]),
    ] {
        cases.push(Case::new("GET", path, path, statuses));
    }
    cases
}
