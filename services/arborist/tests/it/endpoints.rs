//! Every endpoint and every kind of caller.
//!
//! arborist takes what its callers say for true: only the other services reach most endpoints. What a token
//! decides is `GET /auth/proxy`; what a token changes are the answers of the other `/auth` endpoints
//! (`decisions`, `refusals`).

use serde_json::json;
use testing::endpoints::{Case, Kind, check};

use crate::{
    cases::cases,
    commons::{Commons, policy, role},
};

#[tokio::test]
async fn every_endpoint_answers_every_kind_of_caller_as_the_table_says() {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    commons
        .prepare(&[
            ("PUT", "/resource", json!({"name": "services"})),
            ("POST", "/role", role("administrator", "arborist", "read")),
            ("POST", "/policy", policy("administration", "/services", "administrator")),
            ("POST", "/user/ada/policy", json!({"policy": "administration"})),
            ("POST", "/user/ada/policy", json!({"policy": "read-A"})),
        ])
        .await;
    let (_, program) = commons.get("/resource/programs").await;
    let tag = program["tag"].as_str().expect("a resource has a tag");
    let bearer = |name: &str| format!("Bearer {}", commons.tokens.token(name));
    let (stranger, permitted) = (bearer("stranger"), bearer("ada"));
    let call = async |case: &Case, kind: Kind| {
        let headers: &[(&str, &str)] = match kind {
            Kind::Anonymous => &[],
            Kind::Stranger => &[("Authorization", &stranger)],
            Kind::Permitted => &[("Authorization", &permitted)],
        };
        let body = (!case.body.is_null()).then(|| case.body.to_string().into_bytes());
        commons.send(case.verb(), &case.url, headers, body).await.status
    };
    check(arborist::endpoints(), &cases(tag, "new"), call).await;
}
