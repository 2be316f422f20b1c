//! `/{id}`: whatever an id stands for, here or at another index service.

use actix_web::{
    HttpResponse,
    web::{self, Data, ServiceConfig},
};

use super::paths::Guid;
use crate::{Error, Indexd, query::Params};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/{guid:.+}", web::get().to(get));
}

async fn get(indexd: Data<Indexd>, Guid(id): Guid, params: Params) -> Result<HttpResponse, Error> {
    let found = indexd.find(&id, !params.has("no_dist")).await?;
    Ok(HttpResponse::Ok().json(found))
}
