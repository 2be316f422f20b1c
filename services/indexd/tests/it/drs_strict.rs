//! DRS in the form of the standard.

use indexd::{AuthorizationPolicy, Config, DrsForm};
use reqwest::Method;
use serde_json::{Value, json};
use testing::Rights;

use crate::support::{Running, config, guid, md5, record};

async fn strict() -> Running {
    let authorizations =
        AuthorizationPolicy { default_bearer_issuer: Some("https://x/user".into()), ..Default::default() };
    let config = Config { authorizations, drs_form: DrsForm::Strict, max_bulk_request_length: 3, ..config() };
    Running::with(config, Rights::of_plain_tokens()).await
}

fn uri(id: &str) -> String {
    format!("drs://data.example.org/{id}")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_and_a_bundle_have_what_the_standard_has_and_nothing_else() {
    let indexd = strict().await;
    indexd
        .create(record(
            1,
            json!({"authz": ["/a"], "file_name": "f", "content_created_date": "2022-01-01",
                "urls": ["s3://b/1", "s3://c/1"]}),
        ))
        .await;
    let object = indexd.get(&format!("/ga4gh/drs/v1/objects/dg.T%2F{}", guid(1))).await;
    assert_eq!(
        object.both(),
        (
            200,
            json!({
                "access_methods": [
                    {"access_id": "s3", "access_url": {"url": "s3://b/1"}, "region": "us-east-1",
                     "type": "s3"},
                    {"access_url": {"url": "s3://c/1"}, "type": "s3"},
                ],
                "checksums": [{"checksum": md5(1), "type": "md5"}],
                "created_time": "2022-01-01T00:00:00Z", "id": guid(1), "name": "f", "self_uri": uri(&guid(1)),
                "size": 101, "updated_time": "2022-01-01T00:00:00Z",
            })
        )
    );
    for (id, member) in [("inner", guid(1)), ("outer", "inner".to_owned())] {
        let body = json!({"bundles": [member], "bundle_id": id, "version": "", "aliases": ["a"]});
        assert_eq!(indexd.post("/bundle", body).await.status, 200);
    }
    let mut bundle = indexd.get("/ga4gh/drs/v1/objects/outer").await.json();
    let created = bundle["created_time"].as_str().expect("a time").to_owned();
    assert!(created.ends_with('Z') && bundle["updated_time"] == bundle["created_time"], "{bundle}");
    bundle["created_time"] = json!("<set>");
    bundle["updated_time"] = json!("<set>");
    let checksums = bundle["checksums"].clone();
    assert_eq!(checksums.as_array().map(Vec::len), Some(1));
    assert_eq!(
        bundle,
        json!({
            "aliases": ["a"], "checksums": checksums, "created_time": "<set>", "id": "outer",
            "contents": [{"drs_uri": [uri("inner")], "id": "inner", "name": "inner"}],
            "name": "outer", "self_uri": uri("outer"), "size": 101, "updated_time": "<set>",
        })
    );
    let nested = json!([{"drs_uri": [uri(&guid(1))], "id": guid(1), "name": "f"}]);
    for query in ["expand=true", "expand=True"] {
        let bundle = indexd.get(&format!("/ga4gh/drs/v1/objects/outer?{query}")).await.json();
        assert_eq!(bundle["contents"][0]["contents"], nested, "{query}");
    }
    let path = "/ga4gh/drs/v1/objects/outer";
    let bundle = indexd.post(path, json!({"expand": true, "passports": ["x"]})).await.json();
    assert_eq!(bundle["contents"][0]["contents"], nested);
    assert_eq!(indexd.send_as("", Method::POST, path, None).await.status, 200);
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_bytes_yet_is_promised_for_later() {
    let indexd = strict().await;
    let blank = indexd.post("/index/blank", json!({"authz": ["/a"]})).await.json();
    let did = blank["did"].as_str().expect("a did").to_owned();
    let answer = indexd.get(&format!("/ga4gh/drs/v1/objects/{did}")).await;
    assert_eq!((answer.status, answer.retry_after.as_deref(), answer.text.as_str()), (202, Some("60"), ""));
    let bulk = indexd.post("/ga4gh/drs/v1/objects", json!({"bulk_object_ids": [did]})).await.json();
    assert_eq!(bulk["unresolved_drs_objects"], json!([{"error_code": 404, "object_ids": [did]}]));
    assert_eq!(indexd.get("/ga4gh/drs/v1/objects").await.json(), json!({"drs_objects": []}));
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn authorizations_are_told_where_there_are_some() {
    let indexd = strict().await;
    indexd.create(record(1, json!({"authz": ["/a"]}))).await;
    indexd.create(record(2, json!({}))).await;
    indexd.post("/bundle", json!({"bundles": [guid(1)], "bundle_id": "x"})).await;
    let options = async |id: &str| {
        indexd.send_as("", Method::OPTIONS, &format!("/ga4gh/drs/v1/objects/{id}"), None).await
    };
    let found = options(&guid(1)).await.json();
    assert_eq!(found["supported_types"], json!(["BearerAuth"]));
    for id in [guid(2), "x".to_owned()] {
        let answer = options(&id).await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{id}");
    }
    assert_eq!(options("y").await.both(), (404, json!({"msg": "no record found", "status_code": 404})));
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_objects_are_named_in_any_way_up_to_a_limit() {
    let indexd = strict().await;
    indexd.create(record(1, json!({"baseid": guid(9)}))).await;
    indexd.post("/bundle", json!({"bundles": [guid(1)], "bundle_id": "x"})).await;
    let bulk = async |method: Method, ids: Value| {
        let body = json!({"bulk_object_ids": ids});
        indexd.send_as("", method, "/ga4gh/drs/v1/objects", Some(body)).await
    };
    let found = bulk(Method::POST, json!([format!("dg.T/{}", guid(1)), guid(9), "x"])).await.json();
    assert_eq!(found["summary"], json!({"requested": 3, "resolved": 3, "unresolved": 0}));
    let mut ids: Vec<&str> = found["resolved_drs_object"]
        .as_array()
        .expect("objects")
        .iter()
        .filter_map(|object| object["id"].as_str())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, [guid(1).as_str(), guid(1).as_str(), "x"]);
    for method in [Method::POST, Method::OPTIONS] {
        let refused = bulk(method, json!(["a", "b", "c", "d"])).await;
        let told = "at most 3 objects can be asked for at once";
        assert_eq!(refused.both(), (413, json!({"msg": told, "status_code": 413})));
    }
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_describes_itself_with_the_keys_of_the_standard() {
    let indexd = strict().await;
    let info = indexd.get("/ga4gh/drs/v1/service-info").await.json();
    let keys: Vec<&String> = info.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["id", "name", "organization", "type", "version"]);
    assert_eq!(info["type"], json!({"artifact": "drs", "group": "org.ga4gh", "version": "1.2.0"}));
    indexd.stop().await;
}
