//! `/user/anyaccess`: whether the caller has access to anything, or to one project.

use actix_web::{
    HttpResponse,
    http::header::{HeaderName, HeaderValue},
    web::Data,
};
use serde_json::json;
use web::{Params, Routes};

use crate::{
    error::Error,
    identity::{caller::Caller, session::CurrentSession},
    service::Fence,
};

/// By this header a proxy learns who it is.
const REMOTE_USER: HeaderName = HeaderName::from_static("remote_user");

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/user/anyaccess", |methods| methods.get(any_access));
}

async fn any_access(
    fence: Data<Fence>,
    caller: Caller,
    session: CurrentSession,
    params: Params,
) -> Result<HttpResponse, Error> {
    let session = session.0.borrow().clone();
    let (user, _) = fence.own_user(&caller, &session).await?;
    let project = params.get("project").filter(|project| !project.is_empty());
    if !fence.has_any_access(&user, project).await? {
        return Err(Error::Forbidden("You don't have access to the data".into()));
    }
    let mut answer = HttpResponse::Ok();
    // Names outside of ASCII are passed on as they are; none has control characters.
    if let Ok(name) = HeaderValue::from_bytes(user.username.as_bytes()) {
        answer.insert_header((REMOTE_USER, name));
    }
    Ok(answer.json(json!({ "result": "success" })))
}
