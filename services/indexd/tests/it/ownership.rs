//! Whose a record is, and whose bytes: nobody gets at those of others by what they write into the index.

use reqwest::Method;
use serde_json::{Value, json};
use testing::Rights;

use crate::{
    bulk,
    support::{Running, config, guid, record},
};

/// `mallory` and `owner` submit to a project each and may upload; neither has anything of the other's.
fn rights() -> Rights {
    let mut rights = Rights::of_plain_tokens();
    for (who, project) in [("mallory", "/a"), ("owner", "/b")] {
        for method in ["create", "update", "delete"] {
            rights = rights.grant(who, "indexd", method, project);
        }
        rights = rights.grant(who, "indexd", "file_upload", "/data_file");
    }
    for method in ["create", "update", "delete"] {
        rights = rights.grant("admin", "indexd", method, "/services/indexd/admin");
    }
    rights
}

struct Stand(Running);

impl Stand {
    async fn new() -> Self {
        Self(Running::with(config(), rights()).await)
    }

    async fn send(&self, who: &str, method: Method, path: &str, body: Value) -> u16 {
        self.0.send_as(&format!("bearer {who}"), method, path, Some(body)).await.status
    }

    async fn read(&self, did: &str) -> Value {
        self.0.get(&format!("/index/{did}")).await.json()
    }

    /// `path` of the record, at its revision.
    async fn at(&self, path: &str, did: &str) -> String {
        format!("{path}/{did}?rev={}", self.read(did).await["rev"].as_str().expect("a rev"))
    }

    /// A blank record as fence makes it for an upload.
    async fn upload_of(&self, uploader: Option<&str>) -> String {
        let made = self.0.post("/index/blank", json!({"uploader": uploader, "file_name": "f"})).await;
        made.json()["did"].as_str().expect("a did").to_owned()
    }

    async fn fill(&self, who: &str, did: &str, body: Value) -> u16 {
        self.send(who, Method::PUT, &self.at("/index/blank", did).await, body).await
    }

    async fn update(&self, who: &str, did: &str, body: Value) -> u16 {
        self.send(who, Method::PUT, &self.at("/index", did).await, body).await
    }

    async fn create(&self, who: &str, n: usize, more: Value) -> u16 {
        self.send(who, Method::POST, "/index", record(n, more)).await
    }

