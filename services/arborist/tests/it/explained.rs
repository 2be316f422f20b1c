//! Why somebody may or may not, who may, and what changed.

use arborist::operator;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::commons::{Commons, policy, role};

async fn prepared() -> Commons {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    commons
        .prepare(&[
            ("PUT", "/resource", json!({"name": "services", "subresources": [{"name": "arborist"}]})),
            ("POST", "/role", role("administrator", "arborist", "*")),
            ("POST", "/policy", policy("administration", "/services/arborist", "administrator")),
            ("POST", "/user", json!({"name": "root"})),
            ("POST", "/user/root/policy", json!({"policy": "administration"})),
            ("POST", "/user", json!({"name": "bob"})),
            ("POST", "/group", json!({"name": "team", "users": ["bob"], "policies": ["read-A"]})),
        ])
        .await;
    commons
}

async fn ask(commons: &Commons, user: Option<&str>, path: &str) -> (u16, Value) {
    let token = user.map(|user| format!("Bearer {}", commons.tokens.token(user)));
    let headers: Vec<(&str, &str)> = token.iter().map(|token| ("Authorization", token.as_str())).collect();
    let answer = commons.send("GET", path, &headers, None).await;
    (answer.status, answer.json())
}

const READ_A: &str = "/v1/explain?resource=/programs/A/x&service=indexd&method=read";

#[tokio::test]
async fn what_permits_something_is_told_with_policy_group_role_and_time() {
    let commons = prepared().await;
    let (status, answer) = ask(&commons, Some("bob"), READ_A).await;
    assert_eq!((status, &answer["allowed"], &answer["user"]), (200, &json!(true), &json!("bob")));
    let expected = json!([{"policy": "read-A", "via": {"group": "team"}, "label": null, "expires_at": null,
        "resource": "/programs/A", "role": "reader", "permits": {"service": "indexd", "method": "read"}}]);
    assert_eq!(answer["because"], expected);

    let grant = json!({"policy": "all", "expires_at": "2040-01-01T00:00:00Z"});
    let granted = commons.call_as("POST", "/user/bob/policy", Some("requestor"), grant).await;
    assert_eq!(granted.0, 204);
    let (_, answer) = ask(&commons, Some("BOB"), READ_A).await;
    let both = answer["because"].as_array().unwrap();
    assert_eq!((both.len(), &both[0]["policy"]), (2, &json!("read-A")), "the nearest resource comes first");
    assert_eq!(
        (&both[1]["via"], &both[1]["label"], &both[1]["expires_at"]),
        (&json!("user"), &json!("requestor"), &json!("2040-01-01T00:00:00Z"))
    );
}

#[tokio::test]
async fn what_is_missing_is_told_and_how_it_could_be_had_to_administrators_alone() {
    let commons = prepared().await;
    let past = json!({"policy": "all", "expires_at": "2020-01-01T00:00:00Z"});
    commons.prepare(&[("POST", "/user/bob/policy", past)]).await;
    let path = "/v1/explain?resource=/programs/A&service=indexd&method=update";
    let (status, own) = ask(&commons, Some("bob"), path).await;
    assert_eq!((status, &own["allowed"], &own["because"]), (200, &json!(false), &json!([])));
    assert_eq!(own["expired"][0]["policy"], "all");
    assert_eq!(own["otherwise"], json!([{"service": "indexd", "method": "read"}]));
    assert_eq!((own.get("remedies"), own.get("approvers")), (None, None), "that is for administrators");
    let (_, reading_b) =
        ask(&commons, Some("bob"), "/v1/explain?resource=/programs/B&service=indexd&method=read").await;
    assert_eq!(reading_b["elsewhere"], json!(["/programs/A"]));

    let (status, of_bob) = ask(&commons, Some("root"), &format!("{path}&user=bob")).await;
    assert_eq!((status, &of_bob["user"], &of_bob["allowed"]), (200, &json!("bob"), &json!(false)));
    let remedy = json!([{"policy": "all", "resource": "/programs", "groups": []}]);
    assert_eq!((&of_bob["remedies"], &of_bob["approvers"]), (&remedy, &json!([])));
}

#[tokio::test]
async fn others_are_for_administrators_and_everything_needs_a_login() {
    let commons = prepared().await;
    let who = "/v1/who?resource=/programs/A";
    for path in [READ_A, who, "/v1/changes?since=2020-01-01T00:00:00Z"] {
        let (status, problem) = ask(&commons, None, path).await;
        assert_eq!(
            (status, &problem["status"], &problem["title"]),
            (401, &json!(401), &json!("Unauthorized"))
        );
    }
    for path in [&format!("{READ_A}&user=root"), who, "/v1/changes?since=2020-01-01T00:00:00Z&user=root"] {
        assert_eq!(ask(&commons, Some("bob"), path).await.0, 403, "{path}");
        assert_eq!(ask(&commons, Some("root"), path).await.0, 200, "{path}");
    }
    assert_eq!(ask(&commons, Some("bob"), &format!("{READ_A}&user=BOB")).await.0, 200, "oneself");
    for bad in ["/v1/explain", "/v1/explain?resource=programs", "/v1/explain?resource=/a%20b", "/v1/changes"]
    {
        let (status, problem) = ask(&commons, Some("root"), bad).await;
        assert_eq!((status, &problem["status"]), (400, &json!(400)), "{bad}: {problem}");
    }
}

