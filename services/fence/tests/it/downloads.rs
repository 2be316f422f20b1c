//! Who gets which URL.

use indexclient::Record;
use serde_json::{Value, json};

use crate::world::{BUCKET, World, answer};

fn record(did: &str, authz: &[&str], acl: &[&str], urls: &[&str]) -> Record {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    Record {
        did: did.into(),
        size: Some(1),
        authz: texts(authz),
        acl: texts(acl),
        urls: texts(urls),
        ..Record::default()
    }
}

async fn world() -> World {
    let world = World::new().await;
    world.index.put(record("open", &["/open"], &[], &["s3://uploads/open", "https://h.example/k?x=y"]));
    world.index.put(record("a", &["/programs/a/x"], &[], &["s3://uploads/k"]));
    world.index.put(record("both", &["/programs/a", "/programs/b"], &[], &["s3://uploads/both"]));
    world.index.put(record("public", &[], &["*"], &["s3://uploads/public"]));
    world.index.put(record("legacy", &[], &["phs1"], &["s3://uploads/legacy"]));
    world.index.put(record("dg.1/with/slashes", &["/open"], &[], &["s3://uploads/slashes"]));
    world.index.put(record("nowhere", &["/open"], &[], &[]));
    world.index.put(record("google", &["/open"], &[], &["gs://b/k"]));
    world.index.put(record("elsewhere", &["/open"], &[], &["s3://unknown/k"]));
    world
}

async fn status(world: &World, path: &str, token: Option<&str>) -> u16 {
    let request = world.get(&format!("/data/download/{path}"));
    answer(match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    })
    .await
    .0
}

#[tokio::test]
async fn denied_downloads_are_401_and_permitted_ones_name_the_reader() {
    let world = world().await;
    let (reader, nobody) = (world.token("reader").await, world.token("nobody").await);
    assert_eq!(status(&world, "a", None).await, 401);
    assert_eq!(status(&world, "a", Some(&nobody)).await, 401);
    assert_eq!(status(&world, "a", Some("garbage")).await, 401);
    assert_eq!(status(&world, "both", Some(&reader)).await, 401, "all paths are needed");
    let (status, body) = answer(world.get("/data/download/a").bearer_auth(&reader)).await;
    assert_eq!(status, 200);
    let url = reqwest::Url::parse(body["url"].as_str().unwrap()).unwrap();
    let value = |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    assert_eq!((value("username"), value("client_id")), ("reader".into(), String::new()));
    assert_eq!(value("X-Amz-Expires"), "3600");
    assert_eq!(url.path(), format!("/{BUCKET}/k"));
}

#[tokio::test]
async fn public_files_need_no_login_but_a_token_that_is_shown_must_be_good_where_arborist_decides() {
    let world = world().await;
    let (_, body) = answer(world.get("/data/download/open")).await;
    let url = body["url"].as_str().unwrap();
    assert!(url.contains("user_id=-1") && url.contains("username=anonymous"), "{url}");
    assert_eq!(status(&world, "public", None).await, 200);
    let expired = world.tokens.token_with("reader", |claims| claims.exp = 1);
    assert_eq!(status(&world, "open", Some(&expired)).await, 401);
    let client = world.tokens.token_with("reader", |claims| {
        claims.azp = Some("client".into());
        claims.context = None;
    });
    assert_eq!(status(&world, "open", Some(&client)).await, 403);
}

#[tokio::test]
async fn the_legacy_access_list_counts_where_there_are_no_resource_paths() {
    let world = world().await;
    let (reader, nobody) = (world.token("reader").await, world.token("nobody").await);
    sqlx::raw_sql(
        r#"insert into project (name, auth_id) values ('p', 'phs1');
           insert into access_privilege (user_id, project_id, privilege)
           select u.id, p.id, '{read-storage}' from "User" u, project p where u.username = 'reader'"#,
    )
    .execute(&world.database.pool)
    .await
    .unwrap();
    assert_eq!(status(&world, "legacy", None).await, 401);
    assert_eq!(status(&world, "legacy", Some(&nobody)).await, 401);
    assert_eq!(status(&world, "legacy", Some(&reader)).await, 200);
}