    async fn delete(&self, who: &str, did: &str) -> u16 {
        let path = self.at("/index", did).await;
        self.0.send_as(&format!("bearer {who}"), Method::DELETE, &path, None).await.status
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_filled_claimed_and_deleted_by_nobody_but_its_uploader() {
    let stand = Stand::new().await;
    let did = stand.upload_of(Some("owner")).await;
    let url = format!("s3://b/{did}/f");
    for body in [
        json!({"size": 3, "urls": [url]}),
        json!({"size": 3, "urls": [url], "authz": ["/a"]}),
        json!({"size": 3, "urls": []}),
        json!({"authz": ["/a"]}),
    ] {
        assert_eq!(stand.fill("mallory", &did, body.clone()).await, 401, "{body}");
    }
    for body in
        [json!({"authz": ["/a"]}), json!({"uploader": "mallory"}), json!({"urls": [], "authz": ["/a"]})]
    {
        assert_eq!(stand.update("mallory", &did, body.clone()).await, 401, "blank: {body}");
    }
    assert_eq!(stand.fill("owner", &did, json!({"size": 3, "urls": [url]})).await, 200);
    for body in [json!({"authz": ["/a"]}), json!({"uploader": null}), json!({"acl": ["*"], "authz": ["/a"]})]
    {
        assert_eq!(stand.update("mallory", &did, body.clone()).await, 401, "filled: {body}");
    }
    assert_eq!(stand.delete("mallory", &did).await, 401);
    let versions = format!("/index/{did}/versions");
    assert_eq!(stand.send("mallory", Method::PUT, &versions, json!({"authz": ["/a"]})).await, 401);
    let version = record(1, json!({"authz": ["/a"], "urls": []}));
    assert_eq!(stand.send("mallory", Method::POST, &format!("/index/{did}"), version).await, 401);
    assert_eq!(stand.update("owner", &did, json!({"authz": ["/a"]})).await, 401, "not theirs to write to");
    assert_eq!(stand.update("owner", &did, json!({"authz": ["/b"]})).await, 200);
    assert_eq!(stand.read(&did).await["authz"], json!(["/b"]));
    stand.0.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_to_upload_fills_nothing_that_resources_guard() {
    let stand = Stand::new().await;
    let made = stand.0.post("/index/blank", json!({"authz": ["/b"]})).await.json();
    let did = made["did"].as_str().expect("a did");
    for authz in [json!(null), json!(["/a"])] {
        let mut body = json!({"size": 3});
        if !authz.is_null() {
            body["authz"] = authz;
        }
        assert_eq!(stand.fill("mallory", did, body.clone()).await, 401, "{body}");
    }
    assert_eq!(stand.fill("owner", did, json!({"size": 3})).await, 200);
    // A record of nobody is filled and claimed by whoever comes first, as in the original.
    let nobodys = stand.upload_of(None).await;
    assert_eq!(stand.fill("mallory", &nobodys, json!({"size": 3})).await, 200);
    assert_eq!(stand.update("mallory", &nobodys, json!({"authz": ["/a"]})).await, 200);
    stand.0.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_only_an_access_list_guards_is_claimed_by_administrators_only() {
    let stand = Stand::new().await;
    stand.0.create(record(1, json!({"acl": ["phs000001"]}))).await;
    assert_eq!(stand.update("mallory", &guid(1), json!({"authz": ["/a"]})).await, 401);
    assert_eq!(stand.update("admin", &guid(1), json!({"authz": ["/b"]})).await, 200);
    stand.0.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_spelling_of_a_location_gives_the_bytes_of_others() {
    let stand = Stand::new().await;
    stand.0.create(record(1, json!({"authz": ["/b"], "urls": ["s3://b/study/genome.bam"]}))).await;
    let own = json!({"authz": ["/a"], "urls": []});
    assert_eq!(stand.create("mallory", 2, own).await, 200);
    for url in [
        "s3://b/study/genome.bam",
        "S3://b/study/genome.bam",
        "s3://B/study/genome.bam",
        "s3://b//study/genome.bam",
        "s3:///b/study/genome.bam",
        "s3://b/study//genome.bam",
        "s3://b/./study/genome.bam",
        "s3://b/x/../study/genome.bam",
        "s3://b/%73tudy/genome.bam",
        "s3://b/study%2Fgenome.bam",
        "https://b.s3.amazonaws.com/study/genome.bam",
        "https://s3.us-east-1.amazonaws.com/b/study/genome.bam",
    ] {
        let body = json!({"authz": ["/a"], "urls": [url]});
        assert_eq!(stand.create("mallory", 3, body.clone()).await, 401, "a new record: {url}");
        assert_eq!(stand.update("mallory", &guid(2), json!({"urls": [url]})).await, 401, "an update: {url}");
        let version = record(3, body);
        let path = format!("/index/{}", guid(2));
        assert_eq!(stand.send("mallory", Method::POST, &path, version).await, 401, "a version: {url}");
        let blank = stand.upload_of(Some("mallory")).await;
        let body = json!({"size": 3, "urls": [url]});
        assert_eq!(stand.fill("mallory", &blank, body).await, 401, "a blank record: {url}");
    }
    // Its owner may name it once more, and a record keeps what it names.
    let again = json!({"authz": ["/b"], "urls": ["s3://b//study/genome.bam"]});
    assert_eq!(stand.create("owner", 4, again).await, 200);
    let kept = json!({"urls": ["s3://b/study/genome.bam"], "file_name": "x"});
    assert_eq!(stand.update("owner", &guid(1), kept).await, 200);
    stand.0.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_location_in_our_buckets_that_no_record_has_is_for_administrators_to_give() {
    let stand = Stand::new().await;
    let body = |url: &str| json!({"authz": ["/a"], "urls": [url]});
    let at_azure = "az://acct.blob.core.windows.net/box/unknown";
    for ours in ["s3://b/unknown", "gs://g/unknown", "https://storage.googleapis.com/g/unknown", at_azure] {
        assert_eq!(stand.create("mallory", 1, body(ours)).await, 401, "{ours}");
    }
    assert_eq!(stand.create("mallory", 1, body("s3://elsewhere/unknown")).await, 200);
    assert_eq!(stand.create("mallory", 4, body("gs://elsewhere/unknown")).await, 200);
    assert_eq!(stand.create("mallory", 5, body("az://other.blob.core.windows.net/box/unknown")).await, 200);
    for ours in ["gs://g/unknown", at_azure] {
        assert_eq!(stand.update("mallory", &guid(4), json!({"urls": [ours]})).await, 401, "{ours}");
    }
    assert_eq!(stand.create("mallory", 2, body("https://example.org/unknown")).await, 200);
    assert_eq!(stand.update("mallory", &guid(1), json!({"urls": ["s3://b/unknown"]})).await, 401);
    assert_eq!(stand.create("admin", 3, body("s3://b/unknown")).await, 200);
    assert_eq!(stand.create("admin", 6, body(at_azure)).await, 200);
    // Bytes that were left behind when their record was deleted come back under no chosen name.
    let left = format!("s3://b/{}/f", guid(9));
    assert_eq!(stand.create("mallory", 9, body(&left)).await, 401);
    assert_eq!(stand.create("mallory", 9, json!({"authz": ["/a"], "urls": []})).await, 200);
    assert_eq!(stand.update("mallory", &guid(9), json!({"urls": [left]})).await, 401);
    let blank = format!("/index/blank/{}", guid(1));
    assert_eq!(stand.send("mallory", Method::POST, &blank, json!({"did": guid(8)})).await, 401);
    assert_eq!(stand.send("mallory", Method::POST, &blank, json!({})).await, 201);
    stand.0.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_joins_the_family_of_others_or_takes_its_names() {
    let stand = Stand::new().await;
    stand.0.create(record(1, json!({"authz": ["/b"]}))).await;
    let alias = "00000000-0000-4000-8000-aaaaaaaaaaaa";
    let path = format!("/index/{}/aliases", guid(1));
    assert_eq!(stand.0.post(&path, json!({"aliases": [{"value": alias}]})).await.status, 200);
    let family = stand.read(&guid(1)).await["baseid"].clone();
    let join = json!({"authz": ["/a"], "urls": [], "baseid": family});
    assert_eq!(stand.create("mallory", 2, join).await, 401);
    assert_eq!(
        stand.create("mallory", 2, json!({"authz": ["/a"], "urls": [], "baseid": guid(1)})).await,
        401
    );
    for name in [family.as_str().expect("a baseid"), alias, &format!("dg.T/{}", guid(1))] {
        let body = json!({"authz": ["/a"], "urls": [], "did": name});
        assert_eq!(stand.create("mallory", 2, body.clone()).await, 409, "{name}");
        assert_eq!(stand.0.post("/index", record(2, body)).await.status, 409, "{name}, by a login");
    }
    let latest = stand.0.get(&format!("/index/{}/latest", guid(1))).await.json();
    assert_eq!(latest["did"], guid(1));
    assert_eq!(stand.create("owner", 3, json!({"authz": ["/b"], "urls": [], "baseid": family})).await, 200);
    let latest = stand.0.get(&format!("/index/{}/latest", guid(1))).await.json();
    assert_eq!(latest["did"], guid(3));
    stand.0.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_versions_of_several_owners_are_changed_by_none_of_them_alone() {
    let stand = Stand::new().await;
    stand.0.create(record(1, json!({"authz": ["/a"]}))).await;
    let family = stand.read(&guid(1)).await["baseid"].clone();
    stand.0.create(record(2, json!({"baseid": family, "uploader": "owner"}))).await;
    let path = format!("/index/{}/versions", guid(1));
    assert_eq!(stand.send("mallory", Method::PUT, &path, json!({"authz": ["/a"]})).await, 401);
    assert_eq!(stand.send("admin", Method::PUT, &path, json!({"authz": ["/a"]})).await, 200);
    stand.0.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_holders_of_a_location_are_found_in_any_spelling() {
    let stand = Stand::new().await;
    let uploaded = stand.upload_of(Some("owner")).await;
    stand.0.create(record(1, json!({"urls": ["s3://b//study/a b.bam"]}))).await;
    stand.0.create(record(2, json!({"urls": ["s3://b/study/a%20b.bam", "s3://b/Study/a b.bam"]}))).await;
    let ask = json!([
        "s3://b/study/a b.bam",
        "s3://B/Study/a%20b.bam",
        format!("s3://b/{uploaded}/f"),
        "s3://x/y",
        "ftp://x/y",
    ]);
    let answer = stand.0.send_as("", Method::POST, "/bulk/locations", Some(ask)).await.json();
    let dids = |holders: &Value| -> Vec<Value> {
        holders["records"].as_array().expect("records").iter().map(|record| record["did"].clone()).collect()
    };
    let answer = answer.as_array().expect("a list");
    assert_eq!(dids(&answer[0]), [json!(guid(1)), json!(guid(2))]);
    assert_eq!(dids(&answer[1]), [json!(guid(2))]);
    assert_eq!(dids(&answer[2]), [json!(uploaded)]);
    assert_eq!((dids(&answer[3]).len(), dids(&answer[4]).len()), (0, 0));
    let ours: Vec<bool> = answer.iter().map(|holders| holders["ours"].as_bool().expect("a bool")).collect();
    assert_eq!(ours, [true, true, true, false, false]);
    for wrong in [json!({}), json!([1]), json!(vec!["s3://b/k"; 1001])] {
        assert_eq!(stand.0.send_as("", Method::POST, "/bulk/locations", Some(wrong)).await.status, 400);
    }
    stand.0.stop().await;
}

/// More than are looked up together with the questions of others.
#[tokio::test(flavor = "multi_thread")]
async fn all_holders_of_a_location_are_found_however_many_they_are() {
    let stand = Stand::new().await;
    let lines: Vec<Value> = (1..=1001).map(|n| bulk::create(n, json!({"urls": ["s3://b/shared"]}))).collect();
    assert_eq!(bulk::bulk(&stand.0, "", &lines).await.status, 200);
    stand.0.create(record(2000, json!({"urls": ["s3://b/own"]}))).await;
    let ask = json!(["s3://b/shared", "s3://b/own"]);
    let answer = stand.0.send_as("", Method::POST, "/bulk/locations", Some(ask)).await.json();
    let count = |place: usize| answer[place]["records"].as_array().expect("records").len();
    assert_eq!((count(0), count(1)), (1001, 1));
    stand.0.stop().await;
}
