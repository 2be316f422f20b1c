//! `/v1`.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header::CONTENT_DISPOSITION},
    web::{Data, Path, Payload},
};
use serde_json::Value;

use super::request::{caller, holding};
use crate::{config::BODY_LIMIT, service::Guppy, v1::Problem};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.endpoint(Method::GET, "/v1/indices", indices);
    routes.endpoint(Method::POST, "/v1/facets", facets);
    routes.endpoint(Method::POST, "/v1/rows", rows);
    routes.endpoint(Method::POST, "/v1/compare", compare);
    routes.endpoint(Method::POST, "/v1/crosstab", crosstab);
    routes.endpoint(Method::POST, "/v1/export", export);
    routes.endpoint(Method::POST, "/v1/manifest", manifest);
    routes.endpoint(Method::GET, "/v1/download/{ticket}/result", result);
    routes.endpoint(Method::GET, "/v1/download/{ticket}", download);
}

fn json(answer: &Value) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(answer.to_string())
}

async fn indices(guppy: Data<Guppy>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let subject = caller(&request);
    let _turn = guppy.turn(&request, &subject).await?;
    Ok(json(&guppy.indices(&subject).await?))
}

async fn facets(guppy: Data<Guppy>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    let body = web::read_body(payload, BODY_LIMIT).await?;
    let subject = caller(&request);
    let _turn = guppy.turn(&request, &subject).await?;
    Ok(json(&guppy.facets(&subject, &body).await?))
}

async fn rows(guppy: Data<Guppy>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    let body = web::read_body(payload, BODY_LIMIT).await?;
    let subject = caller(&request);
    let _turn = guppy.turn(&request, &subject).await?;
    Ok(json(&guppy.rows(&subject, &body).await?))
}

async fn compare(
    guppy: Data<Guppy>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let body = web::read_body(payload, BODY_LIMIT).await?;
    let subject = caller(&request);
    let _turn = guppy.turn(&request, &subject).await?;
    Ok(json(&guppy.compare(&subject, &body).await?))
}

async fn crosstab(
    guppy: Data<Guppy>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let body = web::read_body(payload, BODY_LIMIT).await?;
    let subject = caller(&request);
    let _turn = guppy.turn(&request, &subject).await?;
    Ok(json(&guppy.crosstab(&subject, &body).await?))
}

async fn export(guppy: Data<Guppy>, request: HttpRequest, payload: Payload) -> Result<HttpResponse, Problem> {
    let body = web::read_body(payload, BODY_LIMIT).await?;
    let subject = caller(&request);
    let _turn = guppy.turn(&request, &subject).await?;
    Ok(json(&guppy.export(&subject, &body).await?))
}

async fn manifest(
    guppy: Data<Guppy>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let body = web::read_body(payload, BODY_LIMIT).await?;
    let subject = caller(&request);
    let _turn = guppy.turn(&request, &subject).await?;
    Ok(json(&guppy.manifest(&subject, &body).await?))
}

async fn result(
    guppy: Data<Guppy>,
    request: HttpRequest,
    ticket: Path<String>,
) -> Result<HttpResponse, Problem> {
    Ok(json(&guppy.fetched(&caller(&request), &ticket).await?))
}

/// What was ordered, in pieces. One that is cut off lacks its last piece, so that clients see it.
async fn download(
    guppy: Data<Guppy>,
    request: HttpRequest,
    ticket: Path<String>,
) -> Result<HttpResponse, Problem> {
    let subject = caller(&request);
    let turn = guppy.download_turn(&request, &subject).await?;
    let download = guppy.fetch(&subject, &ticket).await?;
    let name = format!("attachment; filename=\"{}\"", download.name);
    let mut response = HttpResponse::Ok();
    response.content_type(download.format.content_type()).insert_header((CONTENT_DISPOSITION, name));
    Ok(response.streaming(holding(turn, download.pieces)))
}
