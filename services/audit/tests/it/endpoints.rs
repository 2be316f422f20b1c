//! Every endpoint, asked by nobody, by somebody without rights and by somebody with them.

use audit::Audit;
use serde_json::json;
use testing::endpoints::{Kind, check};

use crate::{cases::cases, support::World};

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
