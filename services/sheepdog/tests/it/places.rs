//! Locations that submissions name: nobody gets the bytes of others by them.

use actix_web::test::TestRequest;
use indexclient::Record;
use serde_json::{Value, json};

use crate::support::{Answer, TestSheepdog, study, uri};

fn reading(md5: u8, urls: Value) -> Value {
    json!({"type": "reading", "submitter_id": format!("R{md5}"), "file_name": "f", "file_size": 10,
           "md5sum": format!("{md5:032x}"), "studies": {"submitter_id": "S"}, "urls": urls})
}

fn holder(did: &str, authz: &[&str], uploader: Option<&str>, url: &str) -> Record {
    Record {
        did: did.to_owned(),
        authz: authz.iter().map(|path| (*path).to_owned()).collect(),
        uploader: uploader.map(str::to_owned),
        urls: vec![url.to_owned()],
        size: Some(1),
        ..Record::default()
    }
}

async fn submit(sheepdog: &TestSheepdog, file: Value, user: &str) -> Answer {
    let request = TestRequest::put().uri(&uri("/P/Q")).set_json(json!([study("S"), file]));
    sheepdog.send(request, Some(user)).await
}

/// The errors of the file, which is the second entity.
fn errors(answer: &Answer) -> &Value {
    &answer.body["entities"][1]["errors"]
}

#[actix_web::test]
async fn a_file_node_is_not_at_the_place_of_somebody_elses_bytes() {
    let sheepdog = TestSheepdog::start().await;
    let uuid = "0714aee0-0c5e-45c0-845d-8c073174242c";
    let others = "/programs/P/projects/other";
    sheepdog.index.own_bucket("ours");
    sheepdog.index.put(holder("theirs", &[others], None, "s3://ours/study/genome.bam"));
    sheepdog.index.put(holder("elsewhere", &[others], None, "s3://other/genome.bam"));
    sheepdog.index.put(holder("uploaded", &[], Some("somebody"), "s3://ours/fresh.bam"));
    sheepdog.index.put(Record { urls: vec![], size: None, ..holder(uuid, &[], Some("somebody"), "") });
    for url in [
        "s3://ours/study/genome.bam",
        "S3://ours/study/genome.bam",
        "s3://OURS//study/genome.bam",
        "s3://ours/study/%67enome.bam",
        "https://ours.s3.amazonaws.com/study/genome.bam",
        "s3://other/genome.bam",
        "s3://ours/fresh.bam",
        "s3://ours/0714aee0-0c5e-45c0-845d-8c073174242c/f",
        "s3://ours/nobody/knows.bam",
    ] {
        let refused = submit(&sheepdog, reading(1, json!([url])), "submitter").await;
        assert_eq!(refused.status, 400, "{url}");
        let error = &errors(&refused)[0];
        assert_eq!(
            (&error["type"], &error["keys"]),
            (&json!("INVALID_PERMISSIONS"), &json!(["urls"])),
            "{url}"
        );
        assert!(error["message"].as_str().unwrap().contains(url), "{error}");
        assert!(!error.to_string().contains(others), "it does not say whose: {error}");
    }
    assert_eq!(sheepdog.index.all().len(), 4);
    let by_administrator = submit(&sheepdog, reading(1, json!("s3://ours/nobody/knows.bam")), "admin").await;
    assert_eq!(by_administrator.status, 200, "{:?}", by_administrator.body);
}

#[actix_web::test]
async fn a_file_node_is_at_places_of_its_own_project_and_beyond_our_buckets() {
    let sheepdog = TestSheepdog::start().await;
    sheepdog.index.own_bucket("ours");
    sheepdog.index.put(holder("projects", &["/programs/P/projects/Q"], None, "s3://ours/a.bam"));
    sheepdog.index.put(holder("own", &[], Some("submitter"), "s3://ours/b.bam"));
    for (md5, url) in
        [(1, "s3://ours/a.bam"), (2, "s3://ours/b.bam"), (3, "s3://away/c.bam"), (4, "https://x.org/d")]
    {
        let made = submit(&sheepdog, reading(md5, json!(url)), "submitter").await;
        assert_eq!(made.status, 200, "{url} {:?}", made.body);
    }
    let moved = |url: &str| submit(&sheepdog, reading(3, json!(url)), "submitter");
    assert_eq!(moved("s3://away/c2.bam").await.status, 200);
    assert_eq!(moved("s3://ours/unknown.bam").await.status, 400);
    assert_eq!(moved("s3://away//c2.bam").await.status, 200, "another spelling of what it has");
}
