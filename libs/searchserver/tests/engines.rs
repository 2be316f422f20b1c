//! The suite of all engines against real servers, one after the other: Elasticsearch 7 and OpenSearch 2, and
//! with `SEARCH_ENGINES=all` OpenSearch 1 and 3 as well; or those that it names, kinds or `host:port` of
//! servers that run. They are skipped where Java or Maven is missing, and fail there with
//! `CI_REQUIRE_ENGINES=1`.

#![allow(clippy::unwrap_used)]

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use search::Engine;
use searchserver::{Server, Settings};
use tokio::process::{Child, Command};

/// How long a first start may take, which downloads.
const PATIENCE: Duration = Duration::from_secs(300);

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../integration-tests/engines")
}

/// One node, which ends when its standard input does: also when this process is killed.
struct Node {
    child: Child,
    folder: tempfile::TempDir,
}

impl Node {
    fn start(kind: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new(scripts().join("start.sh"))
            .args([kind, "0"])
            .arg(folder.path().join("node"))
            .env("EXIT_ON_STDIN_EOF", "1")
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { child, folder }
    }

    async fn port(&mut self) -> u16 {
        let began = Instant::now();
        let file = self.folder.path().join("node/http.port");
        while began.elapsed() < PATIENCE && self.child.try_wait().unwrap().is_none() {
            if let Ok(port) = std::fs::read_to_string(&file) {
                return port.parse().unwrap();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        panic!("the server does not start: {log}");
    }

    async fn stop(mut self) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).unwrap();
        kill(Pid::from_raw(id), Signal::SIGTERM).unwrap();
        tokio::time::timeout(Duration::from_secs(20), self.child.wait()).await.unwrap().unwrap();
    }
}

fn kinds() -> Vec<String> {
    match std::env::var("SEARCH_ENGINES").as_deref() {
        Ok("all") => {
            ["elasticsearch7", "opensearch1", "opensearch2", "opensearch3"].map(str::to_owned).to_vec()
        }
        Ok(named) => named.split(',').map(|kind| kind.trim().to_owned()).collect(),
        Err(_) => ["elasticsearch7", "opensearch2"].map(str::to_owned).to_vec(),
    }
}

/// What is missing for servers to start.
fn missing() -> Option<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = |program: &&str| std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    let missing: Vec<_> = ["java", "javac", "mvn"].into_iter().filter(|program| !there(program)).collect();
    (!missing.is_empty()).then(|| missing.join(" and "))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_servers_answer_as_the_oracle() {
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    if let Some(missing) = missing() {
        let reason = format!("search servers need {missing}: apt-get install openjdk-17-jdk-headless maven");
        assert_ne!(std::env::var("CI_REQUIRE_ENGINES").as_deref(), Ok("1"), "{reason}");
        println!("skipped: {reason}");
        return;
    }
    // On every change a quarter of what is asked when somebody looks at servers by name.
    let questions = if std::env::var_os("SEARCH_ENGINES").is_some() { 2000 } else { 500 };
    let kinds = kinds();
    let mut nodes: Vec<_> =
        kinds.iter().map(|kind| (!kind.contains(':')).then(|| Node::start(kind))).collect();
    for (kind, node) in kinds.iter().zip(&mut nodes) {
        let endpoint = match node {
            Some(node) => format!("127.0.0.1:{}", node.port().await),
            None => kind.clone(),
        };
        let server = Server::connect(Settings::read(&endpoint).unwrap()).await.unwrap();
        let information = server.information().await.unwrap();
        if node.is_some() {
            assert_eq!(kind.starts_with("elastic"), information.kind == "elasticsearch", "{information:?}");
        }
        let began = Instant::now();
        let cases = searchsuite::conform(&server, 20, questions).await;
        println!("{kind} {}: {cases} cases in {:?}", information.version, began.elapsed());
    }
    for node in nodes.into_iter().flatten() {
        node.stop().await;
    }
}
