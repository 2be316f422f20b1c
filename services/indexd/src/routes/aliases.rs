//! `/index/{guid}/aliases`.

use actix_web::{HttpResponse, http::Method, web::Data};
use serde_json::{Value, json};
use web::Routes;

use super::{body::AnyJson, paths::Name};
use crate::{Error, Indexd, auth::Claimant, guid::Guid, input::record_aliases};

pub(super) fn routes(routes: &mut Routes<'_>) {
    // An alias may contain slashes and even the word itself, so the first `/aliases/` counts.
    routes.endpoint(Method::DELETE, "/index/{guid:.+?}/aliases/{name:.+}", delete_one);
    routes.endpoint(Method::GET, "/index/{guid:.+}/aliases", list);
    routes.endpoint(Method::POST, "/index/{guid:.+}/aliases", append);
    routes.endpoint(Method::PUT, "/index/{guid:.+}/aliases", replace);
    routes.endpoint(Method::DELETE, "/index/{guid:.+}/aliases", delete_all);
}

const DELETED: &str = "Aliases deleted successfully";

fn document(names: &[String]) -> HttpResponse {
    let aliases: Vec<Value> = names.iter().map(|name| json!({ "value": name })).collect();
    HttpResponse::Ok().json(json!({ "aliases": aliases }))
}

async fn list(indexd: Data<Indexd>, guid: Guid) -> Result<HttpResponse, Error> {
    Ok(document(&indexd.aliases(&guid).await?))
}

async fn append(
    indexd: Data<Indexd>,
    who: Claimant,
    guid: Guid,
    AnyJson(body): AnyJson,
) -> Result<HttpResponse, Error> {
    let names = record_aliases(&body)?;
    Ok(document(&indexd.append_aliases(&who, &guid, names).await?))
}

async fn replace(
    indexd: Data<Indexd>,
    who: Claimant,
    guid: Guid,
    AnyJson(body): AnyJson,
) -> Result<HttpResponse, Error> {
    let names = record_aliases(&body)?;
    let answer = document(&names);
    indexd.replace_aliases(&who, &guid, names).await?;
    Ok(answer)
}

async fn delete_all(indexd: Data<Indexd>, who: Claimant, guid: Guid) -> Result<HttpResponse, Error> {
    indexd.delete_aliases(&who, &guid).await?;
    Ok(HttpResponse::Ok().json(DELETED))
}

async fn delete_one(
    indexd: Data<Indexd>,
    who: Claimant,
    guid: Guid,
    Name(name): Name,
) -> Result<HttpResponse, Error> {
    indexd.delete_alias(&who, &guid, &name).await?;
    Ok(HttpResponse::Ok().json(DELETED))
}
