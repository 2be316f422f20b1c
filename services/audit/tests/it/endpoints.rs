//! Every endpoint, asked by nobody, by somebody without rights and by somebody with them.

use audit::Audit;
use serde_json::json;
use testing::endpoints::{Case, Kind, check};

use crate::support::World;

/// Writing is for services, which alone reach it: a gateway passes on GET only.
fn cases() -> Vec<Case> {
    let log = "/log/{category}";
    let login = json!({"request_url": "/login", "status_code": 200, "username": "ada", "idp": "google"});
    let mut cases = vec![
        Case::new("POST", log, "/log/login", [201, 201, 201]).with(login),
        Case::new("POST", log, "/log/login", [422, 422, 422]).with(json!({})),
        Case::new("POST", log, "/log/other", [404, 404, 404]).with(json!({})),
        Case::new("GET", log, "/log/other", [400, 400, 400]),
    ];
    for url in ["/log/login", "/log/presigned_url?groupby=guid", "/log/presigned_url?count&guid=x"] {
        cases.push(Case::new("GET", log, url, [403, 403, 200]));
    }
    // Who may not read learns nothing of fields either.
    cases.push(Case::new("GET", log, "/log/login?guid=x", [403, 403, 400]));
    for path in ["/", "/_status", "/_version", "/_schema"] {
        cases.push(Case::new("GET", path, path, [200, 200, 200]));
    }
    cases
}

#[actix_web::test]
async fn every_endpoint_has_its_answer_for_every_caller() {
    let world = World::new().await;
    check(Audit::endpoints(), &cases(), async |case, kind| {
        let who = match kind {
            Kind::Anonymous => "",
            Kind::Stranger => "nobody",
            Kind::Permitted => "reader",
        };
        let body = (!case.body.is_null()).then_some(&case.body);
        world.send(case.verb(), &case.url, who, body).await.0
    })
    .await;
}

#[actix_web::test]
async fn a_right_is_for_its_category_and_a_refused_token_has_none() {
    let world = World::new().await;
    let status = async |path: &str, who: &str| world.send("GET", path, who, None).await.0;
    assert_eq!(status("/log/login", "half").await, 200);
    assert_eq!(status("/log/presigned_url", "half").await, 403);
    assert_eq!(status("/log/login", "forged").await, 403);
    assert_eq!(status("/log/login", "unlucky").await, 503, "nobody can say");
    assert_eq!(
        world.send("PUT", "/log/login", "reader", None).await,
        (405, json!({"detail": "Method Not Allowed"}))
    );
    assert_eq!(world.send("GET", "/nothing", "reader", None).await, (404, json!({"detail": "Not Found"})));
}
