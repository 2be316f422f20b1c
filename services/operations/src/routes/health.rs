//! `/v1/health`: each service's readiness in one document.

use actix_web::{HttpRequest, HttpResponse, web::Data};

use crate::{problem::Problem, service::Operations};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/v1/health", |methods| methods.get(health));
}

/// Everybody may know what can serve, as each service says by itself; why not, who may read operations.
async fn health(operations: Data<Operations>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let tells_why = operations.may_know_why(request.headers()).await;
    Ok(HttpResponse::Ok().json(operations.look(tells_why).await))
}
