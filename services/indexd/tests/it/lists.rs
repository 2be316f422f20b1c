use serde_json::json;
use testing::Rights;

use crate::support::{Running, dids, guid, md5, record};

async fn filled() -> Running {
    let indexd = Running::new().await;
    for n in 1..=6 {
        let more = json!({
            "uploader": if n % 2 == 0 { "even" } else { "odd" },
            "authz": if n < 4 { json!(["/a"]) } else { json!(["/a", "/b"]) },
            "acl": if n == 1 { json!([]) } else { json!(["x"]) },
            "hashes": {"md5": md5(n), "crc": "deadbeef"},
            "metadata": {"n": n, "color": "red"},
            "urls_metadata": {format!("s3://b/{n}"): {"state": if n == 2 { "bad" } else { "ok" }}},
        });
        indexd.create(record(n, more)).await;
    }
    indexd
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_hold_together() {
    let indexd = filled().await;
    for (query, expected) in [
        ("limit=2".to_owned(), vec![1, 2]),
        (format!("start={}&limit=2", guid(4)), vec![5, 6]),
        ("uploader=even&authz=/a,/b".into(), vec![4, 6]),
        ("acl=null".into(), vec![1]),
        (format!("hash=md5:{}&hash=crc:deadbeef", md5(3)), vec![3]),
        ("size=105".into(), vec![5]),
        ("url=s3://b/2".into(), vec![2]),
        ("metadata=color:red&metadata=n:6".into(), vec![6]),
        ("urls_metadata={\"s3://b/\":{\"state\":\"bad\"}}".into(), vec![2]),
        ("negate_params={\"authz\":[\"/b\"],\"acl\":[\"y\"]}".into(), vec![2, 3]),
        ("page=1&limit=2&negate_params={\"file_name\":\"x\"}&urls_metadata={\"s3\":{}}".into(), vec![]),
        ("page=1&limit=2&negate_params={\"authz\":[\"/c\"]}&urls_metadata={\"s3\":{}}".into(), vec![3, 4]),
        ("negate_params={\"urls_metadata\":{\"s3\":{\"state\":\"ok\"}}}".into(), vec![2]),
        (format!("ids={},dg.T/{}", guid(2), guid(3)), vec![2, 3]),
    ] {
        let list = indexd.get(&format!("/index?{query}")).await;
        let expected: Vec<String> = expected.into_iter().map(guid).collect();
        assert_eq!((list.status, dids(&list.json())), (200, expected), "{query}");
    }
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_by_last_change_are_a_partition() {
    let indexd = filled().await;
    // All changed at the same time: only the did tells them apart.
    sqlx::query("update index_record set updated_date = now()")
        .execute(&indexd.database.pool)
        .await
        .expect("sql");
    let mut seen = Vec::new();
    for page in 0..4 {
        seen.extend(dids(&indexd.get(&format!("/index?page={page}&limit=2")).await.json()));
    }
    assert_eq!(seen, (1..=6).map(guid).collect::<Vec<_>>());
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_envelope_echoes_the_query() {
    let indexd = Running::new().await;
    let list =
        indexd.get("/index?acl=a,b&metadata=k:v:w&size=3&url=u&start=s&page=2&limit=7&uploader=x").await;
    assert_eq!(
        list.text,
        concat!(
            r#"{"acl":["a","b"],"authz":null,"file_name":null,"hashes":null,"ids":null,"limit":7,"#,
            r#""metadata":{"k":"v:w"},"page":2,"records":[],"size":3,"start":"s","urls":["u"],"#,
            r#""urls_metadata":null,"version":null}"#
        )
    );
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn urls_are_listed_by_record_and_by_pattern() {
    let indexd = filled().await;
    let urls = indexd.get(&format!("/urls?size=102&ids={},{}", guid(1), guid(2))).await;
    assert_eq!(
        urls.text,
        r#"{"hashes":{},"limit":100,"size":102,"start":0,"urls":[{"metadata":{"state":"bad"},"url":"s3://b/2"}]}"#
    );
    assert_eq!(indexd.get("/_query/urls/q?include=b/2&fields=did").await.json(), json!([{ "did": guid(2) }]));
    let found = indexd.get("/_query/urls/metadata/q?key=state&value=bad&fields=did,urls").await;
    assert_eq!(found.json(), json!([{ "did": guid(2), "urls": ["s3://b/2"] }]));
    assert_eq!(indexd.get("/_query/urls/q?x=1").await.status, 400);
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_guid_is_asked_of_the_other_index() {
    let other = Running::new().await;
    other.create(record(7, json!({}))).await;
    let entry = json!([{
        "name": "other", "host": format!("{}/", other.url), "hints": ["0000.*"], "type": "indexd",
    }]);
    let dist = serde_json::from_value(entry.clone()).expect("an entry");
    let config = indexd::Config { dist, ..crate::support::config() };
    let indexd = Running::with(config, Rights::of_plain_tokens()).await;
    let found = indexd.get(&format!("/{}", guid(7))).await.json();
    assert_eq!(
        (&found["did"], &found["from_index_service"]),
        (&json!(guid(7)), &json!({"host": format!("{}/", other.url), "name": "other"}))
    );
    assert_eq!(indexd.get(&format!("/{}?no_dist", guid(7))).await.status, 404);
    assert_eq!(indexd.get(&format!("/index/{}", guid(7))).await.status, 404);
    assert_eq!(indexd.get("/_dist").await.json(), entry);
    indexd.stop().await;
    other.stop().await;
}
