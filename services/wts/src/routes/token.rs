//! `/token`: an access token for a program of the user.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde_json::json;
use web::Params;

use crate::{config::DEFAULT, error::Error, service::Wts};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/token", |methods| methods.get(token));
}

/// An access token does not give another one of the same fence: otherwise it would never end. So nobody is
/// known here who asks for one.
async fn token(wts: Data<Wts>, request: HttpRequest, params: Params) -> Result<HttpResponse, Error> {
    let idp = params.get("idp").unwrap_or(DEFAULT);
    let caller = if idp == DEFAULT { None } else { wts.caller(request.headers()).await? };
    let caller = caller.ok_or_else(Error::unknown_caller)?;
    // As in the original it changes nothing: fence decides how long a token lives.
    if params.get("expires").is_some_and(|text| !text.is_empty() && text.trim().parse::<i64>().is_err()) {
        return Err(Error::Expires);
    }
    let token = wts.access_token(&caller, idp).await?;
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(json!({ "token": token })))
}
