//! Who is deactivated, which fence says. This is not of the original.

use ::web::Routes;
use actix_web::{HttpResponse, web::Data};
use serde_json::json;

use super::body::Body;
use crate::{Arborist, Error, input::NewStanding};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/v1/standing", |methods| methods.put(put));
}

/// `PUT /v1/standing` `{"users": [...], "standing": "deactivated" | "active" | "deleted"}`.
async fn put(arborist: Data<Arborist>, body: Body) -> Result<HttpResponse, Error> {
    let NewStanding { users, standing } = NewStanding::read(&body.0)?;
    let changed = arborist.change_standing(&users, standing).await?;
    Ok(HttpResponse::Ok().json(json!({ "changed": changed })))
}
