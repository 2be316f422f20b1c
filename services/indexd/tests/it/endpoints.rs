//! Every endpoint, called by everybody.

use reqwest::Method;
use serde_json::json;
use testing::{
    Rights,
    endpoints::{Case, Kind, check},
};

use crate::support::{LOGIN, Running, config, guid, record};

/// Reads are open to everybody.
const OPEN: [u16; 3] = [200; 3];
/// Writes are for those whom arborist permits.
const GUARDED: [u16; 3] = [401, 401, 200];
const GUARDED_CREATION: [u16; 3] = [401, 401, 201];
/// Legacy aliases are for basic logins.
const LOGIN_ONLY: [u16; 3] = [403, 403, 200];

fn rights() -> Rights {
    let mut rights = Rights::of_plain_tokens();
    for method in ["create", "update", "delete"] {
        rights = rights
            .grant("writer", "indexd", method, "/a")
            .grant("writer", "indexd", method, "/services/indexd/bundles")
            .grant("stranger", "indexd", method, "/b");
    }
    rights
}

/// The reads of `guid`, a bundle `bundle` and a legacy alias `legacy`.
fn reads(guid: &str) -> Vec<Case> {
    let get = |path, url: &str| Case::new("GET", path, url, OPEN);
    let fixed =
        ["/_status", "/_version", "/_stats", "/_dist", "/guid/mint", "/guid/prefix", "/index", "/urls"];
    let mut cases: Vec<Case> = fixed.into_iter().map(|path| get(path, path)).collect();
    let lists = ["/bundle", "/alias", "/ga4gh/drs/v1/objects", "/ga4gh/dos/v1/dataobjects", "/_query/urls/q"];
    cases.extend(lists.into_iter().map(|path| get(path, path)));
    cases.extend([
        get("/ga4gh/drs/v1/service-info", "/ga4gh/drs/v1/service-info"),
        get("/_query/urls/metadata/q", "/_query/urls/metadata/q?key=a&value=b"),
        get("/index/{guid:.+}", &format!("/index/{guid}")),
        get("/index/{guid:.+}/aliases", &format!("/index/{guid}/aliases")),
        get("/index/{guid:.+}/versions", &format!("/index/{guid}/versions")),
        get("/index/{guid:.+}/latest", &format!("/index/{guid}/latest")),
        get("/{guid:.+}", &format!("/{guid}")),
        get("/bundle/{guid:.+}", "/bundle/bundle"),
        get("/alias/{name:.+}", "/alias/legacy"),
        get("/ga4gh/dos/v1/dataobjects/{guid:.+}", &format!("/ga4gh/dos/v1/dataobjects/{guid}")),
    ]);
    let object = "/ga4gh/drs/v1/objects/{guid:.+}";
    cases.extend(
        ["GET", "POST", "OPTIONS"]
            .map(|method| Case::new(method, object, &format!("/ga4gh/drs/v1/objects/{guid}"), OPEN)),
    );
    let (objects, ids) = ("/ga4gh/drs/v1/objects", json!({"bulk_object_ids": [guid]}));
    cases.extend(
        ["POST", "OPTIONS"].map(|method| Case::new(method, objects, objects, OPEN).with(ids.clone())),
    );
    cases.push(Case::new("POST", "/bulk/documents", "/bulk/documents", OPEN).with(json!([guid])));
    cases.push(Case::new("POST", "/bulk/locations", "/bulk/locations", OPEN).with(json!(["s3://b/1"])));
    cases
}

/// The writes that need no revision, to the record `guid` among others.
fn writes(guid_1: &str) -> Vec<Case> {
    let new = |n: usize| record(n, json!({"authz": ["/a"], "urls": []}));
    let case = |method, path: &'static str, statuses| {
        Case::new(method, path, &path.replace("{guid:.+}", guid_1), statuses)
    };
    let names = |name: &str| json!({"aliases": [{"value": name}]});
    let legacy = json!({"release": "public", "size": 5, "hashes": {"crc": "deadbeef"}});
    let one_alias = "/index/{guid:.+?}/aliases/{name:.+}";
    vec![
        case("POST", "/index", GUARDED).with(new(11)),
        case("POST", "/index/{guid:.+}", GUARDED).with(new(12)),
        case("PUT", "/index/{guid:.+}/versions", GUARDED).with(json!({"acl": ["x"]})),
        case("POST", "/index/blank", GUARDED_CREATION).with(json!({"authz": ["/a"]})),
        case("POST", "/index/blank/{guid:.+}", GUARDED_CREATION).with(json!({})),
        case("POST", "/index/{guid:.+}/aliases", GUARDED).with(names("one")),
        Case::new("DELETE", one_alias, &format!("/index/{guid_1}/aliases/one"), GUARDED),
        case("PUT", "/index/{guid:.+}/aliases", GUARDED).with(names("two")),
        case("DELETE", "/index/{guid:.+}/aliases", GUARDED),
        case("POST", "/bundle", GUARDED).with(json!({"bundles": [guid_1], "bundle_id": "another"})),
        Case::new("DELETE", "/bundle/{guid:.+}", "/bundle/bundle", GUARDED),
        Case::new("PUT", "/alias/{name:.+}", "/alias/legacy", LOGIN_ONLY).with(legacy),
        Case::new("DELETE", "/alias/{name:.+}", "/alias/legacy", LOGIN_ONLY),
    ]
}

async fn call(indexd: &Running, case: &Case, kind: Kind) -> u16 {
    let who = match kind {
        Kind::Anonymous => "",
        Kind::Stranger => "Bearer stranger",
        Kind::Permitted if case.statuses == LOGIN_ONLY => LOGIN,
        Kind::Permitted => "Bearer writer",
    };
    let method: Method = case.verb().parse().expect("a method");
    let body = (!case.body.is_null()).then(|| case.body.clone());
    indexd.send_as(who, method, &case.url, body).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_refuses_whom_it_must() {
    let indexd = Running::with(config(), rights()).await;
    let guarded = json!({"authz": ["/a"]});
    for n in 1..=3 {
        indexd.create(record(n, guarded.clone())).await;
    }
    indexd.post("/bundle", json!({"bundles": [guid(1)], "bundle_id": "bundle"})).await;
    let legacy = json!({"release": "public", "size": 5, "hashes": {"crc": "deadbeef"}});
    indexd.put("/alias/legacy", legacy).await;
    let blank = indexd.post("/index/blank", guarded.clone()).await.json();
    let rev = async |guid: &str| {
        let read = indexd.get(&format!("/index/{guid}")).await.json();
        read["rev"].as_str().expect("a rev").to_owned()
    };
    let blank = blank["did"].as_str().expect("a did").to_owned();
    let (updated, deleted) = (guid(2), guid(3));
    let mut cases = reads(&guid(1));
    cases.extend(writes(&guid(1)));
    let with_rev = async |method, path: &'static str, guid: &str| {
        let url = format!("{}?rev={}", path.replace("{guid:.+}", guid), rev(guid).await);
        Case::new(method, path, &url, GUARDED)
    };
    cases.push(with_rev("PUT", "/index/{guid:.+}", &updated).await.with(json!({"file_name": "x"})));
    cases.push(with_rev("DELETE", "/index/{guid:.+}", &deleted).await);
    cases.push(
        with_rev("PUT", "/index/blank/{guid:.+}", &blank).await.with(json!({"size": 3, "authz": ["/a"]})),
    );
    check(indexd::endpoints(), &cases, async |case, kind| call(&indexd, case, kind).await).await;
    indexd.stop().await;
}
