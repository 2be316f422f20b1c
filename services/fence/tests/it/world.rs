//! A fence for one test.

use std::{net::TcpListener, sync::Arc, sync::Once};

use fence::{Config, Fence, upload_indexing::UploadIndexing};
use indexmap::IndexMap;
use objectstore::{EmbeddedS3, Settings};
use reqwest::{Method, RequestBuilder, Response, redirect::Policy};
use serde_json::Value;
use storage::{AwsCredentials, Bucket, BucketConfig, Location, ObjectStore as _, Stores};
use testing::{EVERYBODY, MemoryIndex, Rights, TestDatabase, TestTokens};
use web::Server;

/// Who may do what in these tests.
const GRANTS: &[(&str, &str, &str)] = &[
    (EVERYBODY, "read-storage", "/open"),
    ("reader", "read-storage", "/programs/a"),
    ("writer", "read-storage", "/programs/a"),
    ("writer", "write-storage", "/programs/a"),
    ("writer", "create", "/programs/a"),
    ("writer", "delete", "/programs/a"),
    ("uploader", "file_upload", "/data_file"),
    ("worker", "create", "/services/fence/task-token/WORKFLOW"),
    ("other", "file_upload", "/data_file"),
    ("admin", "*", "/services/fence/admin"),
    ("everything", "file_upload", "/data_file"),
    ("everything", "read-storage", "/data_file"),
    ("everything", "write-storage", "/data_file"),
    ("everything", "delete", "/data_file"),
    ("everything", "*", "/services/fence/admin"),
];

/// arborist gives no answer about this user.
const UNHEARD: &str = "unheard";

pub(crate) const BUCKET: &str = "uploads";
/// Another bucket of the store, which is not configured unless a test does it.
pub(crate) const SECOND: &str = "more-uploads";

pub(crate) struct World {
    pub(crate) fence: Arc<Fence>,
    pub(crate) index: Arc<MemoryIndex>,
    pub(crate) tokens: TestTokens,
    pub(crate) rights: Arc<Rights>,
    pub(crate) database: TestDatabase,
    pub(crate) store: Arc<Stores>,
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) completed: Option<tokio::sync::mpsc::Receiver<storage::Location>>,
    _objects: EmbeddedS3,
    _server: Server,
    _folder: tempfile::TempDir,
}

pub(crate) fn http() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| drop(rustls::crypto::aws_lc_rs::default_provider().install_default()));
    reqwest::Client::builder().redirect(Policy::none()).build().unwrap()
}

pub(crate) async fn database() -> TestDatabase {
    TestDatabase::new("fence", async |pool| Ok(fence::migrate(pool).await?)).await
}

impl World {
    /// The keys of all objects.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let listing = self.store.list(&Bucket::s3(BUCKET), "", None).await.unwrap();
        listing.objects.into_iter().map(|object| object.key).collect()
    }

    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A fence whose configuration was changed by `change`. Its address is what tokens name as their issuer.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::at(change, |config, http| config.stores(http).unwrap()).await
    }

    /// The same, with the stores that `stores` makes.
    pub(crate) async fn at(
        change: impl FnOnce(&mut Config),
        stores: impl FnOnce(&Config, &reqwest::Client) -> Stores,
    ) -> Self {
        let tokens = TestTokens::new();
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            folder: folder.path().to_owned(),
            access_key: "AK".into(),
            secret_key: "secret".into(),
            buckets: vec![BUCKET.into(), SECOND.into()],
            reserve: Some(0),
        };
        let mut objects = EmbeddedS3::start(&settings, TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
        let key = AwsCredentials::key("AK", "secret");
        let bucket = BucketConfig {
            cred: "C".into(),
            endpoint_url: Some(format!("http://{}", objects.address())),
            ..BucketConfig::default()
        };
        let mut config = Config {
            base_url: tokens.issuer().to_owned(),
            development_login: true,
            mock_google_auth: true.into(),
            aws_credentials: IndexMap::from([("C".into(), key)]),
            s3_buckets: IndexMap::from([(BUCKET.into(), bucket)]),
            data_upload_bucket: BUCKET.into(),
            login_redirect_whitelist: vec!["https://portal.example/".into()],
            ..Config::default()
        };
        change(&mut config);
        let database = database().await;
        let http = http();
        let store = Arc::new(stores(&config, &http));
        let index = Arc::new(MemoryIndex::default());
        let mut rights = Rights::of_verified_tokens(tokens.verifier());
        for (who, method, path) in GRANTS {
            rights = rights.grant(who, "fence", method, path);
        }
        let rights = Arc::new(rights.unavailable_for(UNHEARD));
        let (pool, keys) = (database.pool.clone(), tokens.keys());
        let fence =
            Fence::build(config, pool, keys, rights.clone(), index.clone(), store.clone(), &http).unwrap();
        let listener = web::bind("127.0.0.1".parse().unwrap(), 0).unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let server = Server::start(listener, fence.clone(), 1).unwrap();
        let completed = objects.take_completed(|object| Location::new(object.bucket, object.key).ok());
        Self {
            fence,
            index,
            tokens,
            rights,
            database,
            store,
            http,
            base,
            completed,
            _objects: objects,
            _server: server,
            _folder: folder,
        }
    }

    /// Starts filling the records of uploads.
    pub(crate) fn index_uploads(&mut self) -> UploadIndexing {
        let completed = self.completed.take().unwrap();
        UploadIndexing::start(self.index.clone(), self.store.clone(), BUCKET, completed)
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.http.request(method, format!("{}{path}", self.base))
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.request("GET", path)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.request("POST", path).json(body)
    }

    /// An access token of a user whom fence knows.
    pub(crate) async fn token(&self, username: &str) -> String {
        fence::credentials::access_token(&self.fence, username, 3600, None).await.unwrap()
    }

    /// An access token that may also make API keys, as browser sessions have it.
    pub(crate) async fn session_token(&self, username: &str) -> String {
        let scopes = ["openid", "user", "data", "credentials"].map(String::from).to_vec();
        fence::credentials::access_token(&self.fence, username, 1200, Some(scopes)).await.unwrap()
    }
}

/// Status and JSON body (null when it is not JSON).
pub(crate) async fn answer(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or(Value::Null))
}

/// The cookies of an answer: name to whole line.
pub(crate) fn cookies(answer: &Response) -> IndexMap<String, String> {
    let lines = answer.headers().get_all("set-cookie").iter().map(|line| line.to_str().unwrap().to_owned());
    lines.map(|line| (line.split_once('=').unwrap().0.to_owned(), line)).collect()
}

/// What a browser sends back of these cookies.
pub(crate) fn cookie_header(cookies: &IndexMap<String, String>) -> String {
    let pairs: Vec<&str> = cookies.values().map(|line| line.split(';').next().unwrap()).collect();
    pairs.join("; ")
}

/// The claims of a token, unverified.
pub(crate) fn claims(token: &str) -> Value {
    tokens::unverified(token).unwrap()
}
