//! Many writes in one request, some of which cannot be made.

use serde_json::{Value, json};
use testing::Rights;

use crate::{
    bulk::{Told, bulk, bulk_as, count, create, post, rights, upsert},
    support::{LOGIN, Running, config, guid, record},
};

/// The database refuses this record as it refuses a value.
const REFUSED: usize = 90;
/// The database fails at this record.
const FAILING: usize = 91;

async fn with_refusals(indexd: &Running) {
    sqlx::raw_sql(
        "create function refuse() returns trigger language plpgsql as $$ begin
            if to_jsonb(new)::text like '%-000000000090\"%' then
                raise exception 'too long' using errcode = '54000';
            end if;
            if to_jsonb(new)::text like '%-000000000091\"%' then raise exception 'broken'; end if;
            return new;
         end $$;
         create trigger refuse before insert on index_record for each row execute function refuse();
         create trigger refuse before insert on record for each row execute function refuse();",
    )
    .execute(&indexd.database.pool)
    .await
    .expect("triggers");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_cannot_be_stored_spoils_its_own_line_only() {
    let indexd = Running::new().await;
    let lines = [
        create(1, json!({})),
        create(2, json!({"file_name": "a\u{0}b"})),
        create(3, json!({"metadata": {"k": "x"}})),
    ];
    let told = bulk(&indexd, "?mode=each", &lines).await;
    assert_eq!(told.outcomes(), [(1, 200, "created"), (2, 400, "failed"), (3, 200, "created")]);
    assert_eq!(bulk(&indexd, "", &lines).await.status, 400, "of the first line that cannot be read");
    assert_eq!(count(&indexd).await, 2);
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_once_more_without_the_line_that_spoilt_it_claims_nothing_from_itself() {
    let indexd = Running::with(config(), rights()).await;
    with_refusals(&indexd).await;
    let at = |n: usize| json!({"authz": ["/a"], "urls": [format!("s3://elsewhere/{n}")]});
    let mut nameless = record(2, at(2));
    nameless.as_object_mut().expect("a record").remove("did");
    let mut member = at(1);
    member["baseid"] = json!(guid(100));
    // Who may create and not update.
    let lines = [
        create(1, member),
        json!({"op": "create", "record": nameless}),
        create(REFUSED, at(3)),
        create(4, at(4)),
    ];
    for query in ["?mode=each&dry_run=true", "?mode=each"] {
        let told = bulk_as(&indexd, "bearer creator", query, &lines).await;
        let expected = [(1, 200, "created"), (2, 200, "created"), (3, 400, "failed"), (4, 200, "created")];
        assert_eq!(told.outcomes(), expected, "{query}");
    }
    assert_eq!(count(&indexd).await, 3);
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_before_a_failure_of_ours_is_told() {
    let indexd = Running::new().await;
    with_refusals(&indexd).await;
    let lines = [
        create(1, json!({})),
        create(REFUSED, json!({})),
        create(FAILING, json!({})),
        json!({}),
        create(4, json!({})),
    ];
    let told = bulk(&indexd, "?mode=each", &lines).await;
    assert_eq!((told.status, told.outcomes()), (200, vec![(1, 200, "created"), (2, 400, "failed")]));
    let stopped = &told.summary["stopped"];
    assert_eq!((&stopped["line"], &stopped["status"]), (&json!(3), &json!(500)), "{stopped}");
    assert_eq!(count(&indexd).await, 1);
    assert_eq!(bulk(&indexd, "", &lines[..3]).await.status, 400, "of the value that is refused first");
    assert_eq!(bulk(&indexd, "", &lines[2..3]).await.status, 500);
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_one_request_are_not_found_by_the_names_of_each_other() {
    let indexd = Running::new().await;
    let prefixed = |n: usize| create(n, json!({"did": format!("dg.T/{}", guid(n))}));
    let lines = [
        create(1, json!({})),
        prefixed(1),
        prefixed(2),
        create(2, json!({})),
        create(3, json!({"baseid": guid(50)})),
        create(50, json!({})),
        upsert(51, json!({"baseid": guid(51)})),
    ];
    let refused = [2, 4, 6];
    let told = bulk(&indexd, "?mode=all", &lines).await;
    let failed: Vec<u64> =
        told.outcomes().into_iter().filter(|(_, status, _)| *status == 409).map(|(line, ..)| line).collect();
    assert_eq!((told.status, failed, count(&indexd).await), (409, refused.to_vec(), 0));
    let told = bulk(&indexd, "?mode=each", &lines).await;
    let expected: Vec<u64> = (1..=7).map(|n| if refused.contains(&n) { 409 } else { 200 }).collect();
    let statuses: Vec<u64> = told.outcomes().into_iter().map(|(_, status, _)| status).collect();
    assert_eq!((statuses, count(&indexd).await), (expected, 4));
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_did_that_was_made_up_is_told_of_records_that_there_are_and_of_no_others() {
    let indexd = Running::with(config(), rights()).await;
    let nameless = |authz: &str| {
        json!({"op": "create", "record": {"form": "object", "size": 1, "urls": [],
        "authz": [authz], "hashes": {"crc": "deadbeef"}}})
    };
    let dids = |told: &Told| -> Vec<Value> { told.lines.iter().map(|line| line["did"].clone()).collect() };
    let lines = [nameless("/a"), nameless("/b"), create(1, json!({"authz": ["/a"], "urls": []}))];
    for query in ["?mode=all", "?mode=each&dry_run=true"] {
        let told = bulk_as(&indexd, "bearer mallory", query, &lines).await;
        assert_eq!(dids(&told), [Value::Null, Value::Null, json!(guid(1))], "{query}");
        assert!(told.lines.iter().all(|line| line.get("baseid").is_none()), "{query}: {:?}", told.lines);
    }
    let told = bulk_as(&indexd, "bearer mallory", "?mode=each", &lines).await;
    let made = told.lines[0]["did"].as_str().expect("a did");
    assert_eq!(indexd.get(&format!("/index/{made}")).await.status, 200);
    assert_eq!(dids(&told)[1..], [Value::Null, json!(guid(1))]);
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_nobody_believes_is_refused_before_a_line_is_read() {
    let indexd = Running::with(config(), Rights::of_plain_tokens().refuse_token("x")).await;
    for query in ["?mode=each", "?mode=all", ""] {
        // In place of an answer to each line, and of the refusal of the body.
        for body in ["{}\n", ""] {
            let (status, text) = post(&indexd, "Bearer x", query, body).await;
            assert_eq!(status, 401, "{query}: {text}");
            assert!(!text.contains("summary"), "{text}");
        }
    }
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_has_a_limited_number_of_urls_that_something_can_be_at() {
    let indexd = Running::new().await;
    let rev = indexd.create(record(1, json!({}))).await;
    let path = format!("/index/{}?rev={rev}", guid(1));
    let many = |n: usize| (0..n).map(|n| format!("s3://b/{n}")).collect::<Vec<_>>();
    for (urls, part) in [
        (many(1001), "a record has at most 1000 urls, not 1001"),
        (vec!["s3://b/a\nb".to_owned()], "has a control character"),
        (vec!["s3://b/a\u{7f}".to_owned()], "has a control character"),
        (vec!["s3://b/a\u{85}".to_owned()], "has a control character"),
    ] {
        let update = json!({"op": "update", "did": guid(1), "rev": rev, "record": {"urls": urls}});
        let lines = [create(2, json!({"urls": urls})), update, upsert(1, json!({"urls": urls}))];
        let told = bulk(&indexd, "?mode=each", &lines).await;
        assert_eq!(told.outcomes(), [(1, 400, "failed"), (2, 400, "failed"), (3, 400, "failed")]);
        let created = indexd.post("/index", record(2, json!({"urls": urls}))).await;
        let updated = indexd.put(&path, json!({"urls": urls})).await;
        for answer in [&created, &updated] {
            assert_eq!(answer.status, 400, "{answer:?}");
        }
        for text in [told.error(1), told.error(2), told.error(3), &created.text, &updated.text] {
            assert!(text.contains(part), "{text}");
        }
    }
    assert_eq!(indexd.put(&path, json!({"urls": many(1000)})).await.status, 200);
    let (status, _) = post(&indexd, LOGIN, "", format!("{}\n", create(3, json!({"urls": many(1000)})))).await;
    assert_eq!(status, 200);
    indexd.stop().await;
}
