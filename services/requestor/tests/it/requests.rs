//! Requesting, deciding, deleting.

use serde_json::{Value, json};

use crate::support::World;

fn held(user: &str, policy: &str) -> (String, String) {
    (user.into(), policy.into())
}

#[actix_web::test]
async fn a_request_goes_from_draft_to_access() {
    let world = World::new().await;
    let made = world.request("ann", json!({"policy_id": "p1", "resource_id": "r", "unknown": 1})).await;
    assert_eq!(
        (made["username"].as_str(), made["status"].as_str(), &made["revoke"]),
        (Some("ann"), Some("DRAFT"), &json!(false))
    );
    assert!(made["created_time"].as_str().unwrap().ends_with("+00:00") && made.get("redirect_url").is_none());
    let (status, submitted) = world.set_status("boss", &made, "SUBMITTED").await;
    assert_eq!((status, submitted["status"].as_str()), (200, Some("SUBMITTED")));
    assert!(world.policies.held().is_empty());
    assert_eq!(world.set_status("boss", &made, "SIGNED").await.0, 200);
    assert_eq!(world.policies.held(), [held("ann", "p1")]);
    // The same again changes nothing, and a status that there is not is refused.
    assert_eq!(world.set_status("boss", &made, "SIGNED").await.0, 200);
    assert_eq!(world.policies.held().len(), 1);
    let (status, refusal) = world.set_status("boss", &made, "PAID").await;
    assert_eq!(status, 400);
    assert!(
        refusal["detail"]
            .as_str()
            .unwrap()
            .starts_with("Status 'PAID' is not an allowed request status (['DRAFT', ")
    );
    // Losing it again.
    let body = json!({"policy_id": "p1", "username": "ann"});
    let (status, revoke) = world.send("POST", "/request?revoke", "boss", &body).await;
    assert_eq!((status, &revoke["revoke"]), (201, &json!(true)));
    assert_eq!(world.set_status("boss", &revoke, "SIGNED").await.0, 200);
    assert!(world.policies.held().is_empty());
    let (status, refusal) = world.send("POST", "/request?revoke", "boss", &body).await;
    let told = "Unable to revoke access: 'ann' does not have access to policy 'p1'";
    assert_eq!((status, refusal), (400, json!({"detail": told})));
}

#[actix_web::test]
async fn who_may_only_request_cannot_give_access_by_the_first_status() {
    let world = World::new().await;
    let body = json!({"policy_id": "p1", "status": "SIGNED"});
    assert_eq!(world.send("POST", "/request", "ann", &body).await.0, 403);
    assert!(world.policies.held().is_empty());
    let made = world.request("boss", json!({"policy_id": "p1", "status": "SIGNED", "username": "ann"})).await;
    assert_eq!((made["status"].as_str(), world.policies.held()), (Some("SIGNED"), vec![held("ann", "p1")]));
    assert_eq!(world.set_status("ann", &made, "DRAFT").await.0, 403);
    assert_eq!(world.send("POST", "/request", "bob", &json!({"policy_id": "p1"})).await.0, 403);
}

#[actix_web::test]
async fn one_open_request_for_the_same_and_drafts_are_used_again() {
    let world = World::new().await;
    let body = json!({"policy_id": "p1"});
    let first = world.request("ann", body.clone()).await;
    let again = world.request("ann", body.clone()).await;
    assert_eq!(again["request_id"], first["request_id"]);
    assert_eq!(world.set_status("boss", &first, "SUBMITTED").await.0, 200);
    let (status, refusal) = world.send("POST", "/request", "ann", &body).await;
    assert_eq!(status, 409);
    assert!(refusal["detail"].as_str().unwrap().starts_with("An open access request for username 'ann'"));
    assert_eq!(world.set_status("boss", &first, "REJECTED").await.0, 200);
    assert_ne!(world.request("ann", body.clone()).await["request_id"], first["request_id"]);
    // Many at once make one.
    let others = json!({"policy_id": "p2", "status": "SUBMITTED"});
    let answers = futures(&world, &others).await;
    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| [201, 409].contains(status)), "{answers:?}");
}

async fn futures(world: &World, body: &Value) -> Vec<u16> {
    let one = async || world.send("POST", "/request", "ann", body).await.0;
    let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
    vec![a, b, c, d]
}

