use serde_json::{Value, json};

use crate::support::{MD5, Running, guid, record, settled};

#[tokio::test(flavor = "multi_thread")]
async fn a_blank_record_is_filled_once() {
    let indexd = Running::new().await;
    let made = indexd.post("/index/blank", json!({"uploader": "me", "file_name": "a.bam", "other": 1})).await;
    assert_eq!(made.status, 201);
    let made = made.json();
    let (did, rev) = (made["did"].as_str().expect("a did"), made["rev"].as_str().expect("a rev"));
    assert!(did.starts_with("dg.T/"));
    let path = format!("/index/blank/{did}");
    let fill = json!({"size": 42, "hashes": {"md5": MD5}, "urls": ["s3://b/up"], "authz": ["/a"]});
    let stale = indexd.put(&format!("{path}?rev=x"), fill.clone()).await;
    assert_eq!(stale.both(), (409, json!({"error": "revision mismatch"})));
    let filled = indexd.put(&format!("{path}?rev={rev}"), fill.clone()).await;
    assert_eq!(filled.status, 200, "{filled:?}");
    let read = indexd.get(&format!("/{did}")).await.json();
    assert_eq!(
        settled(read.clone()),
        json!({
            "acl": [], "authz": ["/a"], "baseid": "<set>", "content_created_date": null,
            "content_updated_date": null, "created_date": "<set>", "description": null, "did": did,
            "file_name": "a.bam", "form": null, "hashes": {"md5": MD5}, "metadata": {}, "rev": "<set>",
            "size": 42, "updated_date": "<set>", "uploader": "me", "urls": ["s3://b/up"],
            "urls_metadata": {"s3://b/up": {}}, "version": null,
        })
    );
    let rev = read["rev"].as_str().expect("a rev");
    let again = indexd.put(&format!("{path}?rev={rev}"), fill).await;
    assert_eq!(again.both(), (400, json!({"error": "update api is not supported for non-empty record!"})));
    assert_eq!(indexd.get("/_stats").await.json(), json!({"fileCount": 1, "totalFileSize": 42}));
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_filled_whatever_its_key() {
    let indexd = Running::new().await;
    let made = indexd.post("/index/blank", json!({"uploader": "me"})).await.json();
    let (did, rev) = (made["did"].as_str().expect("a did"), made["rev"].as_str().expect("a rev"));
    let url = format!("s3://b/{did}/a\nb");
    let filled =
        indexd.put(&format!("/index/blank/{did}?rev={rev}"), json!({"size": 1, "urls": [url]})).await;
    assert_eq!(filled.status, 200, "{filled:?}");
    assert_eq!(indexd.get(&format!("/{did}")).await.json()["urls"], json!([url]));
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blank_version_has_the_guards_of_the_old_record_unless_it_brings_its_own() {
    let indexd = Running::new().await;
    indexd.create(record(1, json!({"acl": ["a"], "authz": ["/x"]}))).await;
    let version = async |body: Value| {
        let made = indexd.post(&format!("/index/blank/{}", guid(1)), body).await;
        assert_eq!(made.status, 201);
        let read =
            indexd.get(&format!("/index/{}", made.json()["did"].as_str().expect("a did"))).await.json();
        (read["acl"].clone(), read["authz"].clone(), read["form"].clone())
    };
    assert_eq!(version(json!({})).await, (json!(["a"]), json!(["/x"]), Value::Null));
    assert_eq!(
        version(json!({"authz": ["/y"], "did": guid(2)})).await,
        (json!([]), json!(["/y"]), Value::Null)
    );
    let taken = indexd.post(&format!("/index/blank/{}", guid(1)), json!({"did": guid(2)})).await;
    assert_eq!(taken.both(), (409, json!({"error": format!("{} already exists", guid(2))})));
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_counters_follow_creation_filling_and_deletion() {
    let indexd = Running::new().await;
    let rev = indexd.create(record(1, json!({"size": 10}))).await;
    assert_eq!(indexd.get("/_stats").await.json(), json!({"fileCount": 1, "totalFileSize": 10}));
    indexd.delete(&format!("/index/{}?rev={rev}", guid(1))).await;
    assert_eq!(indexd.get("/_stats").await.json(), json!({"fileCount": 0, "totalFileSize": 0}));
    assert_eq!(
        indexd.get("/_stats?month=1&year=2001").await.json(),
        json!({"fileCount": 0, "totalFileSize": 0})
    );
    assert_eq!(indexd.get("/_stats?month=1").await.status, 400);
    indexd.stop().await;
}
