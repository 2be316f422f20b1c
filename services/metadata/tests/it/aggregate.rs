//! Studies of other commons: pulled from servers of HTTP, kept when these are away, and answered.

use std::sync::{Arc, Mutex};

use actix_web::{App, HttpResponse, HttpServer, web as actix};
use metadata::Config;
use metadata::aggregate::{CommonsReport, Mode, Progress, SyncError, SyncReport, parse, sync};
use serde_json::{Map, Value, json};

use testing::TestDatabase;

use crate::support::World;

struct Silent;

impl Progress for Silent {
    fn total(&self, _: u64) {}
    fn pulling(&self, _: &str) {}
    fn done(&self, _: &CommonsReport) {}
}

/// A metadata service with as many records as are put into it; away without any answer but 500 if there are
/// none.
#[derive(Clone, Default)]
struct Other {
    records: Arc<Mutex<Option<Map<String, Value>>>>,
}

impl Other {
    fn set(&self, records: Option<Value>) {
        *self.records.lock().unwrap() = records.map(|records| records.as_object().unwrap().clone());
    }

    /// Its address.
    async fn start(&self) -> String {
        let shared = self.clone();
        let server = HttpServer::new(move || {
            let shared = shared.clone();
            let list = move |query: actix::Query<std::collections::HashMap<String, String>>| {
                let answer = shared.page(&query);
                async move { answer }
            };
            let dist = || async {
                HttpResponse::Ok().json(json!([
                    {"name": "One", "host": "https://one.example/index/", "hints": [".*dg\\.1.*"],
                     "type": "indexd"},
                    {"name": "Taker", "host": "https://evil.example/", "hints": ["schema", "One"],
                     "type": "indexd"},
                    {"name": "DOI", "host": "https://doi.org/", "hints": ["10\\..*"], "type": "doi"},
                ]))
            };
            App::new()
                .route("/mds/metadata", actix::get().to(list))
                .route("/index/_dist", actix::get().to(dist))
        });
        let server = server.workers(1).bind(("127.0.0.1", 0)).unwrap();
        let address = format!("http://{}", server.addrs()[0]);
        actix_web::rt::spawn(server.run());
        address
    }

    fn page(&self, query: &std::collections::HashMap<String, String>) -> HttpResponse {
        let records = self.records.lock().unwrap();
        let Some(records) = records.as_ref() else { return HttpResponse::NotFound().finish() };
        let number = |name: &str| query[name].parse::<usize>().unwrap();
        assert_eq!(query["data"], "True");
        if let Some(Value::String(elsewhere)) = records.get("redirect") {
            return HttpResponse::Found().append_header(("Location", elsewhere.as_str())).finish();
        }
        if let Some(Value::String(raw)) = records.get("raw") {
            return HttpResponse::Ok().content_type("application/json").body(raw.clone());
        }
        let page = records.iter().skip(number("offset")).take(number("limit"));
        let page: Map<String, Value> = page.map(|(guid, record)| (guid.clone(), record.clone())).collect();
        HttpResponse::Ok().json(page)
    }
}

fn study(title: &str, tags: &[(&str, &str)]) -> Value {
    let tags: Vec<Value> =
        tags.iter().map(|(category, name)| json!({"category": category, "name": name})).collect();
    let study = json!({"title": title, "tags": tags, "files": [1, 2]});
    json!({"_guid_type": "discovery_metadata", "gen3_discovery": study})
}

async fn synced(world: &World, config: &Value, mode: Mode) -> SyncReport {
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    let config = parse(&config.to_string()).unwrap();
    sync(&world.database.pool, &config, mode, &Silent).await.unwrap()
}

