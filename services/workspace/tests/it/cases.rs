//! A request to each endpoint, with its status for nobody, for a user who may not have a workspace, and for
//! one who may and has none. The tests of a whole commons send the same requests.

use testing::endpoints::Case;

/// Where nothing can be launched yet.
pub(crate) fn cases() -> Vec<Case> {
    let of = |then: u16| [401, 403, then];
    vec![
        Case::new("GET", "/", "/", of(200)),
        Case::new("GET", "/options", "/options", of(200)),
        Case::new("GET", "/options", "/options?id=0", of(400)).noted("unknown"),
        Case::new("GET", "/mount-files", "/mount-files", of(200)),
        Case::new("POST", "/launch", "/launch?id=0", of(400)),
        Case::new("GET", "/status", "/status", of(200)),
        Case::new("POST", "/terminate", "/terminate", of(404)),
        Case::new("POST", "/timetracker", "/timetracker", of(200)),
        Case::new("GET", "/paymodels", "/paymodels", of(404)),
        Case::new("GET", "/allpaymodels", "/allpaymodels", of(404)),
        Case::new("POST", "/setpaymodel", "/setpaymodel?id=a", of(404)),
        Case::new("POST", "/resetpaymodels", "/resetpaymodels", of(200)),
        Case::new("POST", "/create-ecs-cluster", "/create-ecs-cluster", of(404)),
        Case::new("GET", "/allCosts", "/allCosts", of(200)),
        Case::new("*", "/proxy/{path:.*}", "/proxy/lab", of(404)),
        Case::new("GET", "/_status", "/_status", [200; 3]),
        Case::new("GET", "/_version", "/_version", [200; 3]),
    ]
}
