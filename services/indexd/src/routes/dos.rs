//! `/ga4gh/dos/v1`: the predecessor of DRS.

use actix_web::{HttpResponse, http::Method, web::Data};
use serde_json::json;
use web::{Params, Routes};

use crate::{
    Error, Ga4ghError, Indexd,
    guid::Guid,
    hashes, parameters,
    query::{Filter, MAX_LIMIT, Window},
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.endpoint(Method::GET, "/ga4gh/dos/v1/dataobjects", list);
    routes.endpoint(Method::GET, "/ga4gh/dos/v1/dataobjects/{guid:.+}", get);
}

async fn list(indexd: Data<Indexd>, params: Params) -> Result<HttpResponse, Ga4ghError> {
    let limit = parameters::integer(&params, "page_size")?.unwrap_or(100);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Error::bad("page_size must be between 1 and 1024").into());
    }
    let start = params.get("page_token").map(|token| Guid::from(token.to_owned()));
    let filter = Filter {
        urls: params.all("url").map(str::to_owned).collect(),
        hashes: hashes::filter(&params, "checksum")?,
        ..Filter::default()
    };
    let objects = indexd.dos_objects(&filter, &Window { limit, start, page: None }).await?;
    Ok(HttpResponse::Ok().json(json!({ "data_objects": objects })))
}

async fn get(indexd: Data<Indexd>, guid: Guid) -> Result<HttpResponse, Ga4ghError> {
    Ok(HttpResponse::Ok().json(json!({ "data_object": indexd.dos_object(&guid).await? })))
}
