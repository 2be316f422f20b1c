//! Uploads to Google and Azure end as complete records, as those to S3 do. The stores are emulators.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::Utc;
use fence::{Config, EventSecret};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use storage::{GoogleCredentials, GoogleStore, Location, ObjectStore as _, S3Store, StorageError, Stores};

use crate::{
    servers,
    upload_queue::filled,
    world::{World, answer},
};

const SECRET: &str = "a-secret-of-the-store";
const MD5: &str = "9a0364b9e99bb480dd25e1f0284c8555";
/// The account and the key of Azure's emulator, which are the same everywhere.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const AT_AZURE: &str = "az://devstoreaccount1.blob.core.windows.net/box";
const AT_GOOGLE: &str = "gs://box";

fn hearing(config: &mut Config) {
    config.upload_indexing.event_secrets = vec![EventSecret::from(SECRET.to_owned())];
}

/// An upload that has begun: its GUID, and the URL to which the bytes go.
async fn begin(world: &World, asked: &Value) -> (String, String) {
    let token = world.token("uploader").await;
    let (status, body) = answer(world.post("/data/upload", asked).bearer_auth(token)).await;
    assert_eq!(status, 201, "{body}");
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    (text("guid"), text("url"))
}

/// What is noted is looked at now, and not in some seconds.
async fn look(world: &World) {
    let due = sqlx::query("update commons_upload set due_at = now()");
    due.execute(&world.database.pool).await.unwrap();
}

async fn tell(world: &World, of: &str, event: &Value) {
    let told = world.post(&format!("/data/events/{of}?token={SECRET}"), event).send().await.unwrap();
    assert_eq!(told.status(), 204);
}

async fn is_complete(world: &World, guid: &str, url: &str) {
    let record = filled(world, guid).await;
    assert_eq!((record.size, record.urls), (Some(7), vec![url.to_owned()]));
    assert_eq!(record.hashes["md5"], MD5);
}

/// Makes a container, by the account's own key.
async fn make(world: &World, address: &str, container: &str) {
    let (date, version) = (Utc::now().format("%a, %d %b %Y %H:%M:%S GMT").to_string(), "2021-12-02");
    let resource = format!("/{ACCOUNT}/{ACCOUNT}/{container}\nrestype:container");
    let text = format!("PUT{}x-ms-date:{date}\nx-ms-version:{version}\n{resource}", "\n".repeat(12));
    let mut key = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(KEY).unwrap()).unwrap();
    key.update(text.as_bytes());
    let signature = STANDARD.encode(key.finalize().into_bytes());
    let made = world.http.put(format!("http://{address}/{ACCOUNT}/{container}?restype=container"));
    let made = made.header("x-ms-date", date).header("x-ms-version", version).header("content-length", "0");
    let made = made.header("authorization", format!("SharedKey {ACCOUNT}:{signature}")).send().await.unwrap();
    assert_eq!(made.status(), 201, "{}", made.text().await.unwrap());
}

async fn put(world: &World, url: String) {
    let put = world.http.put(url).header("x-ms-blob-type", "BlockBlob").body("content").send().await.unwrap();
    assert_eq!(put.status(), 201, "{}", put.text().await.unwrap());
}

