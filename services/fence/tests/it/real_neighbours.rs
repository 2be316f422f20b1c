//! The main job with the real arborist and the real indexd, each on a database of its own, instead of
//! doubles.

use std::{net::TcpListener, sync::Arc, time::Duration};

use arborist::Arborist;
use fence::{Config, Fence, upload_indexing::UploadIndexing};
use indexclient::IndexClient;
use indexd::Indexd;
use indexmap::IndexMap;
use objectstore::{EmbeddedS3, Settings};
use serde_json::{Value, json};
use storage::{AwsCredentials, BucketConfig, Location};
use testing::{TestDatabase, TestTokens};
use useryaml::UserYaml;

use crate::world::{BUCKET, answer, database, http};

const USERS: &str = "
authz:
  resources: [{name: data_file}, {name: programs, subresources: [{name: a}]}]
  roles:
    - {id: uploader, permissions: [{id: u, action: {service: fence, method: file_upload}}]}
    - id: writer
      permissions:
        - {id: c, action: {service: '*', method: create}}
        - {id: r, action: {service: '*', method: read-storage}}
        - {id: w, action: {service: '*', method: write-storage}}
        - {id: d, action: {service: '*', method: delete}}
  policies:
    - {id: upload, role_ids: [uploader], resource_paths: [/data_file]}
    - {id: write, role_ids: [writer], resource_paths: [/programs/a]}
users:
  uploader: {policies: [upload]}
  writer: {policies: [write]}
  nobody: {}
";

struct Commons {
    base: String,
    index: Arc<Indexd>,
    fence: Arc<Fence>,
    _running: (EmbeddedS3, UploadIndexing, web::Server, tempfile::TempDir),
}

async fn commons() -> Commons {
    let tokens = TestTokens::new();
    let users = UserYaml::parse(USERS).unwrap();
    let arborist_database =
        TestDatabase::new("arborist", async |pool| Ok(arborist::migrate(pool).await?)).await;
    let index_database = TestDatabase::new("indexd", async |pool| Ok(indexd::migrate(pool).await?)).await;
    let database = database().await;
    arborist::sync::apply(&arborist_database.pool, &users, "user-sync").await.unwrap();
    fence::sync::run(&database.pool, &users).await.unwrap();
    let arborist = Arborist::build(arborist::Config::default(), arborist_database.pool, tokens.verifier());
    let index = Indexd::build(indexd::Config::default(), index_database.pool, Some(arborist.clone()));

    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        folder: folder.path().to_owned(),
        access_key: "AK".into(),
        secret_key: "secret".into(),
        buckets: vec![BUCKET.into()],
        reserve: Some(0),
    };
    let mut objects = EmbeddedS3::start(&settings, TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
    let key = AwsCredentials::key("AK", "secret");
    let bucket = BucketConfig {
        cred: "C".into(),
        endpoint_url: Some(format!("http://{}", objects.address())),
        ..BucketConfig::default()
    };
    let config = Config {
        base_url: tokens.issuer().into(),
        aws_credentials: IndexMap::from([("C".into(), key)]),
        s3_buckets: IndexMap::from([(BUCKET.into(), bucket)]),
        data_upload_bucket: BUCKET.into(),
        ..Config::default()
    };
    let store = Arc::new(config.stores(&http()).unwrap());
    let completed = objects.take_completed(|object| Location::new(object.bucket, object.key).ok()).unwrap();
    let indexing = UploadIndexing::start(index.clone(), store.clone(), BUCKET, completed);
    let (keys, http) = (tokens.keys(), http());
    let fence = Fence::build(config, database.pool, keys, arborist, index.clone(), store, &http).unwrap();
    let listener = web::bind("127.0.0.1".parse().unwrap(), 0).unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let server = web::Server::start(listener, fence.clone(), 1).unwrap();
    Commons { base, index, fence, _running: (objects, indexing, server, folder) }
}

impl Commons {
    async fn token(&self, username: &str) -> String {
        fence::credentials::access_token(&self.fence, username, 3600, None).await.unwrap()
    }

    async fn call(&self, method: &str, path: &str, token: &str, body: Option<Value>) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = http().request(method, format!("{}{path}", self.base)).bearer_auth(token);
        answer(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }
}

#[tokio::test]
async fn a_file_goes_in_is_indexed_comes_out_and_goes_away_under_real_rights() {
    let commons = commons().await;
    let nobody = commons.token("nobody").await;
    for (user, body) in [
        ("uploader", json!({ "file_name": "f" })),
        ("writer", json!({ "file_name": "f", "authz": ["/programs/a"] })),
    ] {
        let token = commons.token(user).await;
        assert_eq!(commons.call("POST", "/data/upload", &nobody, Some(body.clone())).await.0, 403);
        let (status, begun) = commons.call("POST", "/data/upload", &token, Some(body)).await;
        assert_eq!(status, 201, "{user}: {begun}");
        let put = http().put(begun["url"].as_str().unwrap()).body(user).send().await.unwrap();
        assert_eq!(put.status(), 200);
        let guid = begun["guid"].as_str().unwrap();
        let mut record = commons.index.get(guid).await.unwrap().unwrap();
        while record.size.is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
            record = commons.index.get(guid).await.unwrap().unwrap();
        }
        assert_eq!((record.size, record.hashes.len()), (Some(user.len() as i64), 5));
        let download = format!("/data/download/{guid}");
        assert_eq!(commons.call("GET", &download, &nobody, None).await.0, 401);
        let (status, found) = commons.call("GET", &download, &token, None).await;
        assert_eq!(status, 200, "{user}: {found}");
        let read = http().get(found["url"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(read.text().await.unwrap(), user);
        let delete = format!("/data/{guid}");
        assert_eq!(commons.call("DELETE", &delete, &nobody, None).await.0, 403);
        assert_eq!(commons.call("DELETE", &delete, &token, None).await.0, 204);
        assert_eq!(commons.call("GET", &download, &token, None).await.0, 404);
    }
    let writer = commons.token("writer").await;
    let (_, page) = commons.call("GET", "/user", &writer, None).await;
    assert_eq!(page["resources"], json!(["/programs/a"]));
}
