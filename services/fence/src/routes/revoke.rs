//! `/oauth2/revoke` (RFC 7009) by a user, and `/oauth2/errors`.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value};
use tokens::{Claims, Expect, Purpose};

use super::{
    body::{form, is_form},
    resource,
};
use crate::{Fence, caller::Caller, credentials::must_not_be_revoked, error::FenceError, store::denylist};

/// Who may revoke anybody's tokens.
const ADMIN: &str = "/services/fence/admin";

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(resource("/oauth2/revoke").route(web::post().to(revoke)))
        .service(resource("/oauth2/errors").route(web::get().to(errors)));
}

async fn revoke(
    fence: web::Data<Fence>,
    caller: Caller,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, FenceError> {
    let token = form(&body).into_iter().find(|(key, value)| key == "token" && !value.is_empty());
    let Some((_, token)) = token.filter(|_| is_form(&request)) else {
        return Err(FenceError::BadRequest("please send the token in a form, as the field token".into()));
    };
    let claims = fence.verifier.verify(&token, Expect::default()).await?;
    if !matches!(claims.pur, Some(Purpose::ApiKey | Purpose::Refresh)) {
        return Err(FenceError::BadRequest("only refresh tokens and API keys can be revoked".into()));
    }
    may_revoke(&fence, &caller, &claims).await?;
    let mut transaction = fence.pool.begin().await?;
    must_not_be_revoked(&mut transaction, &claims).await?;
    denylist::add(&mut transaction, claims.jti.as_deref().unwrap_or_default(), claims.exp).await?;
    transaction.commit().await?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").finish())
}

/// The token's own user may, and whoever may delete in fence's administration.
async fn may_revoke(fence: &Fence, caller: &Caller, claims: &Claims) -> Result<(), FenceError> {
    let own = caller.believed(fence).await.is_some_and(|bearer| bearer.claims.sub == claims.sub);
    if own && claims.sub.is_some() {
        return Ok(());
    }
    let subject = caller.subject()?;
    fence.authz.require::<crate::permissions::Delete>(&subject, vec![ADMIN.to_owned()]).await?;
    Ok(())
}

/// Where failed authorisations of OAuth clients end: shows what was said about them.
async fn errors(request: HttpRequest) -> HttpResponse {
    let pairs = url::form_urlencoded::parse(request.query_string().as_bytes()).into_owned();
    HttpResponse::Ok().json(pairs.map(|(key, value)| (key, Value::from(value))).collect::<Map<_, _>>())
}
