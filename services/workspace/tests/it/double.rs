//! Doubles of what runs workspaces and of fence. A workspace's program here is an HTTP server that says what
//! it was asked, and a WebSocket that is a tunnel for anything.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use actix_web::{HttpRequest, HttpResponse, web};
use apikeys::{ApiKey, ApiKeys, KeyError, KeyId, Owner};
use async_trait::async_trait;
use executor::{Executor, ExecutorError, Launch, Reach, Running, Seen, Workspace};
use hatchery::Container;
use serde_json::json;
use url::Url;
use uuid::Uuid;

/// What is held of a workspace that was started.
#[derive(Debug, Clone)]
pub(crate) struct Started {
    pub(crate) id: Uuid,
    pub(crate) seen: Seen,
    pub(crate) env: HashMap<&'static str, String>,
    pub(crate) secret: String,
    base: Url,
}

#[derive(Default)]
pub(crate) struct Double {
    pub(crate) started: Mutex<HashMap<String, Started>>,
    /// The next start fails after it has begun.
    pub(crate) fails: Mutex<bool>,
    /// Starts wait for this.
    pub(crate) gate: Mutex<Option<Arc<tokio::sync::Semaphore>>>,
    /// When the programs say that they were used last.
    pub(crate) last_activity: Mutex<Option<String>>,
}

impl Double {
    pub(crate) fn of(&self, user: &str) -> Option<Started> {
        self.started.lock().unwrap().get(user).cloned()
    }

    pub(crate) fn see(&self, user: &str, seen: Seen) {
        self.started.lock().unwrap().get_mut(user).unwrap().seen = seen;
    }
}

/// A program that belongs to `user`.
fn program(user: &str, last_activity: Option<String>) -> Url {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let user = user.to_owned();
    let server = actix_web::HttpServer::new(move || {
        let (user, last) = (user.clone(), last_activity.clone());
        let answer = move |request: HttpRequest, body: web::Bytes| {
            let (user, last) = (user.clone(), last.clone());
            async move {
                let headers: HashMap<String, String> = request
                    .headers()
                    .iter()
                    .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                    .collect();
                HttpResponse::Ok().insert_header(("Set-Cookie", "access_token=forged")).json(json!({
                    "program_of": user, "uri": request.uri().to_string(), "headers": headers,
                    "body": body.len(), "last_activity": last,
                }))
            }
        };
        actix_web::App::new().default_service(web::to(answer))
    })
    .workers(1)
    .disable_signals()
    .listen(listener)
    .unwrap()
    .run();
    actix_web::rt::spawn(server);
    base
}

#[async_trait]
impl Executor for Double {
    fn kind(&self) -> &'static str {
        "Double"
    }

    fn cannot(&self, container: &Container) -> Option<String> {
        container.gpu.then(|| "there is no graphics processor".into())
    }

    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }

    async fn start(&self, launch: Launch<'_>) -> Result<(), ExecutorError> {
        let user = launch.workspace.names.user().to_owned();
        let last = self.last_activity.lock().unwrap().clone();
        let started = Started {
            id: launch.workspace.id,
            seen: Seen::Ready,
            env: launch.env.iter().cloned().collect(),
            secret: launch.secret.clone(),
            base: program(&user, last),
        };
        self.started.lock().unwrap().insert(user, started);
        let gate = self.gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
        if std::mem::take(&mut *self.fails.lock().unwrap()) {
            return Err(ExecutorError::Refused("the image cannot be had".into()));
        }
        Ok(())
    }

    async fn observe(&self, workspace: &Workspace) -> Result<Seen, ExecutorError> {
        let started = self.of(workspace.names.user()).filter(|started| started.id == workspace.id);
        Ok(started.map_or(Seen::Absent, |started| started.seen))
    }

    async fn stop(&self, workspace: &Workspace) -> Result<(), ExecutorError> {
        self.started.lock().unwrap().retain(|_, started| started.id != workspace.id);
        Ok(())
    }

    async fn reach(&self, workspace: &Workspace) -> Result<Reach, ExecutorError> {
        let started = self.of(workspace.names.user()).filter(|started| started.id == workspace.id);
        let started = started.ok_or_else(|| ExecutorError::Unavailable("it does not run".into()))?;
        Ok(Reach { base: started.base, client: reqwest::Client::builder().no_proxy().build().unwrap() })
    }

    async fn running(&self) -> Result<Vec<Running>, ExecutorError> {
        let started = self.started.lock().unwrap();
        Ok(started.iter().map(|(user, started)| Running { user: user.clone(), id: started.id }).collect())
    }
}

/// fence: which keys were made, and which were taken back.
#[derive(Default)]
pub(crate) struct Keys {
    pub(crate) made: Mutex<Vec<KeyId>>,
    pub(crate) taken_back: Mutex<Vec<KeyId>>,
    pub(crate) refuses: Mutex<bool>,
    pub(crate) is_away: Mutex<bool>,
}

impl Keys {
    /// The keys that live.
    pub(crate) fn living(&self) -> usize {
        let taken_back = self.taken_back.lock().unwrap();
        self.made.lock().unwrap().iter().filter(|key| !taken_back.contains(key)).count()
    }
}

#[async_trait]
impl ApiKeys for Keys {
    async fn make(&self, _: &Owner, id: KeyId) -> Result<ApiKey, KeyError> {
        if *self.refuses.lock().unwrap() {
            return Err(KeyError::Refused { status: 401 });
        }
        self.made.lock().unwrap().push(id);
        Ok(ApiKey("the key".into()))
    }

    async fn take_back(&self, id: KeyId) -> Result<(), KeyError> {
        if *self.is_away.lock().unwrap() {
            return Err(KeyError::Unavailable("it is away".into()));
        }
        self.taken_back.lock().unwrap().push(id);
        Ok(())
    }
}
