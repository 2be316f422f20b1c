//! Each row of the table: allowed, without token, cookie without CSRF, OPTIONS, failing service.

use gateway::{Pattern, Row, Table};
use serde_json::Value;

use crate::front::{FORMS, Form, Front};

/// A path for each row with what its service sees. A row without a sample fails the tests.
fn sample(row: &Row) -> (&'static str, &'static str) {
    match row.pattern.text() {
        "/user/" => ("/user/user?a=b", "/user?a=b"),
        "/user/data/download" => ("/user/data/download/dg.1/x", "/data/download/dg.1/x"),
        "/user/register" => ("/user/register", "/register"),
        "/user/oauth2/consent" => ("/user/oauth2/consent", "/oauth2/consent"),
        "/user/login/dev" => ("/user/login/dev?redirect=/", "/login/dev?redirect=/"),
        "/user/login/local" => ("/user/login/local/code?redirect=/", "/login/local/code?redirect=/"),
        "/user/metrics" => ("/user/metrics", ""),
        "/user/credentials/token/denylisted" => ("/user/credentials/token/denylisted", ""),
        "/user/workspace-keys" => ("/user/workspace-keys/1", ""),
        "/lw-workspace/" => ("/lw-workspace/launch?id=a", "/launch?id=a"),
        "/lw-workspace/proxy/" => ("/lw-workspace/proxy/lab/tree?a=b", "/proxy/lab/tree?a=b"),
        "/.well-known/" => ("/.well-known/jwks", "/.well-known/jwks"),
        "/authz" => ("/authz?method=read&resource=/a&x=y", "/auth/proxy?resource=/a&method=read"),
        "/authz/resources" => ("/authz/resources?a=b", "/auth/resources"),
        "/authz/mapping" => ("/authz/mapping?username=root", "/auth/mapping"),
        "/authz/policy" => ("/authz/policy?expand", "/policy"),
        "/authz/v1/explain" => ("/authz/v1/explain?user=a&resource=/b&x=y", "/v1/explain?resource=/b&user=a"),
        "/authz/v1/who" => ("/authz/v1/who?resource=/b&user=a", "/v1/who?resource=/b"),
        "/authz/v1/changes" => ("/authz/v1/changes?since=2030", "/v1/changes?since=2030"),
        "/authz/v1/policies" => ("/authz/v1/policies?expand&x=y", "/policy?expand"),
        "/authz/v1/roles" => ("/authz/v1/roles?a=b", "/role"),
        "/authz/v1/groups" => ("/authz/v1/groups?a=b", "/group"),
        "/authz/v1/resources" => ("/authz/v1/resources?a=b", "/resource"),
        "/gen3-authz-test" => ("/gen3-authz-test", ""),
        r"(?<path>/ga4gh/drs/v1/objects/.*/access.*)$" => {
            ("/ga4gh/drs/v1/objects/dg.1/x/access/s3", "/ga4gh/drs/v1/objects/dg.1/x/access/s3")
        }
        r"(?<path>/ga4gh/drs/v1/objects/access.*)$" => {
            ("/user/ga4gh/drs/v1/objects/access", "/ga4gh/drs/v1/objects/access")
        }
        "/ga4gh/" => ("/ga4gh/drs/v1/objects/dg.1/x", "/ga4gh/drs/v1/objects/dg.1/x"),
        "/ga4gh/tes/v1/" => ("/ga4gh/tes/v1/tasks?view=FULL", "/ga4gh/tes/v1/tasks?view=FULL"),
        "/ga4gh/wes/v2/" => ("/ga4gh/wes/v2/status/etl-1?uid=2", "/wes/v2/status/etl-1?uid=2"),
        "/index/" => ("/index/index?limit=1", "/index?limit=1"),
        "/index-admin/" => ("/index-admin/index", "/index"),
        "/api/" => ("/api/v0/submission/p/q", "/v0/submission/p/q"),
        "/api/v0/submission/graphql" => ("/api/v0/submission/graphql/?x=y", "/v0/submission/graphql"),
        "/api/v0/submission/getschema" => ("/api/v0/submission/getschema", "/v0/submission/getschema"),
        "/api/search" => ("/api/search/datasets?nodes=a", "/datasets?nodes=a"),
        "/peregrine/_status" => ("/peregrine/_status", "/_status"),
        "/peregrine/_version" => ("/peregrine/_version", "/_version"),
        "/guppy/" => ("/guppy/graphql", "/graphql"),
        "/audit/" => ("/audit/log/login?ip=x", "/log/login?ip=x"),
        "/requestor/" => ("/requestor/request?active", "/request?active"),
        "/mds/" => ("/mds/metadata/dg.1/x?data=true", "/metadata/dg.1/x?data=true"),
        "/mds-admin/" => ("/mds-admin/metadata/dg.1/x", "/metadata/dg.1/x"),
        "/manifests/" => ("/manifests/file/a.json", "/file/a.json"),
        "/wts/" => ("/wts/token?idp=a", "/token?idp=a"),
        "/library/" => ("/library/lists", "/lists"),
        "/ops/" => ("/ops/v1/runs?state=failed", "/v1/runs?state=failed"),
        "/job/" => ("/job/status?UID=x", "/status?UID=x"),
        "/archiver/" => ("/archiver/jobs?limit=1", "/archiver/jobs?limit=1"),
        "/query" => ("/query?a=b", "/query?a=b"),
        "/query/" => ("/query/examples.json?project=a", "/query/examples.json?project=a"),
        "/portal/" => ("/portal/v1/boot", "/portal/v1/boot"),
        "/data/" => ("/data/config/gitops.json", "/data/config/gitops.json"),
        "/src/" => ("/src/img/logo.png", "/src/img/logo.png"),
        other => panic!("the row {other} has no sample here"),
    }
}

