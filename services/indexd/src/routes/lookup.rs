//! `/{id}`: whatever an id stands for, here or at another index service.

use actix_web::{HttpResponse, http::Method, web::Data};
use web::{Params, Routes};

use crate::{Error, Indexd, actions::Reach, guid::Guid};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.endpoint(Method::GET, "/{guid:.+}", get);
}

async fn get(indexd: Data<Indexd>, id: Guid, params: Params) -> Result<HttpResponse, Error> {
    let reach = if params.has("no_dist") { Reach::Here } else { Reach::Everywhere };
    Ok(HttpResponse::Ok().json(indexd.find(&id, reach).await?))
}
