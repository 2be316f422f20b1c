//! What is looked at first, and in which words it is answered: of several faults the original tells one.

use serde_json::{Value, json};

use crate::commons::{Commons, policy, role};

/// The status and the message of a refusal.
async fn refused(commons: &Commons, method: &str, path: &str, body: Value) -> (u16, String) {
    let (status, answer) = commons.call(method, path, body).await;
    (status, answer["error"]["message"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned())
}

async fn prepared() -> Commons {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    commons
        .prepare(&[("POST", "/group", json!({"name": "g"})), ("POST", "/client", json!({"clientID": "wts"}))])
        .await;
    commons
}

#[tokio::test]
async fn a_name_that_is_taken_comes_before_what_does_not_exist() {
    let commons = prepared().await;
    for (path, body, text) in [
        ("/group", json!({"name": "g", "users": ["nobody"]}), "failed to insert group"),
        ("/client", json!({"clientID": "wts", "policies": ["nope"]}), "failed to insert client"),
        ("/policy", policy("all", "/nowhere", "nope"), "failed to insert policy"),
    ] {
        let (status, message) = refused(&commons, "POST", path, body).await;
        assert!(status == 409 && message.starts_with(text), "{path}: {status} {message}");
    }
    let (status, _) = refused(&commons, "PUT", "/policy/new", policy("new", "/nowhere", "nope")).await;
    assert_eq!(status, 404, "a policy that is to be overwritten is looked for first");
}

#[tokio::test]
async fn a_group_whose_users_or_policies_are_unknown_or_named_twice_is_refused_and_not_made() {
    let commons = prepared().await;
    for method in ["POST", "PUT"] {
        for (key, list) in [
            ("users", json!(["ada", "nobody"])),
            ("users", json!(["ada", "ada"])),
            ("policies", json!(["all", "nope"])),
            ("policies", json!(["all", "all"])),
        ] {
            let body = json!({"name": "new", key: list});
            let (status, message) = refused(&commons, method, "/group", body).await;
            let expected = format!("failed to create group new while adding {key}: Some {key} do not exist");
            assert_eq!((status, message), (400, expected), "{method}");
        }
    }
    assert_eq!(commons.get("/group/new").await.0, 404);
}

#[tokio::test]
async fn of_a_membership_the_user_is_looked_for_before_the_group() {
    let commons = prepared().await;
    let add = async |group: &str, body: Value| {
        refused(&commons, "POST", &format!("/group/{group}/user"), body).await
    };
    let user = "failed to add user to group: user does not exist: `nobody`";
    assert_eq!(add("nope", json!({"username": "nobody"})).await, (400, user.into()));
    let group = "failed to add user to group: group does not exist: nope";
    assert_eq!(add("nope", json!({"username": "ada"})).await, (404, group.into()));
    assert_eq!(add("anonymous", json!({})).await, (400, "can't add users to built-in groups".into()));
    assert_eq!(add("g", json!({})).await, (400, "missing `username` argument".into()));
    let (status, message) = add("anonymous", json!({"username": "ada", "expires_at": "soon"})).await;
    assert!(status == 400 && message.starts_with("could not parse `expires_at`"), "{message}");
}

#[tokio::test]
async fn a_change_of_a_user_ignores_unknown_keys_and_finds_its_own_in_any_case() {
    let commons = prepared().await;
    assert_eq!(commons.call("PATCH", "/user/ada", json!({"Email": "a@b", "zz": 1})).await.0, 204);
    assert_eq!(commons.get("/user/ada").await.1["email"], "a@b");
    let (status, message) = refused(&commons, "PATCH", "/user/ada", json!({"zz": 1})).await;
    assert_eq!(status, 400);
    assert!(message.starts_with("body must contain at least one valid field."), "{message}");
    commons.prepare(&[("POST", "/user", json!({"name": "bob"}))]).await;
    let taken = r#"failed to update name to "bob": user with this name already exists"#;
    assert_eq!(refused(&commons, "PATCH", "/user/ada", json!({"name": "bob"})).await, (409, taken.into()));
}

#[tokio::test]
async fn what_a_new_user_is_said_to_hold_is_answered_as_it_came_and_not_kept() {
    let commons = prepared().await;
    let user = json!({"name": "eve", "groups": ["g"],
        "policies": [{"policy": "all", "expires_at": "whenever", "zz": 1}, null]});
    let (status, answer) = commons.call("POST", "/user", user).await;
    let echoed = json!([{"policy": "all", "expires_at": "whenever"}, {"policy": "", "expires_at": null}]);
    assert_eq!((status, &answer["created"]["policies"]), (201, &echoed));
    let (_, stored) = commons.get("/user").await;
    assert!(
        stored["users"].as_array().unwrap().contains(&json!({"name": "eve", "groups": [], "policies": []}))
    );
}

#[tokio::test]
async fn times_of_expiry_are_answered_with_the_offset_in_numbers() {
    let commons = prepared().await;
    let grant = json!({"policy": "all", "expires_at": "2040-01-01T02:00:00.50+02:00"});
    commons.prepare(&[("POST", "/user/ada/policy", grant)]).await;
    let expected = json!([{"policy": "all", "expires_at": "2040-01-01T00:00:00.5+00:00"}]);
    assert_eq!(commons.get("/user/ada").await.1["policies"], expected);
    assert_eq!(commons.get("/user").await.1["users"][0]["policies"], expected);
    for bad in ["2040-01-01t00:00:00Z", "2040-01-01T00:00:00z", "2040-01-01T23:59:60Z", "2040-01-01"] {
        let grant = json!({"policy": "all", "expires_at": bad});
        assert_eq!(commons.call("POST", "/user/ada/policy", grant).await.0, 400, "{bad}");
    }
}

#[tokio::test]
async fn roles_are_answered_as_the_original_reads_them_back() {
    let commons = prepared().await;
    let odd = json!({"id": "odd role", "permissions": [{"id": "a b", "action": {"service": "x(y)"}}]});
    commons
        .prepare(&[("POST", "/role", odd), ("PUT", "/policy/all", policy("all", "/programs", "odd role"))])
        .await;
    let expected = json!([{"id": "\"a b\"", "description": "", "constraints": {},
        "action": {"service": "\"x(y)\"", "method": "\"\""}}]);
    assert_eq!(commons.get("/role/odd%20role").await.1["permissions"], expected);
    let (_, roles) = commons.get("/role").await;
    assert_eq!(roles["roles"][1]["permissions"], expected, "{roles}");
    let (_, policies) = commons.get("/policy?expand").await;
    assert_eq!(policies["policies"][0]["roles"][0]["permissions"], expected);
}

#[tokio::test]
async fn a_role_with_another_name_than_the_address_is_told_before_its_permissions() {
    let commons = prepared().await;
    let expected = "roleID 'any' from URL did not match roleID 'other' from JSON";
    let body = json!({"id": "other", "permissions": []});
    assert_eq!(refused(&commons, "PUT", "/role/any", body).await, (400, expected.into()));
    let body = json!({"id": "any", "permissions": null});
    assert_eq!(refused(&commons, "PUT", "/role/any", body).await, (400, "role has no permissions".into()));
    assert_eq!(commons.call("POST", "/role", role("any", "a", "b")).await.0, 409);
}

#[tokio::test]
async fn a_bad_token_is_told_before_what_is_missing_in_the_question() {
    let commons = prepared().await;
    let bad = [("Authorization", "Bearer garbage")];
    assert_eq!(commons.send("GET", "/auth/proxy", &bad, None).await.status, 401);
    let body = json!({"user": {"token": "garbage"}, "requests": []});
    assert_eq!(commons.call("POST", "/auth/request", body).await.0, 401);

    let good = format!("Bearer {}", commons.tokens.token("ada"));
    let ask = async |query: &str| {
        let headers = [("Authorization", good.as_str())];
        let answer = commons.send("GET", &format!("/auth/proxy?{query}"), &headers, None).await;
        (answer.status, answer.json()["error"]["message"].as_str().unwrap().to_owned())
    };
    let missing = |text: &str| (400, text.to_owned());
    assert_eq!(ask("").await, missing("auth request missing `method` argument"));
    assert_eq!(
        ask("method=m&resource=/a&service=").await,
        missing("auth proxy request missing `service` argument")
    );
    assert_eq!(ask("method=m&service=s").await, missing("auth proxy request missing `resource` argument"));
}

#[tokio::test]
async fn a_mapping_is_asked_for_by_exactly_one_name() {
    let commons = prepared().await;
    let text = "must provide a token or specify exactly one of `username` or `clientID` in the request body";
    for body in [json!({}), json!({"username": "a", "clientID": "b"}), json!({"username": ""})] {
        assert_eq!(refused(&commons, "POST", "/auth/mapping", body).await, (400, text.into()));
    }
    let blank = commons.send("POST", "/auth/mapping", &[], Some(b" ".to_vec())).await;
    assert_eq!(
        (blank.status, blank.json()["error"]["message"].clone()),
        (400, json!("could not parse JSON: unexpected end of JSON input"))
    );
}
