//! Every endpoint, asked by nobody, by somebody without rights and by somebody with them.

use actix_web::test as client;
use peregrine::{Config, Peregrine};
use serde_json::json;
use testing::endpoints::{Case, Kind, check};

use crate::support::Commons;

/// Queries and figures need a token, and without rights tell nothing of a project; a file needs the right to
/// its project. The schema is everybody's.
fn cases() -> Vec<Case> {
    let query = json!({"query": "{_case_count}"});
    let file = "/coremetadata/{object_id:.+}";
    let mut cases = vec![
        Case::new("POST", "/submission/graphql", "/submission/graphql", [401, 200, 200]).with(query.clone()),
        Case::new("POST", "/v0/submission/graphql", "/v0/submission/graphql", [401, 200, 200]).with(query),
        Case::new("GET", file, "/coremetadata/object-f1", [401, 404, 200]),
        Case::new("GET", "/v0/coremetadata/{object_id:.+}", "/v0/coremetadata/object-f1", [401, 404, 200]),
        Case::new("GET", "/datasets", "/datasets?nodes=case", [401, 200, 200]),
        Case::new("GET", "/v0/datasets", "/v0/datasets?nodes=case", [401, 200, 200]),
    ];
    for (path, statuses) in [
        ("/submission/getschema", [200; 3]),
        ("/v0/submission/getschema", [200; 3]),
        ("/datasets/projects", [401, 200, 200]),
        ("/v0/datasets/projects", [401, 200, 200]),
        ("/_status", [200; 3]),
        ("/_version", [200; 3]),
    ] {
        cases.push(Case::new("GET", path, path, statuses));
    }
    cases
}

async fn check_all(commons: &Commons, cases: &[Case]) {
    check(Peregrine::endpoints(), cases, async |case, kind| {
        let mut request = client::TestRequest::default().method(case.verb().parse().unwrap()).uri(&case.url);
        if !case.body.is_null() {
            request = request.set_payload(case.body.to_string());
        }
        request = match kind {
            Kind::Anonymous => request,
            Kind::Stranger => request.insert_header(commons.bearer("nobody")),
            Kind::Permitted => request.insert_header(commons.bearer("reader")),
        };
        commons.send(request).await.status
    })
    .await;
}

#[actix_web::test]
async fn every_endpoint_has_its_answer_for_every_caller() {
    check_all(&Commons::with_study().await, &cases()).await;
}

#[actix_web::test]
async fn published_figures_are_everybodys_and_nothing_else_is() {
    let commons = Commons::configured(Config { public_datasets: true, ..Config::default() }).await;
    let mut cases = cases();
    for case in cases.iter_mut().filter(|case| case.path.contains("/datasets")) {
        case.statuses = [200; 3];
    }
    check_all(&commons, &cases).await;
}
