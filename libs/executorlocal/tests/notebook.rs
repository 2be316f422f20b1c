//! A real notebook server, where `COMMONS_NOTEBOOK_ENVIRONMENT` names an environment that has JupyterLab.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{fs, path::Path, time::Duration};

use executor::{Executor, Launch, Seen, Workspace};
use executorlocal::{Local, Settings};
use hatchery::{Hatchery, Memory, Names, PROXY};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

async fn start(executor: &Local, workspace: &Workspace) {
    let file = json!({"containers": [{
        "name": "Jupyter", "image": "none", "cpu-limit": "1", "memory-limit": "1Gi", "target-port": 8888
    }]});
    let (hatchery, size) = (Hatchery::read(&file.to_string()).unwrap().0, Memory::parse("1Gi").unwrap());
    let launch = Launch {
        workspace,
        container: &hatchery.containers[0],
        sidecar: None,
        volume_size: &size,
        env: vec![("API_KEY", "the key".into())],
        credentials: "the credentials".into(),
        secret: "the secret".into(),
        public_url: &Url::parse("http://localhost:8080").unwrap(),
    };
    executor.start(launch).await.unwrap();
}

async fn until(executor: &Local, workspace: &Workspace, wanted: &Seen) {
    for _ in 0..1_200 {
        if executor.observe(workspace).await.unwrap() == *wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{wanted:?} is not seen, but {:?}", executor.observe(workspace).await.unwrap());
}

/// Processes that know of this folder.
fn processes(folder: &Path) -> usize {
    let text = folder.to_str().unwrap().as_bytes();
    let found = fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
        let read = |name: &str| fs::read(entry.path().join(name)).unwrap_or_default();
        let said = [read("environ"), read("cmdline")].concat();
        said.windows(text.len()).any(|window| window == text)
    });
    found.count()
}

#[tokio::test]
async fn a_notebook_answers_to_its_secret_and_leaves_its_files_only() {
    let Some(environment) = std::env::var_os("COMMONS_NOTEBOOK_ENVIRONMENT") else {
        eprintln!("skipped: COMMONS_NOTEBOOK_ENVIRONMENT names no environment");
        return;
    };
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let state = tempfile::tempdir().unwrap();
    let settings = Settings {
        folder: state.path().join("workspaces"),
        hidden: state.path().to_owned(),
        environment: Some(environment.into()),
    };
    let executor = Local::new(settings);
    executor.ready().await.unwrap();
    let names = Names::of("ada").unwrap();
    let space = Workspace { names, id: Uuid::new_v4(), port: 8888, tls: false };
    assert_eq!(executor.observe(&space).await.unwrap(), Seen::Absent);
    start(&executor, &space).await;
    until(&executor, &space, &Seen::Ready).await;
    let reach = executor.reach(&space).await.unwrap();
    let url = |path: &str| format!("http://localhost{PROXY}{path}");
    assert_eq!(reach.client.get(url("api/status")).send().await.unwrap().status(), 403);
    let ask = |path: &str| reach.client.get(url(path)).header("Authorization", "token the secret");
    let status: Value =
        serde_json::from_str(&ask("api/status").send().await.unwrap().text().await.unwrap()).unwrap();
    assert!(status["last_activity"].is_string(), "{status}");
    let files: Value =
        serde_json::from_str(&ask("api/contents").send().await.unwrap().text().await.unwrap()).unwrap();
    assert_eq!(files["content"][0]["name"], "welcome.ipynb", "{files}");
    assert!(processes(state.path()) > 0);
    executor.stop(&space).await.unwrap();
    assert_eq!(executor.observe(&space).await.unwrap(), Seen::Absent);
    // A breath of what waited for its end may outlive the supervisor for a moment.
    for _ in 0..50 {
        if processes(state.path()) == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(processes(state.path()), 0, "something still runs");
    assert!(state.path().join("workspaces/homes/ada/welcome.ipynb").is_file());
}
