use reqwest::Method;
use serde_json::{Value, json};
use testing::Rights;

use crate::support::{LOGIN, Running, config, database, guid, record};

const DENIED: &str = "Permission denied.";

fn rights() -> Rights {
    Rights::of_plain_tokens()
        .grant("writer", "indexd", "create", "/a")
        .grant("writer", "indexd", "update", "/a")
        .grant("writer", "indexd", "delete", "/a")
        .grant("admin", "indexd", "create", "/services/indexd/admin")
        .grant("old-admin", "indexd", "create", "/programs")
        .grant("uploader", "indexd", "file_upload", "/data_file")
        .refuse_token("forged")
}

async fn create(indexd: &Running, who: &str, n: usize, authz: Value) -> u16 {
    let body = record(n, json!({"authz": authz, "urls": [format!("s3://elsewhere/{n}")]}));
    indexd.send_as(who, Method::POST, "/index", Some(body)).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_basic_login_may_do_everything_and_a_wrong_one_is_403() {
    let indexd = Running::new().await;
    assert_eq!(create(&indexd, LOGIN, 1, json!(["/a"])).await, 200);
    for wrong in ["Basic b2JqOndyb25n", "Basic bm9ib2R5OnNlY3JldA==", "Basic ", "Basic !!!", "Basic b2JqOg=="]
    {
        assert_eq!(create(&indexd, wrong, 2, json!(["/a"])).await, 403, "{wrong}");
    }
    assert!(indexd.rights.asked().is_empty());
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bearer_may_do_what_arborist_permits_on_all_resources() {
    let indexd = Running::with(config(), rights()).await;
    assert_eq!(create(&indexd, "bearer writer", 1, json!(["/a"])).await, 200);
    assert_eq!(create(&indexd, "bearer writer", 2, json!(["/a", "/b"])).await, 401);
    assert_eq!(create(&indexd, "bearer writer", 2, json!([])).await, 401);
    assert_eq!(create(&indexd, "Bearer admin", 2, json!(["/a", "/b"])).await, 200);
    assert_eq!(create(&indexd, "Bearer admin", 3, json!([])).await, 200);
    assert_eq!(create(&indexd, "Bearer old-admin", 4, json!([])).await, 200);
    assert_eq!(create(&indexd, "Bearer old-admin", 5, json!(["/a"])).await, 401);
    for nobody in ["", "Bearer ", "Bearer a b", "writer", "Token writer", "Bearer forged"] {
        assert_eq!(create(&indexd, nobody, 6, json!(["/a"])).await, 401, "{nobody}");
    }
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_needs_the_old_and_the_new_guards() {
    let indexd = Running::with(config(), rights()).await;
    let rev = indexd.create(record(1, json!({"authz": ["/a"]}))).await;
    let path = format!("/index/{}?rev={rev}", guid(1));
    let body = json!({"authz": ["/b"]});
    let moved = indexd.send_as("bearer writer", Method::PUT, &path, Some(body)).await;
    assert_eq!(moved.both(), (401, json!({"error": DENIED})));
    let body = json!({"file_name": "x"});
    let named = indexd.send_as("bearer writer", Method::PUT, &path, Some(body)).await;
    assert_eq!(named.status, 200);
    let rev = named.json()["rev"].as_str().expect("a rev").to_owned();
    let path = format!("/index/{}?rev={rev}", guid(1));
    assert_eq!(indexd.send_as("bearer uploader", Method::DELETE, &path, None).await.status, 401);
    assert_eq!(indexd.send_as("bearer writer", Method::DELETE, &path, None).await.status, 200);
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_upload_may_make_and_fill_blank_records() {
    let indexd = Running::with(config(), rights()).await;
    let blank =
        async |who: &str, body: Value| indexd.send_as(who, Method::POST, "/index/blank", Some(body)).await;
    assert_eq!(blank("bearer writer", json!({})).await.status, 401);
    assert_eq!(blank("bearer writer", json!({"authz": ["/a"]})).await.status, 201);
    let made = blank("bearer uploader", json!({"authz": ["/a"], "uploader": "uploader"})).await;
    assert_eq!(made.status, 201);
    let path = format!(
        "/index/blank/{}?rev={}",
        made.json()["did"].as_str().expect("a did"),
        made.json()["rev"].as_str().expect("a rev")
    );
    let filled = indexd.send_as("bearer uploader", Method::PUT, &path, Some(json!({"size": 3}))).await;
    assert_eq!(filled.status, 200);
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_never_looks_at_the_credentials() {
    let indexd = Running::with(config(), rights()).await;
    indexd.create(record(1, json!({}))).await;
    for who in ["", "Bearer forged", "Basic eDp5", "nonsense"] {
        for path in [format!("/index/{}", guid(1)), "/index".into(), format!("/{}", guid(1))] {
            assert_eq!(indexd.send_as(who, Method::GET, &path, None).await.status, 200, "{who} {path}");
        }
        let bulk = indexd.send_as(who, Method::POST, "/bulk/documents", Some(json!([guid(1)]))).await;
        assert_eq!(bulk.status, 200, "{who}");
    }
    assert!(indexd.rights.asked().is_empty());
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn legacy_aliases_take_basic_logins_only() {
    let indexd = Running::with(config(), rights()).await;
    let body = json!({"release": "public", "size": 5, "hashes": {"crc": "deadbeef"}});
    for who in ["", "Bearer admin", "Bearer ", "x"] {
        let answer = indexd.send_as(who, Method::PUT, "/alias/x", Some(body.clone())).await;
        assert_eq!(answer.both(), (403, json!({"error": "Username / password required."})), "{who}");
    }
    assert_eq!(indexd.put("/alias/x", body).await.status, 200);
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_arborist_only_logins_can_write() {
    let database = database().await;
    let indexd = indexd::Indexd::build(config(), database.pool.clone(), None);
    let body = indexclient::NewRecord {
        form: "object".into(),
        hashes: [("crc".to_owned(), "deadbeef".to_owned())].into(),
        ..Default::default()
    };
    let caller = indexclient::Caller::Bearer("token".into());
    let refused = indexclient::IndexClient::create(&*indexd, &caller, &[body]).await;
    assert_eq!(
        refused,
        Err(indexclient::IndexError::Refused {
            status: 403,
            detail: "Arborist is not configured; cannot perform authorization check".into()
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_are_added_changed_listed_and_removed() {
    let database = database().await;
    let pool = &database.pool;
    indexd::users::add(pool, "second", "pass").await.expect("added");
    indexd::users::add(pool, "second", "other").await.expect("changed");
    assert!(indexd::users::add(pool, "a:b", "x").await.is_err());
    assert_eq!(indexd::users::list(pool).await.expect("a list"), ["obj", "second"]);
    assert!(indexd::users::remove(pool, "second").await.expect("removed"));
    assert!(!indexd::users::remove(pool, "second").await.expect("nothing to remove"));
}
