//! Databases that the original has filled, in both of its layouts, are read and written in place.

use indexd::{Config, Layout};
use serde_json::{Value, json};
use sqlx::PgPool;
use testing::{Rights, TestDatabase};

use crate::support::{LOGIN, Running, config, database, guid};

/// A family of two records, one of them with everything and one as an upload leaves it, and a bundle.
const MULTI: &str = "
    insert into base_version values ('00000000-0000-4000-8000-000000000009');
    insert into index_record (did, baseid, rev, form, size, created_date, updated_date, file_name, version,
        uploader, description, content_created_date, content_updated_date) values
        ('dg.T/00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000009', 'aaaaaaaa',
         'object', 5, '2020-01-02 03:04:05.5', '2020-01-03', 'f', '1', null, 'text', '2019-01-01',
         '2019-01-02'),
        ('00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000009', 'bbbbbbbb',
         null, null, '2020-02-02', '2020-02-02', null, null, 'me', null, null, null);
    insert into index_record_url select 'dg.T/00000000-0000-4000-8000-000000000001', u
        from unnest(array['s3://b/1', 'gs://g/1']) u;
    insert into index_record_url_metadata (did, url, key, value) values
        ('dg.T/00000000-0000-4000-8000-000000000001', 's3://b/1', 'state', 'ok');
    insert into index_record_ace values ('dg.T/00000000-0000-4000-8000-000000000001', 'x');
    insert into index_record_authz values ('dg.T/00000000-0000-4000-8000-000000000001', '/b'),
        ('dg.T/00000000-0000-4000-8000-000000000001', '/a');
    insert into index_record_hash values
        ('dg.T/00000000-0000-4000-8000-000000000001', 'md5', 'd41d8cd98f00b204e9800998ecf8427e'),
        ('dg.T/00000000-0000-4000-8000-000000000001', 'crc', 'deadbeef');
    insert into index_record_metadata (did, key, value) values
        ('dg.T/00000000-0000-4000-8000-000000000001', 'k', 'v'),
        ('dg.T/00000000-0000-4000-8000-000000000001', 'n', null);
    insert into index_record_alias values ('dg.T/00000000-0000-4000-8000-000000000001', 'my-alias');";

/// The same in the other layout, with what its writers leave behind: nulls, repeats, facts of a url that is
/// gone.
const SINGLE: &str = r#"
    insert into record (guid, baseid, rev, form, size, created_date, updated_date, file_name, version,
        uploader, description, content_created_date, content_updated_date, hashes, acl, authz, urls,
        record_metadata, url_metadata, alias) values
        ('dg.T/00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000009', 'aaaaaaaa',
         'object', 5, '2020-01-02 03:04:05.5', '2020-01-03', 'f', '1', null, 'text', '2019-01-01',
         '2019-01-02', '{"md5": "d41d8cd98f00b204e9800998ecf8427e", "crc": "deadbeef"}', '{x,x}', '{/b,/a}',
         '{s3://b/1,gs://g/1}', '{"k": "v", "n": null}',
         '{"s3://b/1": {"state": "ok"}, "s3://gone/1": {"state": "lost"}, "gs://g/1": null}', '{my-alias}'),
        ('00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000009', 'bbbbbbbb',
         null, null, '2020-02-02', '2020-02-02', null, null, 'me', null, null, null,
         null, null, null, null, null, null, null);"#;

const BESIDE: &str = r#"
    insert into drs_bundle_record (bundle_id, name, created_time, updated_time, checksum, size, bundle_data,
        description, version, aliases)
    values ('bundle', 'bundle', '2020-03-03', '2020-03-03', '0123', 5, '[]', '', '', '[]');"#;

async fn filled(rows: &'static str, layout: Option<Layout>) -> Running {
    let database = database().await;
    for sql in [rows, BESIDE] {
        sqlx::raw_sql(sql).execute(&database.pool).await.expect("rows");
    }
    let pool = database.pool.clone();
    Running::on(Config { layout, ..config() }, Rights::of_plain_tokens(), database, pool).await
}

