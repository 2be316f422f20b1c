use serde_json::{Value, json};

use crate::support::{Running, guid, md5, record, settled};

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_a_snapshot_of_its_members() {
    let indexd = Running::new().await;
    indexd.create(record(1, json!({"file_name": "one", "size": 10}))).await;
    let rev = indexd.create(record(2, json!({"size": 20}))).await;
    let made = indexd.post("/bundle", json!({"bundle_id": "inner", "bundles": [guid(2), guid(1)]})).await;
    let uri = |n: usize| format!("drs://dg.T:{}", guid(n));
    let member =
        |n: usize, name: Value| json!({"contents": [], "drs_uri": uri(n), "id": guid(n), "name": name});
    let contents: Value =
        serde_json::from_str(made.json()["contents"].as_str().expect("a text")).expect("JSON in it");
    assert_eq!((made.status, contents), (200, json!([member(2, Value::Null), member(1, json!("one"))])));
    indexd.post("/bundle", json!({"bundle_id": "outer", "bundles": ["inner"], "name": "n"})).await;
    indexd.delete(&format!("/index/{}?rev={rev}", guid(2))).await;
    let outer = indexd.get("/bundle/outer?expand=true").await;
    let inner_checksum = settled(indexd.get("/index/inner").await.json())["checksum"].clone();
    assert_eq!(
        settled(outer.json())["contents"],
        json!([{
            "contents": [member(2, Value::Null), member(1, json!("one"))],
            "drs_uri": "drs://dg.T:inner", "id": "inner", "name": "inner",
        }])
    );
    assert_eq!(outer.json()["size"], json!(30));
    // The md5 of the members' checksums, sorted.
    let expected = hash(&format!("{}{}", md5(1), md5(2)));
    assert_eq!(inner_checksum, json!(format!(r#"[{{"checksum": "{expected}", "type": "md5"}}]"#)));
    assert_eq!(
        outer.json()["checksums"][0]["checksum"],
        json!(hash(inner_checksum.as_str().expect("a text")))
    );
    indexd.stop().await;
}

fn hash(text: &str) -> String {
    use md5::Digest as _;
    hex::encode(md5::Md5::digest(text.as_bytes()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_cannot_be_made_is_refused() {
    let indexd = Running::new().await;
    indexd.create(record(1, json!({}))).await;
    let blank = indexd.post("/index/blank", json!({})).await.json()["did"].clone();
    for (body, status) in [
        (json!({"bundles": []}), 400),
        (json!({"bundles": [guid(1), guid(1)]}), 400),
        (json!({"bundles": ["x"], "bundle_id": "x"}), 400),
        (json!({"bundles": [guid(1)], "checksums": [{"type": "md5", "checksum": "x"}]}), 400),
        (json!({"bundles": [blank]}), 400),
        (json!({"bundles": [1]}), 400),
        (json!({"bundles": [guid(9)]}), 404),
    ] {
        assert_eq!(indexd.post("/bundle", body.clone()).await.status, status, "{body}");
    }
    assert_eq!(indexd.post("/bundle", json!({"bundles": [guid(1)], "bundle_id": "x"})).await.status, 200);
    let again = indexd.post("/bundle", json!({"bundles": [guid(1)], "bundle_id": "x"})).await;
    assert_eq!(again.both(), (409, json!({"error": "bundle id \"x\" already exists"})));
    assert_eq!(indexd.delete("/bundle/x").await.status, 200);
    assert_eq!(indexd.delete("/bundle/x").await.both(), (404, json!({"error": "No bundle found"})));
    indexd.stop().await;
}
