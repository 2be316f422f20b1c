use std::{
    cell::Cell,
    sync::{Arc, Once},
};

use actix_web::{App, test::TestRequest};
use indexclient::{Caller, HttpIndex, IndexClient, IndexError, NewRecord, Record, RecordPatch, Revision};
use indexd::{Config, DrsForm, FixedBuckets, Indexd};
use serde_json::{Value, json};
use testing::Rights;
use tracing::field::{Field, Visit};
use tracing_subscriber::{Layer, layer::SubscriberExt as _};

use crate::support::{LOGIN, Running, client, config, database, guid, md5, record};

fn new_record(n: usize) -> NewRecord {
    NewRecord {
        did: Some(guid(n)),
        form: "object".into(),
        size: i64::try_from(n).expect("small"),
        hashes: [("md5".to_owned(), md5(n))].into(),
        urls: vec![format!("s3://elsewhere/{n}")],
        acl: vec!["a".into()],
        authz: vec!["/a".into()],
        file_name: Some(format!("f{n}")),
        uploader: Some("me".into()),
        baseid: None,
    }
}

/// What metadata calls, with the header of a request.
async fn as_the_sender_of_a_header(index: &dyn IndexClient, note: &mut impl FnMut(String)) {
    let header = |header: Option<&str>| Caller::Header(header.map(str::to_owned));
    let nobody = header(None);
    for who in [nobody.clone(), header(Some("Basic b2JqOndyb25n")), header(Some(LOGIN))] {
        let named = index.claim_aliases(&who, &guid(2), &["p".to_owned(), "q".to_owned()]).await;
        note(format!("{:?}", named.map_err(|error| outcome(&error))));
    }
    let login = header(Some(LOGIN));
    let taken = index.claim_aliases(&login, &guid(2), &["r".to_owned(), "x".to_owned()]).await;
    assert!(matches!(taken, Err(IndexError::Conflict(_))), "{taken:?}");
    note(format!("{:?}", index.get("r").await));
    note(format!("{:?}", index.get("q").await.expect("an answer").map(settled)));
    let refused = index.create_blank_version(&nobody, &guid(2), "v", &[]).await;
    note(format!("{:?}", refused.map_err(|error| outcome(&error))));
    let version =
        index.create_blank_version(&login, &guid(2), "v", &["/a".to_owned()]).await.expect("created");
    let latest = index.latest(&guid(2)).await.expect("an answer").expect("a record");
    assert_eq!(latest.did, version.did);
    note(format!("{:?}", Record { did: "<new>".into(), ..settled(latest) }));
    note(format!("{:?}", index.latest("nothing").await));
    index.delete(&login, &version).await.expect("deleted");
}

/// Everything that a client of the index can see of a run of all its calls.
async fn run(index: &dyn IndexClient) -> Vec<String> {
    let caller = Caller::Service;
    let mut seen = Vec::new();
    let mut note = |line: String| seen.push(line);
    let made = index.create(&caller, &[new_record(1), new_record(2)]).await.expect("created");
    note(format!("{:?}", made.iter().map(|revision| &revision.did).collect::<Vec<_>>()));
    note(format!("{:?}", index.create(&caller, &[new_record(1)]).await));
    let bad = NewRecord { form: "x".into(), ..new_record(3) };
    note(format!("{:?}", index.create(&caller, &[bad]).await.map_err(|error| kind(&error))));
    let mut many = index.get_many(&[guid(2), guid(9), guid(1)]).await.expect("an answer");
    many.sort_by(|a, b| a.did.cmp(&b.did));
    note(format!("{:?}", many.into_iter().map(settled).collect::<Vec<_>>()));
    let files = [(md5(2), 2), (md5(2), 3), (md5(1), 1)];
    let found = index.find_by_md5_and_size(&files).await.expect("an answer");
    note(format!(
        "{:?}",
        found.into_iter().map(|record| record.map(|record| record.did)).collect::<Vec<_>>()
    ));
    note(format!("{:?}", index.get(&made[0].baseid).await.expect("an answer").map(settled)));
    note(format!("{:?}", index.get("nothing").await));
    let patch =
        RecordPatch { uploader: Some(None), authz: Some(vec!["/b".into()]), ..RecordPatch::default() };
    let updated = index.update(&caller, &made[0], &patch).await.expect("updated");
    note(format!("{:?}", index.update(&caller, &made[0], &patch).await));
    index.add_aliases(&caller, &[(guid(1), "x".into()), (guid(2), "y".into())]).await.expect("added");
    note(format!("{:?}", index.add_aliases(&caller, &[(guid(9), "z".into())]).await));
    // Taken by the first record: stays there in both forms.
    index.add_aliases(&caller, &[(guid(2), "x".into()), (guid(2), "z".into())]).await.expect("added");
    note(format!("{:?}", index.get("x").await.expect("an answer").map(settled)));
    note(format!("{:?}", index.get("z").await.expect("an answer").map(settled)));
    as_the_sender_of_a_header(index, &mut note).await;
    let blank = index.create_blank(&caller, Some("me"), "up", None).await.expect("created");
    let hashes = [("md5".to_owned(), md5(7))];
    let filled = index.fill_blank(&caller, &blank, 7, &hashes, &["s3://b/up".into()]).await.expect("filled");
    note(format!("{:?}", index.fill_blank(&caller, &filled, 7, &hashes, &[]).await));
    let record = index.get(&blank.did).await.expect("an answer").map(settled).expect("a record");
    note(format!("{:?}", Record { did: "<new>".into(), ..record }));
    note(format!("{:?}", index.delete(&caller, &Revision { rev: "x".into(), ..updated.clone() }).await));
    index.delete(&caller, &updated).await.expect("deleted");
    note(format!("{:?}", index.get(&guid(1)).await));
    seen
}

