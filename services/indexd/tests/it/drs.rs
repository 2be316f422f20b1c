use indexd::{AuthorizationPolicy, Config};
use reqwest::Method;
use serde_json::{Value, json};
use testing::Rights;

use crate::support::{Running, config, guid, md5, record};

fn with_issuer() -> Config {
    let authorizations =
        AuthorizationPolicy { default_bearer_issuer: Some("https://x/user".into()), ..Default::default() };
    Config { authorizations, ..config() }
}

fn authorizations(n: usize) -> Value {
    json!({
        "bearer_auth_issuers": ["https://x/user"], "drs_object_id": guid(n), "passport_auth_issuers": [],
        "supported_types": ["BearerAuth"],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_a_drs_object() {
    let indexd = Running::with(with_issuer(), Rights::of_plain_tokens()).await;
    indexd.create(record(1, json!({"authz": ["/a"], "file_name": "f", "version": "2"}))).await;
    let path = format!("/ga4gh/drs/v1/objects/dg.T%2F{}", guid(1));
    let got = indexd.get(&path).await;
    let mut object = got.json();
    for key in ["index_created_time", "index_updated_time"] {
        assert!(object[key].is_string());
        object[key] = json!("<set>");
    }
    assert_eq!(
        (got.status, object),
        (
            200,
            json!({
                "access_methods": [{
                    "access_id": "s3", "access_url": {"url": "s3://b/1"}, "authorizations": authorizations(1),
                    "available": true, "cloud": "aws", "region": "us-east-1", "type": "s3",
                }],
                "aliases": [], "checksums": [{"checksum": md5(1), "type": "md5"}], "created_time": null,
                "description": null, "form": "object", "id": guid(1), "index_created_time": "<set>",
                "index_updated_time": "<set>", "mime_type": "application/json", "name": "f",
                "self_uri": format!("drs://dg.T:{}", guid(1)), "size": 101, "updated_time": null,
                "version": "2",
            })
        )
    );
    assert_eq!(indexd.post(&path, json!({"passports": ["x"]})).await.json(), got.json());
    let missing = indexd.get("/ga4gh/drs/v1/objects/x/access/s3").await;
    assert_eq!(missing.both(), (404, json!({"msg": "no record found", "status_code": 404})));
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_facts_of_a_url_say_where_and_whether_it_is_there() {
    let indexd = Running::new().await;
    let cases = [
        ("s3://b/1", json!({}), "us-east-1", true),
        ("s3://b/2", json!({"region": ""}), "us-east-1", true),
        ("s3://b/3", json!({"region": "mine", "available": "True"}), "mine", true),
        ("s3://b/4", json!({"available": false}), "us-east-1", false),
        ("s3://b/5", json!({"available": "no"}), "us-east-1", false),
        ("s3://b:9000/6", json!({"available": null}), "", true),
    ];
    let urls: Vec<&str> = cases.iter().map(|case| case.0).collect();
    let facts: serde_json::Map<String, Value> =
        cases.iter().map(|case| (case.0.to_owned(), case.1.clone())).collect();
    indexd.create(record(1, json!({"urls": urls, "urls_metadata": facts}))).await;
    let object = indexd.get(&format!("/ga4gh/drs/v1/objects/{}", guid(1))).await.json();
    for (number, (url, facts, region, available)) in cases.into_iter().enumerate() {
        let method = &object["access_methods"][number];
        assert_eq!(method["access_url"]["url"], json!(url));
        assert_eq!((&method["region"], &method["available"]), (&json!(region), &json!(available)), "{facts}");
    }
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn options_say_what_the_bytes_need() {
    let indexd = Running::with(with_issuer(), Rights::of_plain_tokens()).await;
    indexd.create(record(1, json!({"authz": ["/a"]}))).await;
    indexd.post("/bundle", json!({"bundles": [guid(1)], "bundle_id": "x"})).await;
    let options = async |path: &str, body: Option<Value>| {
        indexd.send_as("", Method::OPTIONS, &format!("/ga4gh/drs/v1/objects{path}"), body).await.both()
    };
    assert_eq!(options(&format!("/{}", guid(1)), None).await, (200, authorizations(1)));
    assert_eq!(options("/x", None).await.0, 400);
    assert_eq!(
        options("", Some(json!({"bulk_object_ids": [guid(1), "z", "y"]}))).await,
        (
            200,
            json!({
                "resolved_drs_objects": [authorizations(1)],
                "summary": {"requested": 3, "resolved": 1, "unresolved": 2},
                "unresolved_drs_objects": [{"error_code": 404, "object_ids": ["y", "z"]}],
            })
        )
    );
    let malformed = json!({"msg": "Request is malformed. Missing bulk object ids.", "status_code": 400});
    assert_eq!(options("", Some(json!({}))).await, (400, malformed));
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_come_in_bulk_and_in_lists() {
    let indexd = Running::new().await;
    for n in 1..=3 {
        indexd.create(record(n, json!({}))).await;
    }
    indexd.post("/bundle", json!({"bundles": [guid(1)], "bundle_id": "x"})).await;
    let bulk =
        indexd.post("/ga4gh/drs/v1/objects", json!({"bulk_object_ids": [guid(1), guid(3), "x"]})).await;
    assert_eq!(bulk.json()["summary"], json!({"requested": 3, "resolved": 2, "unresolved": 1}));
    let list = async |query: &str| {
        let list = indexd.get(&format!("/ga4gh/drs/v1/objects?{query}")).await.json();
        let ids = list["drs_objects"].as_array().expect("a list").iter().map(|object| object["id"].clone());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(list(&format!("form=object&start={}", guid(1))).await, [json!(guid(2)), json!(guid(3))]);
    assert_eq!(list("form=bundle").await, [json!("x")]);
    let bundles = indexd.get("/ga4gh/drs/v1/objects?form=bundle").await.json();
    assert!(bundles["drs_objects"][0].get("contents").is_none(), "{bundles}");
    assert_eq!(list("limit=2").await, [json!("x"), json!(guid(2)), json!(guid(1))]);
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_info_counts_the_objects() {
    let indexd = Running::new().await;
    indexd.create(record(1, json!({}))).await;
    let info = indexd.get("/ga4gh/drs/v1/service-info").await.json();
    assert_eq!(
        (&info["id"], &info["drs"]),
        (
            &json!("org.example.data"),
            &json!({"maxBulkRequestLength": 100, "objectCount": 1, "totalObjectSize": 101})
        )
    );
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dos_object_is_found_by_did_or_alias_and_by_checksum() {
    let indexd = Running::new().await;
    indexd.create(record(1, json!({"metadata": {"a": "b"}}))).await;
    indexd.post(&format!("/index/{}/aliases", guid(1)), json!({"aliases": [{"value": "x"}]})).await;
    let object = indexd.get("/ga4gh/dos/v1/dataobjects/x").await.json()["data_object"].clone();
    assert_eq!(
        (&object["id"], &object["aliases"], &object["urls"]),
        (&json!(guid(1)), &json!(["x"]), &json!([{"system_metadata": {"a": "b"}, "url": "s3://b/1"}]))
    );
    let list = indexd.get(&format!("/ga4gh/dos/v1/dataobjects?checksum=md5:{}&url=s3://b/1", md5(1))).await;
    assert_eq!(list.json(), json!({ "data_objects": [object] }));
    indexd.stop().await;
}
