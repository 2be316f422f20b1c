//! Against a real container runtime, where `COMMONS_TEST_CONTAINERS` names a socket and an image that answers
//! HTTP on port 8888: `/run/podman/podman.sock localhost/answers:1`.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use executor::{Executor, ExecutorError, Launch, Seen, Workspace};
use executorcontainer::{Containers, Settings};
use hatchery::{Container, Hatchery, Memory, Names};
use serde_json::json;
use url::Url;
use uuid::Uuid;

/// An executor of the test's own, and the image.
fn runtime() -> Option<(Containers, String)> {
    let Ok(given) = std::env::var("COMMONS_TEST_CONTAINERS") else {
        eprintln!("skipped: COMMONS_TEST_CONTAINERS names no container runtime");
        return None;
    };
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (socket, image) = given.split_once(' ').unwrap();
    let settings = Settings { socket: socket.into(), commons: Uuid::new_v4().simple().to_string() };
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    Some((Containers::new(settings, client).unwrap(), image.to_owned()))
}

fn offered(image: &str) -> Container {
    let file = json!({"containers": [{
        "name": "Answers", "image": image, "cpu-limit": "0.5", "memory-limit": "128Mi",
        "target-port": 8888,
        "user-uid": 1000, "user-volume-location": "/home", "gen3-volume-location": "/key",
        "pull_policy": "Never"
    }]});
    Hatchery::read(&file.to_string()).unwrap().0.containers.pop().unwrap()
}

async fn start(executor: &Containers, workspace: &Workspace, image: &str) -> Result<(), ExecutorError> {
    let (container, size) = (offered(image), Memory::parse("1Gi").unwrap());
    let launch = Launch {
        workspace,
        container: &container,
        sidecar: None,
        volume_size: &size,
        env: vec![("API_KEY", "the key".into())],
        credentials: "the credentials".into(),
        secret: "the secret".into(),
        public_url: &Url::parse("https://commons.example").unwrap(),
    };
    executor.start(launch).await
}

async fn until(executor: &Containers, workspace: &Workspace, wanted: &Seen) {
    for _ in 0..300 {
        if executor.observe(workspace).await.unwrap() == *wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{wanted:?} is not seen, but {:?}", executor.observe(workspace).await.unwrap());
}

fn workspace() -> Workspace {
    let user = format!("ada{}", &Uuid::new_v4().simple().to_string()[..8]);
    Workspace { names: Names::of(&user).unwrap(), id: Uuid::new_v4(), port: 8888, tls: false }
}

#[tokio::test]
async fn a_container_is_started_reached_and_removed() {
    let Some((executor, image)) = runtime() else { return };
    executor.ready().await.unwrap();
    let space = workspace();
    assert_eq!(executor.observe(&space).await.unwrap(), Seen::Absent);
    start(&executor, &space, &image).await.unwrap();
    until(&executor, &space, &Seen::Ready).await;
    let running = executor.running().await.unwrap();
    assert_eq!((running.len(), running[0].user.as_str(), running[0].id), (1, space.names.user(), space.id));
    let reach = executor.reach(&space).await.unwrap();
    let answer = reach.client.get(reach.base.join("/key/credentials.json").unwrap()).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "the credentials", "its account reads the key");
    let other = Workspace { id: Uuid::new_v4(), ..space.clone() };
    assert_eq!(executor.observe(&other).await.unwrap(), Seen::Absent, "another launch is another workspace");
    for _ in 0..2 {
        executor.stop(&space).await.unwrap();
    }
    until(&executor, &space, &Seen::Absent).await;
    assert_eq!(executor.running().await.unwrap(), []);
}

#[tokio::test]
async fn an_image_that_is_not_there_is_told_in_words() {
    let Some((executor, _)) = runtime() else { return };
    let refused = start(&executor, &workspace(), "localhost/nothing:1").await.unwrap_err();
    assert_eq!(refused.to_string(), "the image localhost/nothing:1 is not on this machine");
}

#[tokio::test]
async fn a_socket_that_nobody_listens_on_is_told() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let settings = Settings { socket: "/nonexistent/socket".into(), commons: "x".into() };
    let executor = Containers::new(settings, reqwest::Client::new()).unwrap();
    let why = executor.ready().await.unwrap_err();
    assert!(why.contains("no container runtime answers at /nonexistent/socket"), "{why}");
}
