//! Every endpoint, called by everybody.

use reqwest::Method;
use serde_json::json;
use testing::{
    Rights,
    endpoints::{Case, Kind, check},
};

use crate::{
    cases::{LOGIN_ONLY, Objects, alias, cases},
    support::{LOGIN, Running, config, guid, record},
};

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
    let mut revs = Vec::new();
    for n in 1..=3 {
        revs.push(indexd.create(record(n, guarded.clone())).await);
    }
    indexd.post("/bundle", json!({"bundles": [guid(1)], "bundle_id": "bundle"})).await;
    indexd.put("/alias/legacy", alias()).await;
    let blank = indexd.post("/index/blank", guarded.clone()).await.json();
    let text = |field: &str| blank[field].as_str().expect("a text").to_owned();
    let cases = cases(&Objects {
        read: guid(1),
        updated: (guid(2), revs[1].clone()),
        deleted: (guid(3), revs[2].clone()),
        blank: (text("did"), text("rev")),
        new: [guid(11), guid(12)],
        bundle: "bundle".into(),
        another_bundle: "another".into(),
        alias: "legacy".into(),
    });
    check(indexd::endpoints(), &cases, async |case, kind| call(&indexd, case, kind).await).await;
    indexd.stop().await;
}
