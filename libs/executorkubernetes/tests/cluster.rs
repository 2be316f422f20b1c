//! Against a real control plane, where `COMMONS_TEST_CLUSTER` names the folder of one: `kubeconfig` with a
//! token, and the certificate of the API server as `certs/apiserver.crt`. Its pods are pretended.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test that cannot go on has failed")]

use std::{fs, path::PathBuf, time::Duration};

use executor::{Executor, ExecutorError, Launch, Seen, Workspace};
use executorkubernetes::{Api, Kubernetes, Settings, Token};
use hatchery::{Hatchery, Memory, Names};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

struct Cluster {
    api: Api,
    namespace: String,
}

/// A namespace of the test's own; `None` where there is no cluster.
async fn cluster() -> Option<Cluster> {
    let Some(folder) = std::env::var_os("COMMONS_TEST_CLUSTER").map(PathBuf::from) else {
        eprintln!("skipped: COMMONS_TEST_CLUSTER names no control plane");
        return None;
    };
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let config = fs::read_to_string(folder.join("kubeconfig")).unwrap();
    let after = |key: &str| {
        let rest = config.split(key).nth(1).unwrap().trim_start();
        rest.split(['"', ',', '}', '\n']).find(|part| !part.is_empty()).unwrap().trim().to_owned()
    };
    let base = Url::parse(&after("server:")).unwrap();
    let authorities = fs::read(folder.join("certs").join("apiserver.crt")).unwrap();
    let api = Api::new(base, Token::Fixed(after("token:")), &authorities).unwrap();
    let namespace = format!("spaces-{}", &Uuid::new_v4().simple().to_string()[..8]);
    let made = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {
        "name": namespace, "labels": {"pod-security.kubernetes.io/enforce": "baseline"}
    }});
    api.ask(Method::POST, "/api/v1/namespaces", Some(&made)).await.unwrap();
    Some(Cluster { api, namespace })
}

impl Cluster {
    fn executor(&self) -> Kubernetes {
        let settings = Settings {
            namespace: self.namespace.clone(),
            any_node: true,
            sidecar: false,
            storage_class: None,
        };
        Kubernetes::new(self.api.clone(), settings, reqwest::Client::new())
    }

    async fn get(&self, kind: &str, name: &str) -> Option<Value> {
        let path = format!("/api/v1/namespaces/{}/{kind}/{name}", self.namespace);
        self.api.ask(Method::GET, &path, None).await.ok()
    }
}

fn offered() -> Hatchery {
    let file = json!({"containers": [{
        "name": "Jupyter", "image": "example/notebook:1", "cpu-limit": "0.5", "memory-limit": "256Mi",
        "target-port": 8888, "user-uid": 1000, "fs-gid": 100, "user-volume-location": "/home/jovyan/pd",
        "gen3-volume-location": "/home/jovyan/.gen3", "env": {"A": "1"}
    }]});
    Hatchery::read(&file.to_string()).unwrap().0
}

async fn start(executor: &Kubernetes, workspace: &Workspace) -> Result<(), ExecutorError> {
    let (hatchery, size) = (offered(), Memory::parse("1Gi").unwrap());
    let launch = Launch {
        workspace,
        container: &hatchery.containers[0],
        sidecar: None,
        volume_size: &size,
        env: vec![("API_KEY", "the key".into()), ("API_KEY_ID", "its id".into())],
        credentials: "{}".into(),
        secret: "the secret".into(),
        public_url: &Url::parse("https://commons.example").unwrap(),
    };
    executor.start(launch).await
}

async fn until(executor: &Kubernetes, workspace: &Workspace, wanted: &Seen) {
    for _ in 0..600 {
        if executor.observe(workspace).await.unwrap() == *wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{wanted:?} is not seen, but {:?}", executor.observe(workspace).await.unwrap());
}

fn workspace(user: &str) -> Workspace {
    Workspace { names: Names::of(user).unwrap(), id: Uuid::new_v4(), port: 8888, tls: false }
}

#[tokio::test]
async fn a_pod_is_started_seen_and_removed_and_its_storage_stays() {
    let Some(cluster) = cluster().await else { return };
    let executor = cluster.executor();
    executor.ready().await.unwrap();
    let space = workspace("Ada@example.org");
    assert_eq!(executor.observe(&space).await.unwrap(), Seen::Absent);
    start(&executor, &space).await.unwrap();
    until(&executor, &space, &Seen::Ready).await;
    let pod = cluster.get("pods", "hatchery--41da-40example-2eorg").await.unwrap();
    assert_eq!(pod["spec"]["automountServiceAccountToken"], false);
    assert!(!pod.to_string().contains("the key"), "a secret stands in the pod");
    assert!(cluster.get("services", "h--41da-40example-2eorg-s").await.is_some());
    assert!(cluster.get("secrets", "hatchery--41da-40example-2eorg").await.is_some());
    let running = executor.running().await.unwrap();
    assert_eq!((running.len(), running[0].user.as_str(), running[0].id), (1, "Ada@example.org", space.id));
    let other = Workspace { id: Uuid::new_v4(), ..space.clone() };
    assert_eq!(executor.observe(&other).await.unwrap(), Seen::Absent, "another launch is another workspace");
    assert!(matches!(start(&executor, &other).await, Err(ExecutorError::Refused(_))), "one pod a user");
    let reach = executor.reach(&space).await.unwrap();
    let wanted = format!("http://h--41da-40example-2eorg-s.{}.svc/", cluster.namespace);
    assert_eq!(reach.base.as_str(), wanted);

    for _ in 0..2 {
        executor.stop(&space).await.unwrap();
    }
    until(&executor, &space, &Seen::Absent).await;
    assert!(cluster.get("services", "h--41da-40example-2eorg-s").await.is_none());
    assert!(cluster.get("secrets", "hatchery--41da-40example-2eorg").await.is_none());
    assert!(cluster.get("persistentvolumeclaims", "claim--41da-40example-2eorg").await.is_some());
    assert_eq!(executor.running().await.unwrap(), []);
}

#[tokio::test]
async fn a_quota_says_why_a_workspace_is_not_started() {
    let Some(cluster) = cluster().await else { return };
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"},
        "spec": {"hard": {"pods": "0"}}});
    let path = format!("/api/v1/namespaces/{}/resourcequotas", cluster.namespace);
    cluster.api.ask(Method::POST, &path, Some(&quota)).await.unwrap();
    let (executor, space) = (cluster.executor(), workspace("eve"));
    // The controller counts first.
    for _ in 0..100 {
        let Err(error) = start(&executor, &space).await else {
            executor.stop(&space).await.unwrap();
            until(&executor, &space, &Seen::Absent).await;
            continue;
        };
        assert!(error.to_string().contains("exceeded quota"), "{error}");
        executor.stop(&space).await.unwrap();
        assert!(cluster.get("secrets", "hatchery-eve").await.is_none());
        return;
    }
    panic!("the quota has no effect");
}
