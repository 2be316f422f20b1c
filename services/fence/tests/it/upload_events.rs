//! Stores that tell of uploads over HTTP.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
};

use fence::{Config, EventSecret};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tokens::Claims;

use crate::{
    upload_queue::filled,
    world::{BUCKET, World, answer},
};

const SECRET: &str = "a-secret-of-the-store";
const TOPIC: &str = "arn:aws:sns:us-east-1:1:uploads";

fn hearing(config: &mut Config) {
    config.upload_indexing.event_secrets = vec![EventSecret::from(SECRET.to_owned())];
    config.upload_indexing.sns_topics = vec![TOPIC.into()];
}

async fn hearing_world() -> (World, fence::upload_indexing::UploadIndexing) {
    let world = World::with(hearing).await;
    let indexing = world.fence.index_uploads().unwrap();
    (world, indexing)
}

fn created(key: &str) -> Value {
    let s3 = json!({ "bucket": { "name": BUCKET }, "object": { "key": key, "size": 7 } });
    json!({ "Records": [{ "eventName": "s3:ObjectCreated:Put", "s3": s3 }] })
}

/// A file that is in the store, and of which nobody has told.
async fn uploaded(world: &World, name: &str) -> String {
    let token = world.token("uploader").await;
    let begun = world.post("/data/upload", &json!({ "file_name": name })).bearer_auth(token);
    let (status, body) = answer(begun).await;
    assert_eq!(status, 201, "{body}");
    let put = world.http.put(body["url"].as_str().unwrap()).body("content").send().await.unwrap();
    assert_eq!(put.status(), 200);
    body["guid"].as_str().unwrap().to_owned()
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn an_object_of_which_a_store_tells_is_indexed_whatever_the_secret_comes_in() {
    let (world, indexing) = hearing_world().await;
    let post = |path: &str, body: &Value| world.post(&format!("/data/events/{path}"), body);
    let guid = uploaded(&world, "a b+ü.txt").await;
    let told = created(&format!("{guid}/a+b%2B%C3%BC.txt"));
    assert_eq!(status(post("s3", &told).bearer_auth(SECRET)).await, 204);
    let record = filled(&world, &guid).await;
    assert_eq!(record.urls, [format!("s3://{BUCKET}/{guid}/a b+ü.txt")]);

    let guid = uploaded(&world, "f").await;
    let message = created(&format!("{guid}/f")).to_string();
    let envelope = json!({ "Type": "Notification", "TopicArn": TOPIC, "Message": message });
    assert_eq!(status(post("s3", &envelope).basic_auth("sns", Some(SECRET))).await, 204);
    filled(&world, &guid).await;

    let guid = uploaded(&world, "f").await;
    let by_url = post(&format!("s3?token={SECRET}"), &created(&format!("{guid}/f")));
    assert_eq!(status(by_url).await, 204);
    filled(&world, &guid).await;
    indexing.stop().await;
}

#[tokio::test]
async fn the_same_object_told_of_many_times_is_harmless() {
    let (world, indexing) = hearing_world().await;
    let guid = uploaded(&world, "f").await;
    let told = created(&format!("{guid}/f"));
    let tell = || status(world.post("/data/events/s3", &told).bearer_auth(SECRET));
    let all = futures_util::future::join_all((0..20).map(|_| tell())).await;
    assert_eq!(all, [204; 20]);
    let record = filled(&world, &guid).await;
    assert_eq!(tell().await, 204);
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(world.index.record(&guid).unwrap().rev, record.rev);
    indexing.stop().await;
}

#[tokio::test]
async fn an_object_that_is_told_of_again_has_its_time_again() {
    let (world, indexing) = hearing_world().await;
    // What is told is noted, and nobody works on it.
    indexing.stop().await;
    let pool = &world.database.pool;
    let told = created("0714aee0-0c5e-45c0-845d-8c073174242c/f");
    let tell =
        async || assert_eq!(status(world.post("/data/events/s3", &told).bearer_auth(SECRET)).await, 204);
    tell().await;
    for days in [-20, 1] {
        let change = "update commons_upload set wait_until = now() + $1 * interval '1 day'";
        sqlx::query(change).bind(days).execute(pool).await.unwrap();
        tell().await;
        let left = "select extract(epoch from wait_until - now())::bigint / 3600 from commons_upload";
        let hours: i64 = sqlx::query_scalar(left).fetch_one(pool).await.unwrap();
        assert_eq!(hours, if days < 0 { 0 } else { 24 }, "{days}");
    }
}

#[tokio::test]
async fn who_does_not_know_the_secret_tells_nothing() {
    let (world, indexing) = hearing_world().await;
    for kind in ["s3", "google", "azure"] {
        let path = format!("/data/events/{kind}");
        let post = || world.post(&path, &created("g/f"));
        let refused = post().send().await.unwrap();
        assert_eq!(refused.status(), 401);
        assert_eq!(refused.headers()["www-authenticate"], r#"Basic realm="uploads""#);
        assert_eq!(status(post().bearer_auth("another-secret-of-it")).await, 401);
        assert_eq!(status(post().bearer_auth(&SECRET[1..])).await, 401);
        assert_eq!(status(post().basic_auth(SECRET, Some(""))).await, 401);
        assert_eq!(status(world.post(&format!("{path}?token="), &json!({}))).await, 401);
        // A user of the commons is nobody here.
        assert_eq!(status(post().bearer_auth(world.token("everything").await)).await, 401);
        assert_eq!(status(world.get(&path).bearer_auth(SECRET)).await, 405);
    }
    let noted: i64 = sqlx::query_scalar("select count(*) from commons_upload")
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
    assert_eq!(noted, 0);
    indexing.stop().await;
}

#[tokio::test]
async fn without_a_secret_nobody_is_heard() {
    let world = World::new().await;
    let indexing = world.fence.index_uploads().unwrap();
    let (status, body) = answer(world.post("/data/events/s3", &created("g/f")).bearer_auth("")).await;
    assert_eq!(status, 404);
    assert!(body["message"].as_str().unwrap().contains("event_secrets"), "{body}");
    indexing.stop().await;
}

#[tokio::test]
async fn messages_that_cannot_be_used_are_refused_precisely_and_note_nothing() {
    let (world, indexing) = hearing_world().await;
    let send = async |kind: &str, body: String| {
        let request = world.request("POST", &format!("/data/events/{kind}")).bearer_auth(SECRET).body(body);
        status(request).await
    };
    for kind in ["s3", "google", "azure"] {
        for body in ["", "{", "[]x", "{}", "7"] {
            assert_eq!(send(kind, body.into()).await, 400, "{kind} {body}");
        }
        assert_eq!(send(kind, format!("\"{}\"", "x".repeat(1_048_576))).await, 413, "{kind}");
    }
    let other = json!({ "Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:2:x", "Message": "{}" });
    assert_eq!(send("s3", other.to_string()).await, 403);
    let elsewhere = json!({
        "Type": "SubscriptionConfirmation", "TopicArn": TOPIC, "SubscribeURL": "http://127.0.0.1:1/",
    });
    assert_eq!(send("s3", elsewhere.to_string()).await, 403);
    // What cannot be an upload is left out.
    let long = format!("0714aee0-0c5e-45c0-845d-8c073174242c/{}", "x".repeat(3_000));
    for key in ["no/guid", "0714aee0-0c5e-45c0-845d-8c073174242c/../x", "a\0b", &long] {
        assert_eq!(send("s3", created(key).to_string()).await, 204, "{key:.50}");
    }
    let noted: i64 = sqlx::query_scalar("select count(*) from commons_upload")
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
    assert_eq!(noted, 0);
    indexing.stop().await;
}

#[tokio::test]
async fn a_subscription_of_a_known_topic_is_confirmed() {
    let sns = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", sns.local_addr().unwrap());
    let world = World::with(|config| {
        hearing(config);
        config.upload_indexing.sns_endpoint = Some(endpoint.parse().unwrap());
    })
    .await;
    let indexing = world.fence.index_uploads().unwrap();
    let called = std::thread::spawn(move || {
        let (mut stream, _) = sns.accept().unwrap();
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
        line
    });
    let address = format!("{endpoint}/?Action=ConfirmSubscription&Token=t");
    let body = json!({ "Type": "SubscriptionConfirmation", "TopicArn": TOPIC, "SubscribeURL": address });
    let told = world.request("POST", "/data/events/s3").bearer_auth(SECRET).body(body.to_string());
    assert_eq!(status(told).await, 204);
    assert_eq!(called.join().unwrap(), "GET /?Action=ConfirmSubscription&Token=t HTTP/1.1\r\n");
    indexing.stop().await;
}

#[tokio::test]
async fn the_code_of_event_grid_is_repeated() {
    let (world, indexing) = hearing_world().await;
    let event = json!([{
        "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent", "data": { "validationCode": "512d" },
    }]);
    let request = world.post(&format!("/data/events/azure?token={SECRET}"), &event);
    assert_eq!(answer(request).await, (200, json!({ "validationResponse": "512d" })));
    indexing.stop().await;
}

#[tokio::test]
async fn pubsub_may_push_with_the_token_of_its_service_account() {
    let world = World::with(|config| {
        let settings = json!({
            "audience": "https://commons.example/push", "service_account": "push@project",
            "issuer": config.base_url,
        });
        config.upload_indexing.pubsub = Some(serde_json::from_value(settings).unwrap());
    })
    .await;
    let indexing = world.fence.index_uploads().unwrap();
    let attributes = json!({ "eventType": "OBJECT_FINALIZE", "bucketId": "b", "objectId": "g/f" });
    let push = json!({ "message": { "attributes": attributes, "messageId": "1" }, "subscription": "s" });
    let end = chrono::Utc::now().timestamp() + 60;
    let send = async |audience: &str, account: &str, end: i64| {
        let claims: Claims = serde_json::from_value(json!({
            "iss": world.tokens.issuer(), "aud": [audience], "exp": end, "iat": end - 120,
            "email": account, "email_verified": true,
        }))
        .unwrap();
        let token = world.tokens.keys().signing().sign(&claims).unwrap();
        status(world.post("/data/events/google", &push).bearer_auth(token)).await
    };
    let audience = "https://commons.example/push";
    assert_eq!(send(audience, "push@project", end).await, 204);
    assert_eq!(send("https://elsewhere.example", "push@project", end).await, 401);
    assert_eq!(send(audience, "other@project", end).await, 401);
    assert_eq!(send(audience, "push@project", end - 120).await, 401);
    indexing.stop().await;
}
