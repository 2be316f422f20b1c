//! Rights that end by themselves. Ours: fence asks for it where it is in another process.

use ::web::Routes;
use actix_web::web::Data;
use policystore::{Missing, TimedRights};
use serde::Deserialize;

use super::{
    answer::{Answer, ok},
    body::Body,
};
use crate::{Arborist, Error};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/timed", |methods| methods.put(set));
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    username: String,
    label: String,
    rights: TimedRights,
}

async fn set(arborist: Data<Arborist>, body: Body) -> Result<Answer<Missing>, Error> {
    let asked: Asked = serde_json::from_slice(&body.0)
        .map_err(|error| Error::BadRequest(format!("the body cannot be read: {error}")))?;
    Ok(ok(arborist.hold_until(&asked.username, &asked.label, &asked.rights).await?))
}
