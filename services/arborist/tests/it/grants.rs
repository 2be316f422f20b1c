//! Users, groups, clients and the labels of their grants.

use serde_json::json;

use crate::commons::Commons;

#[tokio::test]
async fn a_failed_grant_is_one_json_value() {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    let (status, answer) = commons.call("POST", "/user/ada/policy", json!({"policy": "nope"})).await;
    assert_eq!(status, 400);
    let message = "failed to grant policy to user: policy does not exist: nope";
    assert_eq!(answer, json!({"error": {"message": message, "code": 400}}));
}

#[tokio::test]
async fn of_many_grants_those_are_made_that_can_be() {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    let grants = json!([{"policy": "nope"}, {"policy": "read-A"}, {"policy": "all", "expires_at": "soon"}]);
    let (status, answer) = commons.call("POST", "/user/ada/bulk/policy", grants).await;
    assert_eq!((status, answer["error"]["code"].clone()), (400, json!(400)));
    let (_, user) = commons.get("/user/ada").await;
    assert_eq!(user["policies"], json!([{"policy": "read-A", "expires_at": null}]));
}

#[tokio::test]
async fn of_many_policies_those_are_overwritten_that_can_be() {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    let policies = json!([
        {"id": "gone", "resource_paths": ["/programs"], "role_ids": ["any"]},
        {"id": "read-A", "resource_paths": ["/programs/B"], "role_ids": ["reader"]},
    ]);
    let (status, answer) = commons.call("PUT", "/bulk/policy", policies).await;
    let message = "failed to update policy: no policy found with id: gone";
    assert_eq!((status, answer), (404, json!({"error": {"message": message, "code": 404}})));
    assert_eq!(commons.get("/policy/read-A").await.1["resource_paths"], json!(["/programs/B"]));
}

#[tokio::test]
async fn a_revocation_touches_grants_of_its_label_alone() {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    let granted =
        commons.call_as("POST", "/user/ada/policy", Some("requestor"), json!({"policy": "read-A"})).await;
    assert_eq!(granted.0, 204);
    let path = "/user/ada/policy/read-A";
    assert_eq!(commons.call_as("DELETE", path, Some("user-sync"), json!(null)).await.0, 401);
    assert_eq!(commons.call_as("DELETE", "/user/ada/policy", Some("user-sync"), json!(null)).await.0, 204);
    assert_eq!(commons.get("/user/ada").await.1["policies"].as_array().unwrap().len(), 1);
    assert_eq!(commons.call_as("DELETE", path, Some("requestor"), json!(null)).await.0, 204);
    let (status, answer) = commons.call("DELETE", path, json!(null)).await;
    assert!(status == 400 && answer.is_string(), "a bare text: {answer}");
}

#[tokio::test]
async fn signs_of_sql_patterns_in_a_name_mean_themselves() {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    commons.prepare(&[("POST", "/user/ada/policy", json!({"policy": "read-A"}))]).await;
    assert_eq!(commons.call("DELETE", "/user/a%25/policy/read-A", json!(null)).await.0, 400);
    assert_eq!(commons.call("DELETE", "/user/ad_/policy/read-A", json!(null)).await.0, 400);
}

#[tokio::test]
async fn writing_wants_the_exact_name_and_reading_does_not() {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    assert_eq!(commons.call("POST", "/user/ADA/policy", json!({"policy": "read-A"})).await.0, 204);
    assert_eq!(commons.get("/user/Ada").await.1["policies"], json!([]));
    assert_eq!(commons.call("PATCH", "/user/ADA", json!({"email": "a@b"})).await.0, 404);
}

#[tokio::test]
async fn a_group_may_be_put_whose_member_another_label_holds() {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    let group = json!({"name": "g", "users": ["ada"], "policies": ["read-A"]});
    assert_eq!(commons.call_as("PUT", "/group", Some("one"), group.clone()).await.0, 201);
    assert_eq!(commons.call_as("PUT", "/group", Some("two"), group).await.0, 201);
    assert_eq!(commons.call_as("PUT", "/group", Some("two"), json!({"name": "g"})).await.0, 201);
    assert_eq!(
        commons.get("/group/g").await.1,
        json!({"name": "g", "users": ["ada"], "policies": ["read-A"]})
    );
}

#[tokio::test]
async fn roles_with_constraints_and_commas_are_read_back() {
    let commons = Commons::start().await;
    let permission = json!({"id": "x, y", "description": "", "action": {"service": "a,b", "method": "c d"},
        "constraints": {"k": "v"}});
    let role = json!({"id": "odd", "description": "", "permissions": [permission]});
    commons.prepare(&[("POST", "/role", role.clone())]).await;
    assert_eq!(commons.get("/role/odd").await, (200, role));
}

#[tokio::test]
async fn policies_are_expanded_whatever_the_names_of_their_roles() {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    commons
        .prepare(&[
            ("POST", "/role", crate::commons::role("o'clock", "s", "m")),
            ("PUT", "/policy/all", crate::commons::policy("all", "/programs", "o'clock")),
        ])
        .await;
    let (status, answer) = commons.get("/policy?expand").await;
    assert_eq!((status, answer["policies"][0]["roles"][0]["id"].clone()), (200, json!("o'clock")));
}

#[tokio::test]
async fn a_role_keeps_permissions_that_a_put_does_not_list() {
    let commons = Commons::start().await;
    let with = |id: &str, method: &str| {
        let action = json!({"service": "s", "method": method});
        json!({"id": "r", "permissions": [{"id": id, "action": action}]})
    };
    assert_eq!(commons.call("PUT", "/role/r", with("one", "a")).await.0, 201);
    assert_eq!(commons.call("PUT", "/role/r", with("two", "b")).await.0, 200);
    assert_eq!(commons.call("PUT", "/role/r", with("one", "c")).await.0, 200);
    let (_, role) = commons.get("/role/r").await;
    let methods: Vec<&str> = role["permissions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["action"]["method"].as_str().unwrap())
        .collect();
    assert_eq!(methods, ["c", "b"]);
}

#[tokio::test]
async fn a_name_with_a_slash_can_only_be_deleted() {
    let commons = Commons::start().await;
    commons.prepare(&[("POST", "/user", json!({"name": "a/b"}))]).await;
    assert_eq!(commons.send("GET", "/user/a%2Fb", &[], None).await.status, 405);
    assert_eq!(commons.call("DELETE", "/user/a%2Fb", json!(null)).await.0, 204);
    assert_eq!(commons.get("/user").await.1, json!({"users": []}));
}