#[tokio::test]
async fn of_a_user_through_a_client_both_must_hold_something() {
    let commons = prepared().await;
    commons.prepare(&[("POST", "/client", json!({"clientID": "wts"}))]).await;
    let token = commons.tokens.token_with("bob", |claims| claims.azp = Some("wts".into()));
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str())];
    let explained = commons.send("GET", READ_A, &headers, None).await.json();
    assert_eq!((&explained["allowed"], &explained["client"]), (&json!(false), &json!("wts")));
    commons.prepare(&[("POST", "/client/wts/policy", json!({"policy": "all"}))]).await;
    let explained = commons.send("GET", READ_A, &headers, None).await.json();
    assert_eq!(explained["allowed"], true);
    assert!(
        explained["because"].as_array().unwrap().iter().any(|one| one["via"] == json!({"client": "wts"}))
    );
}

#[tokio::test]
async fn explanations_agree_with_decisions() {
    let commons = prepared().await;
    commons.prepare(&[("POST", "/group/logged-in/policy", json!({"policy": "read-A"}))]).await;
    for user in ["ada", "bob", "root", "stranger"] {
        for resource in
            ["/programs", "/programs/A", "/programs/A/x/y", "/programs/B", "/services/arborist", "/no"]
        {
            for (service, method) in
                [("indexd", "read"), ("indexd", "update"), ("arborist", "read"), ("*", "*")]
            {
                let path = format!("/v1/explain?resource={resource}&service={service}&method={method}");
                let (_, explained) = ask(&commons, Some(user), &path).await;
                let action = json!({"service": service, "method": method});
                let asked =
                    json!({"user": {"user_id": user}, "request": {"resource": resource, "action": action}});
                let (_, decided) = commons.call("POST", "/auth/request", asked).await;
                assert_eq!(explained["allowed"], decided["auth"], "{user} {path}: {explained}");
            }
        }
    }
}

#[tokio::test]
async fn who_may_is_told_with_policies_and_the_last_time() {
    let commons = prepared().await;
    let grant = json!({"policy": "all", "expires_at": "2040-01-01T00:00:00Z"});
    commons
        .prepare(&[
            ("POST", "/user/ada/policy", grant),
            ("POST", "/group/anonymous/policy", json!({"policy": "read-A"})),
            ("POST", "/client", json!({"clientID": "wts", "policies": ["read-A"]})),
        ])
        .await;
    let (_, circle) =
        ask(&commons, Some("root"), "/v1/who?resource=/programs/A&service=indexd&method=read").await;
    let expected = json!({
        "everybody": [{"who": "anonymous", "policies": ["read-A"], "expires_at": null}],
        "users": [{"who": "ada", "policies": ["all"], "expires_at": "2040-01-01T00:00:00Z"},
                  {"who": "bob", "policies": ["read-A"], "expires_at": null}],
        "clients": [{"who": "wts", "policies": ["read-A"], "expires_at": null}],
        "more": false,
    });
    assert_eq!(circle, expected);
}

async fn texts(commons: &Commons, user: &str, since: DateTime<Utc>) -> Vec<String> {
    let history = operator::changes(&commons.database.pool, user, since).await.expect("the log answers");
    history.events.iter().map(arborist::explain::Event::in_words).collect()
}

#[tokio::test]
async fn what_changed_for_a_user_is_told_whichever_way_it_came() {
    let commons = prepared().await;
    let since: DateTime<Utc> =
        sqlx::query_scalar("select clock_timestamp()").fetch_one(&commons.database.pool).await.unwrap();
    assert_eq!(texts(&commons, "bob", since).await, [""; 0]);
    let later = json!({"policy": "all", "expires_at": "2040-01-01T00:00:00Z"});
    commons
        .prepare(&[
            ("POST", "/user/bob/policy", json!({"policy": "all"})),
            ("POST", "/user/bob/policy", later),
            ("PUT", "/policy/read-A", policy("read-A", "/programs/B", "reader")),
            ("DELETE", "/user/bob/policy/all", json!(null)),
            ("DELETE", "/group/team", json!(null)),
            ("POST", "/user/ada/policy", json!({"policy": "all"})),
        ])
        .await;
    let expected = [
        "bob left the group team",
        "revoked all from bob",
        "granted /programs/B to the policy read-A",
        "revoked /programs/A from the policy read-A",
        "time or label of all of bob changed",
        "granted all to bob",
    ];
    let told = texts(&commons, "BOB", since).await;
    let mut told_of_team: Vec<&str> = told.iter().map(String::as_str).collect();
    told_of_team.retain(|line| *line != "revoked read-A from the group team");
    assert_eq!(told_of_team, expected, "{told:?}");

    let (status, answer) = ask(&commons, Some("bob"), "/v1/changes?since=2020-01-01T00:00:00Z").await;
    assert_eq!((status, &answer["user"], &answer["more"]), (200, &json!("bob"), &json!(false)));
    assert!(answer["events"].as_array().unwrap().len() > expected.len());
}

#[tokio::test]
async fn the_log_of_grants_is_only_added_to_and_names_what_is_gone() {
    let commons = prepared().await;
    let pool = &commons.database.pool;
    let since = DateTime::UNIX_EPOCH;
    commons.prepare(&[("DELETE", "/user/bob", json!(null))]).await;
    assert!(texts(&commons, "bob", since).await.contains(&"bob left the group team".to_owned()));
    for statement in ["delete from grant_log", "update grant_log set holder = 'eve'"] {
        assert!(sqlx::raw_sql(statement).execute(pool).await.is_err(), "{statement}");
    }
    let prune = "begin; set local arborist.prune_grant_log = 'on'; delete from grant_log; commit";
    sqlx::raw_sql(prune).execute(pool).await.unwrap();
    assert_eq!(texts(&commons, "bob", since).await, [""; 0]);
}
