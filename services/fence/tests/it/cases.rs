//! A request to each endpoint, with its status for nobody, for a stranger and for somebody who may. The tests
//! of a whole commons send the same requests.

use serde_json::{Value, json};
use testing::endpoints::Case;

/// Statuses for anybody, and for those who have no right to the file or the upload.
const PUBLIC: [u16; 3] = [200; 3];
const READERS: [u16; 3] = [401, 401, 200];
const UPLOADERS: [u16; 3] = [401, 403, 201];
/// For whoever is logged in.
const USERS: [u16; 3] = [401, 200, 200];

/// What requests are about.
pub(crate) struct Objects {
    /// A file in the resource `/data_file`.
    pub(crate) guarded: String,
    /// The API key of another user.
    pub(crate) somebodys_key: String,
    /// The API key with which the caller wants an access token.
    pub(crate) own_key: String,
    /// The id of a workspace's key, which nobody has made.
    pub(crate) workspace_key: String,
    /// Name of a project that is made.
    pub(crate) project: String,
}

/// Everything.
pub(crate) fn cases(objects: &Objects) -> Vec<Case> {
    [public(), credentials(objects), administration(&objects.project), files(&objects.guarded), google()]
        .concat()
}

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
        // There are no local accounts.
        Case::new("GET", "/login/local", "/login/local?redirect=/", [404; 3]),
        Case::new("POST", "/login/local", "/login/local", [404; 3]),
        Case::new("GET", "/login/local/code", "/login/local/code", [404; 3]),
        Case::new("POST", "/login/local/code", "/login/local/code", [404; 3]),
        Case::new("GET", "/login/local/invitation", "/login/local/invitation", [404; 3]),
        Case::new("POST", "/login/local/invitation", "/login/local/invitation", [404; 3]),
        Case::new("GET", "/login/local/password", "/login/local/password", [404; 3]),
        Case::new("POST", "/login/local/password", "/login/local/password", [404; 3]),
        Case::new("GET", "/login/local/second-factor", "/login/local/second-factor", [404; 3]),
        Case::new("POST", "/login/local/second-factor", "/login/local/second-factor", [404; 3]),
        // No such provider.
        Case::new("GET", "/login/{idp}/login", "/login/nope/login", [404; 3]),
        Case::new("GET", "/login/ras/callback", "/login/ras/callback", [404; 3]),
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

fn credentials(objects: &Objects) -> Vec<Case> {
    let mut cases = vec![
        Case::new("GET", "/user", "/user", USERS),
        Case::new("POST", "/user", "/user", USERS),
        // Of browsers alone: whoever has a token has no session.
        Case::new("GET", "/v1/session", "/v1/session", [401; 3]),
        Case::new("GET", "/user/anyaccess", "/user/anyaccess", [401, 403, 200]),
        Case::new("GET", "/user/cert", "/user/cert", USERS),
        Case::new("GET", "/user/cert/{name}", "/user/cert/nope", [401, 404, 404]),
        Case::new("PUT", "/user/cert/{name}", "/user/cert/quiz?extension=txt", [401, 201, 201])
            .with(json!({"passed": true})),
        Case::new("GET", "/credentials", "/credentials", USERS),
        Case::new("GET", "/credentials/{backend}", "/credentials/nope", [401, 400, 400]),
        Case::new("POST", "/credentials/{backend}", "/credentials/nope", [401, 400, 400]),
        Case::new("POST", "/oauth2/revoke", "/oauth2/revoke", [403, 403, 200])
            .with_form(json!({ "token": objects.somebodys_key })),
    ];
    let (path, id) = ("/workspace-keys/{id}", &objects.workspace_key);
    cases.extend([
        // A second one of this id cannot be made.
        Case::new("POST", path, &format!("/workspace-keys/{id}"), [401, 200, 409]),
        // Who knows the id may.
        Case::new("DELETE", path, &format!("/workspace-keys/{id}"), [204; 3]),
    ]);
    for [keys, key, token] in [
        ["/credentials/api", "/credentials/api/{jti}", "/credentials/api/access_token"],
        ["/credentials/cdis", "/credentials/cdis/{jti}", "/credentials/cdis/access_token"],
    ] {
        cases.extend([
            Case::new("GET", keys, keys, USERS),
            Case::new("POST", keys, keys, USERS).with(json!({})),
            Case::new("DELETE", key, &format!("{keys}/none"), [401, 404, 404]),
            // The key is the only proof.
            Case::new("POST", token, token, [401; 3]).with(json!({ "api_key": objects.own_key })),
        ]);
    }
    cases
}

