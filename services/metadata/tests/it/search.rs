//! Searching studies.

use metadata::Config;
use serde_json::{Value, json};

use crate::support::World;

async fn world() -> World {
    let world = World::new().await;
    for (guid, title, authz, tag, size) in [
        ("s1", "Sleep and hearts", json!("/programs/a"), "WGS", 10),
        ("s2", "Sleeping bears", json!("/programs/b"), "RNA", 20),
        ("s3", "Hearts of oak", json!(""), "WGS", 30),
    ] {
        let tags = json!([{"category": "Type", "name": tag}, {"category": "All", "name": "any"}]);
        let study = json!({"title": title, "authz": authz, "tags": tags, "size": size});
        world.document(guid, json!({"_guid_type": "discovery_metadata", "gen3_discovery": study})).await;
    }
    world.document("no-study", json!({"gen3_discovery": {"title": "Sleep"}})).await;
    world
}

async fn found(world: &World, body: Value) -> Vec<String> {
    let (status, answer) = world.send("POST", "/v1/search", "", &body).await;
    assert_eq!(status, 200, "{body}: {answer}");
    let guids =
        answer["studies"].as_array().unwrap().iter().map(|study| study["guid"].as_str().unwrap().to_owned());
    guids.collect()
}

#[actix_web::test]
async fn words_filters_and_sorting_find_studies() {
    let world = world().await;
    for (body, wanted) in [
        (json!({}), vec!["s1", "s2", "s3"]),
        (json!({"words": "SLEEP"}), vec!["s1", "s2"]),
        (json!({"words": "sleep heart"}), vec!["s1"]),
        (json!({"words": "nothing"}), vec![]),
        (json!({"filters": {"gen3_discovery.tags.name": "WGS"}}), vec!["s1", "s3"]),
        (
            json!({"filters": {"gen3_discovery.tags.name": ["RNA", "x"], "gen3_discovery.size": 20}}),
            vec!["s2"],
        ),
        (json!({"filters": {"gen3_discovery.size": []}}), vec![]),
        (json!({"sort": {"field": "gen3_discovery.title"}}), vec!["s3", "s1", "s2"]),
        (json!({"sort": {"field": "gen3_discovery.title", "order": "desc"}}), vec!["s2", "s1", "s3"]),
        (json!({"words": "sleep", "guid_type": "other"}), vec![]),
    ] {
        assert_eq!(found(&world, body.clone()).await, wanted, "{body}");
    }
}

#[actix_web::test]
async fn pages_follow_each_other_in_every_order() {
    let world = world().await;
    for order in
        [json!(null), json!({"field": "gen3_discovery.title"}), json!({"field": "none", "order": "desc"})]
    {
        let (mut all, mut after) = (Vec::new(), Value::Null);
        loop {
            let body = json!({"size": 1, "sort": order, "after": after, "words": "s"});
            let (_, answer) = world.send("POST", "/v1/search", "", &body).await;
            all.extend(answer["studies"].as_array().unwrap().iter().map(|one| one["guid"].clone()));
            after = answer["next"].clone();
            if after.is_null() {
                break;
            }
        }
        all.sort_by_key(ToString::to_string);
        all.dedup();
        assert_eq!(all, ["s1", "s2"], "{order}");
    }
}

#[actix_web::test]
async fn an_answer_has_highlights_facets_and_whether_the_caller_may_read_the_data() {
    let world = world().await;
    let body = json!({"words": "sleep", "facets": ["gen3_discovery.tags.name", "none"], "size": 1});
    let (_, answer) = world.send("POST", "/v1/search", "boss", &body).await;
    assert_eq!(answer["total"], 2);
    assert_eq!(
        answer["facets"],
        json!({
            "gen3_discovery.tags.name": [{"value": "any", "studies": 2}, {"value": "RNA", "studies": 1},
                                         {"value": "WGS", "studies": 1}],
            "none": [],
        })
    );
    let study = &answer["studies"][0];
    assert_eq!(study["highlights"][0]["path"], "gen3_discovery.title");
    assert_eq!(study["access"], "not_accessible");
    let (_, answer) = world.send("POST", "/v1/search", "", &json!({"words": "oak"})).await;
    assert_eq!(answer["studies"][0]["access"], "not_available");
}

