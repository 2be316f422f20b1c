//! `/user`: who I am and what I may do. It is also the userinfo endpoint of OpenID Connect.

use actix_web::{HttpResponse, http::Method, web::Data};
use serde_json::{Value, json};
use web::Routes;

use crate::{
    actions::{PASSPORT, UserPage},
    error::Error,
    identity::{
        caller::{Bearer, Caller},
        session::{CurrentSession, Session},
    },
    service::Fence,
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    // Unlike elsewhere an unknown method is 404 here, as in the original.
    routes.endpoint(Method::GET, "/user", user);
    routes.endpoint(Method::POST, "/user", user);
}

async fn user(fence: Data<Fence>, caller: Caller, session: CurrentSession) -> Result<HttpResponse, Error> {
    let session = session.0.borrow().clone();
    let page = fence.own_page(&caller, &session).await?;
    let mut document = document(&page);
    // The original never says more, not even for the token of a client.
    document["azp"] = Value::Null;
    match &page.bearer {
        Some(bearer) => add_passport(&mut document, bearer, page.visas.as_deref().unwrap_or_default()),
        None => add_session(&mut document, &session),
    }
    Ok(HttpResponse::Ok().json(document))
}

/// Visas are told to who may see them, also that there are none.
pub(super) fn add_passport(document: &mut Value, bearer: &Bearer, visas: &[String]) {
    if bearer.claims().scopes().iter().any(|scope| scope == PASSPORT) {
        document[PASSPORT] = json!(visas);
    }
}

fn add_session(document: &mut Value, session: &Session) {
    for key in ["upstream_idp", "fence_idp", "shib_idp"] {
        if let Some(value) = session.get(key) {
            document[key] = value.into();
        }
    }
    // The older name, which the portal reads.
    if let Some(value) = session.get("upstream_idp") {
        document["fence_idp"] = value.into();
    }
}

/// What everybody who may see a user sees of them.
pub(super) fn document(page: &UserPage) -> Value {
    let UserPage { user, details, rights, .. } = page;
    let is_admin = user.is_admin.unwrap_or(false);
    let mut document = json!({
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
        "resources": rights.keys().collect::<Vec<_>>(),
        "authz": rights,
    });
    if !details.tags.0.is_empty() {
        document["tags"] = json!(details.tags);
    }
    document
}
