//! `/v1/limits`: how many runs there may be at once.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path, Payload},
};

use crate::{
    asked::{NewLimit, body},
    problem::Problem,
    service::Operations,
};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/v1/limits", |methods| methods.get(all));
    routes.resource("/v1/limits/{name}", |methods| methods.put(set));
}

/// Whoever is somebody may know them: they name nobody.
async fn all(operations: Data<Operations>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    operations.caller(request.headers()).await?;
    Ok(HttpResponse::Ok().json(operations.limits().await?))
}

async fn set(
    operations: Data<Operations>,
    request: HttpRequest,
    path: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let caller = operations.caller(request.headers()).await?;
    let permit = operations.may_set_limits(&caller).await?;
    let bytes = web::read_body(payload, operations.config.body_limit).await?;
    let new: NewLimit = body(&bytes)?;
    operations.set_limit(&permit, &path, new.most).await?;
    Ok(HttpResponse::Ok().json(operations.limits().await?))
}
