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
        ("url_prefix=s3://b/".into(), (1..=6).collect()),
        (format!("url_prefix=s3://b/&start={}", guid(4)), vec![5, 6]),
        ("url_prefix=s3://b/5".into(), vec![5]),
        ("url_prefix=s3:_/".into(), vec![]),
        ("url_prefix=%25".into(), vec![]),
        ("metadata=color:red&metadata=n:6".into(), vec![6]),
        ("urls_metadata={\"s3://b/\":{\"state\":\"bad\"}}".into(), vec![2]),
        ("negate_params={\"authz\":[\"/b\"],\"acl\":[\"y\"]}".into(), vec![2, 3]),
        ("page=1&limit=2&negate_params={\"file_name\":\"x\"}&urls_metadata={\"s3\":{}}".into(), vec![]),
        ("page=1&limit=2&negate_params={\"authz\":[\"/c\"]}&urls_metadata={\"s3\":{}}".into(), vec![3, 4]),
        ("negate_params={\"urls_metadata\":{\"s3\":{\"state\":\"ok\"}}}".into(), vec![2]),
        (format!("ids={},dg.T/{}", guid(2), guid(3)), vec![2, 3]),
        ("ids=&limit=1".into(), vec![1]),
        ("negate_params={\"urls\":[],\"acl\":[],\"authz\":null}".into(), (1..=6).collect()),
        ("negate_params=null&limit=1".into(), vec![1]),
        ("negate_params={\"metadata\":{\"n\":null}}".into(), vec![]),
    ] {
        let list = indexd.get(&format!("/index?{query}")).await;
        let expected: Vec<String> = expected.into_iter().map(guid).collect();
        assert_eq!((list.status, dids(&list.json())), (200, expected), "{query}");
    }
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_parameter_is_echoed_and_asks_for_nothing() {
    let indexd = filled().await;
    let list = indexd.get("/index?ids=&urls_metadata=&limit=0").await.json();
    assert_eq!((&list["ids"], &list["urls_metadata"]), (&json!(""), &json!("")));
    let list = indexd.get("/index?urls_metadata=null&limit=0").await.json();
    assert_eq!((&list["ids"], &list["urls_metadata"]), (&json!(null), &json!(null)));
    let rows = async |query: &str| {
        let rows = indexd.get(&format!("/_query/urls/q?fields=did{query}")).await.json();
        rows.as_array().expect("rows").len()
    };
    assert_eq!((rows("").await, rows("&versioned=").await, rows("&versioned=yes").await), (6, 6, 0));
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_by_last_change_are_a_partition() {
    let indexd = filled().await;
    // All changed at the same time: only the did tells them apart.
    sqlx::raw_sql("update index_record set updated_date = now(); update record set updated_date = now()")
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
async fn pages_that_are_read_one_after_the_other_miss_nothing_that_stays_when_something_changes() {
    let indexd = filled().await;
    let page = async |number: usize| dids(&indexd.get(&format!("/index?page={number}&limit=2")).await.json());
    assert_eq!(page(0).await, [guid(1), guid(2)]);
    // The first record moves to the end.
    let rev = indexd.get(&format!("/index/{}", guid(1))).await.json()["rev"].clone();
    let path = format!("/index/{}?rev={}", guid(1), rev.as_str().expect("a rev"));
    assert_eq!(indexd.put(&path, json!({"file_name": "x"})).await.status, 200);
    if crate::layouts::layout() == indexd::Layout::Multi {
        assert_eq!(page(1).await, [guid(3), guid(4)]);
        assert_eq!(page(2).await, [guid(5), guid(6)]);
        assert_eq!(page(3).await, [guid(1)]);
    }
    // Pages that were not read yet are counted from the nearest one that was.
    for (number, expected) in [(0, vec![2, 3]), (7, vec![])] {
        assert_eq!(page(number).await, expected.into_iter().map(guid).collect::<Vec<_>>(), "{number}");
    }
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
