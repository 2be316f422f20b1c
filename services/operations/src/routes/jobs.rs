//! sower's routes. Whose job it is and whether they may have any is known before anything else.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Payload},
};
use serde_json::json;
use web::Params;

use crate::{
    asked::{body, id},
    problem::Problem,
    refusal::Refusal,
    service::Operations,
    sower::{Job, Order},
};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/dispatch", |methods| methods.post(dispatch));
    routes.resource("/status", |methods| methods.get(status));
    routes.resource("/output", |methods| methods.get(output));
    routes.resource("/list", |methods| methods.get(list));
}

async fn dispatch(
    operations: Data<Operations>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Refusal> {
    let caller = operations.caller(request.headers()).await?;
    operations.may_have_jobs(&caller).await?;
    let bytes = web::read_body(payload, operations.config.body_limit).await?;
    let order: Order = body(&bytes)?;
    Ok(HttpResponse::Ok().json(operations.dispatch(caller, order).await?))
}

async fn status(
    operations: Data<Operations>,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse, Refusal> {
    let caller = operations.caller(request.headers()).await?;
    operations.may_have_jobs(&caller).await?;
    let job = operations.own_job(&caller, id(uid(&params)?)?).await?;
    Ok(HttpResponse::Ok().json(Job::of(job.run())))
}

async fn output(
    operations: Data<Operations>,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse, Refusal> {
    let caller = operations.caller(request.headers()).await?;
    operations.may_have_jobs(&caller).await?;
    let job = operations.own_job(&caller, id(uid(&params)?)?).await?;
    Ok(HttpResponse::Ok().json(json!({ "output": operations.output(&job).await? })))
}

async fn list(operations: Data<Operations>, request: HttpRequest) -> Result<HttpResponse, Refusal> {
    let caller = operations.caller(request.headers()).await?;
    Ok(HttpResponse::Ok().json(operations.jobs(&caller).await?))
}

fn uid(params: &Params) -> Result<&str, Problem> {
    params.get("UID").ok_or_else(|| Problem::Invalid("Missing UID argument".to_owned()))
}
