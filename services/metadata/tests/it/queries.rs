//! Finding documents by their contents.

use serde_json::{Value, json};

use crate::support::World;

async fn world() -> World {
    let world = World::new().await;
    for (guid, mut data) in [
        ("q01", json!({"a": 1, "s": "x", "n": {"k": {"m": "deep"}}, "_guid_type": "discovery_metadata"})),
        ("q02", json!({"a": "1", "s": "y", "n": {"k": {"m": 5}}, "_guid_type": "discovery_metadata"})),
        ("q03", json!({"a": 2, "s": "x", "n": {"k": "flat"}})),
        ("q04", json!({"a": true, "s": "*"})),
        ("q05", json!({"a": "true", "s": ""})),
        ("q06", json!({"a": null, "l": [1, 2, "x"]})),
        ("q07", json!({"a": 1.5, "o": {"z": 1, "aa": 2}})),
        ("q08", json!({"a": "1.50", "dotted.key": "v"})),
        ("q09", json!({"data": "lit", "limit": 5, "l": []})),
        ("q10", json!({"s": "ü ✓", "e": {}})),
        ("q11", json!({"l": [{"k": "v"}], "s": "a,b"})),
        ("q12", json!({"a": 1, "s": "x", "sp ace": 1, "7": "seven"})),
    ] {
        data["grp"] = json!("q");
        world.document(guid, data).await;
    }
    world.document("other", json!({"grp": "r", "a": 1})).await;
    let list = json!([{"guid": "list", "data": ["seven"]}, {"guid": "null"}, {"guid": "text", "data": "x"}]);
    assert_eq!(world.post("/metadata", list).await.0, 201);
    world
}

/// The numbers of the documents that are found.
async fn found(world: &World, query: &str) -> String {
    let (status, answer) = world.get(&format!("/metadata?{query}")).await;
    assert_eq!(status, 200, "{query}: {answer}");
    let guids: Vec<String> = serde_json::from_value(answer).unwrap();
    guids.iter().map(|guid| guid.trim_start_matches('q').to_owned()).collect::<Vec<_>>().join(" ")
}

#[actix_web::test]
async fn filters_compare_texts() {
    let world = world().await;
    for (query, expected) in [
        ("a=1", "01 02 12"),
        ("a=1&s=x", "01 12"),
        ("a=1&a=2&a=1", "01 02 03 12"),
        ("a=1.5", "07"),
        ("a=1.50", "08"),
        ("a=1.0", ""),
        ("a=true", "04 05"),
        ("a=True", ""),
        ("a=null", ""),
        ("a=99999999999999999999999", ""),
        ("s=", "05"),
        ("s=x*", ""),
        ("s=%5C*", "04"),
        ("s=a,b", "11"),
        ("s=%C3%BC%20%E2%9C%93", "10"),
        ("n.k.m=deep", "01"),
        ("n.k.m=5", "02"),
        ("n.k=%7B%22m%22%3A%20%22deep%22%7D", "01"),
        ("l=%5B1%2C%202%2C%20%22x%22%5D", "06"),
        ("l.0=1", "06"),
        ("l.0.k=v", "11"),
        ("e={}", "10"),
        ("sp%20ace=1", "12"),
        ("7=seven", "12"),
        ("dotted.key=v", ""),
        ("zz=1", ""),
        ("a%27b=1", ""),
        ("..=1", ""),
        ("n.=1", ""),
        ("=1", ""),
        ("_guid_type=discovery_metadata", "01 02"),
    ] {
        assert_eq!(found(&world, &format!("grp=q&{query}")).await, expected, "{query}");
    }
    assert_eq!(found(&world, "a=1").await, "other 01 02 12");
    assert_eq!(found(&world, "7=seven").await, "12");
}

#[actix_web::test]
async fn a_star_finds_what_is_there_even_null() {
    let world = world().await;
    for (query, expected) in [
        ("a=*", "01 02 03 04 05 06 07 08 12"),
        ("a=2&a=*", "01 02 03 04 05 06 07 08 12"),
        ("n.k=*", "01 02 03"),
        ("n.k.m=*", "01 02"),
        ("7=*", "12"),
        ("zz=*", ""),
        ("a=*&s=*", "01 02 03 04 05 12"),
    ] {
        assert_eq!(found(&world, &format!("grp=q&limit=20&{query}")).await, expected, "{query}");
    }
}

