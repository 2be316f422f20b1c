//! The tree of resources over HTTP.

use serde_json::json;

use crate::commons::Commons;

#[tokio::test]
async fn a_put_without_merge_deletes_what_it_does_not_list_at_every_level() {
    let commons = Commons::start().await;
    let tree = json!({"name": "t", "subresources": [
        {"name": "a", "subresources": [{"name": "x"}]}, {"name": "b", "subresources": [{"name": "y"}]}]});
    let partly = json!({"name": "t", "subresources": [{"name": "a"}, {"name": "c"}]});
    let paths = async || {
        let (_, answer) = commons.get("/resource").await;
        let list = answer["resources"].as_array().unwrap().clone();
        list.iter().map(|r| r["path"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    commons.prepare(&[("PUT", "/resource", tree), ("PUT", "/resource?merge", partly.clone())]).await;
    assert_eq!(paths().await, ["/t", "/t/a", "/t/a/x", "/t/b", "/t/b/y", "/t/c"]);
    commons.prepare(&[("PUT", "/resource", partly)]).await;
    assert_eq!(paths().await, ["/t", "/t/a", "/t/c"]);
}

#[tokio::test]
async fn tag_and_policies_survive_a_new_description() {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    let (_, before) = commons.get("/resource/programs/A").await;
    commons.prepare(&[("PUT", "/resource/programs?merge", json!({"name": "A", "description": "new"}))]).await;
    let (_, after) = commons.get("/resource/programs/A").await;
    assert_eq!((after["tag"].clone(), after["description"].clone()), (before["tag"].clone(), json!("new")));
    assert_eq!(commons.get("/policy/read-A").await.1["resource_paths"], json!(["/programs/A"]));
}

#[tokio::test]
async fn a_failure_anywhere_in_a_tree_undoes_all_of_it() {
    let commons = Commons::start().await;
    let long = "y".repeat(1500);
    for children in [
        json!([{"name": "ok"}, {"name": "not ok"}]),
        json!([{"name": "ok"}, {"name": ""}]),
        json!([{"name": "ok"}, {"name": long}]),
        json!([{"name": "ok"}, {"path": "/no/where"}]),
    ] {
        let tree = json!({"name": "t", "subresources": children});
        assert_eq!(commons.call("POST", "/resource", tree.clone()).await.0, 400, "{children}");
        assert_eq!(commons.call("PUT", "/resource", tree).await.0, 400, "{children}");
        assert_eq!(commons.get("/resource").await.1, json!({"resources": []}), "{children}");
    }
    let twice = json!({"name": "t", "subresources": [{"name": "a"}, {"name": "a"}]});
    assert_eq!(commons.call("POST", "/resource", twice).await.0, 400);
}

#[tokio::test]
async fn one_that_exists_is_shown() {
    let commons = Commons::start().await;
    commons.prepare(&[("POST", "/resource", json!({"name": "t", "description": "d"}))]).await;
    let (status, answer) = commons.call("POST", "/resource", json!({"name": "t"})).await;
    assert_eq!((status, answer["exists"]["description"].clone()), (409, json!("d")));
}

#[tokio::test]
async fn the_root_is_unknown_and_unclean_paths_are_redirected() {
    let commons = Commons::start().await;
    assert_eq!(commons.get("/").await, (404, json!({"error": {"message": "not found", "code": 404}})));
    let answer = commons.send("GET", "/resource//a/../b?x=1", &[], None).await;
    assert_eq!((answer.status, answer.location.as_deref()), (301, Some("/resource/b?x=1")));
}

#[tokio::test]
async fn answers_are_indented_when_asked() {
    let commons = Commons::start().await;
    let answer = commons.send("GET", "/user?pretty=true", &[], None).await;
    assert_eq!(answer.text, "{\n    \"users\": []\n}");
}

#[tokio::test]
async fn a_tree_below_a_path_that_cannot_be_read_is_refused() {
    let commons = Commons::start().await;
    for method in ["POST", "PUT"] {
        assert_eq!(commons.call(method, "/resource/%ff", json!({"name": "a"})).await.0, 400, "{method}");
    }
    assert_eq!(commons.get("/resource").await.1, json!({"resources": []}));
}
