//! `/oauth2/revoke` (RFC 7009) by a user, and `/oauth2/errors`.

use actix_web::{HttpResponse, web::Data};
use serde_json::{Map, Value};
use web::{Params, Routes};

use super::body::Body;
use crate::{
    error::Error,
    identity::{caller::Caller, permits::may_revoke},
    service::Fence,
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/oauth2/revoke", |methods| methods.post(revoke));
    routes.resource("/oauth2/errors", |methods| methods.get(errors));
}

async fn revoke(fence: Data<Fence>, caller: Caller, body: Body) -> Result<HttpResponse, Error> {
    let token = body.form().into_iter().find(|(key, value)| key == "token" && !value.is_empty());
    let Some((_, token)) = token.filter(|_| body.is_form()) else {
        return Err(Error::BadRequest("please send the token in a form, as the field token".into()));
    };
    fence.revoke(may_revoke(&fence, &caller, &token).await?).await?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").finish())
}

/// Where failed authorisations of OAuth clients end: shows what was said about them.
async fn errors(params: Params) -> HttpResponse {
    let said: Map<String, Value> =
        params.iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    HttpResponse::Ok().json(said)
}
