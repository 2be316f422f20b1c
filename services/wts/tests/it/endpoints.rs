//! Every endpoint, asked by nobody, by somebody who is not logged in anywhere and by somebody who is.

use testing::endpoints::{Kind, check};
use wts::Wts;

use crate::{cases::cases, support::World};

#[actix_web::test]
async fn every_endpoint_has_its_answer_for_every_caller() {
    let world = World::new().await;
    assert_eq!(world.log_in("ada", "idp=other").await.status, 200);
    check(Wts::endpoints(), &cases(), async |case, kind| {
        let who = match kind {
            Kind::Anonymous => "",
            Kind::Stranger => "eve",
            Kind::Permitted => "ada",
        };
        world.send(case.verb(), &case.url, who, "").await.status
    })
    .await;
    let answer = world.send("POST", "/token", "ada", "").await;
    assert_eq!((answer.status, answer.message().as_str()), (405, "Method Not Allowed"));
    let answer = world.get("/nothing", "ada").await;
    assert_eq!((answer.status, answer.message().as_str()), (404, "nothing is served at this path"));
    assert_eq!(world.get("/_status", "").await.text, "Healthy");
}

#[actix_web::test]
async fn without_its_database_the_service_says_so() {
    let world = World::new().await;
    sqlx::query("drop table refresh_token").execute(&world.database.pool).await.unwrap();
    let answer = world.get("/_status", "").await;
    assert_eq!((answer.status, answer.text.as_str()), (500, "Unhealthy"));
    assert!(web::Service::ready(&*world.wts).await.is_err());
}
