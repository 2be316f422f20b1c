//! Keeping and reading files.

use manifests::Config;
use serde_json::{Value, json};

use crate::support::World;

const GUID: &str = "5183a350-9d56-4084-8a03-6471cafeb7fe";

#[actix_web::test]
async fn a_manifest_is_kept_listed_and_read() {
    let world = World::new();
    let manifest = json!([{"object_id": "1", "file_name": "it's \"ü\""}, {"object_id": "2"}]);
    let (status, kept) = world.send("POST", "/", "7", &manifest).await;
    assert_eq!(status, 200, "{kept}");
    let name = kept["filename"].as_str().unwrap();
    assert!(name.starts_with("manifest-20") && name.ends_with(".json") && name.len() == 40, "{name}");
    let (_, listed) = world.get("/", "7").await;
    let listed = &listed["manifests"];
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["filename"]), (1, &kept["filename"]));
    let written = listed[0]["last_modified"].as_str().unwrap();
    assert_eq!((written.len(), &written[4..5], &written[10..11]), (19, "-", " "));
    assert!(listed[0]["last_modified_timestamp"].as_f64().unwrap() > 1.7e9);
    assert_eq!(world.get(&format!("/file/{name}"), "7").await, (200, manifest));
    assert_eq!(world.keys().await, [format!("user-7/{name}")]);
    assert_eq!(world.get(&format!("/file/{name}"), "8").await.0, 404);
    assert_eq!(world.get("/", "8").await.1, json!({"manifests": []}));
}

#[actix_web::test]
async fn each_kind_has_its_folder() {
    let world = World::with(Config { prefix: "commons".into(), ..Config::of_bucket("manifests") });
    assert_eq!(world.send("PUT", "/", "7", &json!([{"object_id": "1"}])).await.0, 200);
    for guid in [GUID.to_owned(), format!("dg.1/{GUID}")] {
        let kept = world.send("POST", "/cohorts", "7", &json!({ "guid": guid })).await;
        assert_eq!(kept, (200, json!({ "filename": guid })));
    }
    let (_, kept) = world.send("PUT", "/metadata", "7", &json!({"a": "b"})).await;
    let name = kept["filename"].as_str().unwrap();
    assert!(name.starts_with("metadata-"), "{name}");
    let names = async |path: &str, key: &str| {
        let (_, listed) = world.get(path, "7").await;
        let names = listed[key].as_array().unwrap().iter().map(|file| file["filename"].clone());
        names.collect::<Vec<Value>>()
    };
    assert_eq!(names("/", "manifests").await.len(), 1);
    let mut cohorts = names("/cohorts", "cohorts").await;
    cohorts.sort_by_key(Value::to_string);
    assert_eq!(cohorts, [json!(GUID), json!(format!("dg.1/{GUID}"))]);
    assert_eq!(names("/metadata", "external_file_metadata").await, [json!(name)]);
    assert_eq!(world.get(&format!("/metadata/{name}"), "7").await, (200, json!({"a": "b"})));
    assert_eq!(world.get(&format!("/file/{name}"), "7").await.0, 404);
    assert!(world.keys().await.iter().all(|key| key.starts_with("commons/user-7/")));
}

#[actix_web::test]
async fn files_of_the_original_are_read() {
    let world = World::new();
    world.object("user-7/manifest-2019-02-27T11-44-20.548126.json", "[{'object_id': '1'}]").await;
    let path = "/file/manifest-2019-02-27T11-44-20.548126.json";
    assert_eq!(world.get(path, "7").await, (200, json!([{"object_id": "1"}])));
}

#[actix_web::test]
async fn names_that_lead_elsewhere_are_refused() {
    let world = World::new();
    world.object("user-8/secret.json", "{}").await;
    for path in [
        "/file/..%2Fuser-8%2Fsecret.json",
        "/file/../user-8/secret.json",
        "/file/%2E%2E%2Fuser-8%2Fsecret.json",
        "/metadata/..%2F..%2Fuser-8%2Fsecret.json",
        "/file/a%00.json",
        "/file/none.json",
    ] {
        let (status, told) = world.get(path, "7").await;
        assert!([400, 404].contains(&status), "{path}: {status} {told}");
    }
    for guid in [format!("../../user-8/{GUID}"), format!("a/./{GUID}"), GUID.replace('-', "")] {
        assert_eq!(world.send("POST", "/cohorts", "7", &json!({ "guid": guid })).await.0, 400, "{guid}");
    }
    assert_eq!(world.keys().await, ["user-8/secret.json"]);
}

#[actix_web::test]
async fn bodies_and_folders_have_limits() {
    let world = World::with(Config { body_limit: 1_000, most_files: 2, ..Config::of_bucket("manifests") });
    let long = json!([{"object_id": "x".repeat(2_000)}]);
    assert_eq!(world.send("POST", "/", "7", &long).await.0, 413);
    let manifest = json!([{"object_id": "1"}]);
    for expected in [200, 200, 400] {
        assert_eq!(world.send("POST", "/", "7", &manifest).await.0, expected);
    }
    assert_eq!(world.get("/", "7").await.0, 200);
    world.object("user-7/from-before.json", "[]").await;
    assert_eq!(world.get("/", "7").await.0, 400);
    assert_eq!(world.send("POST", "/", "8", &manifest).await.0, 200);
}

#[actix_web::test]
async fn a_bucket_that_is_not_there_is_told_without_its_reason() {
    let world = World::with(Config::of_bucket("unknown"));
    let told = json!({"error": "Currently unable to connect to s3."});
    assert_eq!(world.get("/", "7").await, (500, told.clone()));
    assert_eq!(world.send("POST", "/", "7", &json!([{"object_id": "1"}])).await, (500, told));
}
