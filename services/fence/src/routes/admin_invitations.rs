//! `/admin/user/{username}/invite`: administrators invite users to set a password. Ours.

use actix_web::{
    HttpResponse,
    http::header::CACHE_CONTROL,
    web::{Data, Path},
};
use serde_json::{Map, Value, json};
use web::Routes;

use super::body::{Body, text};
use crate::{
    actions::{Invite, InviteMode},
    error::Error,
    identity::{caller::Caller, permits::may_administer},
    service::Fence,
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    for name in ["user", "users"] {
        routes.resource(&format!("/admin/{name}/{{username}}/invite"), |methods| methods.post(invite));
    }
}

/// The link is in the answer: fence sends no mail. Whoever has it sets the password.
async fn invite(
    fence: Data<Fence>,
    caller: Caller,
    username: Path<String>,
    body: Body,
) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    let body = if body.is_empty() { Map::new() } else { body.any_object()? };
    let order = Invite {
        username: &username,
        email: text(&body, "email")?.filter(|email| !email.is_empty()),
        life: life(&body)?.unwrap_or(fence.config.local_accounts.invitation_life),
        mode: match (switch(&body, "reset")?, switch(&body, "end_api_keys")?) {
            (true, true) => InviteMode::ResetWithKeys,
            (true, false) => InviteMode::Reset,
            (false, false) => InviteMode::First,
            (false, true) => {
                return Err(Error::BadRequest("`end_api_keys` is possible with `reset` only".into()));
            }
        },
    };
    let invitation = fence.invite(&proof, &order).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(json!({
        "username": invitation.username,
        "url": invitation.address(&fence.config.base_url),
        "expires": invitation.expires,
    })))
}

fn switch(body: &Map<String, Value>, name: &str) -> Result<bool, Error> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(on)) => Ok(*on),
        Some(_) => Err(Error::BadRequest(format!("`{name}` must be true or false"))),
    }
}

fn life(body: &Map<String, Value>) -> Result<Option<i64>, Error> {
    match body.get("expires_in") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let seconds = value.as_i64();
            let seconds =
                seconds.ok_or_else(|| Error::BadRequest("`expires_in` must be in seconds".into()))?;
            Ok(Some(seconds))
        }
    }
}
