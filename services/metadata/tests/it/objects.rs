//! Files of the index with their documents.

use dataaccess::{AccessError, UploadProgress as _, UploadStatus};
use indexclient::{IndexClient as _, Record};
use serde_json::{Value, json};

use crate::support::World;

fn record(did: &str, baseid: &str) -> Record {
    let authz = vec!["/programs/a".to_owned()];
    Record { did: did.into(), baseid: baseid.into(), rev: "1".into(), authz, ..Record::default() }
}

#[actix_web::test]
async fn an_upload_makes_a_record_with_aliases_and_a_document() {
    let world = World::new().await;
    let body = json!({
        "file_name": "f.bam", "authz": {"version": "0", "resource_paths": ["/programs/a"]},
        "aliases": ["b", "a"], "metadata": {"k": "v", "_upload_status": "x"},
    });
    for (path, alias) in [("/objects/upload", "b"), ("/objects/", "c")] {
        let mut body = body.clone();
        body["aliases"] = json!([alias, format!("{alias}-0")]);
        let (status, made) = world.send("POST", path, "ann", &body).await;
        assert_eq!(status, 201, "{made}");
        let guid = made["guid"].as_str().unwrap();
        let metadata = json!({"k": "v", "_upload_status": "not_uploaded"});
        assert_eq!((&made["metadata"], &made["authz"]), (&metadata, &body["authz"]));
        assert_eq!(made["aliases"], json!([alias, format!("{alias}-0")]));
        assert_eq!(made["upload_url"], json!(format!("https://store/{guid}")));
        assert_eq!(world.get(&format!("/metadata/{guid}")).await, (200, metadata.clone()));
        let (_, found) = world.get(&format!("/objects/{alias}")).await;
        assert_eq!((&found["record"]["did"], &found["metadata"]), (&made["guid"], &metadata));
        // It is the record's alias, and not that of the document.
        assert_eq!(world.get(&format!("/metadata/{alias}")).await.0, 404);
    }
    let authz: Value = sqlx::query_scalar("select authz from metadata limit 1")
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
    assert_eq!(authz, body["authz"]);
    let (status, told) = world.send("POST", "/objects/upload", "ann", &body).await;
    assert_eq!(status, 409);
    assert!(told["detail"].as_str().unwrap().ends_with("(['b', 'a']) already exist"), "{told}");
}

#[actix_web::test]
async fn what_fence_refuses_is_told() {
    let world = World::new().await;
    let body = json!({"file_name": "f", "authz": {"version": "0", "resource_paths": []}});
    world.index.put(record("r", "base"));
    for (error, upload, download) in [
        (AccessError::Refused { status: 401 }, 403, 403),
        (AccessError::Refused { status: 403 }, 403, 403),
        (AccessError::Refused { status: 400 }, 400, 400),
        (AccessError::Refused { status: 404 }, 404, 404),
        (AccessError::Unavailable("down".into()), 503, 503),
    ] {
        *world.files.broken.lock().unwrap() = Some(error.clone());
        assert_eq!(world.send("POST", "/objects/upload", "ann", &body).await.0, upload, "{error}");
        let (status, _) = world.send("GET", "/objects/r/download", "ann", &Value::Null).await;
        assert_eq!(status, download, "{error}");
    }
    let documents: i64 =
        sqlx::query_scalar("select count(*) from metadata").fetch_one(&world.database.pool).await.unwrap();
    assert_eq!(documents, 0);
}

#[actix_web::test]
async fn a_new_file_of_a_record_is_a_version() {
    let world = World::new().await;
    world.index.put(record("first", "base"));
    let body = json!({"file_name": "g", "metadata": {"v": 2}});
    let (status, made) = world.send("POST", "/objects/first", "ann", &body).await;
    assert_eq!(status, 201, "{made}");
    let guid = made["guid"].as_str().unwrap();
    assert!(made.get("authz").is_none() && guid != "first");
    let version = world.index.record(guid).unwrap();
    assert_eq!((version.baseid.as_str(), &version.authz), ("base", &vec!["/programs/a".to_owned()]));
    let (_, latest) = world.get("/objects/first/latest").await;
    assert_eq!(latest["record"]["did"], made["guid"]);
    assert_eq!(latest["metadata"], json!({"v": 2, "_upload_status": "not_uploaded"}));
    assert_eq!(world.send("POST", "/objects/nothing", "ann", &body).await.0, 404);
}

