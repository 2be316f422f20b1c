//! Manifests that are handed in.

use operations::manifest::INGEST;
use serde_json::{Value, json};

use crate::support::World;

fn rows(text: &str) -> Value {
    Value::String(text.to_owned())
}

#[actix_web::test]
async fn a_manifest_becomes_a_run_that_may_touch_what_its_sender_may() {
    let world = World::new().await;
    let sent = rows("/programs/b\n\n/programs/a");
    let path = "/v1/manifests?format=csv&dry_run=true";
    let (status, run) = world.send("POST", path, "admin", &sent).await;
    assert_eq!((status, &run["kind"], &run["requested_by"]), (201, &json!(INGEST), &json!("admin")), "{run}");
    let params = json!({
        "manifest": {"bytes": 24, "format": "csv"}, "rows": 3, "guards": ["/programs/a", "/programs/b"],
        "unguarded": true, "dry_run": true,
    });
    assert_eq!(run["params"], params);
    // Files are not the business of who may do all operations.
    let (status, told) = world.send("POST", "/v1/manifests", "op", &rows("/own/x\n/programs/a")).await;
    assert_eq!(status, 403);
    assert!(told["detail"].as_str().unwrap().contains("indexd on /own/x, /programs/a"), "{told}");
    let (status, told) = world.send("POST", "/v1/manifests", "op", &rows("/own\n\n")).await;
    assert_eq!(status, 403);
    assert!(told["detail"].as_str().unwrap().starts_with("row 2, column authz: it is empty"), "{told}");
    assert_eq!(world.send("POST", "/v1/manifests", "ada", &rows("/own")).await.0, 403, "no operations");
    assert_eq!(world.send("POST", "/v1/manifests", "", &rows("/own")).await.0, 401);
}

#[actix_web::test]
async fn wrong_rows_are_told_and_nobody_says_what_a_run_may_touch() {
    let world = World::new().await;
    let (status, told) = world.send("POST", "/v1/manifests", "admin", &rows("/a\nwrong")).await;
    assert_eq!((status, told["errors"].as_array().map(Vec::len)), (400, Some(1)), "{told}");
    assert_eq!(told["errors"][0], json!({"row": 2, "column": "size", "reason": "it is wrong"}));
    assert_eq!(told["detail"], "1 of 2 rows are wrong; nothing was written. Row 2, column size: it is wrong");
    assert_eq!(world.send("POST", "/v1/manifests?form=tsv", "admin", &rows("/a")).await.0, 400);
    let forged = json!({"kind": INGEST, "params": {"guards": ["/programs"]}});
    let (status, told) = world.send("POST", "/v1/runs", "admin", &forged).await;
    assert_eq!(status, 400);
    assert!(told["detail"].as_str().unwrap().contains("/ops/v1/manifests"), "{told}");
    let forged = json!({"workflow_name": INGEST, "guards": ["/programs"]});
    assert_eq!(world.send("POST", "/wes/v2/submit", "op", &forged).await.0, 400);
}

#[actix_web::test]
async fn a_job_takes_the_manifest_of_a_signed_url() {
    let world = World::new().await;
    let order = |input: Value| json!({"action": "index-object-manifest", "input": input});
    let url = json!({"URL": "https://store.example/%2Fown.tsv?sig"});
    let own = json!({"URL": "https://store.example//own/m.ndjson?sig", "dry_run": true});
    let (status, job) = world.send("POST", "/dispatch", "ada", &order(own)).await;
    assert_eq!((status, &job["status"]), (200, &json!("Running")), "{job}");
    assert!(job["name"].as_str().unwrap().starts_with("index-object-manifest-"), "{job}");
    let (_, run) = world.get(&format!("/v1/runs/{}", job["uid"].as_str().unwrap()), "ada").await;
    assert_eq!(run["params"]["guards"], json!(["/own/m.ndjson"]));
    assert_eq!(
        (&run["params"]["manifest"]["format"], &run["params"]["dry_run"]),
        (&json!("ndjson"), &json!(true))
    );
    for (input, status) in [
        (url, 403),
        (json!({"URL": "http://169.254.169.254/"}), 400),
        (json!({"url": "https://store.example//own"}), 400),
        (json!({"URL": "https://store.example//own", "dry_run": 1}), 400),
        (json!({}), 400),
        (json!([]), 400),
        (Value::Null, 400),
    ] {
        let (got, told) = world.send("POST", "/dispatch", "ada", &order(input.clone())).await;
        assert_eq!(got, status, "{input}: {told}");
    }
    let other = order(json!({"URL": "https://store.example//own"}));
    assert_eq!(world.send("POST", "/dispatch", "bob", &other).await.0, 403, "no right to files");
}
