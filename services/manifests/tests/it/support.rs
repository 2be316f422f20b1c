//! A service of a test's own.

use std::{net::TcpListener, sync::Arc};

use actix_web::{App, body::to_bytes, test as client};
use indexmap::IndexMap;
use manifests::{Config, Manifests};
use objectstore::{EmbeddedS3, Settings};
use serde_json::{Value, json};
use storage::{AwsCredentials, Bucket, BucketConfig, Buckets, Location, ObjectStore as _, S3Store};
use testing::{Rights, TestTokens};
use web::Service as _;

const BUCKET: &str = "manifests";

pub(crate) struct World {
    service: Arc<Manifests>,
    pub(crate) store: Arc<S3Store>,
    tokens: TestTokens,
    _objects: EmbeddedS3,
    _folder: tempfile::TempDir,
}

fn store(objects: &EmbeddedS3) -> S3Store {
    let credentials = AwsCredentials::key("AK", "secret");
    let config = BucketConfig {
        cred: "C".into(),
        endpoint_url: Some(format!("http://{}", objects.address())),
        ..BucketConfig::default()
    };
    // The second one does not exist.
    let buckets = [(BUCKET.to_owned(), config.clone()), ("missing".to_owned(), config)].into();
    let buckets = Buckets::new(buckets, &IndexMap::from([("C".into(), credentials)])).unwrap();
    S3Store::new(buckets)
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Config::of_bucket(BUCKET))
    }

    pub(crate) fn with(config: Config) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            folder: folder.path().join("objects"),
            access_key: "AK".into(),
            secret_key: "secret".into(),
            buckets: vec![BUCKET.into()],
            reserve: Some(0),
        };
        let objects = EmbeddedS3::start(&settings, TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
        let store = Arc::new(store(&objects));
        let tokens = TestTokens::new();
        let rights = Rights::of_verified_tokens(tokens.verifier()).unavailable_for("unheard");
        let service = Manifests::build(config, store.clone(), Arc::new(rights), tokens.verifier());
        Self { service, store, tokens, _objects: objects, _folder: folder }
    }

    /// An object that is there from before.
    pub(crate) async fn object(&self, key: &str, text: &'static str) {
        let location = Location::new(BUCKET, key).unwrap();
        self.store.write(&location, text.into()).await.unwrap();
    }

    /// All keys in the bucket.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let listing = self.store.list(&Bucket::s3(BUCKET), "", None).await.unwrap();
        listing.objects.into_iter().map(|object| object.key).collect()
    }

    pub(crate) async fn raw(&self, method: &str, path: &str, token: &str, body: String) -> (u16, String) {
        let service = self.service.clone();
        let app = client::init_service(App::new().configure(|config| service.configure(config))).await;
        let mut request = client::TestRequest::default().method(method.parse().unwrap()).uri(path);
        if !token.is_empty() {
            request = request.insert_header(("Authorization", format!("Bearer {token}")));
        }
        let answer = client::call_service(&app, request.set_payload(body).to_request()).await;
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body()).await.expect("a body");
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// A token of the user with this id; none if it is empty.
    pub(crate) fn token(&self, id: &str) -> String {
        if id.is_empty() {
            return String::new();
        }
        self.tokens.token_with("ann", |claims| claims.sub = Some(id.to_owned()))
    }

    /// A token of the user of this name.
    pub(crate) fn token_of(&self, name: &str) -> String {
        self.tokens.token(name)
    }

    /// Another token.
    pub(crate) fn token_with(&self, change: impl FnOnce(&mut tokens::Claims)) -> String {
        self.tokens.token_with("ann", change)
    }

    /// Status and JSON of the answer to the user with this id.
    pub(crate) async fn send(&self, method: &str, path: &str, id: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, body) = self.raw(method, path, &self.token(id), body).await;
        (status, serde_json::from_str(&body).unwrap_or_else(|_| json!(body)))
    }

    pub(crate) async fn get(&self, path: &str, id: &str) -> (u16, Value) {
        self.send("GET", path, id, &Value::Null).await
    }
}