#[actix_web::test]
async fn an_object_is_a_record_a_document_or_both() {
    let world = World::new().await;
    world.document("only", json!({"x": 1})).await;
    assert_eq!(world.post("/metadata/only/aliases", json!({"aliases": ["named"]})).await.0, 201);
    world.document("empty", json!({})).await;
    let found = json!({"record": {}, "metadata": {"x": 1}});
    for path in ["/objects/only", "/objects/named", "/objects/only/latest"] {
        assert_eq!(world.get(path).await, (200, found.clone()), "{path}");
    }
    assert_eq!(world.get("/objects/empty").await, (404, json!({"detail": "Not found: 'empty'"})));
    assert_eq!(world.get("/objects/").await, (404, json!({"detail": "Not found: ''"})));
    world.index.put(record("r/1", "base"));
    let (status, object) = world.get("/objects/r%2F1").await;
    assert_eq!((status, &object["record"]["did"], &object["metadata"]), (200, &json!("r/1"), &json!({})));
}

#[actix_web::test]
async fn a_document_goes_with_its_record() {
    let world = World::new().await;
    for did in ["r1", "r2", "r3"] {
        world.index.put(record(did, did));
        world.document(did, json!({"k": "v"})).await;
    }
    world.document("alone", json!({"k": "v"})).await;
    let delete = async |path: &str, who: &str| world.send("DELETE", path, who, &Value::Null).await;
    assert_eq!(delete("/objects/r1", "ann").await.0, 204);
    assert_eq!(delete("/objects/r2?delete_file_locations", "ann").await.0, 204);
    assert_eq!(delete("/objects/r3?delete_file_locations=x", "ann").await.0, 400);
    assert_eq!(delete("/objects/r3?delete_file_locations", "").await.0, 401);
    let told = |whom: &str| json!({ "detail": format!("Error during request to {whom}") });
    assert_eq!(delete("/objects/alone", "ann").await, (404, told("indexd")));
    assert_eq!(delete("/objects/alone?delete_file_locations", "ann").await, (404, told("fence")));
    for (guid, status) in [("r1", 404), ("r2", 404), ("r3", 200), ("alone", 200)] {
        assert_eq!(world.get(&format!("/metadata/{guid}")).await.0, status, "{guid}");
    }
    // Not by an alias, which leads to another GUID.
    let named = [("r3".to_owned(), "named".to_owned())];
    world.index.add_aliases(&indexclient::Caller::Service, &named).await.unwrap();
    assert_eq!(delete("/objects/named", "ann").await, (404, told("indexd")));
    assert!(world.index.record("r3").is_some());
}

#[actix_web::test]
async fn how_far_an_upload_is_stands_in_its_document() {
    let world = World::new().await;
    world.document("g", json!({"k": "v", "_upload_status": "not_uploaded"})).await;
    assert_eq!(world.post("/metadata", json!([{"guid": "l", "data": [1]}])).await.0, 201);
    for (status, word) in [
        (UploadStatus::Processing, "processing"),
        (UploadStatus::Uploaded, "uploaded"),
        (UploadStatus::Error, "error"),
    ] {
        for guid in ["g", "l", "none"] {
            world.metadata.note(guid, status).await.unwrap();
        }
        assert_eq!(world.get("/metadata/g").await.1, json!({"k": "v", "_upload_status": word}));
    }
    assert_eq!(world.get("/metadata/l").await.1, json!([1]));
    assert_eq!(world.get("/metadata/none").await.0, 404);
}
