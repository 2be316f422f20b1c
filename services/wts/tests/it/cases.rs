//! A request to each endpoint, with its status for nobody, for somebody who is not logged in anywhere and for
//! somebody who is. The tests of a whole commons send the same requests.

use testing::endpoints::Case;

/// Nobody has the own fence's tokens from here, and everybody may see what there is and begin a login.
pub(crate) fn cases() -> Vec<Case> {
    let get = |path, url, statuses| Case::new("GET", path, url, statuses);
    vec![
        get("/token", "/token?idp=other", [403, 403, 200]),
        get("/token", "/token/", [403, 403, 403]).noted("the own fence"),
        get("/token", "/token?idp=none", [403, 400, 400]).noted("no such provider"),
        get("/oauth2/connected", "/oauth2/connected?idp=other", [401, 403, 200]),
        get("/oauth2/connected", "/oauth2/connected?idp=none", [400, 400, 400]).noted("no such provider"),
        get("/oauth2/authorization_url", "/oauth2/authorization_url", [302, 302, 302]),
        get("/oauth2/authorization_url", "/oauth2/authorization_url?idp=none", [400, 400, 400])
            .noted("no such provider"),
        get("/oauth2/authorize", "/oauth2/authorize?code=c&state=s", [403, 403, 403]),
        get("/external_oidc", "/external_oidc/", [200, 200, 200]),
        get("/aggregate/{endpoint:.+}", "/aggregate/user/user", [200, 200, 200]),
        get("/aggregate/{endpoint:.+}", "/aggregate/other", [404, 404, 404]).noted("not allowed"),
        get("/oauth2/logout", "/oauth2/logout?idp=other", [401, 204, 204]),
        get("/", "/", [200, 200, 200]),
        get("/_status", "/_status", [200, 200, 200]),
        get("/_version", "/_version", [200, 200, 200]),
    ]
}
