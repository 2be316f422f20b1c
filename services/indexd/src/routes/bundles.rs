//! `/bundle`.

use actix_web::{
    HttpResponse,
    web::{self, Data, ServiceConfig},
};

use super::{body::Json, paths::Guid, records::Envelope};
use crate::{
    Error, Indexd,
    auth::Claimant,
    query::{Form, ListQuery, Params},
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/bundle", web::get().to(list))
        .route("/bundle", web::post().to(create))
        .route("/bundle/{guid:.+}", web::get().to(get))
        .route("/bundle/{guid:.+}", web::delete().to(delete));
}

async fn list(indexd: Data<Indexd>, params: Params) -> Result<HttpResponse, Error> {
    let query = ListQuery::parse(&params, Form::Bundles)?;
    let entries = indexd.list(&query, false).await?;
    Ok(HttpResponse::Ok().json(Envelope::new(&query, entries)))
}

async fn create(indexd: Data<Indexd>, who: Claimant, Json(body): Json) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().json(indexd.create_bundle(&who, &body).await?))
}

async fn get(indexd: Data<Indexd>, Guid(guid): Guid, params: Params) -> Result<HttpResponse, Error> {
    let expand = params.get("expand") == Some("true");
    Ok(HttpResponse::Ok().json(indexd.bundle_view(&guid, expand).await?))
}

async fn delete(indexd: Data<Indexd>, who: Claimant, Guid(guid): Guid) -> Result<HttpResponse, Error> {
    indexd.delete_bundle(&who, &guid).await?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(""))
}
