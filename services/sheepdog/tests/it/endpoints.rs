//! Every endpoint, called by nobody, by a user without rights and by one with all of them.

use actix_web::test::TestRequest;
use testing::endpoints::{Kind, check};

use crate::{cases::cases, support::TestSheepdog};

#[actix_web::test]
async fn every_endpoint_refuses_those_who_may_not() {
    let sheepdog = TestSheepdog::start().await;
    check(sheepdog::endpoints(), &cases("P", "Q"), async |case, kind| {
        let user = match kind {
            Kind::Anonymous => None,
            Kind::Stranger => Some("stranger"),
            Kind::Permitted => Some("admin"),
        };
        let request = TestRequest::default().method(case.verb().parse().unwrap()).uri(&case.url);
        sheepdog.send(request.set_json(&case.body), user).await.status
    })
    .await;
}