#[actix_web::test]
async fn studies_of_other_commons_are_brought_to_one_form_and_stay_when_one_is_away() {
    let world = World::new().await;
    let (one, two) = (Other::default(), Other::default());
    one.set(Some(json!({
        "a1": study("First", &[("Type", "WGS"), ("Type", "RNA")]), "a2": study("Second", &[("Type", "WGS")]),
        "none": {"_guid_type": "discovery_metadata"},
    })));
    two.set(Some(json!({"b1": {"study": {"name": "Third", "html": "<p>text</p>"}}})));
    let (at_one, at_two) = (one.start().await, two.start().await);
    let config = json!({
        "configuration": {"schema": {"year": {"default": "not_set"}},
                          "settings": {"cache_drs": true, "drs_indexd_server": at_one}},
        "gen3_commons": {"One": {"mds_url": at_one, "commons_url": "one.example"}},
        "adapter_commons": {"Two": {
            "mds_url": format!("{at_two}/"), "commons_url": "two.example", "adapter": "gen3",
            "commons_name": "The Second", "keep_original_fields": false,
            "config": {"study_field": "study", "batchSize": 1},
            "field_mappings": {"title": "path:name", "year": "path:year",
                               "summary": {"path": "html", "filters": ["strip_html"]}},
        }},
    });

    let dry = synced(&world, &config, Mode::DryRun).await;
    assert_eq!((dry.commons[0].added, dry.commons[1].added), (2, 1));
    assert_eq!(world.get("/aggregate/commons").await.0, 404, "a dry run writes nothing");

    let report = synced(&world, &config, Mode::Write).await;
    assert!(report.is_complete(), "{report:?}");
    assert_eq!((report.commons[0].studies, report.commons[0].left_out, report.prefixes), (2, 1, 3));
    assert_eq!(world.get("/aggregate/commons").await, (200, json!({"commons": ["One", "The Second"]})));
    assert_eq!(world.get("/_status").await.1["aggregate_metadata_enabled"], json!(true));
    let third = json!({"gen3_discovery": {"title": "Third", "year": "not_set", "summary": "text",
                                          "commons_name": "The Second"}});
    assert_eq!(world.get("/aggregate/metadata/guid/b1").await, (200, third.clone()));
    assert_eq!(world.get("/aggregate/metadata/The%20Second").await, (200, json!([third])));
    let (_, tags) = world.get("/aggregate/tags").await;
    assert_eq!(tags, json!({"Type": {"total": 3, "names": [{"WGS": 2, "RNA": 1}]}}));
    assert_eq!(world.get("/aggregate/info/One").await, (200, json!({"commons_url": "one.example"})));
    assert_eq!(world.get("/aggregate/metadata/One/info").await.1["commons_url"], "one.example");
    assert_eq!(world.get("/aggregate/info/schema").await.1["year"]["default"], "not_set");

    // One loses a study and gets another one; Two is away.
    one.set(Some(json!({"a1": study("First, again", &[]), "a3": study("Fourth", &[])})));
    two.set(None);
    let report = synced(&world, &config, Mode::Write).await;
    let first = &report.commons[0];
    assert_eq!((first.added, first.changed, first.removed), (1, 1, 1));
    assert_eq!(report.commons[1].error.as_deref(), Some("it answers 404 Not Found"));
    assert_eq!(world.get("/aggregate/metadata/guid/b1").await, (200, third));
    assert_eq!(world.get("/aggregate/metadata/guid/a2").await.0, 404);

    // Two is not configured any more.
    let mut config = config;
    config.as_object_mut().unwrap().remove("adapter_commons");
    assert_eq!(synced(&world, &config, Mode::Write).await.forgotten, ["Two"]);
    assert_eq!(world.get("/aggregate/commons").await, (200, json!({"commons": ["One"]})));
}

