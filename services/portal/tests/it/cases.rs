//! A request to each endpoint, with its status for every caller. The tests of a whole commons send the same
//! requests.

use testing::endpoints::Case;

/// All of it is public. `file` is the path of a file of the page.
pub(crate) fn cases(file: &str) -> Vec<Case> {
    vec![
        Case::new("GET", "/query", "/query", [200; 3]),
        Case::new("GET", "/query/examples.json", "/query/examples.json", [200; 3]),
        Case::new("GET", "/query/assets/{name}", file, [200; 3]),
        Case::new("GET", "/portal/assets/{name}", "/portal/assets/none.js", [404; 3]),
        Case::new("GET", "/portal/v1/boot", "/portal/v1/boot", [200; 3]),
        Case::new("GET", "/data/config/gitops.json", "/data/config/gitops.json", [200; 3]),
        Case::new("GET", "/data/schema.json", "/data/schema.json", [302; 3]),
        Case::new("GET", "/data/dictionary.json", "/data/dictionary.json", [302; 3]),
        Case::new("GET", "/src/img/{name}", "/src/img/none.png", [404; 3]),
        Case::new("GET", "/src/css/themeoverrides.css", "/src/css/themeoverrides.css", [200; 3]),
        Case::new("GET", "/_status", "/_status", [200; 3]),
        Case::new("GET", "/_version", "/_version", [200; 3]),
    ]
}
