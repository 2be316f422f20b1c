//! `/alias`: legacy aliases.

use actix_web::{HttpResponse, http::Method, web::Data};
use serde::Serialize;
use serde_json::json;
use web::{Params, Routes};

use super::{body::Json, paths::Name, urls};
use crate::{
    Error, Indexd,
    auth::Claimant,
    document::{LegacyAlias, UrlDocument},
    hashes::{self, Accepted},
    parameters::integer,
    query::MAX_LIMIT,
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.endpoint(Method::GET, "/alias", list);
    routes.endpoint(Method::GET, "/alias/{name:.+}", get);
    routes.endpoint(Method::PUT, "/alias/{name:.+}", put);
    routes.endpoint(Method::DELETE, "/alias/{name:.+}", delete);
}

/// A legacy alias with a page of urls.
#[derive(Serialize)]
struct LegacyDocument {
    #[serde(flatten)]
    alias: LegacyAlias,
    limit: i64,
    start: i64,
    urls: Vec<UrlDocument>,
}

async fn list(indexd: Data<Indexd>, params: Params) -> Result<HttpResponse, Error> {
    let limit = integer(&params, "limit")?.unwrap_or(100);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Error::bad("limit must be between 1 and 1024"));
    }
    let size = integer(&params, "size")?;
    if size.is_some_and(|size| size < 0) {
        return Err(Error::bad("size must be > 0"));
    }
    let hashes = hashes::parse_query(&params, "hash", Accepted::Legacy)?;
    let start = params.get("start");
    let names = indexd.legacy_aliases(start, size, &hashes, limit).await?;
    let echoed = (!hashes.is_empty()).then_some(&hashes);
    let body = json!({ "aliases": names, "hashes": echoed, "limit": limit, "size": size, "start": start });
    Ok(HttpResponse::Ok().json(body))
}

async fn get(indexd: Data<Indexd>, Name(name): Name, params: Params) -> Result<HttpResponse, Error> {
    let (start, limit) = urls::window(&params)?;
    let (alias, urls) = indexd.legacy_alias(&name, start, limit).await?;
    Ok(HttpResponse::Ok().json(LegacyDocument { alias, limit, start, urls }))
}

async fn put(
    indexd: Data<Indexd>,
    who: Claimant,
    Name(name): Name,
    params: Params,
    body: Result<Json, Error>,
) -> Result<HttpResponse, Error> {
    let body = body.map(|Json(body)| body);
    let rev = indexd.put_legacy_alias(&who, &name, params.get("rev"), body).await?;
    Ok(HttpResponse::Ok().json(json!({ "name": name, "rev": rev })))
}

async fn delete(
    indexd: Data<Indexd>,
    who: Claimant,
    Name(name): Name,
    params: Params,
) -> Result<HttpResponse, Error> {
    indexd.delete_legacy_alias(&who, &name, params.get("rev")).await?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(""))
}
