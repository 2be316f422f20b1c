//! Writes of a service for a user whom it knows by name.

use indexclient::{Ending, HttpIndex, IndexClient, Written};
use reqwest::Method;
use serde_json::{Map, Value, json};
use testing::Rights;

use crate::support::{LOGIN, Running, client, config, guid, record};

fn body(n: usize, guard: &str, url: &str) -> Map<String, Value> {
    let body = record(n, json!({ "authz": [guard], "urls": [url] }));
    body.as_object().cloned().expect("an object")
}

fn elsewhere(n: usize, guard: &str) -> Map<String, Value> {
    body(n, guard, &format!("s3://elsewhere/{n}"))
}

/// All of it, with GUIDs from `first` on.
async fn as_a_user_may(index: &dyn IndexClient, first: usize) {
    let write = async |records: &[Map<String, Value>], ending| {
        index.upsert_all("ada", records, ending).await.expect("an answer")
    };
    let own = [elsewhere(first, "/a")];
    assert_eq!(write(&own, Ending::Undo).await, [Written::Created]);
    assert_eq!(index.get(&guid(first)).await, Ok(None), "a dry run");
    assert_eq!(write(&own, Ending::Keep).await, [Written::Created]);
    assert_eq!(write(&own, Ending::Keep).await, [Written::Unchanged]);
    let mut changed = own.clone();
    changed[0].insert("file_name".to_owned(), json!("f"));
    assert_eq!(write(&changed, Ending::Keep).await, [Written::Updated]);
    // What nobody else may be given, somebody else has, and lies in a bucket of ours.
    let others = elsewhere(first + 1, "/b");
    index.upsert_all("bob", std::slice::from_ref(&others), Ending::Keep).await.expect("an answer");
    let ours = body(first + 2, "/a", &format!("s3://b/{first}"));
    let named = body(first + 2, "/a", others["urls"][0].as_str().expect("a url"));
    for refused in [elsewhere(first + 2, "/b"), elsewhere(first + 1, "/a"), ours, named] {
        let written = write(&[elsewhere(first + 3, "/a"), refused], Ending::Keep).await;
        assert!(
            matches!(&written[..], [Written::Left, Written::Refused { status: 401 | 403, .. }]),
            "{written:?}"
        );
    }
    assert_eq!(index.get(&guid(first + 3)).await, Ok(None), "none of them");
    let unreadable = json!({ "did": guid(first + 3) }).as_object().cloned().expect("an object");
    let written = write(&[elsewhere(first + 4, "/a"), unreadable], Ending::Keep).await;
    assert!(matches!(&written[..], [Written::Left, Written::Refused { status: 400, .. }]), "{written:?}");
}

#[tokio::test]
async fn a_service_writes_for_a_user_what_the_user_may() {
    let rights =
        Rights::of_plain_tokens().grant("ada", "indexd", "*", "/a").grant("bob", "indexd", "*", "/b");
    let running = Running::with(config(), rights).await;
    as_a_user_may(&*running.indexd, 10).await;
    as_a_user_may(&HttpIndex::new(&running.url, "obj", "secret", client()), 20).await;
    running.stop().await;
}

#[tokio::test]
async fn only_a_service_says_for_whom_it_writes() {
    let rights = Rights::of_plain_tokens().grant("ada", "indexd", "*", "/a");
    let running = Running::with(config(), rights).await;
    for who in ["", "bearer eve", "bearer ada", "Basic b2JqOndyb25n"] {
        let path = "/bulk/records?mode=each&user=ada";
        let answer =
            running.send_as(who, Method::POST, path, Some(json!({"op": "delete", "did": "x"}))).await;
        assert_eq!(answer.status, 403, "{who}: {answer:?}");
    }
    let empty = running.send_as(LOGIN, Method::POST, "/bulk/records?user=", Some(json!({}))).await;
    assert_eq!(empty.status, 400, "{empty:?}");
    running.stop().await;
}
