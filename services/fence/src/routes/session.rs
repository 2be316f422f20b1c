//! `/v1/session`: when the browser session at hand ends. Not of the original.

use actix_web::{HttpResponse, http::header::CACHE_CONTROL, web::Data};
use serde_json::json;
use web::Routes;

use crate::{clock::now, error::Error, identity::session::CurrentSession, service::Fence};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/v1/session", |methods| methods.get(session));
}

/// Seconds until the session ends if nothing is asked any more (`ends_in`), and until it ends whatever is
/// asked (`lasts`). Asking extends it, as every question does. Seconds and not a time, because clocks of
/// browsers differ.
async fn session(fence: Data<Fence>, session: CurrentSession) -> Result<HttpResponse, Error> {
    let session = session.0.borrow().clone();
    let user = fence.session_user(&session).await?;
    let now = now();
    let started = session.started().unwrap_or(now);
    let lasts = started.saturating_add(fence.config.tokens.session_lifetime).saturating_sub(now);
    let answer = json!({
        "username": user.username,
        "ends_in": session.expires(&fence.config).saturating_sub(now),
        "lasts": lasts,
    });
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(answer))
}