#[actix_web::test]
async fn a_policy_is_made_for_resources_and_its_name_opens_no_other_policy() {
    let world = World::new().await;
    let made = world.request("ann", json!({"resource_paths": ["/a/9"], "role_ids": ["study_reader"]})).await;
    assert_eq!(made["policy_id"], "a.9_study_reader");
    let policies = world.policies.policies.lock().unwrap().clone();
    let new = policies.iter().find(|policy| policy.id == "a.9_study_reader").unwrap();
    assert_eq!((new.resource_paths[0].as_str(), new.role_ids[0].as_str()), ("/a/9", "study_reader"));
    let made = world.request("ann", json!({"resource_path": "/a/9"})).await;
    assert_eq!(made["policy_id"], "a.9_accessor");
    // `/a.9` would lead to the same name.
    let before = world.policies.policies.lock().unwrap().len();
    let body = json!({"resource_paths": ["/b", "/b"], "role_ids": ["study_reader"]});
    world.request("bob", body).await;
    let (status, refusal) = world
        .send("POST", "/request", "bob", &json!({"resource_path": "/b_b", "role_ids": ["study_reader"]}))
        .await;
    assert_eq!(status, 409, "{refusal}");
    assert_eq!(world.policies.policies.lock().unwrap().len(), before + 1);
    for (body, told) in [
        (json!({"policy_id": "none"}), "Request creation failed. The policy 'none' does not exist."),
        (
            json!({"resource_path": "/a/1", "role_ids": ["x", "study_reader"]}),
            "Request creation failed. The roles ['x'] do not exist.",
        ),
    ] {
        assert_eq!(world.send("POST", "/request", "ann", &body).await, (400, json!({"detail": told})));
    }
    // Who may not request makes nothing.
    let before = world.policies.policies.lock().unwrap().len();
    assert_eq!(world.send("POST", "/request", "ann", &json!({"resource_path": "/b/9"})).await.0, 403);
    assert_eq!(world.policies.policies.lock().unwrap().len(), before);
}

#[actix_web::test]
async fn nothing_is_written_when_access_cannot_be_changed() {
    let world = World::new().await;
    let made = world.request("ann", json!({"policy_id": "p1"})).await;
    *world.policies.broken.lock().unwrap() = true;
    let (status, refusal) = world.set_status("boss", &made, "SIGNED").await;
    assert_eq!((status, refusal), (500, json!({"detail": "Something went wrong, unable to grant access"})));
    let path = format!("/request/{}", made["request_id"].as_str().unwrap());
    assert_eq!(world.get(&path, "boss").await.1["status"], "DRAFT");
    let body = json!({"policy_id": "p2", "status": "SIGNED", "username": "ann"});
    assert_eq!(world.send("POST", "/request", "boss", &body).await.0, 500);
    assert_eq!(world.get("/request", "boss").await.1.as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn who_was_shut_out_sees_no_requests_and_where_nobody_can_say_so_nobody_does() {
    let world = World::new().await;
    for (who, status) in [("gone", 401), ("unheard", 503)] {
        for path in ["/request", "/request/user"] {
            assert_eq!(world.send("GET", path, who, &Value::Null).await.0, status, "{who} {path}");
        }
    }
}

#[actix_web::test]
async fn a_deleted_request_is_gone_and_the_access_that_it_gave_stays() {
    let world = World::new().await;
    let made = world.request("boss", json!({"policy_id": "p1", "status": "SIGNED", "username": "ann"})).await;
    let path = format!("/request/{}", made["request_id"].as_str().unwrap());
    let (status, answer) = world.send("DELETE", &path, "boss", &Value::Null).await;
    assert_eq!((status, answer), (200, json!({"request_id": made["request_id"]})));
    assert_eq!(world.get(&path, "boss").await.0, 404);
    assert_eq!(world.policies.held(), [held("ann", "p1")]);
    assert_eq!(world.send("DELETE", &path, "boss", &Value::Null).await.0, 404);
    // Nobody decides about a request whose policy is gone.
    let orphan = world.request("ann", json!({"policy_id": "p2"})).await;
    world.policies.policies.lock().unwrap().clear();
    assert_eq!(world.set_status("boss", &orphan, "SIGNED").await.0, 403);
}

#[actix_web::test]
async fn an_own_request_is_withdrawn_until_it_is_decided() {
    let world = World::new().await;
    let path = |made: &Value| format!("/request/{}", made["request_id"].as_str().unwrap());
    let made = world.request("ann", json!({"policy_id": "p1"})).await;
    assert_eq!(world.send("DELETE", &path(&made), "bob", &Value::Null).await.0, 403, "of somebody else");
    let (status, answer) = world.send("DELETE", &path(&made), "ann", &Value::Null).await;
    assert_eq!((status, &answer["request_id"]), (200, &made["request_id"]));
    assert_eq!(world.send("DELETE", &path(&made), "ann", &Value::Null).await.0, 404);
    for decided in ["SIGNED", "REJECTED"] {
        let made = world.request("ann", json!({"policy_id": "p1"})).await;
        assert_eq!(world.set_status("boss", &made, decided).await.0, 200);
        assert_eq!(world.send("DELETE", &path(&made), "ann", &Value::Null).await.0, 403, "{decided}");
    }
}

#[actix_web::test]
async fn bodies_are_bounded_and_nul_is_refused() {
    let world = World::new().await;
    let long = json!({"policy_id": "x".repeat(2 << 20)});
    assert_eq!(world.send("POST", "/request", "ann", &long).await.0, 413);
    let nul = json!({"policy_id": "p1", "resource_id": "\u{0}"});
    assert_eq!(world.send("POST", "/request", "ann", &nul).await.0, 400);
}
