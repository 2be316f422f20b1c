//! Records are moved from one layout into the other.

use indexd::{Layout, TransferError, TransferMode, TransferOptions, Transferred, transfer};
use serde_json::{Value, json};
use sqlx::PgPool;
use testing::Rights;

use crate::support::{Running, config, database, guid, record};

const RECORDS: usize = 2500;

/// An index with enough records for some batches, of all kinds.
async fn filled() -> Running {
    let indexd = Running::new().await;
    indexd
        .create(record(
            1,
            json!({
                "file_name": "ü", "version": "1", "uploader": "me", "description": "d", "acl": ["b", "a"],
                "authz": ["/x", "/y"], "metadata": {"a": "b", "n": null},
                "urls": ["s3://b/1", "gs://g/1"], "urls_metadata": {"s3://b/1": {"k": "v"}},
                "hashes": {"md5": crate::support::md5(1), "crc": "deadbeef"},
                "content_created_date": "2022-01-01T00:00:00.25", "baseid": guid(99_999),
            }),
        ))
        .await;
    indexd.post(&format!("/index/{}/aliases", guid(1)), json!({"aliases": [{"value": "x"}]})).await;
    indexd.post("/index/blank", json!({"uploader": "me"})).await;
    sqlx::raw_sql(
        "insert into base_version select 'base ' || n from generate_series(2, 2500) n;
         insert into index_record (did, baseid, rev, form, size, created_date, updated_date)
         select 'did ' || n, 'base ' || n, 'r', 'object', n, now(), now() from generate_series(2, 2500) n;
         insert into index_record_url select did, 's3://b/' || did from index_record where rev = 'r';
         insert into index_record_hash select did, 'md5', md5(did) from index_record where rev = 'r';",
    )
    .execute(&indexd.database.pool)
    .await
    .expect("records");
    indexd
}

/// All documents of an index, by what its database says of the layout.
async fn documents(pool: &PgPool) -> Vec<Value> {
    let database = database().await;
    let config = indexd::Config { layout: None, ..config() };
    let indexd = Running::on(config, Rights::of_plain_tokens(), database, pool.clone()).await;
    let mut all: Vec<Value> = Vec::new();
    loop {
        let start = all.last().map_or("", |last| last["did"].as_str().expect("a did"));
        let page = indexd.get(&format!("/index?limit=1000&start={start}")).await.json();
        let records = page["records"].as_array().expect("records").clone();
        if records.is_empty() {
            break;
        }
        all.extend(records);
    }
    let alias = indexd.get("/index/x").await;
    assert_eq!(alias.status, 404, "aliases are names of the lookup only");
    all.push(indexd.get("/x").await.json());
    indexd.stop().await;
    all
}

/// What the command does without options.
const PLAIN: TransferOptions =
    TransferOptions { from: None, to: None, setting: None, mode: TransferMode::Real, overwrite: false };

async fn moved(pool: &PgPool, to: Layout, options: TransferOptions) -> Transferred {
    let mut last = 0;
    let report = transfer(pool, TransferOptions { to: Some(to), ..options }, |done, all| {
        assert!(done >= last && done <= all, "{done} of {all}");
        last = done;
    });
    report.await.expect("transferred")
}