/// The texts of refused bodies are not what clients rely on.
fn kind(error: &IndexError) -> &'static str {
    match error {
        IndexError::BadRequest(_) => "bad request",
        _ => "another error",
    }
}

fn outcome(error: &IndexError) -> String {
    match error {
        IndexError::Refused { status, .. } => format!("refused with {status}"),
        other => kind(other).to_owned(),
    }
}

fn settled(record: Record) -> Record {
    let set = |text: Option<String>| text.map(|_| "<set>".to_owned());
    Record {
        rev: "<set>".into(),
        baseid: "<set>".into(),
        created_date: set(record.created_date),
        updated_date: set(record.updated_date),
        ..record
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_forms_of_the_client_see_the_same() {
    let first = Running::new().await;
    let in_process = run(&*first.indexd).await;
    first.stop().await;
    let second = Running::new().await;
    let over_http = run(&HttpIndex::new(&second.url, "obj", "secret", client())).await;
    second.stop().await;
    assert_eq!(in_process, over_http);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_no_record_for_either_form_of_the_client() {
    let indexd = Running::new().await;
    indexd.indexd.create(&Caller::Service, &[new_record(1)]).await.expect("created");
    let body = serde_json::json!({"bundles": [guid(1)], "bundle_id": "x"});
    assert_eq!(indexd.post("/bundle", body).await.status, 200);
    assert_eq!(indexd.indexd.get("x").await, Ok(None));
    assert_eq!(HttpIndex::new(&indexd.url, "obj", "secret", client()).get("x").await, Ok(None));
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn either_form_of_the_client_tells_who_else_has_some_bytes() {
    let indexd = Running::new().await;
    let urls = ["s3://b/alone".to_owned(), "s3://b/shared".to_owned()];
    let record = |number, urls: &[String]| NewRecord { urls: urls.to_vec(), ..new_record(number) };
    let records = [record(1, &urls), record(2, &urls[1..])];
    indexd.indexd.create(&Caller::Service, &records).await.expect("created");
    let over_http = HttpIndex::new(&indexd.url, "obj", "secret", client());
    for index in [&*indexd.indexd as &dyn IndexClient, &over_http] {
        let others = index.other_holders(&guid(1), &urls).await.expect("an answer");
        let dids = others.iter().map(|holders| holders.records.iter().map(|record| record.did.clone()));
        assert_eq!(dids.map(Vec::from_iter).collect::<Vec<_>>(), [vec![], vec![guid(2)]]);
    }
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_records_all_or_none_are_created() {
    let indexd = Running::new().await;
    indexd.indexd.create(&Caller::Service, &[new_record(2)]).await.expect("created");
    let all: Vec<NewRecord> = (1..=3).map(new_record).collect();
    let refused = indexd.indexd.create(&Caller::Service, &all).await;
    assert_eq!(refused, Err(IndexError::Conflict(format!("did \"{}\" already exists", guid(2)))));
    let dids: Vec<String> = (1..=3).map(guid).collect();
    assert_eq!(indexd.indexd.get_many(&dids).await.map(|records| records.len()), Ok(1));
    let twice = indexd.indexd.create(&Caller::Service, &[new_record(5), new_record(5)]).await;
    assert_eq!(twice, Err(IndexError::Conflict(format!("did \"{}\" already exists", guid(5)))));
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_needs_the_guards_of_every_record() {
    let rights = Rights::of_plain_tokens().grant("writer", "indexd", "create", "/a");
    let indexd = Running::with(config(), rights).await;
    let writer = Caller::Bearer("writer".into());
    assert!(indexd.indexd.create(&writer, &[new_record(1), new_record(2)]).await.is_ok());
    for authz in [vec![], vec!["/b".to_owned()]] {
        let records = [new_record(3), NewRecord { authz, ..new_record(4) }];
        let refused = indexd.indexd.create(&writer, &records).await;
        assert_eq!(refused, Err(IndexError::Refused { status: 401, detail: "Permission denied.".into() }));
    }
    assert_eq!(indexd.indexd.get(&guid(3)).await, Ok(None));
    indexd.stop().await;
}

thread_local! {
    static STATEMENTS: Cell<usize> = const { Cell::new(0) };
    static ROWS: Cell<u64> = const { Cell::new(0) };
}

/// Counts the statements that sqlx reports on the thread at hand, and the rows that they return.
struct Statements;

struct Rows;

impl Visit for Rows {
    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "rows_returned" {
            ROWS.set(ROWS.get() + value);
        }
    }
}

impl<S: tracing::Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            STATEMENTS.set(STATEMENTS.get() + 1);
            event.record(&mut Rows);
        }
    }
}

/// Has the statements counted from now on.
fn count_statements() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::registry().with(Statements);
        tracing::subscriber::set_global_default(subscriber).expect("nobody else sets one");
    });
}