#[tokio::test]
async fn what_cannot_be_had_is_told_precisely() {
    let world = world().await;
    for (path, expected) in [
        ("missing", 404),
        ("nowhere", 404),
        ("open?protocol=gs", 404),
        ("open?protocol=S3", 404),
        ("google", 400),
        ("elsewhere", 500),
        ("open?expires_in=0", 400),
        ("open?expires_in=1.5", 400),
        ("open?expires_in=", 400),
        ("open?protocol=", 200),
        ("dg.1/with/slashes", 200),
        ("dg.1%2Fwith%2Fslashes", 200),
    ] {
        assert_eq!(status(&world, path, None).await, expected, "{path}");
    }
}

#[tokio::test]
async fn arguments_choose_the_location_the_life_and_the_form_of_the_answer() {
    let world = world().await;
    let url = async |path: &str| -> String {
        answer(world.get(&format!("/data/download/{path}"))).await.1["url"].as_str().unwrap().to_owned()
    };
    assert_eq!(url("open?protocol=http").await, "https://h.example/k?x=y");
    assert!(url("open?expires_in=60").await.contains("X-Amz-Expires=60&"));
    assert!(url("open?expires_in=99999").await.contains("X-Amz-Expires=3600&"));
    assert!(!url("open?no_force_sign=true").await.contains("X-Amz"));
    let redirect = world.get("/data/download/open?redirect").send().await.unwrap();
    assert_eq!(redirect.status(), 302);
    assert!(redirect.headers()["location"].to_str().unwrap().contains("X-Amz-Signature="));
}

#[tokio::test]
async fn many_files_are_decided_as_each_alone() {
    let world = world().await;
    let reader = world.token("reader").await;
    let guids = json!({ "guids": ["a", "both", "open", "legacy", "public", "missing", "a", "google"] });
    let (status, body) = answer(world.post("/data/download/bulk", &guids).bearer_auth(&reader)).await;
    assert_eq!(status, 200, "{body}");
    let found: Vec<&Value> =
        body["urls"].as_array().unwrap().iter().map(|url| &url["drs_object_id"]).collect();
    assert_eq!(found, ["a", "open", "public", "a"]);
    assert_eq!(
        body["failed_guids"],
        json!([
            { "error_code": 400, "object_ids": ["google"] },
            { "error_code": 401, "object_ids": ["both", "legacy"] },
            { "error_code": 404, "object_ids": ["missing"] },
        ])
    );
    assert_eq!(answer(world.post("/data/download/bulk", &json!({ "guids": [] }))).await.0, 400);
    assert_eq!(answer(world.post("/data/download/bulk", &json!({ "guids": "a" }))).await.0, 400);
}

#[tokio::test]
async fn drs_access_is_a_download_by_another_name() {
    let world = world().await;
    let objects = "/ga4gh/drs/v1/objects";
    let get = async |path: &str| answer(world.get(&format!("{objects}/{path}"))).await.0;
    assert_eq!(get("open/access/s3").await, 200);
    assert_eq!(get("dg.1/with/slashes/access/s3").await, 200);
    assert_eq!(get("a/access/s3").await, 401);
    assert_eq!(get("open/access/ftp").await, 404);
    assert_eq!(get("missing/access/s3").await, 404);
    assert_eq!(get("open/access/").await, 400);
    let post = async |body: Value| answer(world.post(&format!("{objects}/open/access/s3"), &body)).await.0;
    assert_eq!(post(json!({})).await, 200);
    assert_eq!(post(json!({ "passports": ["x"] })).await, 400);
    let bulk = async |body: Value| answer(world.post(&format!("{objects}/access"), &body)).await;
    let asked = |id: &str| json!({ "bulk_object_id": id, "bulk_access_ids": ["s3"] });
    let (status, body) = bulk(json!({ "bulk_object_access_ids": [asked("open"), asked("a")] })).await;
    assert_eq!(status, 200);
    assert_eq!(body["summary"], json!({ "requested": 2, "resolved": 1, "unresolved": 1 }));
    assert_eq!(body["unresolved_drs_objects"], json!([{ "error_code": 401, "object_ids": ["a"] }]));
    assert_eq!(body["resolved_drs_object_access_urls"][0]["drs_access_id"], "s3");
    assert_eq!(bulk(json!({ "bulk_object_access_ids": [asked("a")] })).await.0, 401);
    let (status, body) = bulk(json!({ "bulk_object_access_ids": vec![asked("open"); 101] })).await;
    assert_eq!((status, &body["error_code"]), (413, &json!(413)));
}

