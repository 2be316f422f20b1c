//! Uploads to a store that tells this process nothing: they are noted, and several processes share the work.

use std::time::{Duration, Instant};

use fence::upload_indexing::{QueueSource, Settlement, UploadSource as _};
use indexclient::Record;
use serde_json::{Value, json};
use sqlx::PgPool;
use storage::Location;
use tokio::time::timeout;

use crate::world::{BUCKET, World, answer};

const GUID: &str = "0714aee0-0c5e-45c0-845d-8c073174242c";
/// Longer than it takes to look for what is due.
const LOOK: Duration = Duration::from_millis(2_500);

pub(crate) async fn filled(world: &World, guid: &str) -> Record {
    let started = Instant::now();
    loop {
        let record = world.index.record(guid).unwrap();
        if record.size.is_some() {
            return record;
        }
        assert!(started.elapsed() < Duration::from_secs(10), "the record is still blank");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn begin(world: &World, name: &str) -> (String, String) {
    let token = world.token("uploader").await;
    let (status, body) =
        answer(world.post("/data/upload", &json!({ "file_name": name })).bearer_auth(token)).await;
    assert_eq!(status, 201, "{body}");
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    (text("guid"), text("url"))
}

/// Notes that an object is there, as events do.
async fn tell(pool: &PgPool, url: &str) {
    sqlx::query(
        "insert into commons_upload as u (url, told, due_at, wait_until) values ($1, 1, now(), now())
         on conflict (url) do update set told = u.told + 1, due_at = now()",
    )
    .bind(url)
    .execute(pool)
    .await
    .unwrap();
}

async fn change(pool: &PgPool, statement: &'static str) {
    sqlx::query(statement).execute(pool).await.unwrap();
}

async fn noted(pool: &PgPool) -> i64 {
    sqlx::query_scalar("select count(*) from commons_upload").fetch_one(pool).await.unwrap()
}

async fn settled(pool: &PgPool) {
    let started = Instant::now();
    while noted(pool).await > 0 {
        assert!(started.elapsed() < Duration::from_secs(10), "an upload is still noted");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn object() -> (String, Location) {
    (format!("s3://{BUCKET}/{GUID}/f"), Location::new(BUCKET, format!("{GUID}/f")).unwrap())
}

#[tokio::test]
async fn an_upload_of_which_nobody_tells_is_found() {
    let world = World::new().await;
    let indexing = world.fence.index_uploads().unwrap();
    let (guid, url) = begin(&world, "f").await;
    // Not there yet; it is looked for again.
    change(&world.database.pool, "update commons_upload set due_at = now()").await;
    tokio::time::sleep(LOOK).await;
    assert!(world.index.record(&guid).unwrap().size.is_none());
    world.http.put(url).body("content").send().await.unwrap();
    change(&world.database.pool, "update commons_upload set due_at = now()").await;
    assert_eq!(filled(&world, &guid).await.size, Some(7));
    settled(&world.database.pool).await;
    indexing.stop().await;
}

/// Puts a file in parts, and returns its GUID.
async fn put_in_parts(world: &World) -> String {
    let token = world.token("uploader").await;
    let call = async |step: &str, body: Value| {
        answer(world.post(&format!("/data/multipart/{step}"), &body).bearer_auth(&token)).await
    };
    let (_, begun) = call("init", json!({ "file_name": "f" })).await;
    let guid = begun["guid"].as_str().unwrap();
    let (key, upload) = (format!("{guid}/f"), &begun["uploadId"]);
    let (_, part) = call("upload", json!({ "key": key, "uploadId": upload, "partNumber": 1 })).await;
    let put = world.http.put(part["presigned_url"].as_str().unwrap()).body("content").send().await.unwrap();
    let etag = put.headers()["etag"].to_str().unwrap();
    let parts = json!([{ "PartNumber": 1, "ETag": etag }]);
    let (status, told) = call("complete", json!({ "key": key, "uploadId": upload, "parts": parts })).await;
    assert_eq!(status, 200, "{told}");
    guid.to_owned()
}

#[tokio::test]
async fn a_file_in_parts_is_indexed_when_it_is_completed() {
    let world = World::new().await;
    let indexing = world.fence.index_uploads().unwrap();
    let guid = put_in_parts(&world).await;
    assert_eq!(filled(&world, &guid).await.size, Some(7));
    settled(&world.database.pool).await;
    indexing.stop().await;
}

#[tokio::test]
async fn nothing_is_noted_where_the_store_itself_tells() {
    let world = World::new().await;
    begin(&world, "f").await;
    assert_eq!(noted(&world.database.pool).await, 0);
}

#[tokio::test]
async fn without_a_bucket_or_where_it_is_turned_off_no_records_are_filled() {
    let world = World::with(|config| config.data_upload_bucket.clear()).await;
    assert!(world.fence.index_uploads().is_none());
    let world = World::with(|config| config.upload_indexing.enabled = false.into()).await;
    assert!(world.fence.index_uploads().is_none());
}

#[tokio::test]
async fn one_of_several_processes_gets_an_object_that_was_told_of_twice() {
    let world = World::new().await;
    let pool = &world.database.pool;
    let (url, location) = object();
    tell(pool, &url).await;
    tell(pool, &url).await;
    let (mut first, mut second) = (QueueSource::new(pool.clone()), QueueSource::new(pool.clone()));
    let (one, other) = tokio::join!(timeout(LOOK, first.next()), timeout(LOOK, second.next()));
    assert_eq!(one.is_ok() as u8 + other.is_ok() as u8, 1, "{one:?} {other:?}");
    let holder = if one.is_ok() { &mut first } else { &mut second };
    holder.settle(&location, Settlement::Done).await;
    assert_eq!(noted(pool).await, 0);
}

#[tokio::test]
async fn what_a_process_holds_goes_to_another_when_it_leaves_or_is_not_heard_of() {
    let world = World::new().await;
    let pool = &world.database.pool;
    let (url, location) = object();
    tell(pool, &url).await;
    let mut first = QueueSource::new(pool.clone());
    assert_eq!(timeout(LOOK, first.next()).await.unwrap(), Some(location.clone()));
    first.leave().await;
    let mut second = QueueSource::new(pool.clone());
    assert_eq!(timeout(LOOK, second.next()).await.unwrap(), Some(location.clone()));
    // As if it had been killed: nobody gives back what it holds.
    drop(second);
    let mut third = QueueSource::new(pool.clone());
    assert!(timeout(LOOK, third.next()).await.is_err(), "it is held still");
    change(pool, "update commons_upload set held_until = now() - interval '1 second'").await;
    assert_eq!(timeout(LOOK, third.next()).await.unwrap(), Some(location));
}

#[tokio::test]
async fn what_is_in_work_stays_held_and_comes_back_when_it_cannot_be_noted_what_became_of_it() {
    const HOLD: Duration = Duration::from_secs(2);
    let world = World::new().await;
    let pool = &world.database.pool;
    let (url, location) = object();
    tell(pool, &url).await;
    let mut source = QueueSource::holding(pool.clone(), HOLD);
    assert_eq!(timeout(LOOK, source.next()).await.unwrap(), Some(location.clone()));
    let mut other = QueueSource::holding(pool.clone(), HOLD);
    assert!(timeout(HOLD * 2, other.next()).await.is_err(), "it is in work");
    drop(other);
    let refuse = "create function refuse() returns trigger language plpgsql as \
                  $$ begin raise exception 'no'; end $$";
    change(pool, refuse).await;
    change(pool, "create trigger refuse before delete on commons_upload execute function refuse()").await;
    source.settle(&location, Settlement::Done).await;
    assert_eq!(noted(pool).await, 1);
    change(pool, "drop trigger refuse on commons_upload").await;
    assert_eq!(timeout(HOLD + LOOK, source.next()).await.unwrap(), Some(location.clone()));
    source.settle(&location, Settlement::Done).await;
    assert_eq!(noted(pool).await, 0);
}

#[tokio::test]
async fn a_file_in_parts_that_is_completed_is_a_success_whether_it_can_be_told_of_or_not() {
    let world = World::new().await;
    let pool = &world.database.pool;
    let indexing = world.fence.index_uploads().unwrap();
    let refuse = "create function refuse() returns trigger language plpgsql as \
                  $$ begin raise exception 'no'; end $$";
    change(pool, refuse).await;
    let told = "create trigger refuse before insert on commons_upload for each row when (new.told > 0) \
                execute function refuse()";
    change(pool, told).await;
    let guid = put_in_parts(&world).await;
    assert_eq!(world.index.record(&guid).unwrap().size, None);
    // It is found all the same.
    change(pool, "update commons_upload set due_at = now()").await;
    assert_eq!(filled(&world, &guid).await.size, Some(7));
    indexing.stop().await;
}

#[tokio::test]
async fn an_object_that_is_told_of_while_it_is_read_is_looked_at_again() {
    let world = World::new().await;
    let pool = &world.database.pool;
    let (url, location) = object();
    tell(pool, &url).await;
    let mut source = QueueSource::new(pool.clone());
    for settlement in [Settlement::Done, Settlement::Absent] {
        assert_eq!(timeout(LOOK, source.next()).await.unwrap(), Some(location.clone()));
        tell(pool, &url).await;
        source.settle(&location, settlement).await;
    }
    assert_eq!(timeout(LOOK, source.next()).await.unwrap(), Some(location.clone()));
    source.settle(&location, Settlement::Done).await;
    assert_eq!(noted(pool).await, 0);
}

#[tokio::test]
async fn what_is_not_there_or_fails_is_tried_again_later_and_not_for_ever() {
    let world = World::new().await;
    let pool = &world.database.pool;
    let (url, location) = object();
    let later = "select count(*) from commons_upload
                 where due_at > now() + interval '10 seconds' and due_at < now() + interval '2 minutes'
                       and tries = 1 and holder is null";
    for (settlement, end) in [
        (Settlement::Absent, "update commons_upload set due_at = now(), wait_until = now()"),
        (
            Settlement::GivenUp,
            "update commons_upload set due_at = now(), wait_until = now() - interval '15 days'",
        ),
    ] {
        tell(pool, &url).await;
        change(pool, "update commons_upload set wait_until = now() + interval '1 hour'").await;
        let mut source = QueueSource::new(pool.clone());
        assert_eq!(timeout(LOOK, source.next()).await.unwrap(), Some(location.clone()));
        source.settle(&location, settlement).await;
        assert_eq!(sqlx::query_scalar::<_, i64>(later).fetch_one(pool).await.unwrap(), 1, "{settlement:?}");
        change(pool, end).await;
        assert_eq!(timeout(LOOK, source.next()).await.unwrap(), Some(location.clone()));
        source.settle(&location, settlement).await;
        assert_eq!(noted(pool).await, 0, "{settlement:?}");
    }
}