#[actix_web::test]
async fn pages_follow_each_other() {
    let world = world().await;
    assert_eq!(found(&world, "grp=q").await, "01 02 03 04 05 06 07 08 09 10");
    assert_eq!(found(&world, "grp=q&limit=20&offset=10").await, "11 12");
    assert_eq!(found(&world, "grp=q&offset=99999999999999999999999").await, "");
    assert_eq!(found(&world, "grp=q&limit=0").await, "");
    let mut seen = Vec::new();
    for offset in (0..).step_by(5) {
        let (_, page) = world.get(&format!("/metadata?grp=q&data=True&limit=5&offset={offset}")).await;
        let page = page.as_object().unwrap().clone();
        if page.is_empty() {
            break;
        }
        seen.extend(page);
    }
    let guids: Vec<&str> = seen.iter().map(|(guid, _)| guid.as_str()).collect();
    assert_eq!(guids.join(" "), "q01 q02 q03 q04 q05 q06 q07 q08 q09 q10 q11 q12");
    assert_eq!(seen[8].1, json!({"data": "lit", "limit": 5, "l": [], "grp": "q"}));
    for (query, status) in
        [("limit=x", 422), ("offset=x", 422), ("data=x", 422), ("limit=-1", 400), ("offset=-1", 400)]
    {
        assert_eq!(world.get(&format!("/metadata?{query}")).await.0, status, "{query}");
    }
}

#[actix_web::test]
async fn an_answer_has_at_most_so_many_documents() {
    let world = World::new().await;
    let many = (0..2010).map(|number| json!({"guid": format!("m{number:04}"), "data": {"grp": "m"}}));
    assert_eq!(world.post("/metadata", Value::from_iter(many)).await.0, 201);
    let count =
        async |query: &str| world.get(&format!("/metadata?grp=m&{query}")).await.1.as_array().unwrap().len();
    assert_eq!(count("limit=3000").await, 2000);
    assert_eq!(count("limit=3000&offset=2000").await, 10);
}

#[actix_web::test]
async fn paths_are_never_sql() {
    let world = world().await;
    for path in ["a'%20or%20true--", "a\\'%29%29;drop%20table%20metadata;--", "%22a%22,%7B%7D", "$1", "a%00b"]
    {
        for value in ["1", "*", "'", "%27%20or%20true", "%00"] {
            let (status, answer) = world.get(&format!("/metadata?grp=q&{path}={value}")).await;
            match status {
                200 => assert_eq!(answer, json!([]), "{path}={value}"),
                _ => assert_eq!(status, 400, "{path}={value}: {answer}"),
            }
        }
    }
    assert_eq!(found(&world, "grp=q&limit=1").await, "01");
}

#[actix_web::test]
async fn the_index_is_used_for_values() {
    let world = World::new().await;
    let many = (0..5000).map(|number| {
        json!({"guid": format!("m{number:04}"), "data": {"i": number, "n": {"s": format!("v{number}")}}})
    });
    assert_eq!(world.post("/metadata", Value::from_iter(many)).await.0, 201);
    sqlx::query("analyze metadata").execute(&world.database.pool).await.unwrap();
    let plan: Vec<String> = sqlx::query_scalar(
        "explain select guid from metadata
         where (data @> any($1::text[]::jsonb[]) and (data #>> $2) = any($3)) order by guid limit 10",
    )
    .bind(vec![r#"{"n":{"s":"v7"}}"#])
    .bind(vec!["n", "s"])
    .bind(vec!["v7"])
    .fetch_all(&world.database.pool)
    .await
    .unwrap();
    assert!(plan.join("\n").contains("commons_metadata_data"), "{plan:#?}");
    assert_eq!(world.get("/metadata?n.s=v7").await.1, json!(["m0007"]));
    assert_eq!(world.get("/metadata?i=1234&data=true").await.1["m1234"]["i"], json!(1234));
}
