//! Every endpoint, called by nobody, by somebody without rights and by somebody who may.

use fence::credentials::{access_token, create_api_key};
use indexclient::Record;
use serde_json::{Value, json};
use testing::endpoints::{Case, Kind, check};

use crate::world::{BUCKET, World, answer};

/// The endpoint that takes a form where all others take JSON.
const REVOKE: &str = "/oauth2/revoke";

/// Statuses for anybody, and for those who have no right to the file or the upload.
const PUBLIC: [u16; 3] = [200; 3];
const READERS: [u16; 3] = [401, 401, 200];
const UPLOADERS: [u16; 3] = [401, 403, 201];
/// For whoever is logged in.
const USERS: [u16; 3] = [401, 200, 200];

fn public() -> Vec<Case> {
    let get = |path: &'static str| Case::new("GET", path, path, PUBLIC);
    vec![
        get("/"),
        get("/_status"),
        get("/_version"),
        get("/jwt/keys"),
        get("/.well-known/jwks"),
        get("/.well-known/openid-configuration"),
        get("/oauth2/errors"),
        get("/data/buckets"),
        get("/login"),
        Case::new("GET", "/login/dev", "/login/dev?redirect=/", PUBLIC),
        // Without the token of its form.
        Case::new("POST", "/login/dev", "/login/dev", [400; 3]),
        Case::new("GET", "/login/{idp}", "/login/google?redirect=/", [302; 3]),
        // No such provider.
        Case::new("GET", "/login/{idp}/login", "/login/nope/login", [404; 3]),
        Case::new("GET", "/logout", "/logout", [302; 3]),
        // This commons has no policy, and nobody registers.
        Case::new("GET", "/privacy-policy", "/privacy-policy", [404; 3]),
        Case::new("GET", "/register", "/register", [404; 3]),
        Case::new("POST", "/register", "/register", [404; 3]),
        // Without a client.
        Case::new("GET", "/oauth2/authorize", "/oauth2/authorize?prompt=consent", [302; 3]),
        Case::new("POST", "/oauth2/authorize", "/oauth2/authorize", [302; 3]),
        Case::new("POST", "/oauth2/consent", "/oauth2/consent", [401; 3]),
        Case::new("POST", "/oauth2/token", "/oauth2/token", [400; 3]),
        Case::new("POST", "/credentials/token/denylisted", "/credentials/token/denylisted", PUBLIC),
    ]
}

fn credentials(somebodys_key: &str) -> Vec<Case> {
    let mut cases = vec![
        Case::new("GET", "/user", "/user", USERS),
        Case::new("POST", "/user", "/user", USERS),
        Case::new("GET", "/credentials", "/credentials", USERS),
        Case::new("GET", "/credentials/{backend}", "/credentials/nope", [401, 400, 400]),
        Case::new("POST", "/credentials/{backend}", "/credentials/nope", [401, 400, 400]),
        Case::new("POST", REVOKE, REVOKE, [403, 403, 200]).with(json!({ "token": somebodys_key })),
    ];
    for [keys, key, token] in [
        ["/credentials/api", "/credentials/api/{jti}", "/credentials/api/access_token"],
        ["/credentials/cdis", "/credentials/cdis/{jti}", "/credentials/cdis/access_token"],
    ] {
        cases.extend([
            Case::new("GET", keys, keys, USERS),
            Case::new("POST", keys, keys, USERS).with(json!({})),
            Case::new("DELETE", key, &format!("{keys}/none"), [401, 404, 404]),
            // The key is the only proof; this is not one.
            Case::new("POST", token, token, [401; 3]).with(json!({ "api_key": "x" })),
        ]);
    }
    cases
}

/// For administrators only.
fn administration() -> Vec<Case> {
    let admins = |then: u16| [403, 403, then];
    let mut cases = vec![
        Case::new("GET", "/admin/register", "/admin/register", admins(200)),
        Case::new("GET", "/admin/groups", "/admin/groups", admins(200)),
        Case::new("POST", "/admin/groups", "/admin/groups", admins(400)).with(json!({})),
        Case::new("GET", "/admin/groups/{name}", "/admin/groups/x", admins(400)),
        Case::new("PUT", "/admin/groups/{name}", "/admin/groups/x", admins(400)).with(json!({})),
        Case::new("DELETE", "/admin/groups/{name}", "/admin/groups/x", admins(404)),
        Case::new("GET", "/admin/groups/{name}/users", "/admin/groups/x/users", admins(404)),
        Case::new("GET", "/admin/projects", "/admin/projects", admins(200)),
        Case::new("GET", "/admin/projects/{name}", "/admin/projects/x", admins(404)),
        Case::new("POST", "/admin/projects/{name}", "/admin/projects/p", admins(200)).with(json!({})),
        Case::new("DELETE", "/admin/projects/{name}", "/admin/projects/x", admins(404)),
        Case::new("PUT", "/admin/projects/{name}/groups", "/admin/projects/x/groups", admins(404))
            .with(json!({ "groups": ["x"] })),
        Case::new("GET", "/admin/projects/{name}/bucket", "/admin/projects/x/bucket", admins(404)),
    ];
    let projects = "/admin/groups/{name}/projects";
    for (method, status) in [("GET", 400), ("PUT", 404), ("DELETE", 404)] {
        let body = if method == "GET" { Value::Null } else { json!({ "projects": [] }) };
        cases.push(Case::new(method, projects, "/admin/groups/x/projects", admins(status)).with(body));
    }
    for [all, one, soft, back, groups, projects] in [
        [
            "/admin/user",
            "/admin/user/{username}",
            "/admin/user/{username}/soft",
            "/admin/user/{username}/reactivate",
            "/admin/user/{username}/groups",
            "/admin/user/{username}/projects",
        ],
        [
            "/admin/users",
            "/admin/users/{username}",
            "/admin/users/{username}/soft",
            "/admin/users/{username}/reactivate",
            "/admin/users/{username}/groups",
            "/admin/users/{username}/projects",
        ],
    ] {
        let of = |path: &str| path.replace("{username}", "none");
        cases.extend([
            Case::new("GET", all, all, admins(200)),
            Case::new("POST", all, all, admins(400)).with(json!({})),
            Case::new("GET", one, &of(one), admins(404)),
            Case::new("PUT", one, &of(one), admins(404)).with(json!({})),
            Case::new("DELETE", one, &of(one), admins(404)),
            Case::new("DELETE", soft, &of(soft), admins(404)),
            Case::new("POST", back, &of(back), admins(404)),
            Case::new("GET", groups, &of(groups), admins(404)),
            Case::new("PUT", groups, &of(groups), admins(404)).with(json!({})),
            Case::new("DELETE", groups, &of(groups), admins(404)).with(json!({})),
            Case::new("PUT", projects, &of(projects), admins(404)).with(json!({})),
            Case::new("DELETE", projects, &of(projects), admins(404)).with(json!({})),
        ]);
    }
    cases
}

