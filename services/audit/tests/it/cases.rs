//! A request to each endpoint, with its status for nobody, for a stranger and for somebody who may. The tests
//! of a whole commons send the same requests.

use serde_json::json;
use testing::endpoints::Case;

/// Writing is for services, which alone reach it: a gateway passes on GET only.
pub(crate) fn cases() -> Vec<Case> {
    let log = "/log/{category}";
    let login = json!({"request_url": "/login", "status_code": 200, "username": "ada", "idp": "google"});
    let mut cases = vec![
        Case::new("POST", log, "/log/login", [201, 201, 201]).with(login).noted("a login"),
        Case::new("POST", log, "/log/login", [422, 422, 422]).with(json!({})).noted("nothing"),
        Case::new("POST", log, "/log/other", [404, 404, 404]).with(json!({})).noted("an unknown category"),
        Case::new("GET", log, "/log/other", [400, 400, 400]).noted("an unknown category"),
    ];
    for (url, note) in [
        ("/log/login", "logins"),
        ("/log/presigned_url?groupby=guid", "files by GUID"),
        ("/log/presigned_url?count&guid=x", "a number of files"),
    ] {
        cases.push(Case::new("GET", log, url, [403, 403, 200]).noted(note));
    }
    // Who may not read learns nothing of fields either.
    cases.push(Case::new("GET", log, "/log/login?guid=x", [403, 403, 400]).noted("an unknown field"));
    for path in ["/", "/_status", "/_version", "/_schema"] {
        cases.push(Case::new("GET", path, path, [200, 200, 200]));
    }
    cases
}
