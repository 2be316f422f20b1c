//! Every endpoint and every kind of caller.
//!
//! arborist takes what its callers say for true: only the other services reach most endpoints. What a token
//! decides is `GET /auth/proxy`; what a token changes are the answers of the other `/auth` endpoints
//! (`decisions`, `refusals`).

use serde_json::{Value, json};
use testing::endpoints::{Case, Kind, check};

use crate::commons::{Commons, policy, role};

/// Whoever calls gets the same answer.
fn open(method: &'static str, path: &'static str, url: &str, status: u16) -> Case {
    Case::new(method, path, url, [status; 3])
}

/// Whoever calls first creates something.
fn creates(method: &'static str, path: &'static str, url: &str, body: Value) -> Case {
    Case::new(method, path, url, [201, 409, 409]).with(body)
}

fn asked() -> Vec<Case> {
    let question = json!({"resource": "/programs/A", "action": {"service": "indexd", "method": "read"}});
    vec![
        open("GET", "/health", "/health", 200),
        open("POST", "/auth/request", "/auth/request", 200).with(json!({ "request": question })),
        Case::new(
            "GET",
            "/auth/proxy",
            "/auth/proxy?resource=/programs/A&service=indexd&method=read",
            [401, 403, 200],
        ),
        open("GET", "/auth/mapping", "/auth/mapping", 200),
        open("POST", "/auth/mapping", "/auth/mapping", 200),
        open("GET", "/auth/resources", "/auth/resources", 200),
        Case::new("GET", "/v1/explain", "/v1/explain?resource=/programs/A", [401, 200, 200]),
        Case::new("GET", "/v1/who", "/v1/who?resource=/programs/A", [401, 403, 200]),
        Case::new("GET", "/v1/changes", "/v1/changes?since=2030-01-01T00:00:00Z", [401, 200, 200]),
        // The token of the body counts, and there is none.
        open("POST", "/auth/resources", "/auth/resources", 401).with(json!({"user": {"user_id": "ada"}})),
    ]
}

fn objects(tag: &str) -> Vec<Case> {
    let read_a = policy("read-A", "/programs/A", "reader");
    vec![
        open("GET", "/policy", "/policy", 200),
        creates("POST", "/policy", "/policy", policy("new", "/programs", "any")),
        open("PUT", "/policy", "/policy", 201).with(read_a.clone()),
        open("PUT", "/bulk/policy", "/bulk/policy", 201).with(json!([read_a])),
        open("GET", "/policy/{id}", "/policy/read-A", 200),
        open("PUT", "/policy/{id}", "/policy/read-A", 201).with(read_a.clone()),
        open("DELETE", "/policy/{id}", "/policy/new", 204),
        open("GET", "/resource", "/resource", 200),
        creates("POST", "/resource", "/resource", json!({"name": "new"})),
        open("PUT", "/resource", "/resource", 201).with(json!({"name": "new"})),
        open("GET", "/resource/tag/{tag}", &format!("/resource/tag/{tag}"), 200),
        open("GET", "/resource/{path:.*}", "/resource/programs/A", 200),
        creates("POST", "/resource/{path:.*}", "/resource/new", json!({"name": "below"})),
        open("PUT", "/resource/{path:.*}", "/resource/new", 201).with(json!({"name": "below"})),
        open("DELETE", "/resource/{path:.*}", "/resource/new", 204),
        open("GET", "/role", "/role", 200),
        creates("POST", "/role", "/role", role("new", "s", "m")),
        open("GET", "/role/{id}", "/role/reader", 200),
        open("PUT", "/role/{id}", "/role/new", 200).with(role("new", "s", "m")),
        open("DELETE", "/role/{id}", "/role/new", 204),
    ]
}

fn holders() -> Vec<Case> {
    let read_a = json!({"policy": "read-A"});
    vec![
        open("GET", "/user", "/user", 200),
        creates("POST", "/user", "/user", json!({"name": "new"})),
        open("GET", "/user/{name}", "/user/new", 200),
        open("PATCH", "/user/{name}", "/user/new", 204).with(json!({"email": "new@example.org"})),
        open("POST", "/user/{name}/policy", "/user/new/policy", 204).with(read_a.clone()),
        // Revoked by the first caller, it cannot be revoked again.
        Case::new("DELETE", "/user/{name}/policy/{policy}", "/user/new/policy/read-A", [204, 400, 400]),
        open("POST", "/user/{name}/bulk/policy", "/user/new/bulk/policy", 204).with(json!([read_a])),
        open("DELETE", "/user/{name}/policy", "/user/new/policy", 204),
        open("GET", "/user/{name}/resources", "/user/new/resources", 200),
        open("DELETE", "/user/{name}", "/user/new", 204),
        open("DELETE", "/user/{name:.+}", "/user/new%2Fer", 204),
        open("GET", "/group", "/group", 200),
        creates("POST", "/group", "/group", json!({"name": "new"})),
        open("PUT", "/group", "/group", 201).with(json!({"name": "new"})),
        open("GET", "/group/{name}", "/group/new", 200),
        open("POST", "/group/{name}/user", "/group/new/user", 204).with(json!({"username": "ada"})),
        open("DELETE", "/group/{name}/user/{user}", "/group/new/user/ada", 204),
        open("POST", "/group/{name}/policy", "/group/new/policy", 204).with(read_a.clone()),
        open("DELETE", "/group/{name}/policy/{policy}", "/group/new/policy/read-A", 204),
        open("DELETE", "/group/{name}", "/group/new", 204),
        open("GET", "/client", "/client", 200),
        creates("POST", "/client", "/client", json!({"clientID": "new"})),
        open("GET", "/client/{id}", "/client/new", 200),
        open("POST", "/client/{id}/policy", "/client/new/policy", 204).with(read_a),
        open("DELETE", "/client/{id}/policy", "/client/new/policy", 204),
        open("DELETE", "/client/{id}/policy/{policy}", "/client/new/policy/read-A", 204),
        open("DELETE", "/client/{id}", "/client/new", 204),
    ]
}

#[tokio::test]
async fn every_endpoint_answers_every_kind_of_caller_as_the_table_says() {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    commons
        .prepare(&[
            ("PUT", "/resource", json!({"name": "services"})),
            ("POST", "/role", role("administrator", "arborist", "read")),
            ("POST", "/policy", policy("administration", "/services", "administrator")),
            ("POST", "/user/ada/policy", json!({"policy": "administration"})),
            ("POST", "/user/ada/policy", json!({"policy": "read-A"})),
        ])
        .await;
    let (_, program) = commons.get("/resource/programs").await;
    let tag = program["tag"].as_str().expect("a resource has a tag");
    let bearer = |name: &str| format!("Bearer {}", commons.tokens.token(name));
    let (stranger, permitted) = (bearer("stranger"), bearer("ada"));
    let call = async |case: &Case, kind: Kind| {
        let headers: &[(&str, &str)] = match kind {
            Kind::Anonymous => &[],
            Kind::Stranger => &[("Authorization", &stranger)],
            Kind::Permitted => &[("Authorization", &permitted)],
        };
        let body = (!case.body.is_null()).then(|| case.body.to_string().into_bytes());
        commons.send(case.verb(), &case.url, headers, body).await.status
    };
    let cases = [asked(), objects(tag), holders()].concat();
    check(arborist::endpoints(), &cases, call).await;
}