fn files() -> Vec<Case> {
    let file = json!({ "file_name": "f" });
    let part = json!({ "key": "guarded/f", "uploadId": "u", "partNumber": 1 });
    let parts = json!({ "key": "guarded/f", "uploadId": "u", "parts": [{ "PartNumber": 1, "ETag": "x" }] });
    let bulk =
        json!({ "bulk_object_access_ids": [{ "bulk_object_id": "guarded", "bulk_access_ids": ["s3"] }] });
    let objects = "/ga4gh/drs/v1/objects";
    let url = format!("{objects}/guarded/access");
    let access = "/ga4gh/drs/v1/objects/{id:.+}/access/{access_id:[^/]+}";
    let no_access_id = "/ga4gh/drs/v1/objects/{id:.+}/access";
    vec![
        Case::new("GET", "/data/download/{guid:.+}", "/data/download/guarded", READERS),
        Case::new("POST", "/data/download/bulk", "/data/download/bulk", PUBLIC)
            .with(json!({ "guids": ["guarded"] })),
        Case::new("POST", "/data/upload", "/data/upload", UPLOADERS).with(file.clone()),
        Case::new("GET", "/data/upload/{guid:.+}", "/data/upload/guarded", READERS),
        Case::new("POST", "/data/multipart/init", "/data/multipart/init", UPLOADERS).with(file),
        Case::new("POST", "/data/multipart/upload", "/data/multipart/upload", [401, 403, 200]).with(part),
        // The store knows no such upload.
        Case::new("POST", "/data/multipart/complete", "/data/multipart/complete", [401, 403, 404])
            .with(parts),
        // Its bytes are missing.
        Case::new("DELETE", "/data/{guid:.+}", "/data/guarded", [401, 403, 404]),
        Case::new("GET", access, &format!("{url}/s3"), READERS),
        Case::new("POST", access, &format!("{url}/s3"), READERS).with(json!({})),
        Case::new("GET", no_access_id, &url, [400; 3]),
        Case::new("POST", no_access_id, &url, [400; 3]),
        Case::new("POST", "/ga4gh/drs/v1/objects/access", &format!("{objects}/access"), READERS).with(bulk),
    ]
}

/// A fence with a guarded file, every endpoint, and tokens: of somebody without rights, of somebody who may,
/// and one that has expired.
struct Scene {
    world: World,
    cases: Vec<Case>,
    stranger: String,
    permitted: String,
    expired: String,
}

async fn scene() -> Scene {
    let world = World::new().await;
    world.index.put(Record {
        did: "guarded".into(),
        size: Some(1),
        authz: vec!["/data_file".into()],
        urls: vec![format!("s3://{BUCKET}/guarded/f")],
        ..Record::default()
    });
    let token = async |name: &str, life| {
        let scopes = ["openid", "user", "data", "credentials"].map(String::from).to_vec();
        access_token(&world.fence, name, life, Some(scopes)).await.unwrap()
    };
    let somebodys_key = create_api_key(&world.fence, "ada", None).await.unwrap().api_key;
    let (stranger, permitted) = (token("nobody", 60).await, token("everything", 60).await);
    let expired = token("everything", -10).await;
    let cases = [public(), credentials(&somebodys_key), administration(), files()].concat();
    Scene { world, cases, stranger, permitted, expired }
}

impl Scene {
    async fn call(&self, case: &Case, token: Option<&str>) -> u16 {
        let mut request = self.world.request(case.verb(), &case.url);
        if case.path == REVOKE {
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(format!("token={}", case.body["token"].as_str().unwrap()));
        } else if case.body != Value::Null {
            request = request.json(&case.body);
        }
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        answer(request).await.0
    }
}

#[tokio::test]
async fn every_endpoint_answers_every_kind_of_caller_as_the_table_says() {
    let scene = scene().await;
    check(fence::endpoints(), &scene.cases, async |case, kind| {
        let token = match kind {
            Kind::Anonymous => None,
            Kind::Stranger => Some(scene.stranger.as_str()),
            Kind::Permitted => Some(scene.permitted.as_str()),
        };
        scene.call(case, token).await
    })
    .await;
}

#[tokio::test]
async fn an_expired_token_opens_nothing() {
    let scene = scene().await;
    for case in &scene.cases {
        let status = scene.call(case, Some(&scene.expired)).await;
        let [anonymous, ..] = case.statuses;
        assert!(status == anonymous || status == 401, "{} {}: {status}", case.method, case.url);
    }
}
