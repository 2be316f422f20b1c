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
