//! Operations that keep a commons in order: backups, what the file index lost, studies of other commons.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use commons::up::Options;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

use crate::{
    operations::{ended, fill, run},
    running::{Commons, answer},
    split::{free_port, serve, url, wait_for},
};

/// The other commons, for which the file that names them has a place only.
const NOBODY: &str = "http://127.0.0.1:9";

fn database(commons: &Commons, name: &str) -> String {
    let run = fs::read_to_string(&commons.running.announcement().run_file).unwrap();
    let run: Value = serde_json::from_str(&run).unwrap();
    run["databases"][name].as_str().unwrap().to_owned()
}

/// Changes rows of a database behind the back of its service.
async fn change(commons: &Commons, name: &str, statements: &[&'static str], id: &str) {
    let mut connection = PgConnection::connect(&database(commons, name)).await.unwrap();
    for statement in statements {
        let done = sqlx::query(*statement).bind(id).execute(&mut connection).await.unwrap();
        assert!(done.rows_affected() > 0, "{statement}");
    }
    connection.close().await.unwrap();
}

async fn refused(commons: &Commons, kind: &str, params: Value, told: &str) {
    let asked = json!({"kind": kind, "params": params});
    let (status, body) = commons.send("POST", "/ops/v1/runs", &asked).await;
    assert_eq!(status, 400, "{kind} {params}: {body}");
    assert!(body["detail"].as_str().unwrap().contains(told), "{body}");
}

async fn log(commons: &Commons, run: &Value) -> String {
    let (status, log) = commons.get(&format!("/ops/v1/runs/{}/logs", run["id"].as_str().unwrap())).await;
    assert_eq!(status, 200, "{log}");
    log.as_str().unwrap().to_owned()
}

/// A file of 3 MiB, when its record is filled.
async fn uploaded(commons: &Commons) -> String {
    let (status, made) = commons.send("POST", "/user/data/upload", &json!({"file_name": "a.bin"})).await;
    assert_eq!(status, 201, "{made}");
    let bytes: Vec<u8> = (0..3_u32 << 20).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let put = commons.signed("PUT", made["url"].as_str().unwrap()).body(bytes).send().await.unwrap();
    assert_eq!(put.status(), 200);
    let guid = made["guid"].as_str().unwrap().to_owned();
    for _ in 0..200 {
        let (_, record) = commons.get(&format!("/index/index/{guid}")).await;
        if record["size"].is_number() {
            return guid;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the upload was not seen");
}

fn manifests(place: &Path) -> usize {
    fs::read_dir(place.join("backups")).map_or(0, Iterator::count)
}

async fn backups_are_made_and_read(commons: &Commons, place: &Path) {
    refused(commons, "backup", json!({"place": "/tmp"}), "there are rate").await;
    refused(commons, "backup", json!({"rate": 0}), "rate: it is a number of MiB a second").await;
    refused(commons, "backup-verify", json!({"name": "../x"}), "name: it is that of a backup").await;
    refused(commons, "backup-verify", json!({"name": "a", "all": true}), "all: it is either").await;
    // One that is canceled is none, and is in nobody's way.
    let asked = json!({"kind": "backup", "params": {"rate": 1}});
    let (_, slow) = commons.send("POST", "/ops/v1/runs", &asked).await;
    let slow = slow["id"].as_str().unwrap();
    while commons.get(&format!("/ops/v1/runs/{slow}")).await.1["state"] != "running" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(commons.send("POST", &format!("/ops/v1/runs/{slow}/cancel"), &json!({})).await.0, 200);
    assert_eq!(ended(commons, slow).await["state"], "canceled");
    assert_eq!(manifests(place), 0);

    let made = run(commons, "backup", json!({})).await;
    assert_eq!(made["state"], "succeeded", "{made}");
    let databases = made["result"]["databases"].as_array().unwrap();
    assert_eq!((databases.len(), &made["result"]["objects"]["objects"]), (12, &json!(1)), "{made}");
    assert_eq!(made["result"]["secrets"]["sealing"], "passphrase");
    assert!(log(commons, &made).await.contains("were written"));

    // Its worker is lost before the end is written down: the next attempt finds what it has made.
    let lost = "update operation_run set state = 'running', finished = null, result = null, \
                lease_until = now() - interval '1 second', claim = gen_random_uuid() where id = $1::uuid";
    change(commons, "operations", &[lost], made["id"].as_str().unwrap()).await;
    let again = ended(commons, made["id"].as_str().unwrap()).await;
    assert_eq!((&again["state"], &again["attempt"]), (&json!("succeeded"), &json!(2)), "{again}");
    assert_eq!(again["result"]["name"], made["result"]["name"]);
    assert_eq!(manifests(place), 1);

    // Of two one stays.
    let second = run(commons, "backup", json!({"rate": 100})).await;
    assert_eq!(second["result"]["pruned"]["backups"], json!([made["result"]["name"]]), "{second}");
    assert_eq!(manifests(place), 1);
    let read = run(commons, "backup-verify", json!({"all": true})).await;
    assert_eq!((&read["state"], &read["result"]["backups"]), (&json!("succeeded"), &json!(1)), "{read}");
    spoil(place);
    let name = &second["result"]["name"];
    let read = run(commons, "backup-verify", json!({"name": name, "rate": 1_000})).await;
    assert_eq!(read["state"], "failed", "{read}");
    assert!(log(commons, &read).await.contains("damaged: "), "{read}");
    let read = run(commons, "backup-verify", json!({"name": "none"})).await;
    assert!(read["error"].as_str().unwrap().contains("none"), "{read}");
}

/// Changes a byte of the largest piece.
fn spoil(place: &Path) {
    let shards = fs::read_dir(place.join("pieces")).unwrap().map(|shard| shard.unwrap().path());
    let pieces = shards.flat_map(|shard| fs::read_dir(shard).unwrap().map(|piece| piece.unwrap().path()));
    let piece: PathBuf = pieces.max_by_key(|piece| fs::metadata(piece).unwrap().len()).unwrap();
    let mut bytes = fs::read(&piece).unwrap();
    bytes[0] ^= 1;
    fs::write(&piece, bytes).unwrap();
}

async fn a_lost_upload_is_found_again(commons: &Commons, guid: &str) {
    refused(commons, "index-scan", json!({"bucket": "elsewhere"}), "is none of this commons").await;
    refused(commons, "index-scan", json!({"bucket": "file:///etc"}), "bucket: it is like NAME").await;
    refused(commons, "index-scan", json!({"at_once": 65}), "objects from 1 to 64").await;
    let (_, before) = commons.get(&format!("/index/index/{guid}")).await;
    let lost = [
        "update index_record set size = null where did = $1",
        "delete from index_record_hash where did = $1",
        "delete from index_record_url where did = $1",
    ];
    change(commons, "indexd", &lost, guid).await;
    let looked = run(commons, "index-scan", json!({"dry_run": true, "bucket": "commons-data"})).await;
    let counts = &looked["result"]["buckets"]["s3://commons-data"];
    assert_eq!((&counts["blank"], &counts["filled"]), (&json!(1), &json!(0)), "{looked}");
    let filled = run(commons, "index-scan", json!({})).await;
    assert_eq!(filled["result"]["buckets"]["s3://commons-data"]["filled"], 1, "{filled}");
    assert!(log(commons, &filled).await.contains(&format!("(record {guid}, 3145728 bytes)")));
    let (_, after) = commons.get(&format!("/index/index/{guid}")).await;
    for field in ["size", "hashes", "urls"] {
        assert_eq!(after[field], before[field]);
    }
    let again = run(commons, "index-scan", json!({"prefix": guid})).await;
    assert_eq!(again["result"]["buckets"]["s3://commons-data"]["in_order"], 1, "{again}");
}

async fn a_record_that_nobody_names_goes_when_that_is_asked_for(commons: &Commons) {
    refused(commons, "index-gc", json!({"apply": "yes"}), "apply: it is true or false").await;
    let record = json!({"form": "object", "size": 3, "urls": [], "authz": ["/programs/OPS/projects/one"],
                        "hashes": {"md5": "0cc175b9c0f1b6a831c399e269772661"}});
    let (status, made) = commons.send("POST", "/index/index", &record).await;
    assert_eq!(status, 200, "{made}");
    let guid = made["did"].as_str().unwrap();
    let path = format!("/index/index/{guid}");
    let alias = json!({"aliases": [{"value": "OPS-one/gone"}]});
    assert_eq!(commons.send("POST", &format!("{path}/aliases"), &alias).await.0, 200);
    let older = "update index_record set created_date = created_date - interval '2 hours', \
                 uploader = null where did = $1";
    change(commons, "indexd", &[older], guid).await;
    let found = run(commons, "index-gc", json!({})).await;
    let told = &found["result"];
    assert_eq!((&told["applied"], &told["records_without_node"]), (&json!(false), &json!(1)), "{found}");
    assert!(log(commons, &found).await.contains(&format!("found: no file has the record {guid}")));
    assert_eq!(commons.get(&path).await.0, 200, "it was only said");
    let applied = run(commons, "index-gc", json!({"apply": true})).await;
    assert_eq!(applied["result"]["in_order"], true, "{applied}");
    assert_eq!(commons.get(&path).await.0, 404);
    let again = run(commons, "index-gc", json!({})).await;
    assert_eq!(again["result"]["records_without_node"], 0, "{again}");
}

async fn studies_of_another_commons_come(commons: &Commons, file: &Path) {
    refused(commons, "metadata-aggregate-sync", json!({"url": "http://x"}), "there are dry_run").await;
    let study = json!({"_guid_type": "discovery_metadata", "gen3_discovery": {"title": "First"}});
    assert_eq!(commons.send("POST", "/mds/metadata/study-1", &study).await.0, 201);
    let url = &commons.running.announcement().url;
    fs::write(file, config(url)).unwrap();
    let dry = run(commons, "metadata-aggregate-sync", json!({"dry_run": true})).await;
    assert_eq!(dry["result"]["added"], 1, "{dry}");
    assert_eq!(commons.get("/mds/aggregate/commons").await.0, 404);
    let done = run(commons, "metadata-aggregate-sync", json!({})).await;
    assert_eq!((&done["state"], &done["result"]["studies"]), (&json!("succeeded"), &json!(1)), "{done}");
    let (_, found) = commons.get("/mds/aggregate/metadata/guid/study-1").await;
    assert_eq!(found["gen3_discovery"]["title"], "First", "{found}");
    // A commons that is away: it is tried again, and what was there stays.
    fs::write(file, config(NOBODY)).unwrap();
    let asked = json!({"kind": "metadata-aggregate-sync"});
    let (_, away) = commons.send("POST", "/ops/v1/runs", &asked).await;
    let id = away["id"].as_str().unwrap();
    while commons.get(&format!("/ops/v1/runs/{id}")).await.1["error"].is_null() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(commons.send("POST", &format!("/ops/v1/runs/{id}/cancel"), &json!({})).await.0, 200);
    assert!(log(commons, &ended(commons, id).await).await.contains("it is tried again in 10 seconds"));
    assert_eq!(commons.get("/mds/aggregate/metadata/guid/study-1").await.0, 200);
}

/// `commons serve operations` with a queue of its own, beside the services of the commons.
async fn a_process_of_its_own_does_the_same(commons: &Commons, folder: &Path) {
    let said = commons.running.announcement();
    let queue = database(commons, "operations").replace("/operations", "/operations_alone");
    let mut connection = PgConnection::connect(&database(commons, "operations")).await.unwrap();
    sqlx::query("create database operations_alone").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let secrets: Value = serde_json::from_str(&fs::read_to_string(&said.secrets_file).unwrap()).unwrap();
    let secret = |name: &str| secrets[name].as_str().unwrap().to_owned();
    let fence = json!({
        "BASE_URL": format!("{}/user", said.url), "ENCRYPTION_KEY": "", "ENABLE_VISA_UPDATE_CRON": true,
        "AWS_CREDENTIALS": {"own": {"aws_access_key_id": secret("store_access_key"),
                                    "aws_secret_access_key": secret("store_secret_key")}},
        "S3_BUCKETS": {"commons-data": {"cred": "own", "endpoint_url": said.object_store}},
        "DATA_UPLOAD_BUCKET": "commons-data",
        // This commons is a provider, too.
        "OPENID_CONNECT": {"ras": {
            "client_id": "c", "client_secret": "s", "redirect_url": "http://localhost/user/login/ras/login",
            "discovery_url": format!("{}/user/.well-known/openid-configuration", said.url),
        }},
    });
    let (config, place) = (folder.join("fence-config.yaml"), folder.join("backups-of-databases"));
    fs::write(&config, fence.to_string()).unwrap();
    let named = ["fence", "arborist", "sheepdog", "indexd", "metadata"]
        .map(|name| (format!("{}_DATABASE_URL", name.to_uppercase()), database(commons, name)));
    let mut variables: Vec<(&str, &str)> =
        named.iter().map(|(name, url)| (name.as_str(), url.as_str())).collect();
    let (user, password) = (secret("indexd_user"), secret("indexd_password"));
    let aggregate = folder.join("aggregate_config.json");
    variables.extend([
        ("DATABASE_URL", queue.as_str()),
        ("ARBORIST_URL", &said.services["arborist"]),
        ("INDEX_CLIENT_HOST", &said.services["indexd"]),
        ("INDEXD_USER", &user),
        ("INDEXD_PASS", &password),
        ("FENCE_CONFIG_PATH", config.to_str().unwrap()),
        ("AGG_MDS_CONFIG", aggregate.to_str().unwrap()),
        ("COMMONS_BACKUP_PLACE", place.to_str().unwrap()),
        ("COMMONS_BACKUP_PASSPHRASE", "another phrase"),
        ("SCHEDULES", "index-scan=0 3 1 1 *;visa-update=never"),
    ]);
    let port = free_port();
    let process = serve("operations", port, &variables);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    wait_for(&client, &format!("{}/_status", url(port))).await;
    let asks = |method: &str, path: &str| {
        commons.signed(method, &format!("{}/v1/{path}", url(port))).bearer_auth(&commons.token)
    };
    let (_, kinds) = answer(asks("GET", "kinds")).await;
    let kinds: Vec<&str> =
        kinds["kinds"].as_array().unwrap().iter().filter_map(|kind| kind["kind"].as_str()).collect();
    let known = ["backup", "backup-verify", "expired-clients", "index-gc", "index-scan"];
    assert_eq!(kinds, [&known[..], &["metadata-aggregate-sync", "visa-update"]].concat());
    let (_, config) = answer(asks("GET", "config")).await;
    assert_eq!((&config["command"], &config["covers"]), (&json!("serve operations"), &json!("service")));
    assert_eq!(config["options"]["index-url"]["where"], "INDEX_CLIENT_HOST");
    let login = &config["options"]["indexd-password"];
    assert_eq!((&login["value"], &login["masked"]), (&json!("***"), &json!(true)));
    assert!(!config.to_string().contains(&password), "{config}");
    let (_, storage) = answer(asks("GET", "storage")).await;
    let [data] = storage["stores"].as_array().unwrap().as_slice() else { panic!("{storage}") };
    assert_eq!((&data["kind"], &data["endpoint"]), (&json!("s3"), &json!(said.object_store)));
    assert_eq!((&data["reach"], &data["free"]), (&json!({"state": "reached"}), &Value::Null));
    assert_eq!(storage["index"]["state"], "counted", "{storage}");
    for kind in ["visa-update", "index-gc", "index-scan", "backup", "backup-verify"] {
        let (status, mut run) = answer(asks("POST", "runs").json(&json!({"kind": kind}))).await;
        assert_eq!(status, 201, "{run}");
        let path = format!("runs/{}", run["id"].as_str().unwrap());
        while matches!(run["state"].as_str(), Some("queued" | "running")) {
            tokio::time::sleep(Duration::from_millis(50)).await;
            run = answer(asks("GET", &path)).await.1;
        }
        assert_eq!(run["state"], "succeeded", "{run}");
    }
    drop(process);
    assert_eq!(manifests(&place), 1);
}

fn config(url: &str) -> String {
    json!({"gen3_commons": {"Other": {"mds_url": url, "commons_url": "other.example"}}}).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_commons_is_kept_in_order_by_its_operations() {
    let folder = tempfile::tempdir().unwrap();
    let (place, aggregate) = (folder.path().join("backups"), folder.path().join("aggregate_config.json"));
    let phrase = folder.path().join("phrase");
    fs::write(&phrase, "a phrase for one test\n").unwrap();
    fs::write(&aggregate, config(NOBODY)).unwrap();
    let mut options = Options::on_free_ports(folder.path().join("state"));
    options.backups.backup_place = Some(place.display().to_string());
    options.backups.backup_passphrase_file = Some(phrase);
    options.backups.backup_keep = Some(1);
    options.aggregate_config = Some(aggregate.clone());
    options.service_ports = true;
    options.schedules = ["backup", "index-scan", "index-gc", "metadata-aggregate-sync", "backup-verify"]
        .map(|kind| format!("{kind}=0 3 1 1 *"))
        .into();
    let commons = Commons::start_with(options).await;
    fill(&commons).await;
    let guid = uploaded(&commons).await;
    a_lost_upload_is_found_again(&commons, &guid).await;
    a_record_that_nobody_names_goes_when_that_is_asked_for(&commons).await;
    studies_of_another_commons_come(&commons, &aggregate).await;
    backups_are_made_and_read(&commons, &place).await;
    a_process_of_its_own_does_the_same(&commons, folder.path()).await;
    let asked = commons.anonymous("POST", "/ops/v1/runs").json(&json!({"kind": "backup"}));
    assert_eq!(answer(asked).await.0, 401);
    commons.running.stop().await;
}
