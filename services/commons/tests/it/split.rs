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
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

pub(crate) fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// `commons serve NAME` with `variables`.
pub(crate) fn serve(name: &str, port: u16, variables: &[(&str, &str)]) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_commons"));
    command.args(["serve", name, "--host", "127.0.0.1", "--port", &port.to_string()]);
    // peregrine reads only: it waits for the tables that sheepdog makes.
    if !matches!(name, "gateway" | "guppy" | "peregrine") {
        command.arg("--migrate");
    }
    command.envs(variables.iter().copied()).env("RUST_LOG", "error").stdin(Stdio::null());
    Process(command.spawn().unwrap())
}

pub(crate) async fn wait_for(client: &Client, url: &str) {
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

fn fence_config(folder: &Path, public: &str, database: &str, neighbours: [&str; 3]) -> String {
    let file = folder.join("fence-config.yaml");
    let [arborist, indexd, audit] = neighbours;
    let text = json!({
        "BASE_URL": format!("{public}/user"), "DB": database, "ARBORIST": arborist, "INDEXD": indexd,
        "INDEXD_USERNAME": "fence", "INDEXD_PASSWORD": "secret", "ENCRYPTION_KEY": "not used",
        "AUDIT_SERVICE": audit, "ENABLE_AUDIT_LOGS": { "presigned_url": true, "login": false },
    });
    fs::write(&file, text.to_string()).unwrap();
    file.display().to_string()
}

fn pid(process: &Process) -> rustix::process::Pid {
    rustix::process::Pid::from_child(&process.0)
}

fn signal(process: &Process, signal: rustix::process::Signal) {
    rustix::process::kill_process(pid(process), signal).unwrap();
}

/// fence ends while the audit service does not move: what waits is written as soon as that goes on.
async fn records_are_written_when_fence_ends(
    client: &Client,
    fence_url: &str,
    database: &TestDatabase,
    (fence, audit): (&mut Process, &Process),
) {
    signal(audit, rustix::process::Signal::STOP);
    for guid in ["none-1", "none-2", "none-3"] {
        let (status, _) = answer(client.get(format!("{fence_url}/data/download/{guid}"))).await;
        assert_eq!(status, 404, "{guid}");
    }
    signal(fence, rustix::process::Signal::TERM);
    while client.get(format!("{fence_url}/_status")).send().await.is_ok() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    signal(audit, rustix::process::Signal::CONT);
    let ended = fence.0.wait().unwrap();
    assert!(ended.success(), "{ended}");
    let written: Vec<String> = sqlx::query_scalar("select guid from presigned_url order by guid")
        .fetch_all(&database.pool)
        .await
        .unwrap();
    assert_eq!(written, ["none-1", "none-2", "none-3"]);
}

/// Tokens and keys of users are made by the address of fence's database, where there is no state folder.
async fn credentials_come_by_addresses(
    client: &Client,
    public: &str,
    database: &str,
    config: &str,
    keys: &str,
) {
    let folder = tempfile::tempdir().unwrap();
    let run = async |arguments: &[&str]| {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_commons"));
        command.args(["user"]).args(arguments).args(["--fence-database", database]);
        let done = command.current_dir(folder.path()).stdin(Stdio::null()).output().await.unwrap();
        (
            done.status.success(),
            String::from_utf8(done.stdout).unwrap(),
            String::from_utf8(done.stderr).unwrap(),
        )
    };
    let (done, _, told) = run(&["token", "eve", "--create"]).await;
    assert!(!done && told.contains("--fence-config"), "{told}");
    let (done, _, told) = run(&["token", "eve", "--create", "--fence-config", config]).await;
    assert!(!done && told.contains("--keys"), "{told}");
    let named = ["--fence-config", config, "--keys", keys];
    let (done, _, told) = run(&[&["token", "eve"], &named[..]].concat()).await;
    assert!(!done && told.contains("there is no user"), "{told}");
    let (done, token, told) = run(&[&["token", "eve", "--create"], &named[..]].concat()).await;
    assert!(done, "{told}");
    let user = client.get(format!("{public}/user/user")).bearer_auth(token.trim());
    assert_eq!(answer(user).await.1["username"], "eve");
    let (done, _, told) = run(&[&["api-key", "eve", "--out", "key.json"], &named[..]].concat()).await;
    assert!(done, "{told}");
    let key = fs::read_to_string(folder.path().join("key.json")).unwrap();
    let request = client.post(format!("{public}/user/credentials/api/access_token"));
    let (status, said) = answer(request.header("Content-Type", "application/json").body(key)).await;
    assert_eq!(status, 200, "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_goes_in_and_comes_back_when_every_service_is_a_process_of_its_own() {
    commons::install_crypto();
    let client = Client::builder().no_proxy().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let keys_folder = folder.path().join("keys");
    SigningKeys::generate(&keys_folder, "2026-01-01").unwrap();
    let keys = Arc::new(SigningKeys::load(&keys_folder).unwrap());
    let mut databases = Vec::new();
    for _ in 0..8 {
        databases.push(TestDatabase::empty().await);
    }
    let databases: [TestDatabase; 8] = databases.try_into().ok().unwrap();
    let [fence_db, arborist_db, indexd_db, graph_db, audit_db, requestor_db, library_db, wts_db] =
        databases.each_ref().map(|database| database.url.as_str());
    let [gateway, fence, arborist, indexd, sheepdog, peregrine, guppy] = std::array::from_fn(|_| free_port());
    let [audit, requestor, library, wts] = std::array::from_fn(|_| free_port());
    let (public, arborist_url, indexd_url) = (url(gateway), url(arborist), url(indexd));
    let audit_url = url(audit);
    let issuer = format!("{public}/user");
    let jwks = format!("{}/.well-known/jwks", url(fence));
    let config = fence_config(folder.path(), &public, fence_db, [&arborist_url, &indexd_url, &audit_url]);
    let dictionary = folder.path().join("dictionary");
    write_version(&dictionary, 0);
    let dictionary_url = dictionary.display().to_string();
    let search = folder.path().join("search").display().to_string();
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
        ("audit", audit),
        ("requestor", requestor),
        ("library", library),
        ("wts", wts),
    ]
    .map(|(name, port)| format!("{name}={}", url(port)))
    .join(",");
    // The ones that need others first: starting in the wrong order must not matter.
    let small = |database| {
        [
            ("DATABASE_URL", database),
            ("ARBORIST_URL", arborist_url.as_str()),
            ("JWKS_ENDPOINT", jwks.as_str()),
            ("TOKEN_ISSUERS", issuer.as_str()),
        ]
    };
    let wts_url = format!("{public}/wts/");
    let wts_settings = [
        ("FENCE_BASE_URL", issuer.as_str()),
        ("WTS_BASE_URL", wts_url.as_str()),
        ("OIDC_CLIENT_ID", "wts"),
        ("OIDC_CLIENT_SECRET", "secret"),
        ("ENCRYPTION_KEY", "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="),
        ("SECRET_KEY", "secret"),
        ("EXTERNAL_OIDC", "[]"),
    ];
    let mut fence_process = serve(
        "fence",
        fence,
        &[("FENCE_CONFIG_PATH", &config), ("FENCE_KEYS", &keys_folder.display().to_string())],
    );
    let audit_process = serve("audit", audit, &small(audit_db));
    let processes = [
        serve(
            "gateway",
            gateway,
            &[("PUBLIC_URL", &public), ("UPSTREAMS", &upstreams), ("ARBORIST_URL", &arborist_url)],
        ),
        serve("sheepdog", sheepdog, &graph),
        serve("guppy", guppy, &[("SEARCH_FOLDER", &search), ("GEN3_ARBORIST_ENDPOINT", &arborist_url)]),
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
        serve("requestor", requestor, &small(requestor_db)),
        serve("library", library, &small(library_db)),
        serve("wts", wts, &[&small(wts_db)[..], &wts_settings[..]].concat()),
    ];
    for path in [
        "/_status",
        "/user/_status",
        "/index/_status",
        "/api/_status",
        "/peregrine/_status",
        "/guppy/_status",
        "/audit/_status",
        "/requestor/_status",
        "/library/_status",
        "/wts/_status",
    ] {
        wait_for(&client, &format!("{public}{path}")).await;
    }
    wait_for(&client, &format!("{arborist_url}/health")).await;
    let all = [gateway, fence, arborist, indexd, sheepdog, peregrine, guppy, audit, requestor, library, wts];
    for (port, probe) in
        all.into_iter().flat_map(|port| ["livez", "readyz", "startupz"].map(|probe| (port, probe)))
    {
        wait_for(&client, &format!("{}/{probe}", url(port))).await;
    }
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

    // The small services know the user by the token.
    let (status, requests) = call("GET", "/requestor/request/user", Value::Null).await;
    assert_eq!((status, &requests), (200, &json!([])), "{requests}");
    let (status, lists) = call("GET", "/library/lists", Value::Null).await;
    assert_eq!((status, &lists), (200, &json!({ "lists": {} })), "{lists}");
    let (status, told) = call("GET", "/wts/oauth2/connected", Value::Null).await;
    assert_eq!(
        (status, &told["message"]),
        (403, &json!("user is not connected with token service or expired"))
    );
    let (status, providers) = call("GET", "/wts/external_oidc/", Value::Null).await;
    assert_eq!((status, providers), (200, json!({ "providers": [] })));
    let keys_folder = keys_folder.display().to_string();
    credentials_come_by_addresses(&client, &public, fence_db, &config, &keys_folder).await;

    // Another dictionary: peregrine goes on with the old one until sheepdog has made the tables of the new
    // one.
    write_version(&dictionary, 1);
    let hang_up = |process: &Process| signal(process, rustix::process::Signal::HUP);
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

    let ending = (&mut fence_process, &audit_process);
    records_are_written_when_fence_ends(&client, &url(fence), &databases[4], ending).await;
}
