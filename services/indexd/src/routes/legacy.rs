//! `/alias`: legacy aliases.

use actix_web::{
    HttpResponse,
    web::{self, Data, ServiceConfig},
};
use serde::Serialize;
use serde_json::json;

use super::{body::Json, paths::Guid};
use crate::{
    Error, Indexd,
    auth::Claimant,
    document::{LegacyAlias, UrlDocument},
    hashes::{self, Accepted},
    input::LegacyAliasInput,
    query::{MAX_LIMIT, Params},
    store::legacy,
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/alias", web::get().to(list))
        .route("/alias/{guid:.+}", web::get().to(get))
        .route("/alias/{guid:.+}", web::put().to(put))
        .route("/alias/{guid:.+}", web::delete().to(delete));
}

/// A legacy alias with a page of urls.
#[derive(Serialize)]
struct Document {
    #[serde(flatten)]
    alias: LegacyAlias,
    limit: i64,
    start: i64,
    urls: Vec<UrlDocument>,
}

async fn list(indexd: Data<Indexd>, params: Params) -> Result<HttpResponse, Error> {
    let limit = params.integer("limit")?.unwrap_or(100);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Error::bad("limit must be between 1 and 1024"));
    }
    let size = params.integer("size")?;
    if size.is_some_and(|size| size < 0) {
        return Err(Error::bad("size must be > 0"));
    }
    let hashes = hashes::parse_query(&params.all("hash"), Accepted::Legacy)?;
    let start = params.get("start");
    let names = legacy::names(&mut *indexd.pool.acquire().await?, start, size, &hashes, limit).await?;
    let echoed = (!hashes.is_empty()).then_some(&hashes);
    let body = json!({ "aliases": names, "hashes": echoed, "limit": limit, "size": size, "start": start });
    Ok(HttpResponse::Ok().json(body))
}

async fn get(indexd: Data<Indexd>, Guid(name): Guid, params: Params) -> Result<HttpResponse, Error> {
    let (start, limit) = super::urls::window(&params)?;
    let (alias, urls) = indexd.legacy_alias(&name, start, limit).await?;
    Ok(HttpResponse::Ok().json(Document { alias, limit, start, urls }))
}

async fn put(
    indexd: Data<Indexd>,
    who: Claimant,
    Guid(name): Guid,
    params: Params,
    Json(body): Json,
) -> Result<HttpResponse, Error> {
    let input = LegacyAliasInput::parse(&body)?;
    let rev = indexd.put_legacy_alias(&who, &name, params.get("rev"), &input).await?;
    Ok(HttpResponse::Ok().json(json!({ "name": name, "rev": rev })))
}

async fn delete(
    indexd: Data<Indexd>,
    who: Claimant,
    Guid(name): Guid,
    params: Params,
) -> Result<HttpResponse, Error> {
    indexd.delete_legacy_alias(&who, &name, params.get("rev")).await?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(""))
}