#[tokio::test(flavor = "multi_thread")]
async fn records_move_there_and_back_and_stay_as_they_are() {
    let indexd = filled().await;
    let pool = &indexd.database.pool;
    let before = documents(pool).await;
    let all = i64::try_from(RECORDS + 1).expect("small");
    assert_eq!(before.len(), RECORDS + 2);
    let plan = moved(pool, Layout::Single, TransferOptions { mode: TransferMode::DryRun, ..PLAIN }).await;
    assert_eq!((plan.records, plan.written, plan.removed), (all, all, 0));
    assert_eq!(indexd::layout(pool, None).await.expect("a layout"), Layout::Multi, "nothing has happened");
    let done = moved(pool, Layout::Single, PLAIN).await;
    assert_eq!((done.from, done.to, done.written, done.unchanged), (Layout::Multi, Layout::Single, all, 0));
    assert_eq!(indexd::layout(pool, None).await.expect("a layout"), Layout::Single);
    assert_eq!(documents(pool).await, before);
    sqlx::query("delete from record where guid = 'did 7'").execute(pool).await.expect("a change");
    sqlx::query("update record set size = 1 where guid = 'did 8'").execute(pool).await.expect("a change");
    let changed = documents(pool).await;
    let refused = transfer(pool, PLAIN, |_, _| {}).await;
    assert!(
        matches!(&refused, Err(TransferError::Ahead { from: Layout::Single, only: 1, newer: 0, .. })),
        "the deleted record is in the other layout still: {refused:?}"
    );
    let back = moved(pool, Layout::Multi, TransferOptions { overwrite: true, ..PLAIN }).await;
    assert_eq!((back.records, back.written + back.unchanged), (all - 1, all - 1));
    assert!(back.written > 0 && back.unchanged > 0, "only batches with a change are written: {back:?}");
    assert_eq!(documents(pool).await, changed);
    let again = moved(pool, Layout::Multi, PLAIN).await;
    assert_eq!((again.written, again.unchanged), (0, all - 1), "it is there already");
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_was_interrupted_goes_on_and_rows_in_the_way_are_removed() {
    let indexd = filled().await;
    let pool = &indexd.database.pool;
    let before = documents(pool).await;
    moved(pool, Layout::Single, PLAIN).await;
    // As if it had stopped in the second half, with a row of an earlier attempt at the end.
    sqlx::raw_sql(
        "update commons_index_layout set layout = 'multi'; delete from record where guid > 'did 3';
         insert into record (guid) values ('zzz')",
    )
    .execute(pool)
    .await
    .expect("interrupted");
    let refused = transfer(pool, PLAIN, |_, _| {}).await;
    assert!(matches!(refused, Err(TransferError::Ahead { only: 1, .. })), "{refused:?}");
    let done = moved(pool, Layout::Single, TransferOptions { overwrite: true, ..PLAIN }).await;
    assert!(done.unchanged >= 1000 && done.written >= 1000 && done.removed >= 1, "{done:?}");
    assert_eq!(documents(pool).await, before);
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_other_layout_cannot_have_is_named_or_counted() {
    let database = database().await;
    let pool = &database.pool;
    let run = async |sql: &'static str| {
        sqlx::raw_sql(sql).execute(pool).await.expect("rows");
    };
    run(r#"insert into record (guid, rev, alias, urls, url_metadata) values
           ('a', 'r', '{x,y}', '{s3://b/1,s3://b/1}', '{"s3://b/1": {"n": 1}, "s3://gone": {"n": 2}}'),
           ('b', 'r', '{x}', null, null)"#)
    .await;
    let refused = transfer(pool, PLAIN, |_, _| {}).await;
    assert!(matches!(&refused, Err(TransferError::SharedAliases(names)) if names == &["x"]), "{refused:?}");
    run("update record set alias = null where guid = 'b'").await;
    let done = transfer(pool, PLAIN, |_, _| {}).await.expect("transferred");
    assert_eq!((done.to, done.written, done.stray_facts), (Layout::Multi, 2, 1));
    let value: String = sqlx::query_scalar("select value from index_record_url_metadata")
        .fetch_one(pool)
        .await
        .expect("one fact");
    assert_eq!(value, "1");
    let aliases: i64 = sqlx::query_scalar("select count(*) from index_record_alias where did = 'a'")
        .fetch_one(pool)
        .await
        .expect("a count");
    assert_eq!(aliases, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_never_guessed_which_layout_counts() {
    let database = database().await;
    let pool = &database.pool;
    // Long ago somebody has moved to the single-table layout, and has gone on writing there.
    sqlx::raw_sql(
        "insert into record (guid, rev, size, updated_date) values ('a', 'new', 1, '2024-02-02');
         insert into index_record (did, rev, size, updated_date) values
            ('a', 'old', 2, '2024-01-01'), ('b', 'old', 3, '2024-01-01'), ('c', 'old', 4, '2024-01-01');",
    )
    .execute(pool)
    .await
    .expect("rows");
    let run = async |options: TransferOptions| transfer(pool, options, |_, _| {}).await;
    let undecided = run(PLAIN).await;
    assert!(matches!(undecided, Err(TransferError::Undecided)), "the larger one may be old: {undecided:?}");
    assert!(indexd::layout(pool, None).await.is_err(), "nothing is served from either");
    for (setting, overwrite) in [(Layout::Multi, false), (Layout::Single, true)] {
        let done = run(TransferOptions { setting: Some(setting), mode: TransferMode::DryRun, ..PLAIN }).await;
        assert_eq!(done.expect("a plan").from, setting, "the setting says it");
        let options = TransferOptions { from: Some(setting), overwrite, mode: TransferMode::DryRun, ..PLAIN };
        assert_eq!(run(options).await.expect("a plan").from, setting);
    }
    let stale = run(TransferOptions { from: Some(Layout::Multi), ..PLAIN }).await;
    assert!(
        matches!(stale, Err(TransferError::Ahead { only: 0, newer: 1, to: Layout::Single, .. })),
        "what was written later stays: {stale:?}"
    );
    let rev: String = sqlx::query_scalar("select rev from record").fetch_one(pool).await.expect("one");
    assert_eq!(rev, "new");
    let single = TransferOptions { from: Some(Layout::Single), overwrite: true, ..PLAIN };
    let done = run(single).await.expect("moved");
    assert_eq!((done.records, done.only_in_new, done.newer_in_new), (1, 2, 0));
    let contrary = run(TransferOptions { setting: Some(Layout::Single), ..PLAIN }).await;
    assert!(matches!(
        contrary,
        Err(TransferError::Contradiction { setting: Layout::Single, found: Layout::Multi })
    ));
    assert_eq!(indexd::layout(pool, Some(Layout::Single)).await.expect("the setting"), Layout::Single);
}
