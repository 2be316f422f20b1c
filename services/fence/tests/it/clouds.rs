//! Files at Google and at Azure, and content that is read for the caller.

use std::{net::TcpListener, sync::Arc, sync::Mutex};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    http::StatusCode,
    web::{Data, get, route},
};
use indexclient::Record;
use serde_json::{Value, json};
use storage::{Location, ObjectStore as _};

use crate::world::{BUCKET, World, answer};

/// A dummy that Google publishes for tests of signatures.
const KEY_FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../libs/storage/tests/vectors/google-dummy-service-account.json"
);
const AT_GOOGLE: &str = "gs://bucket/a key";
const AT_AZURE: &str = "az://acct.blob.core.windows.net/box/k";

fn record(did: &str, authz: &str, url: &str) -> Record {
    Record {
        did: did.into(),
        size: Some(1),
        authz: vec![authz.into()],
        urls: vec![url.into()],
        ..Record::default()
    }
}

async fn world(azure: &str) -> World {
    let azure = azure.to_owned();
    let world = World::with(|config| {
        config.cirrus_cfg.google_storage_creds = KEY_FILE.into();
        config.az_blob_credentials = Some(azure.into());
    })
    .await;
    world.index.put(record("gs", "/open", AT_GOOGLE));
    world.index.put(record("az", "/open", AT_AZURE));
    world.index.put(record("other", "/open", "az://other.blob.core.windows.net/box/k"));
    world
}

