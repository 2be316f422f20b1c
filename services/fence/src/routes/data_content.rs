//! `/data/content`: the content of files that are small.

use actix_web::{HttpResponse, ResponseError as _, web::Data};
use serde_json::json;
use web::Routes;

use super::body::{Body, texts};
use crate::{error::Error, identity::caller::Caller, service::Fence};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/data/content", |methods| methods.post(contents));
}

async fn contents(fence: Data<Fence>, caller: Caller, body: Body) -> HttpResponse {
    let guids = match asked(&fence, &body) {
        Ok(guids) => guids,
        Err(error) => return refused(&error),
    };
    match fence.contents(&caller, &guids).await {
        Ok(contents) => HttpResponse::Ok().json(json!({ "total_guids": contents.len(), "guids": contents })),
        Err(error) => refused(&error),
    }
}

fn asked(fence: &Fence, body: &Body) -> Result<Vec<String>, Error> {
    let mut guids = texts(&body.json_object()?, "guids")?;
    let most = fence.config.max_bulk_content_guids_count;
    if guids.is_empty() {
        return Err(Error::BadRequest("`guids` must be a list with at least one GUID".into()));
    }
    if guids.len() > most {
        return Err(Error::TooLarge(format!("at most {most} GUIDs at once")));
    }
    guids.sort_unstable();
    guids.dedup();
    Ok(guids)
}

/// The form of this endpoint, which others do not have.
fn refused(error: &Error) -> HttpResponse {
    let status = error.status_code();
    if status.is_server_error() {
        error.log();
    }
    HttpResponse::build(status)
        .json(json!({ "error_code": status.as_u16(), "error_description": error.public_message() }))
}
