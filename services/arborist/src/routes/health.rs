//! Whether arborist works.

use ::web::Routes;
use actix_web::web::Data;

use super::answer::{Answer, ok};
use crate::{Arborist, Error};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/health", |methods| methods.get(health));
}

async fn health(arborist: Data<Arborist>) -> Result<Answer<&'static str>, Error> {
    arborist.ping_database().await?;
    Ok(ok("Healthy"))
}
