//! Each service in a process of its own, the gateway before them, as in separate containers.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use reqwest::Client;
use serde_json::{Value, json};
use testing::TestDatabase;
use tokens::{Claims, Context, Purpose, Scopes, SigningKeys, UserContext};

use crate::{reload::write_version, running::answer};

/// A service that ends with its test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// `commons serve NAME` with `variables`.
fn serve(name: &str, port: u16, variables: &[(&str, &str)]) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_commons"));
    command.args(["serve", name, "--host", "127.0.0.1", "--port", &port.to_string()]);
    // peregrine reads only: it waits for the tables that sheepdog makes.
    if !matches!(name, "gateway" | "guppy" | "peregrine") {
        command.arg("--migrate");
    }
    command.envs(variables.iter().copied()).env("RUST_LOG", "error").stdin(Stdio::null());
    Process(command.spawn().unwrap())
}

async fn wait_for(client: &Client, url: &str) {
    for _ in 0..300 {
        if client.get(url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{url} did not answer in 30 s");
}

fn token(keys: &SigningKeys, issuer: &str) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let now = i64::try_from(now).unwrap();
    let user = UserContext { name: "ada".into(), ..UserContext::default() };
    let claims = Claims {
        pur: Some(Purpose::Access),
        sub: Some("1".into()),
        iss: issuer.to_owned(),
        aud: vec!["gen3".into()],
        azp: Some(String::new()),
        iat: now,
        exp: now + 600,
        jti: Some("split-test".into()),
        scope: Some(Scopes(vec!["openid".into(), "user".into()])),
        context: Some(Context { user: Some(user), ..Context::default() }),
        rest: serde_json::Map::new(),
    };
    keys.signing().sign(&claims).unwrap()
}

/// Everything for ada, by arborist's own routes, which only neighbours can reach.
async fn permit_everything(client: &Client, arborist: &str) {
    let everything =
        json!({ "id": "all", "permissions": [{ "id": "all", "action": { "service": "*", "method": "*" } }] });
    let calls: [(&str, Value); 7] = [
        ("/resource", json!({ "name": "programs" })),
        (
            "/resource",
            json!({ "name": "services", "subresources": [{ "name": "sheepdog", "subresources": [
            { "name": "submission", "subresources": [{ "name": "program" }, { "name": "project" }] }] }] }),
        ),
        ("/role", everything),
        (
            "/policy",
            json!({ "id": "all", "role_ids": ["all"], "resource_paths": ["/programs", "/services"] }),
        ),
        ("/user", json!({ "name": "ada" })),
        ("/user/ada/policy", json!({ "policy": "all" })),
        ("/auth/mapping", json!({ "username": "ada" })),
    ];
    for (path, body) in calls {
        let (status, said) = answer(client.post(format!("{arborist}{path}")).json(&body)).await;
        assert!((200..300).contains(&status), "{path}: {status} {said}");
    }
}

fn fence_config(folder: &Path, public: &str, database: &str, arborist: &str, indexd: &str) -> String {
    let file = folder.join("fence-config.yaml");
    let text = json!({
        "BASE_URL": format!("{public}/user"), "DB": database, "ARBORIST": arborist, "INDEXD": indexd,
        "INDEXD_USERNAME": "fence", "INDEXD_PASSWORD": "secret", "ENCRYPTION_KEY": "not used",
    });
    fs::write(&file, text.to_string()).unwrap();
    file.display().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_goes_in_and_comes_back_when_every_service_is_a_process_of_its_own() {
    commons::install_crypto();
    let client = Client::builder().no_proxy().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let keys_folder = folder.path().join("keys");
    SigningKeys::generate(&keys_folder, "2026-01-01").unwrap();
    let keys = Arc::new(SigningKeys::load(&keys_folder).unwrap());
    let databases = [
        TestDatabase::empty().await,
        TestDatabase::empty().await,
        TestDatabase::empty().await,
        TestDatabase::empty().await,
    ];
    let [fence_db, arborist_db, indexd_db, graph_db] =
        databases.each_ref().map(|database| database.url.as_str());
    let [gateway, fence, arborist, indexd, sheepdog, peregrine, guppy] = std::array::from_fn(|_| free_port());
    let (public, arborist_url, indexd_url) = (url(gateway), url(arborist), url(indexd));
    let issuer = format!("{public}/user");
    let jwks = format!("{}/.well-known/jwks", url(fence));
    let config = fence_config(folder.path(), &public, fence_db, &arborist_url, &indexd_url);
    let dictionary = folder.path().join("dictionary");
    write_version(&dictionary, 0);
    let dictionary_url = dictionary.display().to_string();
    let graph = [
        ("DICTIONARY_URL", dictionary_url.as_str()),
        ("DATABASE_URL", graph_db),
        ("ARBORIST_URL", arborist_url.as_str()),
        ("INDEX_CLIENT_HOST", indexd_url.as_str()),
        ("INDEXD_USER", "fence"),
        ("INDEXD_PASS", "secret"),
        ("JWKS_ENDPOINT", jwks.as_str()),
        ("TOKEN_ISSUERS", issuer.as_str()),
    ];
    let upstreams = [
        ("fence", fence),
        ("arborist", arborist),
        ("indexd", indexd),
        ("sheepdog", sheepdog),
        ("peregrine", peregrine),
        ("guppy", guppy),
    ]
    .map(|(name, port)| format!("{name}={}", url(port)))
    .join(",");
    // The ones that need others first: starting in the wrong order must not matter.
    let processes = [
        serve(
            "gateway",
            gateway,
            &[("PUBLIC_URL", &public), ("UPSTREAMS", &upstreams), ("ARBORIST_URL", &arborist_url)],
        ),
        serve("sheepdog", sheepdog, &graph),
        serve("guppy", guppy, &[]),
        serve("peregrine", peregrine, &graph),
        serve(
            "indexd",
            indexd,
            &[
                ("DATABASE_URL", indexd_db),
                ("ARBORIST_URL", &arborist_url),
                ("INDEXD_LOGINS", "fence:secret"),
            ],
        ),
        serve("arborist", arborist, &[("DATABASE_URL", arborist_db), ("JWKS_ENDPOINT", &jwks)]),
        serve(
            "fence",
            fence,
            &[("FENCE_CONFIG_PATH", &config), ("FENCE_KEYS", &keys_folder.display().to_string())],
        ),
    ];
    for path in [
        "/_status",
        "/user/_status",
        "/index/_status",
        "/api/_status",
        "/peregrine/_status",
        "/guppy/_status",
    ] {
        wait_for(&client, &format!("{public}{path}")).await;
    }
    wait_for(&client, &format!("{arborist_url}/health")).await;
    permit_everything(&client, &arborist_url).await;

    let token = token(&keys, &issuer);
    let call = async |method: &str, path: &str, body: Value| {
        let request = client.request(method.parse().unwrap(), format!("{public}{path}"));
        answer(request.bearer_auth(&token).json(&body)).await
    };
    let base = "/api/v0/submission";
    let steps = [
        (
            "POST",
            format!("{base}/"),
            json!({ "type": "program", "name": "SPLIT", "dbgap_accession_number": "S" }),
        ),
        (
            "PUT",
            format!("{base}/SPLIT"),
            json!({ "type": "project", "code": "p", "name": "P", "dbgap_accession_number": "p" }),
        ),
        (
            "PUT",
            format!("{base}/SPLIT/p"),
            json!({ "type": "study", "submitter_id": "st", "projects": { "code": "p" }, "study_title": "T" }),
        ),
    ];
    for (method, path, body) in steps {
        let (status, said) = call(method, &path, body).await;
        assert_eq!(status, 200, "{path}: {said}");
    }
    let query = json!({ "query": "{ study { submitter_id project_id } }" });
    let (_, found) = call("POST", &format!("{base}/graphql"), query).await;
    assert_eq!(
        found["data"],
        json!({ "study": [{ "submitter_id": "st", "project_id": "SPLIT-p" }] }),
        "{found}"
    );

    // Another dictionary: peregrine goes on with the old one until sheepdog has made the tables of the new
    // one.
    write_version(&dictionary, 1);
    let hang_up = |process: &Process| {
        let pid = rustix::process::Pid::from_child(&process.0);
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    };
    let [_, sheepdog, _, peregrine, ..] = &processes;
    hang_up(peregrine);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let query = json!({ "query": "{ study { submitter_id } }" });
    let (status, said) = call("POST", &format!("{base}/graphql"), query).await;
    assert_eq!((status, &said["data"]["study"][0]["submitter_id"]), (200, &json!("st")), "{said}");
    hang_up(sheepdog);
    let wanted = dictionary::Dictionary::load(&dictionary_url).await.unwrap().digest;
    for path in ["/api/_version", "/peregrine/_version"] {
        for attempt in 0.. {
            let (_, version) = call("GET", path, Value::Null).await;
            if version["dictionary"]["digest"] == wanted.as_str() {
                break;
            }
            assert!(attempt < 300, "{path}: {version}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    let query = json!({ "query": "{ _visit_1_count subject { mood_1 } }" });
    let (_, said) = call("POST", &format!("{base}/graphql"), query).await;
    assert_eq!(said["data"], json!({ "_visit_1_count": 0, "subject": [] }), "{said}");
}
