//! Bodies, and failures that are nobody's fault but ours.

use std::{sync::Arc, time::Duration};

use fence::{Config, Fence};
use serde_json::json;
use sqlx::postgres::PgPoolOptions;
use testing::Rights;

use crate::world::{World, answer};

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_in_json() {
    let world = World::new().await;
    let body = json!({ "guids": ["x".repeat(3 << 20)] });
    let (status, document) = answer(world.post("/data/download/bulk", &body)).await;
    assert_eq!((status, &document["message"]), (413, &json!("the body is larger than 2097152 bytes")));
}

#[tokio::test]
async fn a_compressed_body_is_unpacked() {
    // {"guids":["none"]}
    const GZIP: &str = "1f8b0800000000000203ab564a2fcd4c2956b28a56cacbcf4b558aad05007d6e811f12000000";
    let world = World::new().await;
    let request = world.request("POST", "/data/download/bulk").header("content-type", "application/json");
    let request = request.header("content-encoding", "gzip").body(hex::decode(GZIP).unwrap());
    let (status, document) = answer(request).await;
    assert_eq!(status, 200, "{document}");
    assert_eq!(document["failed_guids"], json!([{ "error_code": 404, "object_ids": ["none"] }]));
}

#[tokio::test]
async fn without_a_free_connection_clients_are_asked_to_come_again() {
    let world = World::new().await;
    let options = (*world.database.pool.connect_options()).clone();
    let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_millis(200));
    let pool = pool.connect_lazy_with(options);
    let config = Config { base_url: world.tokens.issuer().to_owned(), ..Config::default() };
    let rights = Arc::new(Rights::of_plain_tokens());
    let (index, store) = (world.index.clone(), world.store.clone());
    let keys = world.tokens.keys();
    let fence = Fence::build(config, pool.clone(), keys, rights, index, store, &world.http).unwrap();
    let listener = web::bind("127.0.0.1".parse().unwrap(), 0).unwrap();
    let url = format!("http://{}/_status", listener.local_addr().unwrap());
    let _server = web::Server::start(listener, fence, 1).unwrap();

    let taken = loop {
        // A busy machine may take longer than the pool waits.
        if let Ok(connection) = pool.acquire().await {
            break connection;
        }
    };
    for accept in ["application/json", "text/html"] {
        let answer = world.http.get(&url).header("accept", accept).send().await.unwrap();
        assert_eq!(answer.status(), 503, "{accept}");
        assert!(answer.headers().contains_key("retry-after"), "{accept}");
    }
    drop(taken);
}
