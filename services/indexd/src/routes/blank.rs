//! `/index/blank`: records before their upload.

use actix_web::{HttpResponse, http::Method, web::Data};
use web::{Params, Routes};

use super::body::Json;
use crate::{
    Error, Indexd,
    auth::Claimant,
    guid::Guid,
    input::{BlankFill, BlankInput},
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.endpoint(Method::POST, "/index/blank", create);
    routes.endpoint(Method::POST, "/index/blank/{guid:.+}", create_version);
    routes.endpoint(Method::PUT, "/index/blank/{guid:.+}", fill);
}

async fn create(indexd: Data<Indexd>, who: Claimant, Json(body): Json) -> Result<HttpResponse, Error> {
    let input = BlankInput::parse(&body)?;
    Ok(HttpResponse::Created().json(indexd.create_blank(&who, input).await?))
}

async fn create_version(
    indexd: Data<Indexd>,
    who: Claimant,
    guid: Guid,
    Json(body): Json,
) -> Result<HttpResponse, Error> {
    let input = BlankInput::parse(&body)?;
    Ok(HttpResponse::Created().json(indexd.create_blank_version(&who, &guid, input).await?))
}

async fn fill(
    indexd: Data<Indexd>,
    who: Claimant,
    guid: Guid,
    params: Params,
    Json(body): Json,
) -> Result<HttpResponse, Error> {
    let fill = BlankFill::parse(&body)?;
    Ok(HttpResponse::Ok().json(indexd.fill_blank(&who, &guid, params.get("rev"), fill).await?))
}
