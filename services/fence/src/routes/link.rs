//! `/link/google`: accounts at Google that belong to users. What a link opens are groups at Google, and no
//! groups are managed there: new links are refused in the form that clients know, and those of an adopted
//! database can be taken back.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde_json::json;
use url::form_urlencoded;
use web::{Params, Routes};

use super::redirect::redirect;
use crate::{
    actions::Unlinked,
    error::Error,
    identity::{
        caller::{Bearer, Caller},
        login::host,
    },
    service::Fence,
};

/// Errors in the words of the original.
const LINK: &str = "g_acnt_link_error";
const ACCESS: &str = "g_acnt_access_error";
const NO_GROUPS: &str = "This commons manages no groups at Google, so a linked account would open nothing.";

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/link/google", |methods| methods.get(link).patch(extend).delete(unlink));
    routes.resource("/link/google/callback", |methods| methods.get(callback));
}

/// The caller, where links are on.
async fn linker(fence: &Fence, caller: &Caller) -> Result<Bearer, Error> {
    if !fence.config.allow_google_linking.is_on() {
        return Err(Error::no_such_url());
    }
    caller.bearer(fence, &["user"]).await
}

async fn link(
    fence: Data<Fence>,
    caller: Caller,
    params: Params,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let bearer = linker(&fence, &caller).await?;
    let asked = params.get("redirect").filter(|target| !target.is_empty());
    let asked = asked.ok_or_else(no_redirect)?;
    let target = fence.login_target(host(&request).as_ref(), asked).await?;
    let (error, description) = if fence.has_google_account(&bearer).await? {
        (LINK, "User already has a linked Google account.")
    } else {
        (ACCESS, NO_GROUPS)
    };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("error", error).append_pair("error_description", description);
    let separator = if target.contains('?') { '&' } else { '?' };
    Ok(redirect(&format!("{target}{separator}{}", query.finish())))
}

/// Nobody is sent to Google, so nobody comes back.
async fn callback(fence: Data<Fence>) -> Result<HttpResponse, Error> {
    Err(if fence.config.allow_google_linking.is_on() { no_redirect() } else { Error::no_such_url() })
}

async fn extend(fence: Data<Fence>, caller: Caller) -> Result<HttpResponse, Error> {
    let bearer = linker(&fence, &caller).await?;
    if fence.has_google_account(&bearer).await? {
        return Ok(HttpResponse::BadRequest().json(told(ACCESS, NO_GROUPS)));
    }
    let text = "User does not have a linked Google account. Update was attempted and failed.";
    Err(Error::NotFound(text.into()))
}

async fn unlink(fence: Data<Fence>, caller: Caller) -> Result<HttpResponse, Error> {
    let bearer = linker(&fence, &caller).await?;
    Ok(match fence.unlink_google_account(&bearer).await? {
        Unlinked::Now => HttpResponse::Ok().content_type("text/html; charset=utf-8").finish(),
        Unlinked::Nothing => {
            let text = "Couldn't unlink account for user, no linked Google account found.";
            HttpResponse::NotFound().json(told(LINK, text))
        }
        Unlinked::InGroup => {
            let text =
                "Couldn't remove account from user's proxy group: this commons manages no groups at Google.";
            HttpResponse::BadRequest().json(told(ACCESS, text))
        }
    })
}

fn no_redirect() -> Error {
    Error::BadRequest("No redirect provided.".into())
}

fn told(error: &str, description: &str) -> serde_json::Value {
    json!({ "error": error, "error_description": description })
}
