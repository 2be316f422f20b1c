//! `/index/{guid}/aliases`.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Data, ServiceConfig},
};
use serde_json::{Value, json};

use super::{
    body::AnyJson,
    paths::{Guid, part},
};
use crate::{Error, Indexd, auth::Claimant, input::record_aliases};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    // An alias may contain slashes and even the word itself, so the first `/aliases/` counts.
    cfg.route("/index/{guid:.+?}/aliases/{alias:.+}", web::delete().to(delete_one))
        .route("/index/{guid:.+}/aliases", web::get().to(list))
        .route("/index/{guid:.+}/aliases", web::post().to(append))
        .route("/index/{guid:.+}/aliases", web::put().to(replace))
        .route("/index/{guid:.+}/aliases", web::delete().to(delete_all));
}

const DELETED: &str = "Aliases deleted successfully";

fn document(names: &[String]) -> HttpResponse {
    let aliases: Vec<Value> = names.iter().map(|name| json!({ "value": name })).collect();
    HttpResponse::Ok().json(json!({ "aliases": aliases }))
}

async fn list(indexd: Data<Indexd>, Guid(guid): Guid) -> Result<HttpResponse, Error> {
    Ok(document(&indexd.aliases(&guid).await?))
}

async fn append(
    indexd: Data<Indexd>,
    who: Claimant,
    Guid(guid): Guid,
    AnyJson(body): AnyJson,
) -> Result<HttpResponse, Error> {
    let names = record_aliases(&body)?;
    Ok(document(&indexd.append_aliases(&who, &guid, names).await?))
}

async fn replace(
    indexd: Data<Indexd>,
    who: Claimant,
    Guid(guid): Guid,
    AnyJson(body): AnyJson,
) -> Result<HttpResponse, Error> {
    let names = record_aliases(&body)?;
    indexd.replace_aliases(&who, &guid, &names).await?;
    Ok(document(&names))
}

async fn delete_all(indexd: Data<Indexd>, who: Claimant, Guid(guid): Guid) -> Result<HttpResponse, Error> {
    indexd.delete_aliases(&who, &guid, None).await?;
    Ok(HttpResponse::Ok().json(DELETED))
}

async fn delete_one(indexd: Data<Indexd>, who: Claimant, req: HttpRequest) -> Result<HttpResponse, Error> {
    let (guid, alias) = (part(&req, "guid"), part(&req, "alias"));
    indexd.delete_aliases(&who, &guid, Some(&alias)).await?;
    Ok(HttpResponse::Ok().json(DELETED))
}