/// Both layouts, each recognised by its rows and named by the configuration.
fn layouts() -> [(&'static str, Option<Layout>); 4] {
    [(MULTI, None), (SINGLE, None), (MULTI, Some(Layout::Multi)), (SINGLE, Some(Layout::Single))]
}

fn whole() -> Value {
    json!({
        "acl": ["x"], "authz": ["/a", "/b"], "baseid": guid(9),
        "content_created_date": "2019-01-01T00:00:00", "content_updated_date": "2019-01-02T00:00:00",
        "created_date": "2020-01-02T03:04:05.500000", "description": "text",
        "did": format!("dg.T/{}", guid(1)), "file_name": "f", "form": "object",
        "hashes": {"crc": "deadbeef", "md5": "d41d8cd98f00b204e9800998ecf8427e"},
        "metadata": {"k": "v", "n": null}, "rev": "aaaaaaaa", "size": 5,
        "updated_date": "2020-01-03T00:00:00",
        "uploader": null, "urls": ["gs://g/1", "s3://b/1"],
        "urls_metadata": {"gs://g/1": {}, "s3://b/1": {"state": "ok"}}, "version": "1",
    })
}

fn blank() -> Value {
    json!({
        "acl": [], "authz": [], "baseid": guid(9), "content_created_date": null, "content_updated_date": null,
        "created_date": "2020-02-02T00:00:00", "description": null, "did": guid(2), "file_name": null,
        "form": null, "hashes": {}, "metadata": {}, "rev": "bbbbbbbb", "size": null,
        "updated_date": "2020-02-02T00:00:00", "uploader": "me", "urls": [], "urls_metadata": {},
        "version": null,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_read_gives_the_documents_of_either_layout() {
    for (rows, layout) in layouts() {
        let indexd = filled(rows, layout).await;
        let did = format!("dg.T/{}", guid(1));
        let get = async |path: &str| indexd.get(path).await.json();
        let mut decorated = whole();
        decorated["urls_metadata"] = json!({
            "gs://g/1": {"available": true, "cloud": "gcp"},
            "s3://b/1": {"available": true, "cloud": "aws", "state": "ok"},
        });
        assert_eq!(get(&format!("/index/{did}")).await, decorated);
        // The newest version, which is blank.
        assert_eq!(get(&format!("/index/{}", guid(9))).await, blank());
        assert_eq!(get(&format!("/index/{did}/latest")).await, blank());
        assert_eq!(get(&format!("/index/{did}/latest?has_version=true")).await, whole());
        assert_eq!(get(&format!("/index/{did}/versions")).await, json!({"0": whole(), "1": blank()}));
        assert_eq!(get("/index").await["records"], json!([blank(), whole()]));
        assert_eq!(indexd.post("/bulk/documents", json!([did, "x"])).await.json(), json!([whole()]));
        assert_eq!(get("/my-alias").await, whole());
        assert_eq!(get(&format!("/index/{did}/aliases")).await, json!({"aliases": [{"value": "my-alias"}]}));
        assert_eq!(get("/urls?size=5").await["urls"], urls());
        assert_eq!(get("/_query/urls/q?include=gs").await, json!([{"did": did, "urls": whole()["urls"]}]));
        let by_fact = get("/_query/urls/metadata/q?key=state&value=ok").await;
        assert_eq!(by_fact, json!([{"did": did, "rev": "aaaaaaaa", "urls": ["s3://b/1"]}]));
        assert_eq!(get("/bundle/bundle").await["checksums"], json!([{"checksum": "0123", "type": "md5"}]));
        let object = get(&format!("/ga4gh/drs/v1/objects/{did}")).await;
        assert_eq!(
            (&object["size"], &object["access_methods"][1]["region"]),
            (&json!(5), &json!("us-east-1"))
        );
        let dos = get(&format!("/ga4gh/dos/v1/dataobjects/{did}")).await;
        assert_eq!(dos["data_object"]["aliases"], json!(["my-alias"]));
        indexd.stop().await;
    }
}

fn urls() -> Value {
    json!([{"metadata": {}, "url": "gs://g/1"}, {"metadata": {"state": "ok"}, "url": "s3://b/1"}])
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_find_the_same_in_either_layout() {
    for (rows, layout) in layouts() {
        let indexd = filled(rows, layout).await;
        let (one, two) = (format!("dg.T/{}", guid(1)), guid(2));
        for (query, expected) in [
            ("hash=crc:deadbeef", vec![&one]),
            ("hash=crc:deadbeef&hash=md5:d41d8cd98f00b204e9800998ecf8427e", vec![&one]),
            ("acl=null", vec![&two]),
            ("acl=x&authz=/a,/b", vec![&one]),
            ("acl=y", vec![]),
            ("url=s3://b/1", vec![&one]),
            ("uploader=me", vec![&two]),
            ("metadata=k:v", vec![&one]),
            ("metadata=k:w", vec![]),
            (r#"urls_metadata={"s3://b":{"state":"ok"}}"#, vec![&one]),
            (r#"urls_metadata={"gs://":{}}"#, vec![]),
            (r#"negate_params={"acl":["y"]}"#, vec![&one]),
            (r#"negate_params={"metadata":{"k":"w"}}"#, vec![&two, &one]),
            (r#"negate_params={"metadata":{"k":""}}"#, vec![&two]),
            (r#"negate_params={"urls_metadata":{"s3://b":{"state":"lost"}}}"#, vec![&one]),
            (r#"negate_params={"urls_metadata":{"s3://b":{"state":""}}}"#, vec![]),
            (r#"negate_params={"urls_metadata":{"az:":{}}}"#, vec![&one]),
            ("ids=x", vec![]),
            ("ids=00000000-0000-4000-8000-000000000001", vec![&one]),
            ("page=0", vec![&one, &two]),
        ] {
            let found = crate::support::dids(&indexd.get(&format!("/index?{query}")).await.json());
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{query} {layout:?}");
        }
        indexd.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_the_original_are_changed_filled_and_deleted_in_place() {
    for (rows, layout) in layouts() {
        let indexd = filled(rows, layout).await;
        let did = format!("dg.T/{}", guid(1));
        let put = indexd.put(&format!("/index/{did}?rev=aaaaaaaa"), json!({"acl": ["z"]})).await;
        assert_eq!(put.status, 200, "{put:?}");
        let read = indexd.get(&format!("/index/{did}/latest?has_version=true")).await.json();
        assert_eq!((&read["acl"], &read["urls_metadata"]), (&json!(["z"]), &whole()["urls_metadata"]));
        let fill = json!({"size": 7, "hashes": {"md5": "0123"}, "urls": ["s3://b/2"], "authz": ["/a"]});
        let filled = indexd.put(&format!("/index/blank/{}?rev=bbbbbbbb", guid(2)), fill).await;
        assert_eq!(filled.status, 200, "{filled:?}");
        let read = indexd.get(&format!("/index/{}", guid(2))).await.json();
        assert_eq!((&read["size"], &read["urls"]), (&json!(7), &json!(["s3://b/2"])));
        let rev = read["rev"].as_str().expect("a rev");
        assert_eq!(indexd.delete(&format!("/index/{}?rev={rev}", guid(2))).await.status, 200);
        assert_eq!(rows_left(&indexd.database.pool).await, 1);
        indexd.stop().await;
    }
}

async fn rows_left(pool: &PgPool) -> i64 {
    let statement = "select (select count(*) from index_record) + (select count(*) from record)";
    sqlx::query_scalar(statement).fetch_one(pool).await.expect("a count")
}

/// What the other layout has only one form for keeps its own when another writer has left it.
#[tokio::test(flavor = "multi_thread")]
async fn metadata_of_the_single_table_keeps_the_type_that_its_writer_gave_it() {
    let indexd = filled(SINGLE, None).await;
    sqlx::raw_sql(
        r#"update record set record_metadata = '{"n": 1, "o": {"a": [true]}}',
            url_metadata = '{"s3://b/1": {"size": 5}}' where size = 5"#,
    )
    .execute(&indexd.database.pool)
    .await
    .expect("an update");
    let did = format!("dg.T/{}", guid(1));
    let read = indexd.post("/bulk/documents", json!([did])).await.json();
    assert_eq!(read[0]["metadata"], json!({"n": 1, "o": {"a": [true]}}));
    assert_eq!(read[0]["urls_metadata"]["s3://b/1"], json!({"size": 5}));
    for query in ["metadata=n:1", r#"urls_metadata={"s3":{"size":"5"}}"#] {
        let found = indexd.get(&format!("/index?{query}")).await.json();
        assert_eq!(crate::support::dids(&found), std::slice::from_ref(&did), "{query}");
    }
    let rev = read[0]["rev"].as_str().expect("a rev");
    let same = json!({"metadata": {"n": "1"}});
    let put =
        indexd.send_as(LOGIN, reqwest::Method::PUT, &format!("/index/{did}?rev={rev}"), Some(same)).await;
    assert_eq!(put.status, 200, "{put:?}");
    indexd.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_layout_is_that_of_the_note_or_of_the_rows() {
    let database = TestDatabase::empty().await;
    let layout = async || indexd::layout(&database.pool, None).await.map_err(|error| error.status().as_u16());
    assert_eq!(layout().await, Ok(Layout::Multi), "before there are tables");
    indexd::migrate(&database.pool).await.expect("migrated");
    assert_eq!(layout().await, Ok(Layout::Multi));
    let run = async |sql: &'static str| {
        sqlx::raw_sql(sql).execute(&database.pool).await.expect("rows");
    };
    run("insert into record (guid) values ('a'), ('b')").await;
    assert_eq!(layout().await, Ok(Layout::Single));
    run("insert into index_record (did) values ('a')").await;
    assert_eq!(layout().await, Err(500), "either may be of long ago");
    let indexd = indexd::Indexd::build(Config::default(), database.pool.clone(), None);
    let told = web::Service::ready(&*indexd).await.expect_err("not ready");
    assert!(told.contains("set USE_SINGLE_TABLE"), "{told}");
    let named = indexd::layout(&database.pool, Some(Layout::Multi)).await;
    assert_eq!(named.map_err(|error| error.status()), Ok(Layout::Multi));
    run("insert into commons_index_layout values ('single')").await;
    assert_eq!(layout().await, Ok(Layout::Single), "the note");
}
