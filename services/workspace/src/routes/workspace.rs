//! Launching, watching and ending one's workspace.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Payload},
};
use web::{BodyError, Params};

use super::answers::{json, text};
use crate::{error::Error, service::Workspaces};

/// What the portal says of the time on its pages is no longer.
const LARGEST_TIME: usize = 64 << 10;

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/launch", |methods| methods.post(launch));
    routes.resource("/status", |methods| methods.get(status));
    routes.resource("/terminate", |methods| methods.post(terminate));
    routes.resource("/timetracker", |methods| methods.post(time));
}

async fn launch(
    service: Data<Workspaces>,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse, Error> {
    service.refuse_other_sites(&request)?;
    let holder = service.holder(request.headers()).await?;
    let id = params.get("id").filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| Error::BadRequest("Missing 'id' parameter".into()))?;
    service.launch(&holder, id).await?;
    Ok(text("Success"))
}

async fn status(service: Data<Workspaces>, request: HttpRequest) -> Result<HttpResponse, Error> {
    let holder = service.holder(request.headers()).await?;
    Ok(json(&service.status(&holder).await?.1))
}

async fn terminate(service: Data<Workspaces>, request: HttpRequest) -> Result<HttpResponse, Error> {
    service.refuse_other_sites(&request)?;
    let holder = service.holder(request.headers()).await?;
    service.terminate(&holder).await?;
    Ok(text("Terminated workspace"))
}

/// The original writes the body to its log. It says who was where on the pages, and is dropped here.
async fn time(
    service: Data<Workspaces>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    service.holder(request.headers()).await?;
    match web::read_body(payload, LARGEST_TIME).await {
        Ok(_) => Ok(text("")),
        Err(BodyError::TooLarge { limit }) => Err(Error::TooLarge(limit)),
        Err(BodyError::BrokenOff(_)) => Err(Error::BadRequest("Error reading body".into())),
    }
}
