//! `/index/{guid}/versions` and `/index/{guid}/latest`.

use actix_web::{
    HttpResponse,
    web::{self, Data, ServiceConfig},
};
use indexmap::IndexMap;

use super::{body::Json, paths::Guid};
use crate::{Error, Indexd, auth::Claimant, document::Record, input::VersionsUpdate, query::Params};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/index/{guid:.+}/versions", web::get().to(list))
        .route("/index/{guid:.+}/versions", web::put().to(update))
        .route("/index/{guid:.+}/latest", web::get().to(latest));
}

/// Keys "0", "1", ... in numeric order, oldest first.
async fn list(indexd: Data<Indexd>, Guid(guid): Guid) -> Result<HttpResponse, Error> {
    let versions = indexd.versions(&guid).await?;
    let numbered: IndexMap<String, Record> =
        versions.into_iter().enumerate().map(|(number, record)| (number.to_string(), record)).collect();
    Ok(HttpResponse::Ok().json(numbered))
}

async fn update(
    indexd: Data<Indexd>,
    who: Claimant,
    Guid(guid): Guid,
    Json(body): Json,
) -> Result<HttpResponse, Error> {
    let update = VersionsUpdate::parse(&body)?;
    Ok(HttpResponse::Ok().json(indexd.update_versions(&who, &guid, update).await?))
}

async fn latest(indexd: Data<Indexd>, Guid(guid): Guid, params: Params) -> Result<HttpResponse, Error> {
    let numbered = params.get("has_version").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    Ok(HttpResponse::Ok().json(indexd.latest(&guid, numbered).await?))
}
