//! `/external_oidc`: the other providers.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde_json::json;
use web::Params;

use crate::{error::Error, service::Wts};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/external_oidc", |methods| methods.get(list));
}

/// Anybody may know the providers; how long a login lasts is told to its user.
async fn list(wts: Data<Wts>, request: HttpRequest, params: Params) -> Result<HttpResponse, Error> {
    let only_living = params.get("unexpired").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let caller = wts.caller(request.headers()).await?;
    let providers = wts.providers(caller.as_ref(), only_living).await?;
    Ok(HttpResponse::Ok().json(json!({ "providers": providers })))
}