#[actix_web::test]
async fn lists_are_pages_by_commons_or_flat_with_counted_fields() {
    let world = World::new().await;
    let one = Other::default();
    one.set(Some((0..5).map(|number| (format!("s{number}"), study("x", &[]))).collect::<Map<_, _>>().into()));
    let config = json!({"gen3_commons": {"One": {"mds_url": one.start().await, "commons_url": "o"}}});
    synced(&world, &config, Mode::Write).await;
    let (_, list) = world.get("/aggregate/metadata?limit=2&offset=1&counts=files,tags").await;
    let document = |list: &Value| list["One"][0]["s1"]["gen3_discovery"].clone();
    assert_eq!((document(&list)["files"].clone(), document(&list)["tags"].clone()), (json!(2), json!(0)));
    let (_, flat) = world.get("/aggregate/metadata?flatten=true&pagination=True&limit=2").await;
    assert_eq!(flat["results"][1]["s1"]["gen3_discovery"]["commons_name"], "One");
    assert_eq!(flat["pagination"], json!({"hits": 5, "offset": 0, "pageSize": 2, "pages": 3}));
    assert_eq!(world.get("/aggregate/metadata?limit=0").await, (200, json!({})));
    for (path, told) in [
        ("/aggregate/info/none", "information for none not found"),
        ("/aggregate/metadata/none", "no common exists with the given: none"),
        ("/aggregate/metadata/guid/none", "no entry exists with the given guid: none"),
        ("/aggregate/tags", "error retrieving tags from service"),
    ] {
        assert_eq!(world.get(path).await, (404, json!({"detail": {"message": told, "code": 404}})), "{path}");
    }
    assert_eq!(world.get("/aggregate/metadata?limit=x").await.0, 422);
    assert_eq!(world.get("/aggregate/metadata?offset=-1").await.0, 400);
}

fn of_two(first: &str, second: &str) -> Value {
    json!({"gen3_commons": {"First": {"mds_url": first, "commons_url": "1"},
                            "Second": {"mds_url": second, "commons_url": "2"}}})
}

#[actix_web::test]
async fn a_commons_does_not_take_studies_of_one_that_stands_before_it() {
    let world = World::new().await;
    let (first, second) = (Other::default(), Other::default());
    first.set(Some(json!({"a": study("Right", &[])})));
    second.set(Some(json!({"a": study("Wrong", &[]), "b": study("Own", &[]), "c": study("Later", &[])})));
    let config = of_two(&first.start().await, &second.start().await);
    let report = synced(&world, &config, Mode::Write).await;
    let last = &report.commons[1];
    assert_eq!((last.studies, last.added, last.changed, last.taken), (2, 2, 0, 1));
    assert!(report.is_complete(), "{report:?}");
    let title = async |guid: &str| {
        world.get(&format!("/aggregate/metadata/guid/{guid}")).await.1["gen3_discovery"]["title"].clone()
    };
    assert_eq!((title("a").await, title("b").await), (json!("Right"), json!("Own")));
    // Who stands first has it, even if the other one was faster.
    first.set(Some(json!({"a": study("Right", &[]), "c": study("Late", &[])})));
    let report = synced(&world, &config, Mode::Write).await;
    assert_eq!((report.commons[0].changed, report.commons[1].taken), (1, 2));
    assert_eq!(title("c").await, "Late");
    assert_eq!(synced(&world, &config, Mode::Write).await.commons[0].changed, 0);
    // What it gives up is free.
    first.set(Some(json!({"c": study("Late", &[])})));
    synced(&world, &config, Mode::Write).await;
    assert_eq!(title("a").await, "Wrong");
}