#[tokio::test(flavor = "current_thread")]
async fn the_number_of_statements_does_not_depend_on_the_number_of_records() {
    count_statements();
    let database = database().await;
    let indexd = indexd::Indexd::build(config(), database.pool.clone(), None);
    let mut counts = Vec::new();
    // The first also finds out what does not change.
    for range in [1..=2, 3..=4, 5..=500] {
        let before = STATEMENTS.get();
        let records: Vec<NewRecord> = range.clone().map(new_record).collect();
        indexd.create(&Caller::Service, &records).await.expect("created");
        let dids: Vec<String> = range.clone().map(guid).collect();
        assert_eq!(indexd.get_many(&dids).await.expect("an answer").len(), dids.len());
        let files: Vec<(String, i64)> =
            range.clone().map(|n| (md5(n), i64::try_from(n).expect("small"))).collect();
        let found = indexd.find_by_md5_and_size(&files).await.expect("an answer");
        assert!(found.iter().all(Option::is_some));
        let aliases: Vec<(String, String)> = range.map(|n| (guid(n), format!("alias {n}"))).collect();
        indexd.add_aliases(&Caller::Service, &aliases).await.expect("added");
        counts.push(STATEMENTS.get() - before);
    }
    assert!(counts[1] > 5, "statements are counted: {counts:?}");
    assert_eq!(counts[1], counts[2]);
}

#[tokio::test(flavor = "current_thread")]
async fn a_bulk_write_to_a_place_reads_its_owners_and_not_its_records() {
    count_statements();
    let database = database().await;
    let rights = ["create", "update"]
        .iter()
        .fold(Rights::of_plain_tokens(), |rights, method| rights.grant("mallory", "indexd", method, "/a"));
    let buckets = Arc::new(FixedBuckets(json!({})));
    let indexd = Indexd::build_with_buckets(config(), database.pool.clone(), Some(Arc::new(rights)), buckets);
    let app = App::new().configure(|app| web::Service::configure(indexd.clone(), app));
    let app = actix_web::test::init_service(app).await;
    let same = "s3://elsewhere/same";
    let mut rows = Vec::new();
    // The first also finds out what does not change.
    for (range, new) in [(1..=2, 1001), (3..=4, 1002), (5..=500, 1003)] {
        let holder = |n| NewRecord { urls: vec![same.into()], uploader: None, ..new_record(n) };
        let records: Vec<NewRecord> = range.map(holder).collect();
        indexd.create(&Caller::Service, &records).await.expect("created");
        let record = record(new, json!({"authz": ["/a"], "urls": [same]}));
        let line = json!({"op": "create", "record": record});
        let request = TestRequest::post().uri("/bulk/records");
        let request = request.insert_header(("authorization", "bearer mallory"));
        let before = ROWS.get();
        let answer =
            actix_web::test::call_service(&app, request.set_payload(format!("{line}\n")).to_request()).await;
        assert_eq!(answer.status(), 200);
        let told = actix_web::test::read_body(answer).await;
        assert!(String::from_utf8_lossy(&told).contains("\"created\""), "{told:?}");
        rows.push(ROWS.get() - before);
    }
    assert!(rows[1] > 1, "rows are counted: {rows:?}");
    assert_eq!(rows[1], rows[2]);
}

#[tokio::test(flavor = "current_thread")]
async fn a_hundred_drs_objects_are_read_by_at_most_three_statements() {
    count_statements();
    let database = database().await;
    for drs_form in [DrsForm::Gen3, DrsForm::Strict] {
        let buckets = Arc::new(FixedBuckets(json!({})));
        let config = Config { drs_form, ..config() };
        let indexd = Indexd::build_with_buckets(config, database.pool.clone(), None, buckets);
        if drs_form == DrsForm::Gen3 {
            let records: Vec<NewRecord> = (1..=100).map(new_record).collect();
            indexd.create(&Caller::Service, &records).await.expect("created");
        }
        // In this thread, whose statements are counted.
        let app = App::new().configure(|app| web::Service::configure(indexd.clone(), app));
        let app = actix_web::test::init_service(app).await;
        let mut counts = Vec::new();
        for objects in [1, 100] {
            let ids: Vec<String> = (1..=objects).map(guid).collect();
            let request = TestRequest::post().uri("/ga4gh/drs/v1/objects");
            let request = request.set_json(json!({"bulk_object_ids": ids})).to_request();
            let before = STATEMENTS.get();
            let answer: Value = actix_web::test::call_and_read_body_json(&app, request).await;
            assert_eq!(answer["summary"]["resolved"], json!(objects));
            counts.push(STATEMENTS.get() - before);
        }
        assert!((1..=3).contains(&counts[1]), "{drs_form:?}: {counts:?}");
    }
}
