//! The check of graph and file index, and what it puts right.

use indexclient::{Caller, IndexClient as _, NewRecord};
use indexmap::IndexMap;
use psqlgraph::{
    outbox::{self, Change, Intent},
    running::{self, Worker},
    transactions::{NewLog, Role},
};
use serde_json::json;
use sheepdog::check::{Check, Repair, Report};

use crate::support::{TestSheepdog, dictionary, study};

const DID: &str = "11111111-1111-4111-8111-111111111111";

fn record(did: &str, urls: &[&str]) -> NewRecord {
    NewRecord {
        did: Some(did.to_owned()),
        form: "object".to_owned(),
        size: 10,
        hashes: IndexMap::from([("md5".to_owned(), format!("{:032x}", 9))]),
        urls: urls.iter().map(|url| (*url).to_owned()).collect(),
        ..NewRecord::default()
    }
}

async fn check(sheepdog: &TestSheepdog, repair: Repair, aliased: &[(&str, &str)]) -> Report {
    let dictionary = dictionary();
    let (pool, index) = (&sheepdog.pool, &*sheepdog.index);
    let check = Check { pool, dictionary: &dictionary, index, auth_namespace: "" };
    let aliased = aliased.iter().map(|(did, alias)| ((*did).to_owned(), (*alias).to_owned())).collect();
    check.run(repair, aliased, |_, _| {}).await.unwrap()
}

#[actix_web::test]
async fn nothing_is_found_where_everything_agrees() {
    let sheepdog = TestSheepdog::start().await;
    let file = json!({"type": "reading", "submitter_id": "R", "file_name": "f", "file_size": 10,
                      "md5sum": format!("{:032x}", 1), "studies": {"submitter_id": "S"}});
    assert_eq!(sheepdog.put("/P/Q", json!([study("S"), file])).await.status, 200);
    let did = sheepdog.index.all()[0].did.clone();
    let report = check(&sheepdog, Repair::No, &[(&did, "P-Q/R")]).await;
    assert_eq!(report, Report { files: 1, ..Report::default() });
    assert!(report.is_in_order(Repair::No));
}

#[actix_web::test]
async fn lost_records_and_orphans_are_found_and_put_right() {
    let sheepdog = TestSheepdog::start().await;
    let file = json!({"type": "reading", "submitter_id": "R", "file_name": "f", "file_size": 10,
                      "md5sum": format!("{:032x}", 1), "consent_codes": ["gru"],
                      "studies": {"submitter_id": "S"}});
    assert_eq!(sheepdog.put("/P/Q", json!([study("S"), file])).await.status, 200);
    let lost = sheepdog.index.all().remove(0);
    sheepdog.forget_records().await;
    let (orphan, with_bytes) = (DID, "11111111-1111-4111-8111-222222222222");
    let records = [record(orphan, &[]), record(with_bytes, &["s3://a/b"])];
    sheepdog.index.create(&Caller::Service, &records).await.unwrap();
    let aliased = [(orphan, "P-Q/X"), (with_bytes, "P-Q/Y"), (with_bytes, "elsewhere/Y")];

    for _ in 0..2 {
        let found = check(&sheepdog, Repair::No, &aliased).await;
        assert_eq!((found.lost.len(), found.orphans.len()), (1, 1));
        assert_eq!((found.lost[0].did.as_str(), found.lost[0].project_id.as_str()), (&*lost.did, "P-Q"));
        assert!(!found.lost[0].repaired && !found.is_in_order(Repair::No));
    }
    let repaired = check(&sheepdog, Repair::Yes, &aliased).await;
    assert!(repaired.is_in_order(Repair::Yes), "{repaired:?}");
    let again = sheepdog.index.record(&lost.did).unwrap();
    assert_eq!((again.size, &again.hashes, &again.authz), (lost.size, &lost.hashes, &lost.authz));
    assert!(sheepdog.index.record(orphan).is_none() && sheepdog.index.record(with_bytes).is_some());
    assert_eq!(check(&sheepdog, Repair::No, &[]).await, Report { files: 1, ..Report::default() });
}

#[actix_web::test]
async fn what_a_living_process_works_on_is_in_order() {
    let sheepdog = TestSheepdog::start().await;
    let worker = Worker::start(&sheepdog.pool.connect_options()).await.unwrap();
    let mut connection = sheepdog.pool.acquire().await.unwrap();
    let log = NewLog { submitter: None, role: Role::Create, program: "P", project: "Q", is_dry_run: false };
    let id = running::open(&mut connection, worker.number(), &log).await.unwrap();
    let change = Change::Create { baseid: DID.to_owned() };
    let intents = [Intent { did: DID.to_owned(), change }];
    outbox::note(&mut connection, id, worker.number(), &intents).await.unwrap();
    drop(connection);
    assert_eq!(check(&sheepdog, Repair::Yes, &[]).await, Report::default());
}

#[actix_web::test]
async fn projects_that_share_an_id_are_named() {
    let sheepdog = TestSheepdog::start().await;
    // An older version let hyphens into the names of programs.
    let add = "insert into node_program (node_id, _props) values ('a', '{\"name\": \"P-Q\"}');
               insert into node_project (node_id, _props)
               values ('x', '{\"code\": \"x\"}'), ('y', '{\"code\": \"Q-x\"}');
               insert into edge_projectmemberofprogram (src_id, dst_id)
               select 'x', 'a' union all select 'y', node_id from node_program where _props ->> 'name' = 'P'";
    sqlx::raw_sql(add).execute(&sheepdog.pool).await.unwrap();
    let report = check(&sheepdog, Repair::No, &[]).await;
    let told = report.names.join("\n");
    assert!(told.contains("share the project id p-q-x") && told.contains("x of P-Q"), "{told}");
    assert!(!report.is_in_order(Repair::No) && !report.is_in_order(Repair::Yes));
}
