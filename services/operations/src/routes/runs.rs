//! `/v1/runs` and `/v1/kinds`.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{ACCEPT, CACHE_CONTROL, LOCATION},
    web::{Data, Path, Payload},
};
use web::Params;

use crate::{
    asked::{NewRun, Page, body, id},
    problem::Problem,
    service::Operations,
};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/v1/kinds", |methods| methods.get(kinds));
    routes.resource("/v1/runs", |methods| methods.get(list).post(start));
    routes.resource("/v1/runs/{id}", |methods| methods.get(one));
    routes.resource("/v1/runs/{id}/logs", |methods| methods.get(logs));
    routes.resource("/v1/runs/{id}/cancel", |methods| methods.post(cancel));
    routes.resource("/v1/runs/{id}/retry", |methods| methods.post(retry));
}

async fn kinds(operations: Data<Operations>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let caller = operations.caller(request.headers()).await?;
    let visible = operations.visible(&caller).await?;
    Ok(HttpResponse::Ok().json(operations.kinds(&visible).await?))
}

async fn list(
    operations: Data<Operations>,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse, Problem> {
    let caller = operations.caller(request.headers()).await?;
    let visible = operations.visible(&caller).await?;
    let page = Page::read(&params, visible.filter())?;
    Ok(HttpResponse::Ok().json(operations.list(&page).await?))
}

async fn start(
    operations: Data<Operations>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let caller = operations.caller(request.headers()).await?;
    let bytes = web::read_body(payload, operations.config.body_limit).await?;
    let new: NewRun = body(&bytes)?;
    let permit = operations.may_start(caller, &new.kind).await?;
    let run = operations.start(&permit, new.params).await?;
    Ok(HttpResponse::Created().insert_header((LOCATION, format!("/ops/v1/runs/{}", run.id))).json(run))
}

async fn one(
    operations: Data<Operations>,
    request: HttpRequest,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = operations.caller(request.headers()).await?;
    let permit = operations.may_see(&caller, id(&path)?).await?;
    Ok(HttpResponse::Ok().json(permit.run()))
}

/// The lines so far as text; to who accepts an event stream, all lines as they come.
async fn logs(
    operations: Data<Operations>,
    request: HttpRequest,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = operations.caller(request.headers()).await?;
    let permit = operations.may_see(&caller, id(&path)?).await?;
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if header(ACCEPT.as_str()).is_none_or(|accepted| !accepted.contains("text/event-stream")) {
        let text = operations.into_inner().log(permit);
        return Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").streaming(text));
    }
    let after = header("last-event-id").and_then(|number| number.parse().ok()).unwrap_or(0);
    let events = operations.into_inner().follow(permit, after)?;
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        .streaming(events))
}

async fn cancel(
    operations: Data<Operations>,
    request: HttpRequest,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = operations.caller(request.headers()).await?;
    let permit = operations.may_end(&caller, id(&path)?).await?;
    Ok(HttpResponse::Ok().json(operations.cancel(&permit).await?))
}

/// Whoever repeats a run starts one.
async fn retry(
    operations: Data<Operations>,
    request: HttpRequest,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = operations.caller(request.headers()).await?;
    let permit = operations.may_see(&caller, id(&path)?).await?;
    let start = operations.may_repeat(caller, &permit).await?;
    let run = operations.retry(&permit, &start).await?;
    Ok(HttpResponse::Created().insert_header((LOCATION, format!("/ops/v1/runs/{}", run.id))).json(run))
}