#[actix_web::test]
async fn the_counts_of_a_path_with_an_index_are_those_that_counting_finds_whoever_writes() {
    let world = world().await;
    let paths = ["gen3_discovery.tags.name", "gen3_discovery.size", "gen3_discovery.title"];
    // A filter that holds of all has them counted; without one they are known.
    let counted = async |filters: Value| {
        let body = json!({"facets": paths, "filters": filters, "size": 1});
        let (status, answer) = world.send("POST", "/v1/search", "", &body).await;
        assert_eq!(status, 200, "{answer}");
        answer["facets"].clone()
    };
    let compared = async |studies: usize| {
        let known = counted(json!({})).await;
        assert_eq!(known, counted(json!({"_guid_type": "discovery_metadata"})).await);
        let titles = known[paths[2]].as_array().unwrap().iter().map(|one| one["studies"].as_u64().unwrap());
        assert_eq!(titles.sum::<u64>(), studies as u64);
    };
    compared(3).await;
    for path in paths {
        assert_eq!(world.post(&format!("/metadata_index/{path}"), Value::Null).await.0, 201);
    }
    compared(3).await;
    let study = |title: &str, tags: Value| {
        let discovery = json!({"title": title, "tags": tags, "size": 1});
        json!({"_guid_type": "discovery_metadata", "gen3_discovery": discovery})
    };
    // Written, changed and deleted by us and by others, one by one and many at once.
    let pool = &world.database.pool;
    world.document("s4", study("New", json!([{"name": "WGS"}, {"name": "WGS"}, {"name": 7}]))).await;
    compared(4).await;
    let moved =
        "update metadata set data = jsonb_set(data, '{gen3_discovery,size}', '20') where guid <> 's4'";
    sqlx::query(moved).execute(pool).await.unwrap();
    compared(4).await;
    let changed = "update metadata set data = data || '{\"_guid_type\": \"other\"}' where guid = 's1'";
    sqlx::query(changed).execute(pool).await.unwrap();
    compared(3).await;
    let many = "insert into metadata (guid, data, authz) select 'm' || i, jsonb_build_object('_guid_type', \
                'discovery_metadata', 'gen3_discovery', jsonb_build_object('title', 'Many')), '{}' \
                from generate_series(1, 50) as i \
                on conflict (guid) do update set data = excluded.data";
    for _ in 0..2 {
        sqlx::query(many).execute(pool).await.unwrap();
        compared(53).await;
    }
    // Many small changes are summed up, and change no answer.
    for size in 0..600 {
        let changed = "update metadata \
                       set data = jsonb_set(data, '{gen3_discovery,size}', to_jsonb($1::int)) \
                       where guid = 's4'";
        sqlx::query(changed).bind(size % 2).execute(pool).await.unwrap();
    }
    let rows = async || -> i64 {
        let rows =
            "select count(*) from commons_metadata_count where path = '$.\"gen3_discovery\".\"size\"[*]'";
        sqlx::query_scalar(rows).fetch_one(pool).await.unwrap()
    };
    assert!(rows().await > 1_000);
    compared(53).await;
    let begun = std::time::Instant::now();
    while rows().await > 10 {
        assert!(begun.elapsed().as_secs() < 30, "they are not summed up");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    compared(53).await;
    assert_eq!(world.delete("/metadata_index/gen3_discovery.size").await.0, 204);
    assert_eq!(rows().await, 0);
    compared(53).await;
    sqlx::query("truncate metadata cascade").execute(pool).await.unwrap();
    compared(0).await;
}

#[actix_web::test]
async fn what_cannot_be_searched_is_refused_and_nothing_in_a_search_is_sql() {
    let world = world().await;
    for (body, status) in [
        (json!({"size": 101}), 400),
        (json!({"unknown": 1}), 400),
        (json!([]), 422),
        (json!({"facets": ["a..b"]}), 400),
        (json!({"after": "x"}), 400),
        (json!({"words": "');drop table metadata;--"}), 200),
        (json!({"filters": {"a'].\"x": ["');--"]}}), 200),
        (json!({"sort": {"field": "$.x ? (@ == 1)"}}), 200),
        (json!({"words": "a\u{0}b", "guid_type": "x\u{0}"}), 400),
    ] {
        assert_eq!(world.send("POST", "/v1/search", "", &body).await.0, status, "{body}");
    }
    assert_eq!(
        found(&world, json!({"filters": {"gen3_discovery.size": 10}, "facets": ["a", "a"]})).await,
        ["s1"]
    );
    let large = json!({"words": "x", "filters": {"a": "y".repeat(100_000)}});
    assert_eq!(world.send("POST", "/v1/search", "", &large).await.0, 413);
    assert_eq!(found(&world, json!({})).await.len(), 3);
}

#[actix_web::test]
async fn long_values_are_no_facets_and_sort_by_their_beginnings() {
    let world = world().await;
    let long = "x".repeat(1_000);
    for guid in ["l1", "l2"] {
        let text = format!("{long}{guid}");
        world.document(guid, json!({"_guid_type": "long", "text": text, "tags": ["a", "a", "b"]})).await;
    }
    let mut body =
        json!({"guid_type": "long", "facets": ["text", "tags"], "sort": {"field": "text"}, "size": 1});
    let (_, answer) = world.send("POST", "/v1/search", "", &body).await;
    let twice = |value: &str| json!({"value": value, "studies": 2});
    assert_eq!(answer["facets"], json!({"text": [], "tags": [twice("a"), twice("b")]}));
    let alone = json!({"guid_type": "long", "facets": ["tags"]});
    let (_, alone) = world.send("POST", "/v1/search", "", &alone).await;
    assert_eq!(alone["facets"]["tags"], answer["facets"]["tags"]);
    let next = answer["next"].as_str().unwrap();
    assert!(next.len() < 1_000, "{next}");
    body["after"] = json!(next);
    assert_eq!(found(&world, body).await, ["l2"]);
}

#[actix_web::test]
async fn studies_that_are_too_large_together_are_not_read() {
    let world = World::with(Config { answer_limit: 1_000, ..Config::default() }).await;
    for guid in ["a", "b", "c"] {
        world.document(guid, json!({"_guid_type": "discovery_metadata", "text": "x".repeat(600)})).await;
    }
    let (status, told) = world.send("POST", "/v1/search", "", &json!({})).await;
    assert_eq!(status, 400, "{told}");
    // The second one only says that there are more.
    let (mut all, mut after) = (Vec::new(), Value::Null);
    loop {
        let body = json!({"size": 1, "after": after});
        let (status, answer) = world.send("POST", "/v1/search", "", &body).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["studies"][0]["document"]["text"].as_str().unwrap().len(), 600);
        all.push(answer["studies"][0]["guid"].clone());
        after = answer["next"].clone();
        if after.is_null() {
            break;
        }
    }
    assert_eq!(all, ["a", "b", "c"]);
}

#[actix_web::test]
async fn documents_that_others_write_are_found_too() {
    let world = world().await;
    // As the original writes, which knows nothing of our columns.
    let pool = &world.database.pool;
    for statement in [
        r#"insert into metadata (guid, data, authz) values
           ('s4', '{"_guid_type": "discovery_metadata", "title": "Tigers"}', '{}'),
           ('none', null, '{}'), ('list', '[1]', '{}')"#,
        r#"update metadata set data = jsonb_set(data, '{gen3_discovery,title}', '"Wolves"')
           where guid = 's2'"#,
    ] {
        sqlx::query(statement).execute(pool).await.unwrap();
    }
    assert_eq!(found(&world, json!({"words": "tiger"})).await, ["s4"]);
    assert_eq!(found(&world, json!({"words": "wolves"})).await, ["s2"]);
    assert!(found(&world, json!({"words": "bears"})).await.is_empty());
}
