//! Every endpoint, asked by nobody, by another user and by one who may.

use operations::Operations;
use serde_json::Map;
use testing::endpoints::{Kind, check};

use crate::{cases::cases, support::World};

#[actix_web::test]
async fn every_endpoint_has_its_answer_for_every_caller() {
    let world = World::new().await;
    let run = world.queue.submit("say", Map::new(), Some("op")).await.unwrap().id;
    let ended = world.queue.submit("say", Map::new(), Some("op")).await.unwrap().id;
    world.queue.cancel(ended).await.unwrap();
    check(
        Operations::endpoints(),
        &cases("say", &run.to_string(), &ended.to_string()),
        async |case, kind| {
            let who = match kind {
                Kind::Anonymous => "",
                Kind::Stranger => "eve",
                Kind::Permitted => "op",
            };
            world.send(case.verb(), &case.url, who, &case.body).await.0
        },
    )
    .await;
}

#[actix_web::test]
async fn who_was_shut_out_is_nobody_and_where_nobody_can_say_so_nothing_is_done() {
    let world = World::new().await;
    for (who, status) in [("gone", 401), ("unheard", 503)] {
        assert_eq!(world.get("/v1/runs", who).await.0, status, "{who}");
        assert_eq!(world.get("/list", who).await.0, status, "{who}");
    }
}