async fn url(world: &World, path: &str) -> (u16, String) {
    let (status, body) = answer(world.get(&format!("/data/download/{path}"))).await;
    (status, body["url"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn files_at_google_are_signed_by_the_service_account_of_the_commons() {
    let world = world("").await;
    let (status, signed) = url(&world, "gs?expires_in=60&userProject=payer-1").await;
    let start = "https://storage.googleapis.com/bucket/a%20key?userProject=payer-1&x-goog-algorithm=";
    assert!(status == 200 && signed.starts_with(start), "{signed}");
    assert!(signed.contains("&x-goog-expires=60&") && signed.contains("&x-goog-signature="), "{signed}");
    // Such a project cannot exist.
    let (_, signed) = url(&world, "gs?userProject=a%26b").await;
    assert!(!signed.contains("userProject"), "{signed}");
    let plain = url(&world, "gs?no_force_sign=true").await;
    assert_eq!(plain, (200, "https://storage.cloud.google.com/bucket/a%20key".into()));
    assert_eq!(url(&world, "gs?protocol=gs").await.0, 200);
    assert_eq!(url(&world, "gs?protocol=s3").await.0, 404);
    assert_eq!(url(&world, "az").await.0, 400, "nothing is known of Azure");
    let without = World::new().await;
    without.index.put(record("gs", "/open", AT_GOOGLE));
    assert_eq!(url(&without, "gs").await.0, 400, "there is no key");
    let paid = World::with(|config| {
        config.cirrus_cfg.google_storage_creds = KEY_FILE.into();
        config.billing_project_for_signed_urls = Some("ours".into());
    })
    .await;
    paid.index.put(record("gs", "/open", AT_GOOGLE));
    assert!(url(&paid, "gs").await.1.contains("?userProject=ours&"));
}

#[tokio::test]
async fn blobs_at_azure_are_signed_for_the_own_account_alone() {
    let signing = world("AccountName=acct;AccountKey=c2VjcmV0").await;
    let (status, signed) = url(&signing, "az?expires_in=60").await;
    let start = "https://acct.blob.core.windows.net/box/k?se=";
    assert!(status == 200 && signed.starts_with(start), "{signed}");
    assert!(signed.contains("&sp=r&") && signed.contains("&sig="), "{signed}");
    let plain = "https://acct.blob.core.windows.net/box/k".to_owned();
    assert_eq!(url(&signing, "az?no_force_sign=true").await, (200, plain.clone()));
    let other = "https://other.blob.core.windows.net/box/k".to_owned();
    assert_eq!(url(&signing, "other").await, (200, other));
    assert_eq!(url(&world("*").await, "az").await, (200, plain));
}

#[tokio::test]
async fn a_location_at_google_or_azure_is_read_by_the_readers_of_all_its_records() {
    let world = world("AccountName=acct;AccountKey=c2VjcmV0").await;
    let reader = world.token("reader").await;
    for (did, spelled) in [("gs", "gs://bucket//a%20key"), ("az", "az://ACCT.blob.core.windows.net/box/./k")]
    {
        assert_eq!(url(&world, did).await.0, 200);
        world.index.put(record(&format!("guarded-{did}"), "/programs/a", spelled));
        assert_eq!(
            url(&world, did).await.0,
            401,
            "{did}: a record that is open names the bytes of a guarded one"
        );
        let asked = world.get(&format!("/data/download/{did}")).bearer_auth(&reader);
        assert_eq!(answer(asked).await.0, 200);
    }
}

#[tokio::test]
async fn an_upload_to_azure_goes_to_the_container_of_the_commons_under_the_rules_of_every_upload() {
    let with = async |credentials: &str| {
        let credentials = credentials.to_owned();
        World::with(|config| {
            config.az_blob_credentials = (!credentials.is_empty()).then(|| credentials.into());
            config.az_blob_container_url = "https://acct.blob.core.windows.net/box/".into();
        })
        .await
    };
    let world = with("AccountName=acct;AccountKey=c2VjcmV0").await;
    let (uploader, other) = (world.token("uploader").await, world.token("other").await);
    let asked = json!({"file_name": "a b.csv", "protocol": "az", "expires_in": 60});
    let (status, body) = answer(world.post("/data/upload", &asked).bearer_auth(&uploader)).await;
    let (guid, url) = (body["guid"].as_str().unwrap(), body["url"].as_str().unwrap());
    let start = format!("https://acct.blob.core.windows.net/box/{guid}/a%20b.csv?se=");
    assert!(status == 201 && url.starts_with(&start) && url.contains("&sp=rw&"), "{body}");
    let again = format!("/data/upload/{guid}?protocol=az&file_name=x");
    let (status, body) = answer(world.get(&again).bearer_auth(&uploader)).await;
    let start = format!("https://acct.blob.core.windows.net/box/{guid}/x?se=");
    assert!(status == 200 && body["url"].as_str().unwrap().starts_with(&start), "{body}");
    assert_eq!(answer(world.get(&again).bearer_auth(&other)).await.0, 401, "it is not theirs");
    // A record of somebody else has this blob.
    world.index.put(record(
        "theirs",
        "/programs/a",
        &format!("az://acct.blob.core.windows.net/box/{guid}/x"),
    ));
    assert_eq!(answer(world.get(&again).bearer_auth(&uploader)).await.0, 401);
    let none = world.post("/data/upload", &asked).bearer_auth(world.token("nobody").await);
    assert_eq!(answer(none).await.0, 403);
    let up = json!({"file_name": "../x", "protocol": "az"});
    assert_eq!(answer(world.post("/data/upload", &up).bearer_auth(&uploader)).await.0, 400);
    for (credentials, expected) in [("*", 201), ("", 404), (" ", 404)] {
        let world = with(credentials).await;
        let uploader = world.token("uploader").await;
        let (status, body) = answer(world.post("/data/upload", &asked).bearer_auth(&uploader)).await;
        assert_eq!(status, expected, "{body}");
        assert!(!body.to_string().contains("sig="), "{body}");
    }
}

/// An account at Azure that answers every deletion with this status: the first is that of the batch that it
/// comes in.
fn account((batch, status): (u16, u16)) -> (String, Arc<Mutex<Vec<String>>>) {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let state = Data::from(asked.clone());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let app = move || {
        let answer = move |request: HttpRequest, asked: Data<Mutex<Vec<String>>>| async move {
            asked.lock().unwrap().push(format!("{} {}", request.method(), request.path()));
            let part = format!(
                "--b\r\nContent-Type: application/http\r\nContent-ID: 0\r\n\r\n\
                 HTTP/1.1 {status} Word\r\nx-ms-version: 1\r\n\r\n--b--\r\n"
            );
            HttpResponse::build(StatusCode::from_u16(batch).unwrap())
                .insert_header(("content-type", "multipart/mixed; boundary=b"))
                .body(part)
        };
        App::new().app_data(state.clone()).default_service(route().to(answer))
    };
    tokio::spawn(HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run());
    (address, asked)
}

#[tokio::test]
async fn copies_that_are_not_ours_do_not_keep_a_file_from_being_deleted() {
    for (status, expected) in [
        ((202, 202), 204),
        ((202, 404), 204),
        ((202, 403), 204),
        ((202, 409), 500),
        ((401, 0), 204),
        ((403, 0), 204),
        ((404, 0), 204),
        ((409, 0), 500),
    ] {
        let (address, asked) = account(status);
        let world = world(&format!("AccountName=acct;AccountKey=c2VjcmV0;BlobEndpoint={address}")).await;
        let ours = Location::new(BUCKET, "f").unwrap();
        world.store.write(&ours, bytes::Bytes::from_static(b"content")).await.unwrap();
        let mut record = record("f", "/programs/a", "az://acct.blob.core.windows.net/box/f");
        let unnamed = ["gs://bucket", "az://acct.blob.core.windows.net/box//f", "file:///../x"];
        record.urls.extend(unnamed.map(str::to_owned));
        record.urls.push(ours.s3_url());
        world.index.put(record);
        let writer = world.token("writer").await;
        let answered = answer(world.request("DELETE", "/data/f").bearer_auth(writer)).await;
        assert_eq!(answered.0, expected, "{status:?} {}", answered.1);
        assert_eq!(asked.lock().unwrap()[..], ["POST /box"], "{status:?}");
        let is_gone = expected == 204;
        assert_eq!((world.index.record("f").is_none(), world.keys().await.is_empty()), (is_gone, is_gone));
    }
}

/// A service of embeddings; it notes what it is asked for.
fn embeddings() -> (String, Arc<Mutex<Vec<String>>>) {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let state = Data::from(asked.clone());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let app = move || {
        let answer = async |request: HttpRequest, asked: Data<Mutex<Vec<String>>>| {
            let token = request.headers().get("authorization").is_some();
            asked.lock().unwrap().push(format!("{} {token}", request.path()));
            match request.path().rsplit('/').next() {
                Some("gone") => HttpResponse::NotFound().finish(),
                Some("broken") => HttpResponse::Ok().body("{"),
                Some("big") => HttpResponse::Ok().body(format!("\"{}\"", "x".repeat(600_000))),
                Some("moved") => HttpResponse::Found().insert_header(("location", "/ai/x")).finish(),
                name => HttpResponse::Ok().json(json!({ "id": name })),
            }
        };
        App::new()
            .app_data(state.clone())
            .default_service(route().to(HttpResponse::NotFound))
            .route("/ai/{rest:.*}", get().to(answer))
    };
    tokio::spawn(HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run());
    (format!("{address}/ai"), asked)
}

#[tokio::test]
async fn the_content_of_embeddings_is_read_for_who_may_read_them_and_from_nowhere_else() {
    let (prefix, asked) = embeddings();
    let allowed = prefix.clone();
    let world = World::with(|config| {
        config.allowed_gen3_embeddings_bulk_url_prefixes = vec![String::new(), format!("{allowed}/")];
        config.max_bulk_content_guids_count = 3;
    })
    .await;
    let at = |name: &str| format!("{prefix}/vectorstore/collections/c/embeddings/{name}");
    for name in ["one", "two", "gone", "broken", "big", "moved"] {
        world.index.put(record(name, "/open", &at(name)));
    }
    world.index.put(record("guarded", "/programs/a", &at("guarded")));
    for (name, url) in [
        ("elsewhere", "http://127.0.0.1:1/ai/vectorstore/collections/c/embeddings/x".to_owned()),
        ("longer", format!("{prefix}/vectorstore/collections/c/embeddings/x/y")),
        ("host", format!("{prefix}.example.org/vectorstore/collections/c/embeddings/x")),
        ("up", format!("{prefix}/vectorstore/collections/../embeddings/x")),
        ("encoded", format!("{prefix}/vectorstore/collections/%2e%2e/embeddings/x")),
    ] {
        world.index.put(record(name, "/open", &url));
    }
    let ask = async |guids: Value| answer(world.post("/data/content", &json!({ "guids": guids }))).await;
    let (status, body) = ask(json!(["two", "one", "two"])).await;
    let contents = json!({"one": {"id": "one"}, "two": {"id": "two"}});
    assert_eq!((status, &body["guids"], &body["total_guids"]), (200, &contents, &json!(2)));
    let known = asked.lock().unwrap().len();
    for (guids, expected) in [
        (json!([]), 400),
        (json!("one"), 400),
        (json!([7]), 400),
        (json!(["a", "b", "c", "d"]), 413),
        (json!(["one", "none"]), 404),
        (json!(["one", "guarded"]), 401),
        (json!(["elsewhere"]), 400),
        (json!(["longer"]), 400),
        (json!(["host"]), 400),
        (json!(["up"]), 400),
        (json!(["encoded"]), 400),
    ] {
        let (status, body) = ask(guids.clone()).await;
        assert_eq!((status, &body["error_code"]), (expected, &json!(expected)), "{guids}");
        assert!(body["error_description"].is_string(), "{body}");
    }
    assert_eq!(asked.lock().unwrap().len(), known, "nothing was asked for what is refused");
    for (guid, expected) in [("gone", 404), ("broken", 503), ("big", 413), ("moved", 503)] {
        assert_eq!(ask(json!([guid])).await.0, expected, "{guid}");
    }
    let reader = world.token("reader").await;
    let (status, _) =
        answer(world.post("/data/content", &json!({"guids": ["guarded"]})).bearer_auth(reader)).await;
    let last = asked.lock().unwrap().last().unwrap().clone();
    assert_eq!((status, last.as_str()), (200, "/ai/vectorstore/collections/c/embeddings/guarded true"));
}
