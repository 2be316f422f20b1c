//! A service of a test's own.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use actix_web::web::ServiceConfig;
use async_trait::async_trait;
use dataaccess::{AccessError, Caller, DataAccess, NewUpload};
use serde_json::{Value, json};
use storage::{AwsCredentials, BucketConfig, Buckets, S3Store};
use tempfile::TempDir;
use testing::{Rights, TestDatabase, TestTokens};
use url::Url;
use web::{Server, Service};
use workflow::{Config, Executor, Keeper, Limits, Neighbours, Workflows, task::Images};

const TASKS: &str = "/services/workflow/gen3-workflow/tasks";

/// fence with a file at whose address nobody answers, and one of which a user has said that it is elsewhere.
struct Files;

#[async_trait]
impl DataAccess for Files {
    async fn begin_upload(&self, _: &Caller, _: &str, _: &[String]) -> Result<NewUpload, AccessError> {
        Err(AccessError::Refused { status: 403 })
    }

    async fn upload_url(&self, _: &Caller, _: &str) -> Result<String, AccessError> {
        Err(AccessError::Refused { status: 403 })
    }

    async fn download_url(&self, caller: &Caller, guid: &str) -> Result<String, AccessError> {
        match (caller.0.is_some(), guid) {
            (true, "known") => Ok("http://127.0.0.1:9/known?signature=1".into()),
            (true, "elsewhere") => Ok("http://169.254.169.254/latest/meta-data".into()),
            _ => Err(AccessError::Refused { status: 404 }),
        }
    }

    async fn delete(&self, _: &Caller, _: &str) -> Result<(), AccessError> {
        Err(AccessError::Refused { status: 403 })
    }
}

/// The service alone, as a commons has it beside another one.
struct Alone(Arc<Workflows>);

#[async_trait]
impl Service for Alone {
    fn name(&self) -> &'static str {
        "workflow"
    }

    fn configure(self: Arc<Self>, config: &mut ServiceConfig) {
        self.0.clone().configure(config);
    }

    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}

pub(crate) struct World {
    service: Arc<Workflows>,
    url: String,
    client: reqwest::Client,
    database: TestDatabase,
    tokens: TestTokens,
    server: Server,
    folder: TempDir,
}

fn store() -> Arc<S3Store> {
    let bucket = BucketConfig {
        cred: "keys".into(),
        endpoint_url: Some("http://127.0.0.1:9".into()),
        ..BucketConfig::default()
    };
    let keys = AwsCredentials::key("key", "secret");
    let buckets = Buckets::new([("tasks".to_owned(), bucket)].into(), &[("keys".to_owned(), keys)].into());
    Arc::new(S3Store::new(buckets.unwrap()))
}

impl World {
    pub(crate) async fn new() -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let database = TestDatabase::new("workflow", async |pool| Ok(workflow::migrate(pool).await?)).await;
        let tokens = TestTokens::new();
        let rights = Rights::of_verified_tokens(tokens.verifier())
            .grant("ada", "gen3-workflow", "create", TASKS)
            .grant("eve", "gen3-workflow", "create", TASKS)
            .grant("root", "gen3-workflow", "read", "/services")
            .deactivated("gone")
            .unavailable_for("unheard");
        let folder = tempfile::tempdir().unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let executor = Executor {
            folder: folder.path().join("tasks"),
            inside: store(),
            outside: store(),
            client: client.clone(),
        };
        let config = Config {
            images: Images::new(["i".to_owned(), "of/{username}:*".to_owned()]),
            bucket: Some("tasks".into()),
            store_url: Some(Url::parse("http://127.0.0.1:9").unwrap()),
            limits: Limits { look: Duration::from_millis(50), ..Limits::default() },
            ..Config::new(Url::parse("http://localhost:8080").unwrap())
        };
        let neighbours = Neighbours {
            authz: Arc::new(rights),
            verifier: tokens.verifier(),
            files: Arc::new(Files),
            executor: Some(executor),
        };
        let service = Workflows::build(config, database.pool.clone(), neighbours);
        let listener = web::bind(Ipv4Addr::LOCALHOST.into(), 0).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Server::start(listener, Arc::new(Alone(service.clone())), 1).unwrap();
        Self { service, url, client, database, tokens, server, folder }
    }

    /// `None` where the kernel gives no walls.
    pub(crate) async fn that_runs() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        if let Err(why) = sandbox::Cell::possible(&folder.path().join("probe")).await {
            eprintln!("skipped: {why}");
            return None;
        }
        Some(Self::new().await)
    }

    /// Each user has an id of their own.
    fn token(&self, who: &str) -> String {
        self.tokens.token_with(who, |claims| claims.sub = Some(format!("id{who}")))
    }

    /// Status and document of the answer.
    pub(crate) async fn send(&self, method: &str, path: &str, who: &str, body: &Value) -> (u16, Value) {
        let mut request = self.client.request(method.parse().unwrap(), format!("{}{path}", self.url));
        if !who.is_empty() {
            request = request.bearer_auth(self.token(who));
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
    }

    pub(crate) async fn get(&self, path: &str, who: &str) -> (u16, Value) {
        self.send("GET", &format!("/ga4gh/tes/v1{path}"), who, &json!(null)).await
    }

    /// Sends a task that is a small one but for `more`.
    pub(crate) async fn post(&self, more: &Value, who: &str) -> (u16, Value) {
        let mut task = json!({"executors": [{"image": "i", "command": ["true"]}]});
        for (key, value) in more.as_object().unwrap() {
            task[key.as_str()] = value.clone();
        }
        self.send("POST", "/ga4gh/tes/v1/tasks", who, &task).await
    }

    pub(crate) async fn make(&self, who: &str, more: &Value) -> String {
        let (status, said) = self.post(more, who).await;
        assert_eq!(status, 200, "{said}");
        said["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn cancel(&self, task: &str, who: &str) {
        let path = format!("/ga4gh/tes/v1/tasks/{task}:cancel");
        assert_eq!(self.send("POST", &path, who, &json!(null)).await, (200, json!({})));
    }

    /// The task, once `is_it` says so of it.
    async fn once(&self, task: &str, who: &str, is_it: impl Fn(&str) -> bool) -> Value {
        for _ in 0..1_200 {
            let shown = self.get(&format!("/tasks/{task}?view=FULL"), who).await.1;
            if is_it(shown["state"].as_str().unwrap()) {
                return shown;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{}", self.get(&format!("/tasks/{task}?view=FULL"), who).await.1);
    }

    pub(crate) async fn until(&self, task: &str, who: &str, state: &str) {
        self.once(task, who, |found| found == state).await;
    }

    pub(crate) async fn until_over(&self, task: &str, who: &str) -> Value {
        let going = ["QUEUED", "INITIALIZING", "RUNNING", "CANCELING"];
        self.once(task, who, |found| !going.contains(&found)).await
    }

    /// Leaves a task as a process that was killed does.
    pub(crate) async fn leave(&self, task: &str, state: &str, attempts: i32) {
        sqlx::query("update workflow_tasks set state = $2, attempts = $3 where id = $1::uuid")
            .bind(task)
            .bind(state)
            .bind(attempts)
            .execute(&self.database.pool)
            .await
            .unwrap();
    }

    /// No folder of a task is left.
    pub(crate) fn nothing_is_left(&self) {
        let left = std::fs::read_dir(self.folder.path().join("tasks")).unwrap().count();
        assert_eq!(left, 0);
    }

    pub(crate) fn keeper(&self) -> Keeper {
        Keeper::start(&self.service)
    }

    pub(crate) async fn stop(self) {
        self.server.stop().await.unwrap();
    }
}