#[tokio::test]
async fn the_list_of_buckets_shows_no_keys() {
    let world = world().await;
    let (status, body) = answer(world.get("/data/buckets")).await;
    assert_eq!(status, 200);
    let bucket = body["S3_BUCKETS"][BUCKET].as_object().unwrap();
    assert_eq!(bucket.keys().collect::<Vec<_>>(), ["endpoint_url"]);
    assert_eq!((&body["GS_BUCKETS"], body.get("AZ_BLOB_ACCOUNTS")), (&json!({}), None), "as the original");
}

#[tokio::test]
async fn a_record_that_names_the_object_of_another_ones_upload_gives_no_right_to_it() {
    let world = world().await;
    let (own, theirs) = ("0714aee0-0c5e-45c0-845d-8c073174242c", "5e9a9aae-36ff-4bff-9e1b-1c7c834fc354");
    let object = format!("s3://uploads/{theirs}/f");
    world.index.put(record(theirs, &["/programs/b"], &[], &[&object]));
    world.index.put(record(own, &["/programs/a"], &[], &[&object]));
    let reader = world.token("reader").await;
    assert_eq!(status(&world, own, Some(&reader)).await, 401);
    let (_, body) = answer(
        world.post("/data/download/bulk", &json!({ "guids": [own, theirs, "a"] })).bearer_auth(&reader),
    )
    .await;
    assert_eq!(body["failed_guids"], json!([{ "error_code": 401, "object_ids": [own, theirs] }]));
    assert_eq!(body["urls"].as_array().unwrap().len(), 1);
    world.index.put(record(theirs, &["/programs/a"], &[], &[&object]));
    assert_eq!(status(&world, own, Some(&reader)).await, 200);
}

/// Whether `path` is refused alone and among many files.
async fn is_refused(world: &World, did: &str, token: &str) -> bool {
    let alone = status(world, did, Some(token)).await;
    let (_, body) =
        answer(world.post("/data/download/bulk", &json!({ "guids": [did] })).bearer_auth(token)).await;
    let among_many = body["failed_guids"] == json!([{ "error_code": 401, "object_ids": [did] }]);
    assert_eq!(alone == 401, among_many, "{alone} {body}");
    among_many
}

#[tokio::test]
async fn a_location_that_a_record_names_is_read_by_the_readers_of_all_its_records() {
    let world = world().await;
    let reader = world.token("reader").await;
    world.index.put(record("theirs", &["/programs/b"], &[], &["s3://uploads/study/genome.bam"]));
    for url in [
        "s3://uploads/study/genome.bam",
        "s3://uploads//study/genome.bam",
        "s3://uploads/study//genome.bam",
        "s3://Uploads/study/genome.bam",
        "s3://uploads/%73tudy/genome.bam",
    ] {
        world.index.put(record("mine", &["/programs/a"], &[], &[url]));
        assert!(is_refused(&world, "mine", &reader).await, "{url}");
    }
    world.index.put(record("mine", &["/programs/a"], &[], &["s3://uploads/study/other.bam"]));
    assert!(!is_refused(&world, "mine", &reader).await);
    // Bytes whose owner has not claimed them yet are read by nobody else.
    let mut uploaded = record("uploaded", &[], &[], &["s3://uploads/study/other.bam"]);
    uploaded.uploader = Some("somebody".into());
    world.index.put(uploaded);
    assert!(is_refused(&world, "mine", &reader).await);
}

#[tokio::test]
async fn an_operator_may_let_records_of_one_location_decide_each_for_itself() {
    let world = World::with(|config| config.allow_shared_locations = true).await;
    let reader = world.token("reader").await;
    let uuid = "5e9a9aae-36ff-4bff-9e1b-1c7c834fc354";
    let (shared, upload) = ("s3://uploads/study/genome.bam", format!("s3://uploads/{uuid}/f"));
    world.index.put(record("controlled", &["/programs/b"], &[], &[shared]));
    world.index.put(record("open", &["/programs/a"], &[], &[shared]));
    assert!(!is_refused(&world, "open", &reader).await);
    world.index.put(record(uuid, &["/programs/b"], &[], &[&upload]));
    world.index.put(record("mine", &["/programs/a"], &[], &[&upload]));
    assert!(is_refused(&world, "mine", &reader).await, "an upload has one owner all the same");
}
