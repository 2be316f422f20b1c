//! `/index/blank`: records before their upload.

use actix_web::{
    HttpResponse,
    web::{self, Data, ServiceConfig},
};

use super::{body::Json, paths::Guid};
use crate::{
    Error, Indexd,
    auth::Claimant,
    input::{BlankFill, BlankInput},
    query::Params,
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/index/blank", web::post().to(create))
        .route("/index/blank/{guid:.+}", web::post().to(create_version))
        .route("/index/blank/{guid:.+}", web::put().to(fill));
}

async fn create(indexd: Data<Indexd>, who: Claimant, Json(body): Json) -> Result<HttpResponse, Error> {
    let input = BlankInput::parse(&body)?;
    Ok(HttpResponse::Created().json(indexd.create_blank(&who, input).await?))
}

async fn create_version(
    indexd: Data<Indexd>,
    who: Claimant,
    Guid(guid): Guid,
    Json(body): Json,
) -> Result<HttpResponse, Error> {
    let input = BlankInput::parse(&body)?;
    Ok(HttpResponse::Created().json(indexd.create_blank_version(&who, &guid, input).await?))
}

async fn fill(
    indexd: Data<Indexd>,
    who: Claimant,
    Guid(guid): Guid,
    params: Params,
    Json(body): Json,
) -> Result<HttpResponse, Error> {
    let fill = BlankFill::parse(&body)?;
    Ok(HttpResponse::Ok().json(indexd.fill_blank(&who, &guid, params.get("rev"), fill).await?))
}
