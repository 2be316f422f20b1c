//! Many writes in one request.

use std::time::Duration;

use indexd::Layout;
use reqwest::Method;
use serde_json::{Value, json};
use testing::Rights;

use crate::layouts::layout;
use crate::support::{LOGIN, Running, config, dids, guid, md5, record};

/// The lines of an answer, and its summary.
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) lines: Vec<Value>,
    pub(crate) summary: Value,
}

impl Told {
    /// Number, status and result of each line.
    pub(crate) fn outcomes(&self) -> Vec<(u64, u64, &str)> {
        let outcome = |line: &'_ Value| (line["line"].as_u64(), line["status"].as_u64());
        self.lines
            .iter()
            .map(|line| {
                let (Some(number), Some(status)) = outcome(line) else { panic!("{line}") };
                (number, status, line["result"].as_str().unwrap_or("failed"))
            })
            .collect()
    }

    pub(crate) fn error(&self, line: usize) -> &str {
        self.lines[line - 1]["error"].as_str().unwrap_or_default()
    }
}

pub(crate) async fn post(
    indexd: &Running,
    who: &str,
    query: &str,
    body: impl Into<reqwest::Body>,
) -> (u16, String) {
    let request = indexd.client.post(format!("{}/bulk/records{query}", indexd.url)).body(body);
    let request = if who.is_empty() { request } else { request.header("Authorization", who) };
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a body"))
}

pub(crate) async fn bulk_as(indexd: &Running, who: &str, query: &str, lines: &[Value]) -> Told {
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let (status, text) = post(indexd, who, query, body).await;
    let mut lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{text}"))).collect();
    let summary = lines.pop().map(|mut last| last["summary"].take()).unwrap_or_default();
    Told { status, lines, summary }
}

pub(crate) async fn bulk(indexd: &Running, query: &str, lines: &[Value]) -> Told {
    bulk_as(indexd, LOGIN, query, lines).await
}

pub(crate) fn create(n: usize, more: Value) -> Value {
    json!({"op": "create", "record": record(n, more)})
}

pub(crate) fn upsert(n: usize, more: Value) -> Value {
    json!({"op": "upsert", "record": record(n, more)})
}

