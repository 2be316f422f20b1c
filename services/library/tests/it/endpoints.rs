//! Every endpoint, asked by nobody, by another user and by the owner.

use library::Library;
use testing::endpoints::{Kind, check};

use crate::{cases::cases, support::World};

#[actix_web::test]
async fn every_endpoint_has_its_answer_for_every_caller() {
    let world = World::new().await;
    let id = world.make("7", "mine").await;
    check(Library::endpoints(), &cases(&id), async |case, kind| {
        let who = match kind {
            Kind::Anonymous => "",
            Kind::Stranger => "8",
            Kind::Permitted => "7",
        };
        world.send(case.verb(), &case.url, who, &case.body).await.0
    })
    .await;
    assert_eq!(world.get("/lists", "client").await.0, 401, "a client without a user has no library");
}
