//! Who sees whose tasks.

use serde_json::{Value, json};

use crate::support::World;

fn ids(listed: &Value) -> Vec<&str> {
    listed["tasks"].as_array().unwrap().iter().map(|task| task["id"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn users_see_their_own_tasks_and_what_they_may_read() {
    let world = World::new().await;
    let adas = world.make("ada", &json!({"name": "a"})).await;
    let eves = world.make("eve", &json!({"name": "e"})).await;
    assert_eq!(ids(&world.get("/tasks", "ada").await.1), [&adas]);
    assert_eq!(ids(&world.get("/tasks", "eve").await.1), [&eves]);
    assert_eq!(world.get("/tasks", "bob").await.1, json!({"tasks": []}));
    assert_eq!(ids(&world.get("/tasks", "root").await.1), [&eves, &adas]);
    for (who, status) in [("ada", 404), ("bob", 404), ("root", 200)] {
        let path = format!("/tasks/{eves}");
        assert_eq!(world.get(&path, who).await.0, status, "{who}");
    }
    // `root` may read and not cancel.
    for who in ["ada", "bob", "root"] {
        let path = format!("/ga4gh/tes/v1/tasks/{eves}:cancel");
        assert_eq!(world.send("POST", &path, who, &json!(null)).await.0, 404, "{who}");
    }
    assert_eq!(world.get(&format!("/tasks/{eves}"), "eve").await.1["state"], "QUEUED");
    world.stop().await;
}

#[actix_web::test]
async fn lists_have_filters_and_pages() {
    let world = World::new().await;
    let mut made = Vec::new();
    for n in 0..5 {
        let more = json!({"name": format!("n{}", n % 2), "tags": {"n": n.to_string(), "all": "x"}});
        made.push(world.make("ada", &more).await);
    }
    world.cancel(&made[0], "ada").await;
    let count = async |query: &str| ids(&world.get(&format!("/tasks?{query}"), "ada").await.1).len();
    for (query, expected) in [
        ("name_prefix=n1", 2),
        ("name_prefix=x", 0),
        ("state=CANCELED", 1),
        ("state=PAUSED", 0),
        ("tag_key=n&tag_value=3", 1),
        ("tag_key=n", 5),
        ("tag_key=all&tag_value=x&tag_key=n&tag_value=1", 1),
        ("tag_key=none", 0),
    ] {
        assert_eq!(count(query).await, expected, "{query}");
    }
    for query in ["state=x", "page_size=0", "page_size=2048", "page_token=x", "tag_value=1", "view=ALL"] {
        assert_eq!(world.get(&format!("/tasks?{query}"), "ada").await.0, 400, "{query}");
    }
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let page = world.get(&format!("/tasks?page_size=2&view=MINIMAL&page_token={token}"), "ada").await.1;
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        match page["next_page_token"].as_str() {
            Some(next) => next.clone_into(&mut token),
            None => break,
        }
    }
    made.reverse();
    assert_eq!(seen, made);
    let minimal = world.get(&format!("/tasks/{}?view=MINIMAL", made[0]), "ada").await.1;
    assert_eq!(minimal, json!({"id": made[0], "state": "QUEUED"}));
    world.stop().await;
}
