//! argo-wrapper's routes. Who may use them is known before anything else.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path, Payload},
};
use serde_json::{Map, Value, json};
use web::Params;

use crate::{
    access::MayUseWorkflows, argo, asked::body, problem::Problem, refusal::Refusal, service::Operations,
};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/wes/v2/test", |methods| methods.get(test));
    routes.resource("/wes/v2/submit", |methods| methods.post(submit));
    routes.resource("/wes/v2/status/{name}", |methods| methods.get(status));
    routes.resource("/wes/v2/logs/{name}", |methods| methods.get(logs));
    routes.resource("/wes/v2/cancel/{name}", |methods| methods.post(cancel));
    routes.resource("/wes/v2/retry/{name}", |methods| methods.post(retry));
    routes.resource("/wes/v2/workflows", |methods| methods.get(list));
}

async fn permit(operations: &Operations, request: &HttpRequest) -> Result<MayUseWorkflows, Problem> {
    let caller = operations.caller(request.headers()).await?;
    operations.may_use_workflows(caller).await
}

async fn test() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "message": "test" }))
}

async fn submit(
    operations: Data<Operations>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Refusal> {
    let permit = permit(&operations, &request).await?;
    let bytes = web::read_body(payload, operations.config.body_limit).await?;
    let asked: Map<String, Value> = body(&bytes)?;
    Ok(HttpResponse::Ok().json(operations.submit_workflow(permit, asked).await?))
}

async fn status(
    operations: Data<Operations>,
    request: HttpRequest,
    name: Path<String>,
) -> Result<HttpResponse, Refusal> {
    let permit = permit(&operations, &request).await?;
    let seen = operations.workflow(&permit, &name).await?;
    Ok(HttpResponse::Ok().json(argo::told(seen.run())))
}

async fn logs(
    operations: Data<Operations>,
    request: HttpRequest,
    name: Path<String>,
) -> Result<HttpResponse, Refusal> {
    let permit = permit(&operations, &request).await?;
    let seen = operations.workflow(&permit, &name).await?;
    Ok(HttpResponse::Ok().json(argo::failures(seen.run())))
}

async fn cancel(
    operations: Data<Operations>,
    request: HttpRequest,
    name: Path<String>,
) -> Result<HttpResponse, Refusal> {
    let permit = permit(&operations, &request).await?;
    let end = operations.workflow_end(&permit, &name).await?;
    operations.cancel(&end).await?;
    Ok(HttpResponse::Ok().json(format!("{name} canceled successfully")))
}

async fn retry(
    operations: Data<Operations>,
    request: HttpRequest,
    name: Path<String>,
) -> Result<HttpResponse, Refusal> {
    let permit = permit(&operations, &request).await?;
    let new = operations.retry_workflow(permit, &name).await?;
    Ok(HttpResponse::Ok().json(format!("{new} retried successfully")))
}

/// No run belongs to a team project, so that a list of theirs has none.
async fn list(
    operations: Data<Operations>,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse, Refusal> {
    let permit = permit(&operations, &request).await?;
    if params.iter().any(|(name, value)| name == "team_projects" && !value.is_empty()) {
        return Ok(HttpResponse::Ok().json(json!([])));
    }
    Ok(HttpResponse::Ok().json(operations.workflows(&permit).await?))
}