#[actix_web::test]
async fn a_study_that_cannot_be_kept_leaves_the_others_alone() {
    let world = World::new().await;
    let (first, second) = (Other::default(), Other::default());
    let deep = format!("{}1{}", "[".repeat(110), "]".repeat(110));
    let bad = |value: &str| format!(r#"{{"gen3_discovery": {{"title": {value}}}}}"#);
    let raw = [
        ("good", bad("\"Good\"")),
        ("nul", bad("\"\\u0000\"")),
        ("half", bad("\"\\ud800\"")),
        ("number", bad("1e999")),
        ("deep", bad(&deep)),
        ("deeper", bad(&deep.replace('1', &deep))),
        ("n\\u0000", bad("1")),
    ];
    let raw: Vec<String> = raw.iter().map(|(guid, record)| format!("\"{guid}\": {record}")).collect();
    first.set(Some(json!({"raw": format!("{{{}}}", raw.join(","))})));
    second.set(Some(json!({"b": study("Other", &[])})));
    let config = of_two(&first.start().await, &second.start().await);
    let report = synced(&world, &config, Mode::Write).await;
    assert!(report.is_complete(), "{report:?}");
    assert_eq!((report.commons[0].studies, report.commons[0].unusable), (1, 6));
    let (status, list) = world.get("/aggregate/metadata?counts=files").await;
    assert_eq!(status, 200);
    assert_eq!(
        list["First"],
        json!([{"good": {"gen3_discovery": {"title": "Good", "commons_name": "First"}}}])
    );
    assert_eq!(list["Second"][0]["b"]["gen3_discovery"]["files"], 2);
    // One that is there from before and is too deep to be read goes out as it is.
    sqlx::query(
        "update commons_aggregate_study set document = (repeat('[', 200) || repeat(']', 200))::jsonb \
                 where guid = 'b'",
    )
    .execute(&world.database.pool)
    .await
    .unwrap();
    let (status, body) = world.raw(("GET", "/aggregate/metadata?counts=files"), None, "", "").await;
    assert!(status == 200 && body.contains("Good") && body.contains(&"[".repeat(200)), "{status} {body}");
}

#[actix_web::test]
async fn a_page_counts_by_its_own_size_and_not_by_that_of_those_before() {
    let world = World::with(Config { answer_limit: 1_000, ..Config::default() }).await;
    let one = Other::default();
    let studies = (0..9).map(|number| (format!("s{number}"), study(&"x".repeat(300), &[])));
    one.set(Some(studies.collect::<Map<_, _>>().into()));
    let config = json!({"gen3_commons": {"One": {"mds_url": one.start().await, "commons_url": "o"}}});
    synced(&world, &config, Mode::Write).await;
    for offset in [0, 4, 7] {
        let (status, list) = world.get(&format!("/aggregate/metadata?limit=2&offset={offset}")).await;
        assert_eq!(status, 200, "{list}");
        assert!(list["One"][1][format!("s{}", offset + 1)].is_object(), "{list}");
    }
    assert_eq!(world.get("/aggregate/metadata?limit=5").await.0, 400);
}

#[actix_web::test]
async fn prefixes_take_no_names_and_redirects_lead_to_no_other_server() {
    let world = World::new().await;
    let (one, two) = (Other::default(), Other::default());
    one.set(Some(json!({"a": study("A", &[("Type", &"x".repeat(201)), ("Type", "short")])})));
    let (at_one, at_two) = (one.start().await, two.start().await);
    two.set(Some(json!({"redirect": format!("{at_one}/mds/metadata?data=True&limit=10&offset=0")})));
    let mut config = of_two(&at_one, &at_two);
    config["gen3_commons"]["One"] = json!({"mds_url": at_one, "commons_url": "one.example"});
    config["configuration"] = json!({"schema": {"year": {"default": "not_set"}},
                                     "settings": {"cache_drs": true, "drs_indexd_server": at_one}});
    for _ in 0..2 {
        let report = synced(&world, &config, Mode::Write).await;
        let told = report.commons[1].error.as_deref().unwrap();
        assert!(told.contains("302") && told.contains("another server"), "{told}");
        assert_eq!(world.get("/aggregate/info/schema").await.1["year"]["default"], "not_set");
        assert_eq!(world.get("/aggregate/info/One").await.1, json!({"commons_url": "one.example"}));
        assert_eq!(world.get("/aggregate/info/dg.1").await.1["host"], "one.example");
    }
    let (_, tags) = world.get("/aggregate/tags").await;
    assert_eq!(tags, json!({"Type": {"total": 1, "names": [{"short": 1}]}}));
}

#[actix_web::test]
async fn a_dry_run_makes_no_tables() {
    let database = TestDatabase::empty().await;
    let config = parse(&of_two("http://127.0.0.1:1", "http://127.0.0.1:1").to_string()).unwrap();
    let told = sync(&database.pool, &config, Mode::DryRun, &Silent).await.unwrap_err();
    assert!(matches!(told, SyncError::NoTables), "{told}");
    let tables: i64 = sqlx::query_scalar("select count(*) from pg_tables where schemaname = 'public'")
        .fetch_one(&database.pool)
        .await
        .unwrap();
    assert_eq!(tables, 0);
}
