//! Every endpoint, asked by nobody, by somebody without rights and by somebody with them.

use actix_web::test as client;
use peregrine::{Config, Peregrine};
use testing::endpoints::{Case, Kind, check};

use crate::{cases::cases, support::Commons};

const FILE: &str = "object-f1";

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
    check_all(&Commons::with_study().await, &cases(FILE)).await;
}

#[actix_web::test]
async fn published_figures_are_everybodys_and_nothing_else_is() {
    let commons = Commons::configured(Config { public_datasets: true, ..Config::default() }).await;
    let mut cases = cases(FILE);
    for case in cases.iter_mut().filter(|case| case.path.contains("/datasets")) {
        case.statuses = [200; 3];
    }
    check_all(&commons, &cases).await;
}