fn rows() -> Vec<Row> {
    Table::built_in().unwrap().with_portal().unwrap().rows().to_vec()
}

fn method(row: &Row) -> &'static str {
    if row.methods.is_empty() { "POST" } else { "GET" }
}

async fn on_each_row(check: impl AsyncFn(&Front, &Row, &str, &str)) {
    for form in FORMS {
        let front = Front::start(form).await;
        for row in rows() {
            let (public, native) = sample(&row);
            check(&front, &row, public, native).await;
        }
        front.stop().await;
    }
}

#[tokio::test]
async fn a_permitted_request_reaches_the_rows_service_at_its_native_path() {
    on_each_row(async |front, row, public, native| {
        let request = front.request(method(row), public).header("Authorization", "bearer good");
        let answer = request.send().await.unwrap();
        if row.deny {
            assert_eq!(answer.status(), 403, "{public}");
            return;
        }
        assert_eq!(answer.status(), 200, "{public}");
        let seen: Value = answer.json().await.unwrap();
        let table = Table::built_in().unwrap();
        let service = table.service_of(row.service.as_deref().unwrap()).to_owned();
        assert_eq!((seen["service"].as_str(), seen["path"].as_str()), (Some(service.as_str()), Some(native)));
        let token = if row.login.is_some() { "Basic dTpw" } else { "bearer good" };
        assert_eq!(seen["headers"]["authorization"], token, "{public}");
    })
    .await;
}

#[tokio::test]
async fn without_a_token_only_rows_with_a_needed_permission_refuse() {
    on_each_row(async |front, row, public, _| {
        let answer = front.request(method(row), public).send().await.unwrap();
        let wanted = match &row.denied_page {
            Some(_) => 302,
            None if row.deny || row.authz.is_some() => 403,
            None => 200,
        };
        assert_eq!(answer.status(), wanted, "{public}");
        if let Some(page) = &row.denied_page {
            assert_eq!(answer.headers()["location"], format!("http://localhost:8080{page}"), "{public}");
        }
        if wanted == 200 {
            let seen: Value = answer.json().await.unwrap();
            assert_eq!(seen["headers"].get("authorization"), None, "{public}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_post_with_the_login_cookie_needs_the_csrf_header() {
    on_each_row(async |front, row, public, _| {
        let post = || front.request("POST", public).header("Cookie", "access_token=good; csrftoken=abc");
        let forged = post().send().await.unwrap();
        if row.csrf {
            assert_eq!(forged.status(), 403, "{public}");
            assert_eq!(forged.text().await.unwrap(), row.csrf_message, "{public}");
        } else {
            assert_eq!(forged.status(), 200, "{public}");
        }
        let repeated = post().header("X-CSRF-Token", "abc").send().await.unwrap();
        let passes = !row.deny && row.methods.is_empty();
        assert_eq!(repeated.status(), if passes { 200 } else { 403 }, "{public}");
    })
    .await;
}

#[tokio::test]
async fn options_is_answered_by_the_gateway_except_for_drs_objects_and_graphql() {
    on_each_row(async |front, row, public, _| {
        let answer = front.request("OPTIONS", public).send().await.unwrap();
        let paths = ["/ga4gh/drs/v1/objects", "/api/v0/submission/graphql"];
        let for_service = paths.iter().any(|path| public.starts_with(path)) && row.service.is_some();
        assert_eq!(answer.status(), if for_service { 200 } else { 204 }, "{public}");
        assert_eq!(answer.headers()["access-control-allow-methods"], "GET, POST, OPTIONS, DELETE, PUT");
    })
    .await;
}

#[tokio::test]
async fn a_failing_service_is_masked_but_for_when_to_come_again() {
    on_each_row(async |front, row, public, _| {
        if row.deny {
            return;
        }
        for status in ["500", "501", "502", "503", "504"] {
            let request = front.request(method(row), public).header("Authorization", "bearer good");
            let answer = request.header("X-Answer", status).send().await.unwrap();
            let again = answer.headers().get("retry-after").cloned();
            assert_eq!(again.as_ref().is_some_and(|seconds| seconds == "1"), status == "503", "{public}");
            if row.own_errors {
                assert_eq!(answer.status().as_str(), status, "{public}");
                return;
            }
            assert_eq!(answer.status(), if again.is_some() { 503 } else { 500 }, "{public}");
            let body = answer.text().await.unwrap();
            assert_eq!(body, r#"{ "error": "service failure - try again later"}"#, "{public}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_service_that_does_not_run_is_masked_too() {
    let front = Front::start_with(Form::Elsewhere, |config| {
        config.upstreams.insert("guppy".into(), "http://127.0.0.1:1".parse().unwrap());
        config.upstreams.remove("sheepdog");
    })
    .await;
    // One that cannot be reached, and one whose address is not known.
    for (path, status) in [("/guppy/_status", 500), ("/api/_status", 503)] {
        let answer = front.request("GET", path).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(answer.text().await.unwrap(), r#"{ "error": "service failure - try again later"}"#);
    }
    front.stop().await;
}

#[test]
fn exact_rows_are_not_prefixes() {
    let exact = rows().into_iter().filter(|row| matches!(row.pattern, Pattern::Exact(_)));
    assert_eq!(exact.map(|row| row.pattern.text().to_owned()).filter(|path| path.ends_with('/')).count(), 0);
}
