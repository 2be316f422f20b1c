use reqwest::Method;
use serde_json::{Value, json};
use sqlx::postgres::PgPoolOptions;
use testing::Rights;

use crate::support::{LOGIN, MD5, Running, UUID, config, database, dids, guid, record, settled};

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_created_read_updated_and_deleted() {
    let indexd = Running::new().await;
    let rev = indexd
        .create(json!({
            "did": format!("dg.T/{UUID}"), "form": "object", "size": 5, "urls": ["s3://b/k", "gs://g/k"],
            "hashes": {"md5": MD5, "crc": "deadbeef"}, "file_name": "ü.txt", "version": "1", "uploader": "me",
            "description": "text", "acl": ["b", "a", "b"], "authz": ["/x"], "metadata": {"n": 1, "t": true},
            "urls_metadata": {"s3://b/k": {"bucket": "b"}},
            "content_created_date": "2022-03-04T05:06:07+02:00",
        }))
        .await;
    let read = indexd.get(&format!("/index/dg.T/{UUID}")).await;
    assert_eq!(
        (read.status, settled(read.json())),
        (
            200,
            json!({
                "acl": ["a", "b"], "authz": ["/x"], "baseid": "<set>",
                "content_created_date": "2022-03-04T03:06:07", "content_updated_date": "2022-03-04T03:06:07",
                "created_date": "<set>", "description": "text", "did": format!("dg.T/{UUID}"),
                "file_name": "ü.txt", "form": "object", "hashes": {"crc": "deadbeef", "md5": MD5},
                "metadata": {"n": "1", "t": "true"}, "rev": "<set>", "size": 5, "updated_date": "<set>",
                "uploader": "me", "urls": ["gs://g/k", "s3://b/k"],
                "urls_metadata": {
                    "gs://g/k": {"available": true, "cloud": "gcp"},
                    "s3://b/k": {"available": true, "bucket": "b", "cloud": "aws", "region": "us-east-1"},
                },
                "version": "1",
            })
        )
    );
    let updated = indexd
        .put(&format!("/index/dg.T%2F{UUID}?rev={rev}"), json!({"file_name": null, "urls": ["s3://b/2"]}))
        .await;
    assert_eq!((updated.status, updated.json()["rev"] == json!(rev)), (200, false));
    let read = indexd.get(&format!("/index/{UUID}")).await.json();
    assert_eq!((&read["file_name"], &read["urls"]), (&Value::Null, &json!(["s3://b/2"])));
    let rev = read["rev"].as_str().expect("a rev");
    let deleted = indexd.delete(&format!("/index/dg.T/{UUID}?rev={rev}")).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (200, ""));
    let gone = indexd.get(&format!("/index/dg.T/{UUID}")).await;
    assert_eq!(gone.both(), (404, json!({"error": "no record found"})));
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_or_missing_revision_changes_nothing() {
    let indexd = Running::new().await;
    indexd.create(record(1, json!({"file_name": "old"}))).await;
    let before = indexd.get(&format!("/index/{}", guid(1))).await.json();
    let path = format!("/index/{}", guid(1));
    let stale = (409, json!({"error": "revision mismatch"}));
    assert_eq!(indexd.put(&format!("{path}?rev=stale"), json!({"file_name": "new"})).await.both(), stale);
    assert_eq!(indexd.put(&path, json!({"file_name": "new"})).await.both(), stale);
    assert_eq!(indexd.delete(&format!("{path}?rev=stale")).await.both(), stale);
    let missing = (400, json!({"error": "no revision specified"}));
    assert_eq!(indexd.delete(&path).await.both(), missing);
    assert_eq!(indexd.delete(&format!("{path}?rev=")).await.both(), stale);
    assert_eq!(indexd.get(&path).await.json(), before);
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_did_can_be_created_once() {
    let indexd = Running::new().await;
    indexd.create(record(1, json!({}))).await;
    let again = indexd.post("/index", record(1, json!({"size": 7}))).await;
    let text = format!("did \"{}\" already exists", guid(1));
    assert_eq!(again.both(), (409, json!({"error": text})));
    let stats = indexd.get("/_stats").await.json();
    assert_eq!(stats, json!({"fileCount": 1, "totalFileSize": 101}));
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_original_fails_on_is_a_precise_refusal() {
    let indexd = Running::new().await;
    let rev = indexd.create(record(1, json!({}))).await;
    let put = format!("/index/{}?rev={rev}", guid(1));
    let twice = json!(["s3://b/k", "s3://b/k"]);
    for (path, method, body, text) in [
        ("/index", Method::POST, record(2, json!({"urls": twice})), "url s3://b/k is given twice"),
        (&put, Method::PUT, json!({"urls": twice}), "url s3://b/k is given twice"),
        (
            &put,
            Method::PUT,
            json!({"content_created_date": "x"}),
            "content_created_date 'x' is no ISO 8601 date",
        ),
        (
            &put,
            Method::PUT,
            json!({"metadata": {"a": {}}}),
            "'metadata.a' is an object, which cannot be stored",
        ),
        (
            "/index",
            Method::POST,
            record(2, json!({"size": 1e30})),
            "1e+30 is not an integer of at most 64 bits\n\nOn instance['size']:\n    1e+30",
        ),
        (
            "/index",
            Method::POST,
            record(2, json!({"file_name": "a\0b"})),
            "a text contains a character that cannot be stored (NUL)",
        ),
        ("/index", Method::POST, json!({"form": 1}), "'size' is a required property"),
        (
            "/index",
            Method::POST,
            record(2, json!({"form": "x"})),
            "'x' is not one of ['object', 'container', 'multipart']",
        ),
        ("/bulk/documents", Method::POST, json!([]), "No ids provided"),
        ("/bulk/documents", Method::POST, json!({}), "the ids are not of type 'array'"),
        (
            "/index/blank",
            Method::POST,
            json!({"authz": "/x"}),
            "'/x' is not of type 'array'\n\nOn instance['authz']:\n    '/x'",
        ),
    ] {
        let answer = indexd.send(method, path, Some(body)).await;
        assert_eq!(answer.both(), (400, json!({"error": text})));
    }
    indexd.stop().await;
}

/// A body that need not be JSON, with a content type if one is given; the status and the text of the answer.
async fn sent(indexd: &Running, request: (Method, &str), kind: Option<&str>, body: &str) -> (u16, String) {
    let (method, path) = request;
    let mut request = indexd.client.request(method, format!("{}{path}", indexd.url)).body(body.to_owned());
    request = request.header("Authorization", LOGIN);
    if let Some(kind) = kind {
        request = request.header("Content-Type", kind);
    }
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a body"))
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_only_python_knows_are_stored_as_metadata_and_refused_elsewhere() {
    let indexd = Running::new().await;
    let body = |field: &str| {
        format!(
            r#"{{"did":"{}","form":"object","size":1,"urls":["s3://b/1"],"hashes":{{"md5":"{}"}},{field}}}"#,
            guid(1),
            MD5,
        )
    };
    let post =
        async |body: &str| sent(&indexd, (Method::POST, "/index"), Some("application/json"), body).await;
    let named = async |name: &str| post(&body(&format!("\"{name}\": NaN"))).await;
    for name in ["size", "file_name", "acl", "metadata", "urls_metadata", "hashes", "did", "form"] {
        let (status, text) = named(name).await;
        assert!(status == 400 && text.starts_with("{\"error\":"), "{name}: {status} {text}");
    }
    assert_eq!(
        named("version").await.1,
        r#"{"error":"nan is not of type 'string'\n\nOn instance['version']:\n    nan"}"#
    );
    assert_eq!(post("NaN").await.0, 400);
    let blank = sent(&indexd, (Method::POST, "/index/blank"), Some("application/json"), "NaN").await;
    assert_eq!(blank.0, 400);
    assert_eq!(post(&body(r#""metadata": {"a": NaN, "b": [-Infinity]}"#)).await.0, 200);
    let stored = indexd.get(&format!("/index/{}", guid(1))).await.json();
    assert_eq!(stored["metadata"], json!({"a": "NaN", "b": "{-Infinity}"}));
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_a_content_type_is_not_read_and_bundles_and_aliases_want_permission_first() {
    let indexd = Running::new().await;
    for path in ["/index", "/index/blank", "/bulk/documents", "/bundle"] {
        let (status, text) = sent(&indexd, (Method::POST, path), None, "[]").await;
        assert_eq!(status, 415, "{path}");
        assert!(text.contains("request Content-Type was not &#39;application/json&#39;.</p>"), "{text}");
    }
    for (method, path, status) in [(Method::POST, "/bundle", 401), (Method::PUT, "/alias/x", 403)] {
        for body in ["{", "[]"] {
            let request = indexd.client.request(method.clone(), format!("{}{path}", indexd.url));
            let answer = request.body(body).send().await.expect("an answer");
            assert_eq!(answer.status().as_u16(), status, "{path} {body}");
        }
    }
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slashes_at_the_beginning_of_a_path_are_one() {
    let indexd = Running::new().await;
    indexd.create(record(1, json!({}))).await;
    for path in ["//index", "///index/", "/%2Findex"] {
        assert_eq!(dids(&indexd.get(path).await.json()), [guid(1)], "{path}");
    }
    assert_eq!(indexd.get(&format!("//index/{}", guid(1))).await.json()["did"], json!(guid(1)));
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_read_gives_can_be_written_back() {
    let indexd = Running::new().await;
    indexd.create(record(1, json!({"urls_metadata": {"s3://b/1": {"state": "ok"}}}))).await;
    let read = indexd.get(&format!("/index/{}", guid(1))).await.json();
    let body = json!({
        "acl": read["acl"], "authz": read["authz"], "file_name": read["file_name"], "urls": read["urls"],
        "urls_metadata": read["urls_metadata"], "metadata": read["metadata"], "version": read["version"],
        "uploader": read["uploader"], "description": read["description"],
        "content_created_date": null, "content_updated_date": null,
    });
    let rev = read["rev"].as_str().expect("a rev");
    let written = indexd.put(&format!("/index/{}?rev={rev}", guid(1)), body).await;
    assert_eq!(written.status, 200, "{written:?}");
    let again = indexd.get(&format!("/index/{}", guid(1))).await.json();
    assert_eq!(
        again["urls_metadata"],
        json!({"s3://b/1": {"available": "true", "cloud": "aws", "state": "ok"}})
    );
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_date_given_alone_becomes_the_update_date_too() {
    let indexd = Running::new().await;
    let rev = indexd.create(record(1, json!({}))).await;
    let path = format!("/index/{}", guid(1));
    indexd.put(&format!("{path}?rev={rev}"), json!({"content_created_date": "2022-01-01"})).await;
    let read = indexd.get(&path).await.json();
    assert_eq!(
        (&read["content_created_date"], &read["content_updated_date"]),
        (&json!("2022-01-01T00:00:00"), &json!("2022-01-01T00:00:00"))
    );
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_share_a_baseid_and_come_in_the_order_of_their_creation() {
    let indexd = Running::new().await;
    indexd.create(record(1, json!({"version": "1"}))).await;
    let path = format!("/index/{}", guid(1));
    let second = indexd.post(&path, record(2, json!({"baseid": guid(9), "uploader": "x"}))).await;
    assert_eq!(second.status, 200, "{second:?}");
    let baseid = second.json()["baseid"].as_str().expect("a baseid").to_owned();
    let versions = indexd.get(&format!("/index/{baseid}/versions")).await;
    let found: Vec<(String, Value)> = versions
        .json()
        .as_object()
        .expect("an object")
        .iter()
        .map(|(number, record)| (number.clone(), record["did"].clone()))
        .collect();
    assert_eq!(found, [("0".to_owned(), json!(guid(1))), ("1".to_owned(), json!(guid(2)))]);
    assert_eq!(indexd.get(&format!("{path}/latest")).await.json()["did"], json!(guid(2)));
    assert_eq!(indexd.get(&format!("{path}/latest?has_version=True")).await.json()["did"], json!(guid(1)));
    assert_eq!(indexd.get(&format!("/index/{baseid}")).await.json()["did"], json!(guid(2)));
    let all = indexd.put(&format!("{path}/versions"), json!({"acl": ["x"], "authz": []})).await;
    assert_eq!((all.status, all.json().as_array().map(Vec::len)), (200, Some(2)));
    assert_eq!(indexd.get(&format!("/index/{}", guid(2))).await.json()["acl"], json!(["x"]));
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_family_whose_records_are_all_deleted_has_no_versions() {
    let indexd = Running::new().await;
    let rev = indexd.create(record(1, json!({"baseid": UUID}))).await;
    let path = format!("/index/{UUID}/versions");
    assert_eq!(indexd.delete(&format!("/index/{}?rev={rev}", guid(1))).await.status, 200);
    assert_eq!(indexd.get(&path).await.both(), (200, json!({})));
    assert_eq!(indexd.put(&path, json!({"acl": ["x"]})).await.both(), (200, json!([])));
    assert_eq!(indexd.send_as("Bearer x", Method::PUT, &path, Some(json!({"acl": ["x"]}))).await.status, 401);
    for gone in
        [format!("/index/{UUID}"), format!("/index/{UUID}/latest"), format!("/index/{}/versions", guid(1))]
    {
        assert_eq!(indexd.get(&gone).await.status, 404, "{gone}");
    }
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_did_stands_for_its_record_even_where_newer_ones_have_it_as_their_baseid() {
    let indexd = Running::new().await;
    indexd.create(record(1, json!({"baseid": guid(1)}))).await;
    indexd.create(record(2, json!({"baseid": guid(1)}))).await;
    assert_eq!(indexd.get(&format!("/index/{}", guid(1))).await.json()["did"], json!(guid(1)));
    assert_eq!(indexd.get(&format!("/index/dg.T/{}", guid(1))).await.json()["did"], json!(guid(1)));
    assert_eq!(indexd.get(&format!("/index/{}/latest", guid(1))).await.json()["did"], json!(guid(2)));
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_a_record_is_planned_once() {
    let database = database().await;
    let one =
        PgPoolOptions::new().max_connections(1).connect_lazy_with((*database.pool.connect_options()).clone());
    let indexd = Running::on(config(), Rights::of_plain_tokens(), database, one.clone()).await;
    indexd.create(record(1, json!({}))).await;
    let paths = [format!("/index/{}", guid(1)), format!("/ga4gh/drs/v1/objects/{}", guid(1))];
    for path in paths.iter().cycle().take(20) {
        assert_eq!(indexd.get(path).await.status, 200);
    }
    let plans: Vec<(i64, i64)> = sqlx::query_as(
        "select custom_plans, generic_plans from pg_prepared_statements \
         where statement like any(array['%from index_record r where r.did = $1', \
            '%from record r where r.guid = $1'])",
    )
    .fetch_all(&one)
    .await
    .expect("the statements of the connection");
    // The first five are planned for their parameter, to see whether that pays.
    assert_eq!(plans, [(5, 15)]);
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_their_own_of_the_records_that_are_read_at_the_same_time() {
    let indexd = Running::new().await;
    for n in 1..=20 {
        indexd.create(record(n, json!({ "metadata": {"n": n} }))).await;
    }
    let reads = (0..200).map(|n| {
        let indexd = &indexd;
        async move {
            // Some are there, some are not, and some are asked for by several.
            let did = guid(n % 25);
            let read = indexd.get(&format!("/index/{did}")).await;
            match n % 25 {
                1..=20 => assert_eq!((read.status, &read.json()["did"]), (200, &json!(did))),
                _ => assert_eq!(read.status, 404, "{did}"),
            }
        }
    });
    futures_util::future::join_all(reads).await;
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_spellings_of_a_fixed_path_are_answered_and_a_slash_behind_a_guid_belongs_to_it() {
    let indexd = Running::new().await;
    for path in ["/index", "/index/", "/urls/", "/_status/", "/bundle/", "/alias/", "/ga4gh/drs/v1/objects/"]
    {
        assert_eq!(indexd.get(path).await.status, 200, "{path}");
    }
    indexd.create(record(1, json!({}))).await;
    for path in
        [format!("/index/{}/", guid(1)), format!("/index/{}/latest/", guid(1)), format!("/{}/", guid(1))]
    {
        assert_eq!(indexd.get(&path).await.status, 404, "{path}");
    }
    let aliases = format!("/index/{}/aliases/", guid(1));
    assert_eq!(indexd.post(&aliases, json!({"aliases": [{"value": "a"}]})).await.status, 200);
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_without_the_method_says_which_it_has() {
    let indexd = Running::new().await;
    let refused = indexd.put("/index", json!({})).await;
    assert_eq!((refused.status, refused.allow.as_deref()), (405, Some("GET, HEAD, OPTIONS, POST")));
    let options = indexd.send_as("", Method::OPTIONS, "/index", None).await;
    assert_eq!((options.status, options.allow.as_deref()), (200, Some("GET, HEAD, OPTIONS, POST")));
    let head = indexd.send_as("", Method::HEAD, "/index", None).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(indexd.get("/").await.status, 404);
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_json_is_refused_before_anything_else() {
    let indexd = Running::new().await;
    let send = async |kind: &'static str, body: String| {
        let request =
            indexd.client.post(format!("{}/index", indexd.url)).header("Content-Type", kind).body(body);
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(send("text/plain", "{}".into()).await, 415);
    assert_eq!(send("application/json", "{".into()).await, 400);
    assert_eq!(send("application/json", String::new()).await, 400);
    assert_eq!(send("application/json", format!("\"{}\"", "x".repeat(17 << 20))).await, 413);
    indexd.stop().await;
}

/// `["00000000-0000-4000-8000-000000000001"]` as gzip packs it.
const PACKED: &str = "1f8b08000000000002ff8b563280025d306102222c605c2830548a05006dd7af5428000000";

#[tokio::test(flavor = "multi_thread")]
async fn a_packed_body_is_unpacked() {
    let indexd = Running::new().await;
    indexd.create(record(1, json!({}))).await;
    let request = indexd.client.post(format!("{}/bulk/documents", indexd.url));
    let request = request.header("Content-Type", "application/json").header("Content-Encoding", "gzip");
    let answer = request.body(hex::decode(PACKED).expect("hex digits")).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let documents: Value = answer.json().await.expect("JSON");
    assert_eq!(documents[0]["did"], json!(guid(1)));
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_without_a_free_connection_asks_clients_to_come_again() {
    let database = database().await;
    let options = sqlx::postgres::PgPoolOptions::new().max_connections(1);
    let options = options.acquire_timeout(std::time::Duration::from_secs(3));
    let pool = options.connect_with(database.options.clone()).await.expect("a connection");
    let indexd = Running::on(config(), Rights::of_plain_tokens(), database, pool.clone()).await;
    let taken = pool.acquire().await.expect("the only connection");
    let (list, objects) = tokio::join!(indexd.get("/index"), indexd.get("/ga4gh/drs/v1/objects"));
    for answer in [list, objects] {
        assert_eq!((answer.status, answer.retry_after.as_deref()), (503, Some("1")), "{answer:?}");
    }
    drop(taken);
    assert_eq!(indexd.get("/index").await.status, 200);
    indexd.stop().await;
}