async fn at_azure(address: &str) -> World {
    let text = format!("AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint=http://{address}/{ACCOUNT}");
    let world = World::with(|config| {
        hearing(config);
        config.az_blob_credentials = Some(text.into());
        config.az_blob_container_url = format!("https://{ACCOUNT}.blob.core.windows.net/box");
        config.allowed_data_upload_buckets = vec![AT_AZURE.into()];
    })
    .await;
    make(&world, address, "box").await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_to_azure_becomes_a_complete_record_whether_it_is_told_of_or_not() {
    let Some(server) = servers::azurite() else { return };
    let world = at_azure(&server.address).await;
    let indexing = world.fence.index_uploads().unwrap();
    let (guid, url) = begin(&world, &json!({ "file_name": "a b+ü.csv", "protocol": "az" })).await;
    put(&world, url).await;
    look(&world).await;
    is_complete(&world, &guid, &format!("{AT_AZURE}/{guid}/a b+ü.csv")).await;

    let (guid, url) = begin(&world, &json!({ "file_name": "f", "protocol": "az" })).await;
    put(&world, url).await;
    let event = |container: &str| {
        let url = format!("https://{ACCOUNT}.blob.core.windows.net/{container}/{guid}/f");
        json!([{ "eventType": "Microsoft.Storage.BlobCreated", "data": { "url": url } }])
    };
    tell(&world, "azure", &event("other")).await;
    let noted = "select count(*) from commons_upload where url like '%/other/%'";
    let noted: i64 = sqlx::query_scalar(noted).fetch_one(&world.database.pool).await.unwrap();
    assert_eq!(noted, 0, "nothing is uploaded there");
    tell(&world, "azure", &event("box")).await;
    is_complete(&world, &guid, &format!("{AT_AZURE}/{guid}/f")).await;
    indexing.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_uploaded_to_azure_for_a_blank_record_goes_with_it() {
    let Some(server) = servers::azurite() else { return };
    let world = at_azure(&server.address).await;
    let (guid, url) = begin(&world, &json!({ "file_name": "f", "protocol": "az" })).await;
    put(&world, url).await;
    let object = Location::from_url(&format!("{AT_AZURE}/{guid}/f")).unwrap().unwrap();
    assert!(world.store.head(&object).await.is_ok());
    let token = world.token("uploader").await;
    let deleted = world.request("DELETE", &format!("/data/{guid}")).bearer_auth(token);
    assert_eq!(answer(deleted).await.0, 204);
    assert!(matches!(world.store.head(&object).await, Err(StorageError::NotFound)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_parts_at_azure_is_indexed_when_it_is_completed() {
    let Some(server) = servers::azurite() else { return };
    let world = at_azure(&server.address).await;
    let indexing = world.fence.index_uploads().unwrap();
    let token = world.token("uploader").await;
    let call = async |step: &str, mut body: Value| {
        body["bucket"] = AT_AZURE.into();
        answer(world.post(&format!("/data/multipart/{step}"), &body).bearer_auth(&token)).await
    };
    let (status, begun) = call("init", json!({ "file_name": "f" })).await;
    assert_eq!(status, 201, "{begun}");
    let (guid, upload) = (begun["guid"].as_str().unwrap(), &begun["uploadId"]);
    let key = format!("{guid}/f");
    let (status, part) = call("upload", json!({ "key": key, "uploadId": upload, "partNumber": 1 })).await;
    assert_eq!(status, 200, "{part}");
    put(&world, part["presigned_url"].as_str().unwrap().to_owned()).await;
    let parts = json!([{ "PartNumber": 1, "ETag": "none" }]);
    let (status, told) = call("complete", json!({ "key": key, "uploadId": upload, "parts": parts })).await;
    assert_eq!(status, 200, "{told}");
    is_complete(&world, guid, &format!("{AT_AZURE}/{key}")).await;
    indexing.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_to_google_becomes_a_complete_record_whether_it_is_told_of_or_not() {
    let Some(server) = servers::fake_gcs() else { return };
    let endpoint = format!("http://{}", server.address);
    let key = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../libs/storage/tests/vectors/google-dummy-service-account.json");
    let key = fs::read_to_string(key).unwrap();
    let change = |config: &mut Config| {
        hearing(config);
        config.allowed_data_upload_buckets = vec![AT_GOOGLE.into()];
    };
    let world = World::at(change, |config, http| {
        let google = GoogleStore::new(GoogleCredentials::KeyFile(&key), Some(&endpoint), http).unwrap();
        Stores::new(S3Store::new(config.buckets().unwrap()), Some(google), None)
    })
    .await;
    let made = world.http.post(format!("{endpoint}/storage/v1/b?project=p")).json(&json!({ "name": "box" }));
    assert_eq!(made.send().await.unwrap().status(), 200);
    let indexing = world.fence.index_uploads().unwrap();
    // The emulator takes no objects at signed URLs.
    let put = async |name: String| {
        let put = world.http.post(format!("{endpoint}/upload/storage/v1/b/box/o"));
        let put = put.query(&[("uploadType", "media"), ("name", &name)]).body("content");
        assert_eq!(put.send().await.unwrap().status(), 200);
    };
    let asked = json!({ "file_name": "a b+ü.csv", "bucket": AT_GOOGLE });
    let (guid, url) = begin(&world, &asked).await;
    assert!(url.starts_with(&format!("{endpoint}/box/{guid}/a%20b%2B%C3%BC.csv?")), "{url}");
    put(format!("{guid}/a b+ü.csv")).await;
    look(&world).await;
    is_complete(&world, &guid, &format!("{AT_GOOGLE}/{guid}/a b+ü.csv")).await;

    let (guid, _) = begin(&world, &asked).await;
    put(format!("{guid}/a b+ü.csv")).await;
    let object = json!({
        "eventType": "OBJECT_FINALIZE", "bucketId": "box", "objectId": format!("{guid}/a b+ü.csv"),
    });
    tell(&world, "google", &json!({ "message": { "attributes": object } })).await;
    is_complete(&world, &guid, &format!("{AT_GOOGLE}/{guid}/a b+ü.csv")).await;
    indexing.stop().await;
}
