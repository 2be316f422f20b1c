//! `/user`: who am I, and what may I do. Also the userinfo endpoint of OpenID Connect.

use actix_web::{HttpResponse, web};
use authz::Subject;
use serde_json::{Value, json};

use crate::{
    Fence,
    caller::Caller,
    error::FenceError,
    session::CurrentSession,
    store::users::{self, Details, User},
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    // Unlike elsewhere an unknown method is 404 here, as in the original.
    let user = web::resource("/user").route(web::get().to(user)).route(web::post().to(user));
    cfg.service(user.default_service(web::to(super::not_found)));
}

async fn user(
    fence: web::Data<Fence>,
    caller: Caller,
    session: CurrentSession,
) -> Result<HttpResponse, FenceError> {
    let mut page = match caller.is_anonymous() {
        false => by_token(&fence, &caller).await?,
        true => by_session(&fence, &session).await?,
    };
    let username = page["username"].as_str().unwrap_or_default().to_owned();
    // A user who cannot be told his rights can still be told who he is.
    let authz = match fence.authz.mapping(&Subject::User(username)).await {
        Ok(mapping) => json!(mapping),
        Err(error) => {
            tracing::warn!(error = %error, "the user's rights cannot be read");
            json!({})
        }
    };
    page["resources"] = authz.as_object().map(|map| map.keys().cloned().collect::<Vec<_>>()).into();
    page["authz"] = authz;
    Ok(HttpResponse::Ok().json(page))
}

async fn by_token(fence: &Fence, caller: &Caller) -> Result<Value, FenceError> {
    let bearer = caller.bearer(fence, &["user", "openid"]).await?;
    let mut connection = fence.pool.acquire().await?;
    let user = bearer.user(&mut connection).await?;
    let details = users::details(&mut connection, user.id).await?;
    let mut page = page(&user, details);
    page["azp"] = match bearer.client_id() {
        "" => Value::Null,
        client => client.into(),
    };
    if bearer.claims.scopes().iter().any(|scope| scope == "ga4gh_passport_v1") {
        page["ga4gh_passport_v1"] = json!([]);
    }
    Ok(page)
}

async fn by_session(fence: &Fence, session: &CurrentSession) -> Result<Value, FenceError> {
    let session = session.0.borrow().clone();
    let username = session.username().ok_or_else(FenceError::please_login)?;
    let mut connection = fence.pool.acquire().await?;
    let user = users::by_name(&mut connection, username).await?.filter(|user| user.active);
    let user = user.ok_or_else(FenceError::please_login)?;
    let details = users::details(&mut connection, user.id).await?;
    let mut page = page(&user, details);
    for key in ["upstream_idp", "fence_idp", "shib_idp"] {
        if let Some(value) = session.get(key) {
            page[key] = value.into();
        }
    }
    Ok(page)
}

fn page(user: &User, details: Details) -> Value {
    let is_admin = user.is_admin.unwrap_or(false);
    let mut page = json!({
        "user_id": user.id,
        "sub": user.id.to_string(),
        "idp": user.idp,
        "username": user.username,
        "name": user.username,
        "display_name": user.display_name,
        "preferred_username": user.display_name,
        "phone_number": user.phone_number,
        "email": user.email,
        "is_admin": user.is_admin,
        "active": user.active,
        "role": if is_admin { "admin" } else { "user" },
        "project_access": details.project_access,
        "certificates_uploaded": details.certificates,
        "resources_granted": details.resources_granted,
        "groups": details.groups,
        "message": details.message,
        "primary_google_service_account": null,
        "azp": null,
    });
    if !details.tags.0.is_empty() {
        page["tags"] = json!(details.tags);
    }
    page
}
