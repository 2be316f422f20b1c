//! A service of a test's own.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use hatchery::Hatchery;
use serde_json::{Value, json};
use testing::{Rights, TestDatabase, TestTokens};
use url::Url;
use web::Server;
use workspace::{Config, Keeper, Limits, Neighbours, Workspaces};

use crate::double::{Double, Keys};

pub(crate) struct World {
    pub(crate) service: Arc<Workspaces>,
    pub(crate) executor: Arc<Double>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) url: String,
    pub(crate) client: reqwest::Client,
    database: TestDatabase,
    tokens: TestTokens,
    server: Server,
}

/// A container that everybody may launch, one for those who may launch on `/special`, and one that the
/// executor cannot run.
fn hatchery() -> Hatchery {
    let container = |name: &str| {
        json!({
            "name": name, "image": "i", "cpu-limit": "1.0", "memory-limit": "512Mi", "target-port": 8888,
            "args": ["--ServerApp.shutdown_no_activity_timeout=5400"]
        })
    };
    let mut special = container("Special");
    special["authz"] = json!({"version": 0.1, "resource_paths": ["/special"]});
    let mut graphic = container("Graphic");
    graphic["gpu"] = json!(true);
    let file = json!({
        "user-namespace": "spaces", "pricing": {"cpu": 1.0, "memory": 0.5},
        "containers": [container("Jupyter Lab"), special, graphic]
    });
    Hatchery::read(&file.to_string()).unwrap().0
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Limits { look: Duration::from_millis(50), ..Limits::default() }).await
    }

    pub(crate) async fn with(limits: Limits) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let database = TestDatabase::new("workspace", async |pool| Ok(workspace::migrate(pool).await?)).await;
        let tokens = TestTokens::new();
        let rights = Rights::of_verified_tokens(tokens.verifier())
            .grant("ada", "jupyterhub", "access", "/workspace")
            .grant("eve", "jupyterhub", "access", "/workspace")
            .grant("ada", "jupyterhub", "launch", "/special")
            .deactivated("gone")
            .unavailable_for("unheard");
        let (executor, keys) = (Arc::new(Double::default()), Arc::new(Keys::default()));
        let mut config = Config::new(Url::parse("http://localhost:8080").unwrap(), "secret");
        (config.hatchery, config.limits) = (hatchery(), limits);
        let neighbours = Neighbours {
            authz: Arc::new(rights),
            verifier: tokens.verifier(),
            keys: keys.clone(),
            executor: Some(executor.clone()),
        };
        let service = Workspaces::build(config, database.pool.clone(), neighbours);
        let listener = web::bind(Ipv4Addr::LOCALHOST.into(), 0).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Server::start(listener, service.clone(), 1).unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { service, executor, keys, url, client, database, tokens, server }
    }

    /// A request of `who`; of nobody if that is empty.
    pub(crate) fn request(&self, method: &str, path: &str, who: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method.parse().unwrap(), format!("{}{path}", self.url));
        if who.is_empty() { request } else { request.bearer_auth(self.tokens.token(who)) }
    }

    pub(crate) fn token(&self, who: &str) -> String {
        self.tokens.token(who)
    }

    /// Status and text of the answer.
    pub(crate) async fn send(&self, method: &str, path: &str, who: &str) -> (u16, String) {
        let answer = self.request(method, path, who).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    pub(crate) async fn json(&self, path: &str, who: &str) -> Value {
        let (status, text) = self.send("GET", path, who).await;
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    /// The id of a container.
    pub(crate) async fn id(&self, name: &str) -> String {
        let options = self.json("/options", "ada").await;
        let found = options.as_array().unwrap().iter().find(|option| option["name"] == name);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn launch(&self, who: &str) {
        let path = format!("/launch?id={}", self.id("Jupyter Lab").await);
        assert_eq!(self.send("POST", &path, who).await, (200, "Success".into()));
    }

    pub(crate) async fn status(&self, who: &str) -> String {
        self.json("/status", who).await["status"].as_str().unwrap().to_owned()
    }

    /// How many rows there are.
    pub(crate) async fn rows(&self) -> i64 {
        sqlx::query_scalar("select count(*) from workspaces").fetch_one(&self.database.pool).await.unwrap()
    }

    pub(crate) async fn set_phase(&self, phase: &str) {
        sqlx::query("update workspaces set phase = $1")
            .bind(phase)
            .execute(&self.database.pool)
            .await
            .unwrap();
    }

    pub(crate) async fn forget_rows(&self) {
        sqlx::query("delete from workspaces").execute(&self.database.pool).await.unwrap();
    }

    /// Waits until nothing is left: no row, no program, no key.
    pub(crate) async fn until_nothing_is_left(&self) {
        let until = async {
            while self.rows().await > 0 || !self.executor.started.lock().unwrap().is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), until).await.expect("something is left");
        assert_eq!(self.keys.living(), 0);
    }

    pub(crate) fn keeper(&self) -> Keeper {
        Keeper::start(&self.service)
    }

    pub(crate) async fn stop(self) {
        self.server.stop().await.unwrap();
    }
}
