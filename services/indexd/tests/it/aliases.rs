use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{MD5, Running, guid, record};

fn body(names: &[&str]) -> Value {
    json!({ "aliases": names.iter().map(|name| json!({ "value": name })).collect::<Vec<_>>() })
}

#[tokio::test(flavor = "multi_thread")]
async fn aliases_are_appended_replaced_found_and_deleted() {
    let indexd = Running::new().await;
    indexd.create(record(1, json!({}))).await;
    let path = format!("/index/{}/aliases", guid(1));
    let both = |answer: crate::support::Answer| answer.both();
    assert_eq!(both(indexd.post(&path, body(&["b", "a/1 %"])).await), (200, body(&["a/1 %", "b"])));
    assert_eq!(both(indexd.post(&path, body(&["aliases"])).await), (200, body(&["a/1 %", "aliases", "b"])));
    assert_eq!(indexd.get("/a%2F1%20%25").await.json()["did"], json!(guid(1)));
    assert_eq!(indexd.get("/index/b").await.status, 404);
    let deleted = (200, json!("Aliases deleted successfully"));
    assert_eq!(both(indexd.delete(&format!("{path}/aliases")).await), deleted);
    assert_eq!(both(indexd.delete(&format!("{path}/a/1%20%25")).await), deleted);
    assert_eq!(both(indexd.delete(&format!("{path}/x")).await), (404, json!({"error": "x"})));
    assert_eq!(both(indexd.put(&path, body(&["c"])).await), (200, body(&["c"])));
    assert_eq!(both(indexd.delete(&path).await), deleted);
    assert_eq!(both(indexd.get(&path).await), (200, body(&[])));
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_belongs_to_one_record_and_a_conflict_changes_nothing() {
    let indexd = Running::new().await;
    indexd.create(record(1, json!({}))).await;
    indexd.create(record(2, json!({}))).await;
    let (one, two) = (format!("/index/{}/aliases", guid(1)), format!("/index/{}/aliases", guid(2)));
    assert_eq!(indexd.post(&one, body(&["a"])).await.status, 200);
    assert_eq!(indexd.post(&two, body(&["b", "a"])).await.status, 409);
    assert_eq!(indexd.put(&two, body(&["c", "c"])).await.status, 409);
    assert_eq!(indexd.get(&two).await.json(), body(&[]));
    let unknown = format!("/index/{}/aliases", guid(9));
    assert_eq!(indexd.post(&unknown, body(&["z"])).await.both(), (404, json!({"error": guid(9)})));
    assert_eq!(indexd.post(&one, json!({"aliases": [{}]})).await.status, 400);
    assert_eq!(indexd.post(&one, json!({"aliases": [], "x": 1})).await.status, 400);
    let more = indexd.put(&one, json!({"aliases": [{"value": "b", "x": 1}]})).await;
    assert_eq!(more.both(), (200, body(&["b"])));
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_legacy_alias_names_a_size_and_hashes() {
    let indexd = Running::new().await;
    indexd.create(record(1, json!({"size": 5, "hashes": {"md5": MD5, "crc": "deadbeef"}}))).await;
    let alias = json!({"release": "public", "size": 5, "hashes": {"md5": MD5}, "metastring": "m"});
    let put = indexd.put("/alias/x", alias.clone()).await;
    assert_eq!((put.status, &put.json()["name"]), (200, &json!("x")));
    let rev = put.json()["rev"].clone();
    assert_eq!(
        indexd.get("/alias/x").await.both(),
        (
            200,
            json!({
                "hashes": {"md5": MD5}, "host_authorities": [], "keeper_authority": null, "limit": 100,
                "metadata": "m", "name": "x", "release": "public", "rev": rev, "size": 5, "start": 0,
                "urls": [{"metadata": {}, "url": "s3://b/1"}],
            })
        )
    );
    assert_eq!(indexd.put("/alias/x?rev=stale", alias).await.status, 409);
    assert_eq!(
        indexd.get("/alias?size=5").await.json(),
        json!({"aliases": ["x"], "hashes": null, "limit": 100, "size": 5, "start": null})
    );
    let keeper = json!({"release": "public", "size": 5, "hashes": {"md5": MD5}, "keeper_authority": "k"});
    assert_eq!(indexd.put("/alias/x", keeper).await.status, 200);
    let later = json!({"release": "private", "size": 6, "hashes": {"md5": MD5}});
    assert_eq!(indexd.put("/alias/x", later).await.status, 200);
    let kept = indexd.get("/alias/x").await.json();
    assert_eq!(
        (&kept["release"], &kept["metadata"], &kept["keeper_authority"]),
        (&json!("private"), &json!("m"), &json!("k"))
    );
    assert_eq!(indexd.send(Method::DELETE, "/alias/x", None).await.status, 200);
    assert_eq!(indexd.get("/alias/x").await.status, 404);
    indexd.stop().await;
}