pub(crate) async fn count(indexd: &Running) -> i64 {
    // One of the two layouts has them.
    sqlx::query_scalar("select (select count(*) from index_record) + (select count(*) from record)")
        .fetch_one(&indexd.database.pool)
        .await
        .expect("a count")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_line_stands_for_itself_when_that_is_wanted() {
    let indexd = Running::new().await;
    let rev = indexd
        .create(record(1, json!({"file_name": "old", "urls_metadata": {"s3://b/1": {"a": "b"}}})))
        .await;
    let deleted = indexd.create(record(2, json!({}))).await;
    let told = bulk(
        &indexd,
        "?mode=each",
        &[
            create(3, json!({"metadata": {"k": 1}, "acl": ["x"], "authz": ["/a"], "version": "v"})),
            create(1, json!({})),
            create(4, json!({"size": -1})),
            json!({"op": "update", "did": guid(1), "rev": rev, "record": {"file_name": "new", "acl": ["y"]}}),
            json!({"op": "delete", "did": guid(2), "rev": "stale"}),
            json!({"op": "delete", "did": guid(2), "rev": deleted}),
            json!({"op": "delete", "did": guid(9), "rev": "r"}),
            json!({"op": "delete", "did": guid(3)}),
            json!({"op": "create", "record": {"form": "object", "size": 1, "urls": [],
            "hashes": {"crc": "deadbeef"}}}),
        ],
    )
    .await;
    assert_eq!(told.status, 200);
    assert_eq!(
        told.outcomes(),
        [
            (1, 200, "created"),
            (2, 409, "failed"),
            (3, 400, "failed"),
            (4, 200, "updated"),
            (5, 409, "failed"),
            (6, 200, "deleted"),
            (7, 404, "failed"),
            (8, 400, "failed"),
            (9, 200, "created"),
        ]
    );
    assert_eq!(told.error(2), format!("did \"{}\" already exists", guid(1)));
    assert_eq!((told.error(5), told.error(7)), ("revision mismatch", "no record found"));
    assert_eq!(
        told.summary,
        json!({"lines": 9, "written": true, "dry_run": false, "created": 2, "updated": 1, "unchanged": 0,
            "deleted": 1, "failed": 5})
    );
    let changed = indexd.get(&format!("/index/{}", guid(1))).await.json();
    assert_eq!((&changed["file_name"], &changed["acl"]), (&json!("new"), &json!(["y"])));
    assert_eq!(changed["urls_metadata"]["s3://b/1"]["a"], "b", "what is not given stays");
    assert_eq!(changed["rev"], told.lines[3]["rev"]);
    let made = indexd.get(&format!("/index/{}", guid(3))).await.json();
    assert_eq!((&made["metadata"], &made["version"]), (&json!({"k": "1"}), &json!("v")));
    assert_eq!((&made["rev"], &made["baseid"]), (&told.lines[0]["rev"], &told.lines[0]["baseid"]));
    let minted = told.lines[8]["did"].as_str().expect("a did");
    assert_eq!(indexd.get(&format!("/index/{minted}")).await.status, 200);
    assert_eq!(indexd.get("/_stats").await.json(), json!({"fileCount": 3, "totalFileSize": 101 + 103 + 1}));
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_lines_are_written_or_none() {
    let indexd = Running::new().await;
    indexd.create(record(5, json!({}))).await;
    let lines = [create(1, json!({})), create(5, json!({})), create(2, json!({})), create(1, json!({}))];
    let told = bulk(&indexd, "", &lines[..3]).await;
    assert_eq!(told.status, 409);
    assert_eq!(told.outcomes(), [(1, 424, "failed"), (2, 409, "failed"), (3, 424, "failed")]);
    assert_eq!(told.error(1), "not written, because line 2 cannot be");
    assert_eq!((told.summary["written"].clone(), told.summary["failed"].clone()), (json!(false), json!(3)));
    let twice = bulk(&indexd, "?mode=all", &[lines[0].clone(), lines[2].clone(), lines[3].clone()]).await;
    assert_eq!(twice.outcomes(), [(1, 424, "failed"), (2, 424, "failed"), (3, 409, "failed")]);
    assert_eq!(count(&indexd).await, 1, "nothing was written");
    let told = bulk(&indexd, "", &[lines[0].clone(), lines[2].clone()]).await;
    assert_eq!((told.status, told.summary["created"].clone()), (200, json!(2)));
    assert_eq!(dids(&indexd.get("/index").await.json()), [guid(1), guid(2), guid(5)]);
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upsert_creates_changes_or_leaves_alone() {
    let indexd = Running::new().await;
    let named = json!({"file_name": "a", "acl": ["x"], "metadata": {"n": 1}});
    let first = bulk(&indexd, "?mode=each", &[upsert(1, named.clone()), upsert(2, json!({}))]).await;
    assert_eq!(first.outcomes(), [(1, 200, "created"), (2, 200, "created")]);
    let other = json!({"file_name": "b", "acl": ["x"], "metadata": {"n": 1}});
    let again = bulk(
        &indexd,
        "?mode=each",
        &[
            upsert(1, named.clone()),
            upsert(2, json!({"urls": ["s3://b/other"]})),
            upsert(1, other),
            upsert(2, json!({"size": 7})),
        ],
    )
    .await;
    // A record that is named again is written in its turn.
    assert_eq!(
        again.outcomes(),
        [(1, 200, "unchanged"), (2, 200, "updated"), (3, 200, "updated"), (4, 409, "failed"),]
    );
    assert_eq!(again.lines[0]["rev"], first.lines[0]["rev"]);
    assert!(again.error(4).starts_with("the record has another size"), "{}", again.error(4));
    let changed = indexd.get(&format!("/index/{}", guid(1))).await.json();
    assert_eq!((&changed["file_name"], &changed["rev"]), (&json!("b"), &again.lines[2]["rev"]));
    assert_eq!(indexd.get(&format!("/index/{}", guid(2))).await.json()["urls"], json!(["s3://b/other"]));
    let stale = json!({"op": "upsert", "rev": "old", "record": record(1, named)});
    assert_eq!(bulk(&indexd, "", &[stale]).await.outcomes(), [(1, 409, "failed")]);
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_would_become_of_it_and_leaves_everything() {
    let indexd = Running::new().await;
    let rev = indexd.create(record(1, json!({}))).await;
    for mode in ["each", "all"] {
        let lines =
            [create(2, json!({})), json!({"op": "delete", "did": guid(1), "rev": rev}), create(3, json!({}))];
        let told = bulk(&indexd, &format!("?mode={mode}&dry_run=true"), &lines).await;
        assert_eq!(told.outcomes(), [(1, 200, "created"), (2, 200, "deleted"), (3, 200, "created")]);
        assert_eq!((&told.summary["written"], &told.summary["dry_run"]), (&json!(false), &json!(true)));
        assert_eq!(told.lines[0].get("rev"), None, "there is no such revision");
    }
    assert_eq!(count(&indexd).await, 1);
    assert_eq!(indexd.get("/_stats").await.json(), json!({"fileCount": 1, "totalFileSize": 101}));
    indexd.stop().await;
}

/// `mallory` and `owner` write to a project each.
pub(crate) fn rights() -> Rights {
    let mut rights = Rights::of_plain_tokens();
    for (who, project) in [("mallory", "/a"), ("owner", "/b")] {
        for method in ["create", "update", "delete"] {
            rights = rights.grant(who, "indexd", method, project);
        }
    }
    rights.grant("creator", "indexd", "create", "/a")
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_writes_more_in_bulk_than_one_by_one() {
    let indexd = Running::with(config(), rights()).await;
    let theirs = json!({"authz": ["/b"], "urls": ["s3://b/study/genome.bam"]});
    let rev = indexd.create(record(1, theirs)).await;
    let family = indexd.get(&format!("/index/{}", guid(1))).await.json()["baseid"].clone();
    let at = |url: &str| json!({"authz": ["/a"], "urls": [url]});
    let lines = [
        create(2, json!({"authz": ["/b"]})),
        create(3, at("S3://B//study/genome.bam")),
        create(4, at("s3://b/unknown")),
        create(5, json!({"authz": ["/a"], "urls": [], "baseid": family})),
        create(6, json!({"authz": [], "urls": []})),
        json!({"op": "update", "did": guid(1), "rev": rev, "record": {"authz": ["/a"]}}),
        json!({"op": "delete", "did": guid(1), "rev": rev}),
        json!({"op": "upsert", "record": record(1, json!({"authz": ["/a"], "urls": []}))}),
        create(8, json!({"authz": ["/a"], "urls": [], "baseid": guid(1)})),
        create(7, at("s3://elsewhere/free")),
    ];
    let told = bulk_as(&indexd, "bearer mallory", "?mode=each", &lines).await;
    let expected: Vec<(u64, u64, &str)> =
        (1..=10).map(|n| if n == 10 { (n, 200, "created") } else { (n, 401, "failed") }).collect();
    assert_eq!(told.outcomes(), expected);
    assert_eq!(count(&indexd).await, 2);
    for (who, status) in [("", 401), ("bearer ", 401), ("Basic eDp5", 403)] {
        assert_eq!(post(&indexd, who, "", format!("{}\n", lines[9])).await.0, status, "{who}");
    }
    assert_eq!(bulk_as(&indexd, "bearer mallory", "", &lines[..2]).await.status, 401);
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_one_request_guard_their_places_and_families_from_each_other() {
    let indexd = Running::with(config(), rights()).await;
    let family = guid(100);
    let member =
        |n: usize| json!({"authz": ["/a"], "baseid": family, "urls": [format!("s3://elsewhere/{n}")]});
    let place = json!({"authz": ["/a"], "urls": ["s3://elsewhere/same"]});
    let lines = [create(1, member(1)), create(2, member(2)), create(3, place.clone()), create(4, place)];
    // Who may create and not update may not add to what they have created, in one request either.
    let told = bulk_as(&indexd, "bearer creator", "?mode=each", &lines).await;
    assert_eq!(
        told.outcomes(),
        [(1, 200, "created"), (2, 401, "failed"), (3, 200, "created"), (4, 401, "failed"),]
    );
    for n in [1, 3] {
        let rev = indexd.get(&format!("/index/{}", guid(n))).await.json()["rev"].clone();
        indexd.delete(&format!("/index/{}?rev={}", guid(n), rev.as_str().expect("a rev"))).await;
    }
    let told = bulk_as(&indexd, "bearer mallory", "", &lines).await;
    assert_eq!((told.status, told.summary["created"].clone()), (200, json!(4)));
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn arborist_is_asked_once_for_each_set_of_guards() {
    let indexd = Running::with(config(), rights()).await;
    let lines: Vec<Value> = (1..=300)
        .map(|n| create(n, json!({"authz": [if n % 2 == 0 { "/a" } else { "/b" }], "urls": []})))
        .collect();
    let told = bulk_as(&indexd, "bearer mallory", "?mode=each", &lines).await;
    assert_eq!((&told.summary["created"], &told.summary["failed"]), (&json!(150), &json!(150)));
    let asked = indexd.rights.asked().len();
    assert!(asked <= 4, "{asked} questions for two sets of guards");
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_or_cannot_be_read_is_refused() {
    let indexd = Running::new().await;
    for (query, body, status, part) in [
        ("", String::new(), 400, "no lines"),
        ("?mode=each", "\n\n".into(), 400, "no lines"),
        ("?mode=some", "{}".into(), 400, "mode must be"),
        ("?dry_run=perhaps", "{}".into(), 400, "dry_run must be"),
        ("?x=1", "{}".into(), 400, "Unexpected query parameter"),
        ("", format!("{{\"op\": \"{}\"}}", "x".repeat(1 << 20)), 413, "line 1 is longer than"),
        ("", "{\"op\":\"delete\"}\n".repeat(20_001), 413, "at most 20000 lines"),
        ("?mode=each", format!("{{\"op\": \"{}\"}}", "x".repeat(1 << 20)), 413, "line 1 is longer than"),
    ] {
        let (found, text) = post(&indexd, LOGIN, query, body).await;
        assert_eq!(found, status, "{query} {text}");
        assert!(text.contains(part), "{query} {text}");
    }
    // What came before a line that is too long is written, and told.
    let body = format!("{}\n{}\n", create(1, json!({})), "x".repeat((1 << 20) + 1));
    let (status, text) = post(&indexd, LOGIN, "?mode=each", body).await;
    assert_eq!((status, count(&indexd).await), (200, 1));
    assert!(
        text.contains(r#""stopped":{"line":2,"status":413,"error":"line 2 is longer than 1048576 bytes"}"#),
        "{text}"
    );
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_of_the_same_records_do_not_wait_for_each_other_in_a_circle() {
    // More than are written by one statement.
    const RECORDS: usize = 1500;
    let indexd = Running::new().await;
    let lines = |first: usize, acl: &str| {
        (first..first + RECORDS).map(|n| upsert(n, json!({"acl": [acl]}))).collect::<Vec<_>>()
    };
    let modes = [("each", "each"), ("all", "all"), ("all", "each")];
    for (first, (mode, other_mode)) in (1..).step_by(RECORDS).zip(modes) {
        let (mode, other_mode) = (format!("?mode={mode}"), format!("?mode={other_mode}"));
        // They are created, and then changed by both.
        for turn in 0..3 {
            let there = lines(first, &format!("there {turn}"));
            let mut back = lines(first, &format!("back {turn}"));
            back.reverse();
            let (one, two) = tokio::join!(bulk(&indexd, &mode, &there), bulk(&indexd, &other_mode, &back));
            for told in [&one, &two] {
                assert!([200, 409].contains(&told.status), "{mode} {other_mode}: {}", told.status);
                assert_eq!((told.lines.len(), told.summary.get("stopped")), (RECORDS, None));
                let is_expected = |(_, status, _): &(u64, u64, &str)| [200, 409, 424].contains(status);
                assert!(told.outcomes().iter().all(is_expected), "{}", told.summary);
            }
        }
    }
    assert_eq!(count(&indexd).await, i64::try_from(modes.len() * RECORDS).expect("small"));
    let stats = indexd.send_as("", Method::GET, "/_stats", None).await.json();
    assert_eq!(stats["fileCount"], modes.len() * RECORDS);
    indexd.stop().await;
}

/// The second of two loads of the same file meets what the first is still writing.
#[tokio::test(flavor = "multi_thread")]
async fn an_upsert_that_is_overtaken_is_decided_anew() {
    let indexd = Running::new().await;
    let made = bulk(&indexd, "?mode=each", &[create(2, json!({}))]).await;
    assert_eq!(made.status, 200);
    let mut others = indexd.database.pool.begin().await.expect("a transaction");
    let statement = match layout() {
        Layout::Multi => {
            "with family as (insert into base_version (baseid) values ('base')), \
                  hash as (insert into index_record_hash (did, hash_type, hash_value) \
                           values ($1, 'md5', $2)) \
             insert into index_record (did, baseid, rev, form, size) \
             values ($1, 'base', 'rev', 'object', 101)"
        }
        Layout::Single => {
            "insert into record (guid, baseid, rev, form, size, hashes) \
             values ($1, 'base', 'rev', 'object', 101, jsonb_build_object('md5', $2::text))"
        }
    };
    sqlx::query(statement).bind(guid(1)).bind(md5(1)).execute(&mut *others).await.expect("written");
    let lines = [upsert(1, json!({"urls": ["s3://b/mine"]})), upsert(2, json!({}))];
    let (told, ()) = tokio::join!(bulk(&indexd, "?mode=each", &lines), async {
        let waiting = "select exists (select 1 from pg_stat_activity where datname = current_database() \
                       and wait_event_type = 'Lock')";
        let comes_to_wait = async {
            while !sqlx::query_scalar::<_, bool>(waiting)
                .fetch_one(&indexd.database.pool)
                .await
                .expect("an answer")
            {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waits = tokio::time::timeout(Duration::from_secs(60), comes_to_wait).await;
        others.commit().await.expect("committed");
        waits.expect("the load waits for the other writer");
    });
    let results: Vec<&str> = told.outcomes().into_iter().map(|(_, _, result)| result).collect();
    assert_eq!(results, ["updated", "unchanged"], "{:?}", told.lines);
    assert_eq!(count(&indexd).await, 2);
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_the_counters_are_folded_into_the_months() {
    let indexd = Running::new().await;
    let lines: Vec<Value> = (1..=3).map(|n| create(n, json!({}))).collect();
    assert_eq!(bulk(&indexd, "", &lines).await.status, 200);
    let before = indexd.get("/_stats").await.json();
    assert_eq!(before, json!({"fileCount": 3, "totalFileSize": 306}));
    indexd::migrate(&indexd.database.pool).await.expect("migrated");
    let stored: (i64, i64) = sqlx::query_as("select total_record_count, total_record_bytes from stats")
        .fetch_one(&indexd.database.pool)
        .await
        .expect("the row of the month");
    assert_eq!(stored, (3, 306), "as the original reads it");
    assert_eq!(indexd.get("/_stats").await.json(), before);
    indexd.stop().await;
}
