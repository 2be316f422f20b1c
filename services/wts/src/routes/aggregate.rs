//! `/aggregate`: the answers of all commons.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::AUTHORIZATION,
    web::{Data, Path},
};
use web::Params;

use crate::{error::Error, service::Wts};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/aggregate/{endpoint:.+}", |methods| methods.get(aggregate));
}

/// Without a token all commons are asked in nobody's name; one that is not accepted is refused.
async fn aggregate(
    wts: Data<Wts>,
    request: HttpRequest,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse, Error> {
    let endpoint = wts.check_endpoint(&path)?;
    let caller = if request.headers().contains_key(AUTHORIZATION) {
        Some(wts.caller(request.headers()).await?.ok_or_else(Error::unknown_caller)?)
    } else {
        None
    };
    Ok(HttpResponse::Ok().json(wts.aggregate(caller.as_ref(), &endpoint, &params).await?))
}