/// For administrators only.
fn administration(project: &str) -> Vec<Case> {
    let admins = |then: u16| [403, 403, then];
    let mut cases = vec![
        Case::new("GET", "/admin/register", "/admin/register", admins(200)),
        Case::new("GET", "/v1/users", "/v1/users?q=a&size=1", admins(200)),
        Case::new("DELETE", "/v1/users/{username}/sessions", "/v1/users/x/sessions", admins(404)),
        Case::new("POST", "/admin/user/{username}/invite", "/admin/user/x/invite", admins(404)),
        Case::new("POST", "/admin/users/{username}/invite", "/admin/users/x/invite", admins(404)),
        Case::new("GET", "/admin/groups", "/admin/groups", admins(200)),
        Case::new("POST", "/admin/groups", "/admin/groups", admins(400)).with(json!({})),
        Case::new("GET", "/admin/groups/{name}", "/admin/groups/x", admins(400)),
        Case::new("PUT", "/admin/groups/{name}", "/admin/groups/x", admins(400)).with(json!({})),
        Case::new("DELETE", "/admin/groups/{name}", "/admin/groups/x", admins(404)),
        Case::new("GET", "/admin/groups/{name}/users", "/admin/groups/x/users", admins(404)),
        Case::new("GET", "/admin/projects", "/admin/projects", admins(200)),
        Case::new("GET", "/admin/projects/{name}", "/admin/projects/x", admins(404)),
        Case::new("POST", "/admin/projects/{name}", &format!("/admin/projects/{project}"), admins(200))
            .with(json!({})),
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

/// Without the scopes that no token of these tests has.
fn google() -> Vec<Case> {
    let primary = "/google/primary_google_service_account";
    let mut cases = vec![Case::new("POST", primary, primary, [401; 3])];
    for path in ["/google/service_accounts", "/google/service_accounts/_dry_run"] {
        cases.extend(["GET", "POST"].map(|method| Case::new(method, path, path, [401; 3])));
    }
    for path in ["/google/service_accounts/{id}", "/google/service_accounts/_dry_run/{id}"] {
        let url = path.replace("{id}", "x");
        cases.extend(["GET", "PATCH", "DELETE"].map(|method| Case::new(method, path, &url, [401; 3])));
    }
    // Links are off.
    cases.extend(
        ["GET", "PATCH", "DELETE"].map(|method| Case::new(method, "/link/google", "/link/google", [404; 3])),
    );
    cases.push(Case::new("GET", "/link/google/callback", "/link/google/callback", [404; 3]));
    cases
}

fn files(guarded: &str) -> Vec<Case> {
    let key = format!("{guarded}/f");
    let file = json!({ "file_name": "f" });
    let part = json!({ "key": key, "uploadId": "u", "partNumber": 1 });
    let parts = json!({ "key": key, "uploadId": "u", "parts": [{ "PartNumber": 1, "ETag": "x" }] });
    let upload = json!({ "key": key, "uploadId": "u" });
    let bulk =
        json!({ "bulk_object_access_ids": [{ "bulk_object_id": guarded, "bulk_access_ids": ["s3"] }] });
    let objects = "/ga4gh/drs/v1/objects";
    let url = format!("{objects}/{guarded}/access");
    let access = "/ga4gh/drs/v1/objects/{id:.+}/access/{access_id:[^/]+}";
    let no_access_id = "/ga4gh/drs/v1/objects/{id:.+}/access";
    vec![
        Case::new("GET", "/google/billing_projects", "/google/billing_projects", PUBLIC),
        Case::new("GET", "/data/download/{guid:.+}", &format!("/data/download/{guarded}"), READERS),
        Case::new("POST", "/data/download/bulk", "/data/download/bulk", PUBLIC)
            .with(json!({ "guids": [guarded] })),
        // It is at no address whose content is read.
        Case::new("POST", "/data/content", "/data/content", [401, 401, 400])
            .with(json!({ "guids": [guarded] })),
        Case::new("POST", "/data/upload", "/data/upload", UPLOADERS).with(file.clone()),
        Case::new("GET", "/data/upload/{guid:.+}", &format!("/data/upload/{guarded}"), READERS),
        Case::new("POST", "/data/multipart/init", "/data/multipart/init", UPLOADERS).with(file),
        Case::new("POST", "/data/multipart/upload", "/data/multipart/upload", [401, 403, 200]).with(part),
        // The store knows no such upload.
        Case::new("POST", "/data/multipart/complete", "/data/multipart/complete", [401, 403, 404])
            .with(parts),
        Case::new("POST", "/data/multipart/parts", "/data/multipart/parts", [401, 403, 404])
            .with(upload.clone()),
        Case::new("POST", "/data/multipart/abort", "/data/multipart/abort", [401, 403, 404]).with(upload),
        // Nobody may tell of uploads here.
        Case::new("POST", "/data/events/s3", "/data/events/s3", [404; 3]),
        Case::new("POST", "/data/events/google", "/data/events/google", [404; 3]),
        Case::new("POST", "/data/events/azure", "/data/events/azure", [404; 3]),
        // Its bytes are missing.
        Case::new("DELETE", "/data/{guid:.+}", &format!("/data/{guarded}"), [401, 403, 404]),
        Case::new("GET", access, &format!("{url}/s3"), READERS),
        Case::new("POST", access, &format!("{url}/s3"), READERS).with(json!({})),
        Case::new("GET", no_access_id, &url, [400; 3]),
        Case::new("POST", no_access_id, &url, [400; 3]),
        Case::new("POST", "/ga4gh/drs/v1/objects/access", &format!("{objects}/access"), READERS).with(bulk),
    ]
}
