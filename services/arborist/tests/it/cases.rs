//! A request to each endpoint, with its status for nobody, for a stranger and for somebody who may. The tests
//! of a whole commons send the same requests.
//!
//! arborist takes what its callers say for true: only the other services reach most endpoints. What a token
//! decides is `GET /auth/proxy`; what a token changes are the answers of the other `/auth` endpoints.

use serde_json::{Value, json};
use testing::endpoints::Case;

/// Everything. The program A is there with the policy `read-A` and the role `reader`, and `tag` is the tag of
/// a resource. What is made is called `new`, and ada is a user.
pub(crate) fn cases(tag: &str, new: &str) -> Vec<Case> {
    [asked(), objects(tag, new), holders(new)].concat()
}

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
        open("PUT", "/v1/standing", "/v1/standing", 200)
            .with(json!({"users": ["nobody of this name"], "standing": "active"})),
        // The token of the body counts, and there is none.
        open("POST", "/auth/resources", "/auth/resources", 401).with(json!({"user": {"user_id": "ada"}})),
    ]
}

fn objects(tag: &str, new: &str) -> Vec<Case> {
    let policy = |id: &str| json!({"id": id, "resource_paths": ["/programs/A"], "role_ids": ["reader"]});
    let role = json!({"id": new, "permissions": [{"id": "p", "action": {"service": "s", "method": "m"}}]});
    let read_a = policy("read-A");
    let at = |path: &str| format!("{path}/{new}");
    vec![
        open("GET", "/policy", "/policy", 200),
        creates("POST", "/policy", "/policy", policy(new)),
        open("PUT", "/policy", "/policy", 201).with(read_a.clone()),
        open("PUT", "/bulk/policy", "/bulk/policy", 201).with(json!([read_a])),
        open("GET", "/policy/{id}", "/policy/read-A", 200),
        open("PUT", "/policy/{id}", "/policy/read-A", 201).with(read_a.clone()),
        open("DELETE", "/policy/{id}", &at("/policy"), 204),
        open("GET", "/resource", "/resource", 200),
        creates("POST", "/resource", "/resource", json!({"name": new})),
        open("PUT", "/resource", "/resource", 201).with(json!({"name": new})),
        open("GET", "/resource/tag/{tag}", &format!("/resource/tag/{tag}"), 200),
        open("GET", "/resource/{path:.*}", "/resource/programs/A", 200),
        creates("POST", "/resource/{path:.*}", &at("/resource"), json!({"name": "below"})),
        open("PUT", "/resource/{path:.*}", &at("/resource"), 201).with(json!({"name": "below"})),
        open("DELETE", "/resource/{path:.*}", &at("/resource"), 204),
        open("GET", "/role", "/role", 200),
        creates("POST", "/role", "/role", role.clone()),
        open("GET", "/role/{id}", "/role/reader", 200),
        open("PUT", "/role/{id}", &at("/role"), 200).with(role),
        open("DELETE", "/role/{id}", &at("/role"), 204),
    ]
}

fn holders(new: &str) -> Vec<Case> {
    let at = |path: &str| format!("{path}/{new}");
    let below = |path: &str, rest: &str| format!("{path}/{new}{rest}");
    let read_a = json!({"policy": "read-A"});
    vec![
        open("GET", "/user", "/user", 200),
        creates("POST", "/user", "/user", json!({"name": new})),
        open("GET", "/user/{name}", &at("/user"), 200),
        open("PATCH", "/user/{name}", &at("/user"), 204).with(json!({"email": format!("{new}@example.org")})),
        open("POST", "/user/{name}/policy", &below("/user", "/policy"), 204).with(read_a.clone()),
        // Revoked by the first caller, it cannot be revoked again.
        Case::new(
            "DELETE",
            "/user/{name}/policy/{policy}",
            &below("/user", "/policy/read-A"),
            [204, 400, 400],
        ),
        open("POST", "/user/{name}/bulk/policy", &below("/user", "/bulk/policy"), 204).with(json!([read_a])),
        open("DELETE", "/user/{name}/policy", &below("/user", "/policy"), 204),
        open("GET", "/user/{name}/resources", &below("/user", "/resources"), 200),
        open("DELETE", "/user/{name}", &at("/user"), 204),
        open("DELETE", "/user/{name:.+}", &below("/user", "%2Fer"), 204),
        open("GET", "/group", "/group", 200),
        creates("POST", "/group", "/group", json!({"name": new})),
        open("PUT", "/group", "/group", 201).with(json!({"name": new})),
        open("GET", "/group/{name}", &at("/group"), 200),
        open("POST", "/group/{name}/user", &below("/group", "/user"), 204).with(json!({"username": "ada"})),
        open("DELETE", "/group/{name}/user/{user}", &below("/group", "/user/ada"), 204),
        open("POST", "/group/{name}/policy", &below("/group", "/policy"), 204).with(read_a.clone()),
        open("DELETE", "/group/{name}/policy/{policy}", &below("/group", "/policy/read-A"), 204),
        open("DELETE", "/group/{name}", &at("/group"), 204),
        open("GET", "/client", "/client", 200),
        creates("POST", "/client", "/client", json!({"clientID": new})),
        open("GET", "/client/{id}", &at("/client"), 200),
        open("POST", "/client/{id}/policy", &below("/client", "/policy"), 204).with(read_a),
        open("DELETE", "/client/{id}/policy", &below("/client", "/policy"), 204),
        open("DELETE", "/client/{id}/policy/{policy}", &below("/client", "/policy/read-A"), 204),
        open("DELETE", "/client/{id}", &at("/client"), 204),
        open("PUT", "/timed", "/timed", 200).with(json!({"username": "eve", "label": "x", "rights": {}})),
    ]
}
